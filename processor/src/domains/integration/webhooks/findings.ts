/** What is wrong with webhooks and what would make them better, with the figures that show it. */
import type { QueryDef, SqlContext } from '../../define';
import { findings, runs, say } from '../../../vocabulary/findings';
import { Z_95, twoProportionsZ, wilson } from '../../../vocabulary/statistics';
import { about } from '../findings/about';
import { arrivals, attempts, lying, type Filter } from './relations';
import {
  DEAD_LETTER_AGE,
  DELIVERY_RATE,
  ENOUGH_ATTEMPTS,
  LARGE_BYTES,
  PERMANENT,
  SLOW_MS,
  USELESS_STEP,
} from './thresholds';

const filters: readonly Filter[] = ['integration'];
const keys = { integration: 'integration', webhook: 'webhook' };
const step = (s: SqlContext): string =>
  `toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC')`;
const since = (r: string): string => `toDateTime64(${r}.first_seen, 3, 'UTC')`;

const undelivered = (s: SqlContext): string => `
SELECT r.time AS time, r.ended AS ended, r.integration AS integration, 'webhook_delivery' AS kind,
  if(r.arrived / r.due < 0.75, 'critical', 'warning') AS severity,
  concat(r.webhook, ': ', ${say.percent('r.arrived / r.due')}, ' of the messages delivered') AS title,
  concat(${say.count('r.arrived')}, ' of ', ${say.count('r.due')}, ' messages; ', ${say.count('r.failures')}, ' of ', ${say.count('r.made')}, ' attempts failed, ', ${say.count('r.given_up')}, ' messages were given up') AS evidence,
  'Look at why attempts fail; mend the receiver, then redeliver what was given up' AS action,
  r.arrived / r.due AS value, ${DELIVERY_RATE} AS expected, 'percentunit' AS unit
FROM ${runs(
  attempts(s, { time: step(s), ...keys }, filters),
  ['integration', 'webhook'],
  `if(n_due = 0, NULL, n_delivered / n_due < ${DELIVERY_RATE})`,
  {
    arrived: 'sum(n_delivered)',
    due: 'sum(n_due)',
    failures: 'sum(n_failed)',
    made: 'sum(n_attempts)',
    given_up: 'sum(n_dead)',
  },
)} AS r
WHERE r.due - r.arrived >= 3`;

const ageing = (s: SqlContext): string => `
SELECT fromUnixTimestamp64Milli(toInt64(round(min(x.since) * 1000)), 'UTC') AS time, NULL AS ended, x.integration AS integration, 'webhook_dead_letters' AS kind, 'warning' AS severity,
  concat(x.webhook, ': ', ${say.count('count()')}, ' dead letters, the oldest ', ${say.duration('max(x.age_s)')}, ' old') AS title,
  concat(${say.count(`countIf(x.age_s > ${DEAD_LETTER_AGE})`)}, ' of them older than an hour') AS evidence,
  'Redeliver or discard them' AS action, max(x.age_s) AS value, ${DEAD_LETTER_AGE} AS expected, 's' AS unit
FROM ${lying(s, filters)} AS x GROUP BY x.integration, x.webhook HAVING value > ${DEAD_LETTER_AGE}`;

/** Retries after answers that will not change. */
const pointless = (s: SqlContext): string => `
SELECT ${since('a')} AS time, NULL AS ended, a.integration AS integration, 'webhook_pointless_retries' AS kind, 'info' AS severity,
  concat(a.webhook, ': ', ${say.count('a.n_attempts')}, ' retries met an answer that does not change (', a.reason, ')') AS title,
  concat(${say.percent('a.n_attempts / a.total')}, ' of its failed retries were answered with ', a.reason, '; ', ${say.count('a.n_dead')}, ' of these messages were given up in the end') AS evidence,
  concat('Do not retry ', a.reason, ': send the message to the dead letters at once') AS action,
  a.n_attempts / a.total AS value, 0 AS expected, 'percentunit' AS unit
FROM (
  SELECT *, sum(n_attempts) OVER (PARTITION BY integration, webhook) AS total
  FROM ${attempts(s, { ...keys, reason: 'reason' }, filters, s.scope, "reason != '' AND attempt != '1'")}) AS a
WHERE a.reason IN (${PERMANENT.map((c) => `'${c}'`).join(', ')}) AND a.n_attempts >= ${ENOUGH_ATTEMPTS}`;

/** Steps whose retries hardly ever deliver: even the upper end of the interval is below the limit. */
const useless = (s: SqlContext): string => `
SELECT ${since('a')} AS time, NULL AS ended, a.integration AS integration, 'webhook_useless_step' AS kind, 'info' AS severity,
  concat(a.webhook, ': attempt ', a.attempt, ' delivers ', ${say.percent('a.good / a.n_attempts')}) AS title,
  concat(${say.count('a.good')}, ' of ', ${say.count('a.n_attempts')}, ' retries delivered (95 % interval up to ', ${say.percent(wilson('a.good', 'a.n_attempts', 1))}, '), strategy ', a.strategy) AS evidence,
  'Wait longer before this step, or leave it out' AS action, a.good / a.n_attempts AS value, ${USELESS_STEP} AS expected, 'percentunit' AS unit
FROM (
  SELECT *, n_attempts - n_failed AS good
  FROM ${attempts(s, { ...keys, strategy: 'strategy', attempt: 'attempt' }, filters, s.scope, "attempt != '1'")}) AS a
WHERE a.n_attempts >= ${ENOUGH_ATTEMPTS} AND ${wilson('a.good', 'a.n_attempts', 1)} < ${USELESS_STEP}`;

