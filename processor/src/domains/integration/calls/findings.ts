/** What calls show to be wrong: failures, slowness against a limit and against the usual, quotas, silence, deprecation. */
import type { QueryDef, SqlContext } from '../../define';
import { findings, runs, say } from '../../../vocabulary/findings';
import { about } from '../findings/about';
import { LIMITS } from './limits';
import { quotaState, troubles } from './performance';
import { calls, resolved } from './relation';

/** Start of the step of about a sixtieth of the range that `t` lies in. */
const step = (s: SqlContext): string =>
  `toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC')`;

const perStep = (s: SqlContext): string => calls(s, s.scope, { time: step(s) });

/** Codes of an integration's failures, the most frequent first: `503 (120), timeout (3)`. */
const codes = (s: SqlContext): string => `(
    SELECT name AS owner, arrayStringConcat(arrayMap(x -> concat(x.1, ' (', toString(x.2), ')'), arraySlice(arrayReverseSort(x -> x.2, groupArray((code, n))), 1, 3)), ', ') AS codes,
      arrayStringConcat(arraySlice(arrayMap(x -> x.1, arrayReverseSort(x -> x.2, groupArray((worst, n)))), 1, 1), '') AS worst_endpoint
    FROM (SELECT name, code, sum(failures) AS n, argMax(endpoint, failures) AS worst FROM ${troubles(s)} WHERE failures > 0 GROUP BY name, code) GROUP BY name)`;

const failing = (s: SqlContext): string => `
SELECT r.time AS time, r.ended AS ended, r.integration AS integration, 'failing' AS kind, if(share >= ${LIMITS.failing.critical}, 'critical', 'warning') AS severity,
  concat(r.integration, ' fails ', ${say.percent('share')}, ' of its calls') AS title,
  concat(toString(failed), ' of ', toString(all_calls), ' calls failed in ', toString(steps), ' steps, at worst ', ${say.percent('worst')}, if(c.codes = '', '', concat('; codes ', c.codes, ', most at ', c.worst_endpoint))) AS evidence,
  'Compare the codes: 5xx and timeouts point at the provider, 401 and 403 at credentials, 429 at the quota, one endpoint only at a change of it.' AS action,
  failed / all_calls AS share, share AS value, ${LIMITS.failing.warning} AS expected, 'percentunit' AS unit
FROM ${runs(
  `(SELECT time, integration, n_calls, n_failures FROM ${perStep(s)})`,
  ['integration'],
  `if(n_calls < ${LIMITS.calls}, NULL, n_failures > ${LIMITS.failing.warning} * n_calls)`,
  { failed: 'sum(n_failures)', all_calls: 'sum(n_calls)', worst: 'max(n_failures / n_calls)' },
)} AS r LEFT JOIN ${codes(s)} AS c ON c.owner = r.integration`;

const slow = (s: SqlContext): string => `
SELECT time, ended, integration, 'slow' AS kind, 'warning' AS severity, concat(integration, ' is slow: p95 ', ${say.ms('worst')}) AS title,
  concat('p95 above ', ${say.ms(String(LIMITS.slowMs))}, ' in ', toString(steps), ' steps, ', toString(all_calls), ' calls; best p95 of them ', ${say.ms('best')}) AS evidence,
  'Look at Bottlenecks for the endpoint that takes the time, and at the median: when it rose too, all calls are slow.' AS action,
  worst AS value, ${LIMITS.slowMs} AS expected, 'ms' AS unit
FROM ${runs(
  `(SELECT time, integration, n_calls, ${s.quantile(0.95, 'hist', 'latency_highest')} AS p95 FROM ${perStep(s)})`,
  ['integration'],
  `if(n_calls < ${LIMITS.calls}, NULL, p95 > ${LIMITS.slowMs})`,
  { worst: 'max(p95)', best: 'min(p95)', all_calls: 'sum(n_calls)' },
)}`;

/** Whether a value departs from the usual (median of the steps) by the limits above; `up` or down. */
const shifted = (value: string, usual: string, up: boolean): string =>
  up
    ? `${value} > ${LIMITS.shift.times} * ${usual} AND ${value} - ${usual} > ${LIMITS.shift.ms}`
    : `${value} * ${LIMITS.shift.times} < ${usual} AND ${usual} - ${value} > ${LIMITS.shift.ms}`;

/** Median response time as each side of the call saw it, per step, with the usual of each: the median over the steps. */
const sides = (s: SqlContext, which: string): string => `(
    SELECT *, quantileExact(0.5)(p50) OVER (PARTITION BY integration, vantage) AS usual, count() OVER (PARTITION BY integration, vantage) AS n_steps
    FROM (
      SELECT time, integration, vantage, n, ${s.quantile(0.5, 'hist', 'highest')} AS p50, total / n AS mean
      FROM (
        SELECT ${step(s)} AS time, name AS integration, vantage, sum(calls) AS n, sumMap(latency_hist) AS hist, max(latency_max) AS highest, sum(latency_sum) AS total
        FROM ${resolved(s, s.scope)} WHERE ${which} GROUP BY time, name, vantage)
      WHERE n >= ${LIMITS.shift.minCalls}))`;