/** A strategy that recovers fewer messages than the integration's best one; two proportions, 5 %. */
const weaker = (s: SqlContext): string => `
SELECT ${since('a')} AS time, NULL AS ended, a.integration AS integration, 'webhook_strategy' AS kind, 'info' AS severity,
  concat(a.integration, ': retries spaced ', a.strategy, ' recover less than ', a.best.1) AS title,
  concat(a.strategy, ' ', ${say.count('a.n_recovered')}, ' of ', ${say.count('a.n_both')}, ' (', ${say.percent('a.share')}, '), ', a.best.1, ' ', ${say.count('a.best.2')}, ' of ', ${say.count('a.best.3')}, ' (', ${say.percent('a.best.2 / a.best.3')}, '); Z = ', ${say.number('z')}) AS evidence,
  concat('Space them ', a.best.1) AS action, a.share AS value, a.best.2 / a.best.3 AS expected, 'percentunit' AS unit,
  ${twoProportionsZ('a.best.2', 'a.best.3', 'a.n_recovered', 'a.n_both')} AS z
FROM (
  SELECT *, n_recovered + n_dead AS n_both, n_recovered / n_both AS share,
    argMax((strategy, n_recovered, n_both), share) OVER (PARTITION BY integration) AS best
  FROM ${attempts(s, { integration: 'integration', strategy: 'strategy' }, filters)}
  WHERE n_recovered + n_dead >= ${ENOUGH_ATTEMPTS}) AS a
WHERE z > ${Z_95}`;

const slow = (s: SqlContext): string => `
SELECT ${since('a')} AS time, NULL AS ended, a.integration AS integration, 'webhook_slow' AS kind, 'warning' AS severity,
  concat(a.webhook, ': answers take ', ${say.ms('a.p95')}, ' (p95)') AS title,
  concat('median ', ${say.ms('a.p50')}, ', longest ', ${say.ms('a.slowest')}, ', of ', ${say.count('a.n_timed')}, ' attempts') AS evidence,
  'Have the receiver store the message, answer, and work on it afterwards' AS action, a.p95 AS value, ${SLOW_MS} AS expected, 'ms' AS unit
FROM (SELECT *, ${s.quantile(0.95, 'hist', 'slowest')} AS p95, ${s.quantile(0.5, 'hist', 'slowest')} AS p50 FROM ${attempts(s, keys, filters)}) AS a
WHERE a.n_timed >= ${ENOUGH_ATTEMPTS} AND a.p95 > ${SLOW_MS}`;

const large = (s: SqlContext): string => `
SELECT ${since('a')} AS time, NULL AS ended, a.integration AS integration, 'webhook_large_messages' AS kind, 'info' AS severity,
  concat(a.webhook, ': messages of ', formatReadableSize(a.p95), ' (p95)') AS title,
  concat('mean ', formatReadableSize(a.total_payload / a.n_sized), ', largest ', formatReadableSize(a.largest), ', of ', ${say.count('a.n_sized')}, ' messages') AS evidence,
  'Send a reference and let the receiver fetch the data' AS action, a.p95 AS value, ${LARGE_BYTES} AS expected, 'bytes' AS unit
FROM (SELECT *, ${s.quantile(0.95, 'sizes', 'largest')} AS p95 FROM ${attempts(s, keys, filters)}) AS a
WHERE a.n_sized >= ${ENOUGH_ATTEMPTS} AND a.p95 > ${LARGE_BYTES}`;

const bursting = (s: SqlContext): string => `
SELECT b.time AS time, b.ended AS ended, b.integration AS integration, 'webhook_burst' AS kind, 'info' AS severity,
  concat(b.webhook, ': ', ${say.number('b.highest / b.median', 1)}, ' times the usual messages') AS title,
  concat(${say.count('b.total')}, ' messages in ', ${say.duration(`b.steps * ${s.grainSeconds}`)}, '; usual are ', ${say.count('b.median')}, ' in ', ${say.duration(String(s.grainSeconds))}) AS evidence,
  'See what sent them; spread batches, and let the receiver queue' AS action, b.highest / ${s.grainSeconds} AS value, b.median / ${s.grainSeconds} AS expected, 'cps' AS unit
FROM ${runs(arrivals(s, filters), ['integration', 'webhook'], 'is_burst', { total: 'sum(n)', highest: 'max(n)', median: 'any(usual)' })} AS b`;

export const webhookFindings: QueryDef = findings({
  ...about,
  name: 'integration_webhook_findings',
  title: 'Findings about webhooks',
  description:
    'Messages not delivered, dead letters that age, retries that do not pay, strategies that recover less than another, slow receivers, large messages and bursts.',
  rollup: 'integration_webhooks',
  selects: (s) => [undelivered(s), ageing(s), pointless(s), useless(s), weaker(s), slow(s), large(s), bursting(s)],
});