/**
 * Slower or faster than usual in its own account: by its server spans, else by what its callers saw. What its callers
 * alone see goes into `between`, where there are server spans to compare with.
 */
const departed = (s: SqlContext, up: boolean): string => `
SELECT time, ended, integration, '${up ? 'slower_than_usual' : 'faster_than_usual'}' AS kind, 'warning' AS severity,
  concat(integration, if(seen_by = 'server', ' itself', ''), ' takes ', ${say.ms('typical')}, ' at the median, usually ', ${say.ms('normal')}) AS title,
  concat('median ', ${say.ms('least')}, ' to ', ${say.ms('most')}, ' over ', toString(steps), ' steps, ', toString(all_calls), ' calls, measured by the ', seen_by, '; usual ', ${say.ms('normal')}, ' is the median of ', toString(of_steps), ' steps') AS evidence,
  '${
    up
      ? 'Look at what it calls itself in that time; if that is as ever, at its own resources (CPU, pool, lock) and at its last change.'
      : 'An answer that comes too fast is often an error or an early return that nobody reports: compare how much it calls itself with before.'
  }' AS action,
  typical AS value, normal AS expected, 'ms' AS unit
FROM ${runs(
  `(SELECT * FROM (SELECT *, max(vantage = 'server') OVER (PARTITION BY integration) AS has_server FROM ${sides(s, s.filter('integration', 'name'))}) WHERE vantage = if(has_server, 'server', 'client'))`,
  ['integration'],
  `if(n_steps < ${LIMITS.shift.minSteps}, NULL, ${shifted('p50', 'usual', up)})`,
  {
    normal: 'any(usual)',
    typical: 'quantileExact(0.5)(p50)',
    least: 'min(p50)',
    most: 'max(p50)',
    all_calls: 'sum(n)',
    seen_by: 'any(vantage)',
    of_steps: 'any(n_steps)',
  },
)}`;

/**
 * Time of a call that the called service did not spend: mean seen by a caller minus mean seen by the service, per edge and
 * step. Means, because they add up: this is the mean time on the way and in the caller. Of all edges, whatever is filtered:
 * whether a caller is to blame shows in all that it calls.
 */
const gaps = (s: SqlContext): string => `(
    SELECT *, quantileExact(0.5)(gap) OVER (PARTITION BY source, integration) AS usual, count() OVER (PARTITION BY source, integration) AS n_steps
    FROM (
      SELECT e.time AS time, e.source AS source, e.target AS integration, e.n AS n, e.mean - v.mean AS gap, v.mean AS inside
      FROM (
        SELECT ${step(s)} AS time, x.source AS source, if(m.entity = '', x.target, m.entity) AS target, sum(x.calls) AS n, sum(x.latency_sum) / sum(x.latency_count) AS mean
        FROM (SELECT * FROM ${s.table('entity_edges')} WHERE ${s.scope} AND origin = 'observed' AND relation = 'calls') AS x
        LEFT ANY JOIN ${s.names} AS m ON m.alias = x.target AND m.kind = x.target_kind
        GROUP BY time, source, target HAVING n >= ${LIMITS.shift.minCalls}) AS e
      INNER JOIN (SELECT time, integration, mean FROM ${sides(s, '1')} WHERE vantage = 'server') AS v ON v.time = e.time AND v.integration = e.target))`;

/** Steps in which a caller waits longer than usual for services that answer as ever, and how many of its targets show it. */
const waiting = (s: SqlContext): string => `(
    SELECT *, sum(is_shifted) OVER (PARTITION BY source, time) AS shifted_targets, count() OVER (PARTITION BY source, time) AS targets,
      shifted_targets >= ${LIMITS.commonCause.targets} AND shifted_targets >= ${LIMITS.commonCause.share} * targets AS is_common
    FROM (SELECT *, toUInt8(n_steps >= ${LIMITS.shift.minSteps} AND ${shifted('gap', 'greatest(usual, 0)', true)}) AS is_shifted FROM ${gaps(s)}))`;

const between = (s: SqlContext): string => `
SELECT time, ended, integration, 'slow_between' AS kind, 'warning' AS severity,
  concat('Calls from ', source, ' to ', integration, ' spend ', ${say.ms('typical')}, ' outside of it, usually ', ${say.ms('normal')}) AS title,
  concat('mean seen by ', source, ' minus mean seen by ', integration, ': ', ${say.ms('typical')}, ' over ', toString(steps), ' steps, ', toString(all_calls), ' calls; ', integration, ' itself took ', ${say.ms('within')}) AS evidence,
  'The service answers as ever: look at the network between the two, at proxies, connection pools and queues in front of it.' AS action,
  typical AS value, normal AS expected, 'ms' AS unit
FROM ${runs(
  `(SELECT * FROM ${waiting(s)} WHERE ${s.filter('integration')})`,
  ['source', 'integration'],
  'toUInt8(is_shifted AND NOT is_common)',
  {
    normal: 'any(usual)',
    typical: 'quantileExact(0.5)(gap)',
    all_calls: 'sum(n)',
    within: 'sum(inside * n) / sum(n)',
  },
)}`;

const caller = (s: SqlContext): string => `
SELECT time, ended, source AS integration, 'slow_caller' AS kind, 'warning' AS severity,
  concat(source, ' waits ', ${say.ms('typical')}, ' too long for everything it calls') AS title,
  concat('its calls to ', toString(most_shifted), ' of ', toString(of_targets), ' services take ', ${say.ms('typical')}, ' longer than these need (usually ', ${say.ms('normal')}, '), while the services answer as ever; ', toString(steps), ' steps') AS evidence,
  'The cause is the caller: look at its CPU, its event loop or thread pool, and its connections.' AS action,
  typical AS value, normal AS expected, 'ms' AS unit
FROM ${runs(
  `(SELECT time, source, max(is_common) AS common, quantileExact(0.5)(gap) AS gap_of, quantileExact(0.5)(usual) AS usual_of, max(shifted_targets) AS n_shifted, max(targets) AS n_targets
    FROM ${waiting(s)} WHERE ${s.filter('integration', 'source')} GROUP BY time, source)`,
  ['source'],
  'toUInt8(common)',
  {
    normal: 'quantileExact(0.5)(usual_of)',
    typical: 'quantileExact(0.5)(gap_of)',
    most_shifted: 'max(n_shifted)',
    of_targets: 'max(n_targets)',
  },
)}`;

const quota = (s: SqlContext): string => `
SELECT fromUnixTimestamp64Milli(toInt64(told_at * 1000), 'UTC') AS time, NULL AS ended, integration, 'quota_exhaustion' AS kind, if(q.exhaustion_s < 900, 'critical', 'warning') AS severity,
  if(q.used >= 1, concat('The quota of ', integration, ' is used up'), concat('The quota of ', integration, ' is used up in ', ${say.duration('q.exhaustion_s')})) AS title,
  concat(${say.percent('q.used')}, ' of ', ${say.count('quota')}, ' used, ', ${say.number('60 * burn * quota', 1)}, ' requests a minute by the line through ', toString(points), ' minutes; ', if(isNull(reset_s), 'when it is renewed is not told', concat('renewed in ', ${say.duration('reset_s')})), if(refused > 0, concat('; ', toString(refused), ' calls refused already'), '')) AS evidence,
  'Look at who uses the quota, and have them back off, batch or cache; ask the provider for more when the load is meant.' AS action,
  q.exhaustion_s AS value, reset_s AS expected, 's' AS unit
FROM ${quotaState(s)} AS q WHERE at_risk`;

const refused = (s: SqlContext): string => `
SELECT min(t) AS time, NULL AS ended, name AS integration, 'rate_limited' AS kind, 'warning' AS severity, concat(name, ' refused ', toString(value), ' calls with 429') AS title,
  concat(toString(value), ' of ', toString(sum(c.calls)), ' calls, between ', toString(min(t)), ' and ', toString(max(t))) AS evidence,
  'Honour Retry-After, spread the calls, and look at who uses the quota.' AS action, sumIf(c.rate_limited, c.vantage = 'client') AS value, 0 AS expected, 'short' AS unit
FROM ${resolved(s, s.scope)} AS c WHERE c.vantage = 'client' AND c.rate_limited > 0 AND ${s.filter('integration', 'name')} GROUP BY name HAVING value > 0`;

const deprecated = (s: SqlContext): string => `
SELECT min(t) AS time, NULL AS ended, name AS integration, 'deprecated' AS kind, 'info' AS severity, concat(name, ': ', toString(length(groupUniqArray(c.endpoint) AS old)), ' deprecated endpoints are called') AS title,
  concat(toString(value), ' calls to ', arrayStringConcat(arraySlice(arraySort(old), 1, 5), ', ')) AS evidence, 'Move these calls before the provider switches the endpoints off.' AS action,
  sum(c.deprecated_calls) AS value, 0 AS expected, 'short' AS unit
FROM ${resolved(s, s.scope)} AS c WHERE c.deprecated_calls > 0 AND ${s.filter('integration', 'name')} GROUP BY name`;

export const findingQueries: QueryDef[] = [
  findings({
    ...about,
    name: 'integration_calls_findings',
    title: 'Findings about calls',
    description: `Failing (above ${LIMITS.failing.warning * 100} % of at least ${LIMITS.calls} calls a step), slow (p95 above ${LIMITS.slowMs} ms), slower or faster than usual (${LIMITS.shift.times} times the median of the range's steps and ${LIMITS.shift.ms} ms), waiting between caller and service, quotas, refusals and deprecated endpoints.`,
    rollup: 'integration_calls',
    selects: (s) => [
      failing(s),
      slow(s),
      departed(s, true),
      departed(s, false),
      between(s),
      caller(s),
      quota(s),
      refused(s),
      deprecated(s),
    ],
  }),
];
