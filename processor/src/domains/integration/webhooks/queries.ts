/** The definitions of every number about webhooks. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { scorecardParts, type Scorecard } from '../../../vocabulary/health';
import { bucketOf } from '../../../vocabulary/histogram';
import { runs } from '../../../vocabulary/findings';
import { wilson } from '../../../vocabulary/statistics';
import { health } from './health';
import { arrivals, attempts, chosen, lying, LOOK_BACK_DAYS, type Filter } from './relations';

const filters: readonly Filter[] = ['integration', 'webhook', 'event'];
const params = {
  integration: {
    type: 'string[]',
    description: 'Integrations; none means all',
    values: 'integration_webhook_integrations',
  },
  webhook: { type: 'string[]', description: 'Webhooks; none means all', values: 'integration_webhook_names' },
  event: { type: 'string[]', description: 'Events; none means all', values: 'integration_webhook_event_names' },
} as const;
const base = { cache: 'systemMetrics', rollup: 'integration_webhooks', params } as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const dimension = (description: string): Column => ({ type: 'string', role: 'dimension', description });
const measure = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });
const integration = dimension('Integration');
const webhook = dimension('Endpoint or subscription that receives');
const event = dimension('Event that is delivered');
const attempt = dimension('Number of the attempt');
const strategy = dimension('How retries are spaced');
const perWebhook = { integration: 'integration', webhook: 'webhook' };

const measures = {
  messages: measure('short', 'Messages: first attempts'),
  attempts: measure('short', 'Attempts'),
  retries: measure('short', 'Attempts after the first'),
  delivered: measure('short', 'Messages delivered, at whatever attempt'),
  dead_letters: measure('short', 'Messages given up'),
  delivery_rate: measure(
    'percentunit',
    'Share of messages delivered, each counted once; those that still wait for a retry count as not delivered. Unknown without messages',
  ),
  final_delivery_rate: measure('percentunit', 'The same among messages that have ended: delivered or given up'),
  waiting: measure('short', 'Messages that came in and did not end in the time shown; negative while a queue drains'),
  failure_rate: measure('percentunit', 'Share of attempts that failed'),
  first_failure_rate: measure('percentunit', 'Share of first attempts that failed'),
  recovery_rate: measure(
    'percentunit',
    'Of the messages that ended and were not delivered at once, the share that a retry delivered',
  ),
  retries_per_failure: measure('none', 'Retries per message whose first attempt failed'),
  avg_latency_ms: measure('ms', 'Mean time until the answer'),
  p50_latency_ms: measure('ms', 'Median time until the answer (within 2 %)'),
  p95_latency_ms: measure('ms', '95th percentile of that time (within 2 %)'),
  p99_latency_ms: measure('ms', '99th percentile of that time (within 2 %)'),
  avg_payload: measure('bytes', 'Mean size of a message'),
  p95_payload: measure('bytes', '95th percentile of the size (within 2 %)'),
  max_payload: measure('bytes', 'Largest message'),
} as const satisfies Record<string, Column>;

const share = (part: string, of: string): string => `if(${of} = 0, NULL, ${part} / ${of})`;
const measureList = (s: SqlContext): string => `
  n_started AS messages, n_attempts AS attempts, n_retries AS retries, n_delivered AS delivered, n_dead AS dead_letters,
  ${share('n_delivered', 'n_due')} AS delivery_rate, ${share('n_delivered', 'n_ended')} AS final_delivery_rate,
  toInt64(n_started) - toInt64(n_ended) AS waiting,
  ${share('n_failed', 'n_attempts')} AS failure_rate, ${share('n_first_failed', 'n_started')} AS first_failure_rate,
  ${share('n_recovered', '(n_recovered + n_dead)')} AS recovery_rate, ${share('n_retries', 'n_first_failed')} AS retries_per_failure,
  ${share('latency_total', 'n_timed')} AS avg_latency_ms, ${s.quantile(0.5, 'hist', 'slowest')} AS p50_latency_ms,
  ${s.quantile(0.95, 'hist', 'slowest')} AS p95_latency_ms, ${s.quantile(0.99, 'hist', 'slowest')} AS p99_latency_ms,
  ${share('total_payload', 'n_sized')} AS avg_payload, ${s.quantile(0.95, 'sizes', 'largest')} AS p95_payload, largest AS max_payload`;

const lastStep = (s: SqlContext): string => `toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC')`;

/** Reliability per webhook. */
const scorecard: Scorecard = {
  model: health,
  entity: 'Webhook',
  input: (s, scope, time) => `
    SELECT time, webhook AS entity, 'webhook' AS kind, n_due AS due, n_due - n_delivered AS undelivered, n_started, n_first_failed, n_recovered, n_dead,
      ${s.quantile(0.95, 'hist', 'slowest')} AS p95
    FROM ${attempts(s, { time, webhook: 'webhook' }, filters, scope)}`,
  observations: 'due',
  failures: 'undelivered',
  columns: {
    messages: { ...measures.messages, value: 'n_started' },
    delivery_rate: { ...measures.delivery_rate, value: 'if(due = 0, NULL, 1 - undelivered / due)' },
    dead_letters: { ...measures.dead_letters, value: 'n_dead' },
    p95_ms: { ...measures.p95_latency_ms, value: 'p95' },
  },
};

const valuesOf = (
  name: string,
  column: string,
  title: string,
  description: string,
  by: readonly Filter[],
): QueryDef => ({
  ...base,
  name,
  kind: 'values',
  title,
  description,
  params: Object.fromEntries(by.map((p) => [p, params[p]])),
  parts: {
    main: {
      columns: { value: { type: 'string', description: title } },
      sql: (s) =>
        `SELECT DISTINCT ${column} AS value FROM ${s.table('integration_webhooks')} WHERE ${s.scope} AND ${chosen(s, by)} ORDER BY value`,
    },
  },
});

/** Upper ends of the classes of message sizes; the rest is larger. */
export const SIZE_CLASSES: readonly [bytes: number, name: string][] = [
  [1024, '≤ 1 KiB'],
  [4096, '≤ 4 KiB'],
  [16_384, '≤ 16 KiB'],
  [65_536, '≤ 64 KiB'],
  [262_144, '≤ 256 KiB'],
  [1_048_576, '≤ 1 MiB'],
];
const SIZE_BUCKETS = SIZE_CLASSES.map(([bytes, name]) => [bucketOf(bytes), name] as const);
export const LARGEST_CLASS = '> 1 MiB';
/** Classes of age of dead letters, by their upper ends in seconds. */
export const AGE_CLASSES: readonly [seconds: number, name: string][] = [
  [3600, 'under 1 h'],
  [6 * 3600, '1 to 6 h'],
  [86_400, '6 to 24 h'],
  [7 * 86_400, '1 to 7 days'],
];
export const OLDEST_CLASS = 'over 7 days';

/** Index of the class that `x` lies in, counted from 0. */
const classOf = (x: string, ends: readonly (readonly [number, string])[], op: '<' | '<='): string =>
  `multiIf(${ends.map(([end], i) => `${x} ${op} ${end}, ${i}`).join(', ')}, ${ends.length})`;
const classNames = (ends: readonly (readonly [number, string])[], last: string): string =>
  `[${[...ends.map(([, name]) => name), last].map((n) => `'${n}'`).join(', ')}]`;

export const queries: QueryDef[] = [
  valuesOf(
    'integration_webhook_integrations',
    'integration',
    'Integrations with webhooks',
    'Names of the integrations that had webhooks in the range.',
    [],
  ),
  valuesOf('integration_webhook_names', 'webhook', 'Webhooks', 'Webhooks that had attempts in the range.', [
    'integration',
  ]),
  valuesOf(
    'integration_webhook_event_names',
    'event',
    'Events',
    'Events that were delivered, or tried, in the range.',
    ['integration', 'webhook'],
  ),
  {
    ...base,
    name: 'integration_webhooks',
    kind: 'timeseries',
    title: 'Webhooks over time',
    description: 'Messages, attempts, delivery, latency and sizes of each webhook, per step.',
    parts: {
      main: {
        columns: { time, integration, webhook, ...measures },
        sql: (s) => `
SELECT time, integration, webhook, ${measureList(s)}
FROM ${attempts(s, { time: s.bucket, ...perWebhook }, filters)} ORDER BY time, integration, webhook`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_window',
    kind: 'timeseries',
    title: 'Webhooks over the whole range',
    description:
      'One point per webhook, at the last step, made of all attempts of the range: what alert rules compare.',
    parts: {
      main: {
        columns: { time, integration, webhook, ...measures },
        sql: (s) => `
SELECT ${lastStep(s)} AS time, integration, webhook, ${measureList(s)}
FROM ${attempts(s, perWebhook, filters)} ORDER BY integration, webhook`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_list',
    kind: 'table',
    title: 'Webhooks',
    description: 'The same as a table, the least delivered first.',
    parts: {
      main: {
        columns: { integration, webhook, ...measures },
        sql: (s) => `
SELECT integration, webhook, ${measureList(s)}
FROM ${attempts(s, perWebhook, filters)} ORDER BY delivery_rate ASC NULLS LAST, integration, webhook`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_retries',
    kind: 'timeseries',
    title: 'Attempts over time',
    description: 'Attempts by their number, per step: how deep into retries webhooks are.',
    parts: {
      main: {
        columns: { time, attempt, attempts: measures.attempts },
        sql: (s) => `
SELECT time, attempt, n_attempts AS attempts FROM ${attempts(s, { time: s.bucket, attempt: 'attempt' }, filters)} ORDER BY time, attempt`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_steps',
    kind: 'table',
    title: 'Attempts by number',
    description: 'What each attempt brings: how many there were, what share delivered, and how long the answer took.',
    parts: {
      main: {
        columns: {
          attempt,
          attempts: measures.attempts,
          delivered: measures.delivered,
          success_rate: measure('percentunit', 'Share of these attempts that delivered'),
          p50_latency_ms: measures.p50_latency_ms,
          p95_latency_ms: measures.p95_latency_ms,
        },
        sql: (s) => `
SELECT attempt, n_attempts AS attempts, n_delivered AS delivered, ${share('(n_attempts - n_failed)', 'n_attempts')} AS success_rate,
  ${s.quantile(0.5, 'hist', 'slowest')} AS p50_latency_ms, ${s.quantile(0.95, 'hist', 'slowest')} AS p95_latency_ms
FROM ${attempts(s, { attempt: 'attempt' }, filters)} ORDER BY length(attempt), attempt`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_recovery',
    kind: 'table',
    title: 'Recovery by retry step and delay strategy',
    description:
      'What share of the retries delivers, by strategy and number of the attempt, with its 95 % interval (Wilson).',
    parts: {
      main: {
        columns: {
          strategy,
          attempt,
          attempts: measures.attempts,
          success_rate: measure('percentunit', 'Share of these retries that delivered'),
          at_least: measure('percentunit', 'Lower end of the interval'),
          at_most: measure('percentunit', 'Upper end of the interval'),
        },
        sql: (s) => `
SELECT strategy, attempt, n_attempts AS attempts, n_attempts - n_failed AS good, ${share('good', 'n_attempts')} AS success_rate,
  ${wilson('good', 'n_attempts', -1)} AS at_least, ${wilson('good', 'n_attempts', 1)} AS at_most
FROM ${attempts(s, { strategy: 'strategy', attempt: 'attempt' }, filters, s.scope, "attempt != '1'")} ORDER BY strategy, length(attempt), attempt`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_strategies',
    kind: 'table',
    title: 'Delay strategies',
    description: 'What became of messages whose first attempt failed, by how their retries are spaced.',
    parts: {
      main: {
        columns: {
          strategy,
          recovered: measure('short', 'Messages that a retry delivered'),
          dead_letters: measures.dead_letters,
          recovery_rate: measures.recovery_rate,
          at_least: measure('percentunit', 'Lower end of its 95 % interval (Wilson)'),
          at_most: measure('percentunit', 'Upper end of its 95 % interval (Wilson)'),
          retries: measures.retries,
          retries_per_failure: measures.retries_per_failure,
        },
        sql: (s) => `
SELECT strategy, n_recovered AS recovered, n_dead AS dead_letters, n_recovered + n_dead AS n_both, ${share('n_recovered', 'n_both')} AS recovery_rate,
  ${wilson('n_recovered', 'n_both', -1)} AS at_least, ${wilson('n_recovered', 'n_both', 1)} AS at_most, n_retries AS retries,
  ${share('n_retries', 'n_first_failed')} AS retries_per_failure
FROM ${attempts(s, { strategy: 'strategy' }, filters)} ORDER BY recovery_rate DESC NULLS LAST, strategy`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_failures',
    kind: 'table',
    title: 'Why attempts failed',
    description: 'Failed attempts by reason, and how many messages were given up for it.',
    parts: {
      main: {
        columns: {
          integration,
          webhook,
          reason: dimension('Status code or reason'),
          attempts: measure('short', 'Attempts that failed'),
          share: measure('percentunit', 'Share of all failed attempts'),
          dead_letters: measures.dead_letters,
        },
        sql: (s) => `
SELECT integration, webhook, reason, n_attempts AS attempts, n_attempts / sum(n_attempts) OVER () AS share, n_dead AS dead_letters
FROM ${attempts(s, { ...perWebhook, reason: 'reason' }, filters, s.scope, "reason != ''")} ORDER BY share DESC, integration, webhook, reason`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_reasons',
    kind: 'table',
    title: 'Failure reasons',
    description: 'Failed attempts by reason, over all webhooks chosen.',
    parts: {
      main: {
        columns: {
          reason: dimension('Status code or reason'),
          attempts: measure('short', 'Attempts that failed'),
        },
        sql: (s) => `
SELECT reason, n_attempts AS attempts FROM ${attempts(s, { reason: 'reason' }, filters, s.scope, "reason != ''")} ORDER BY attempts DESC, reason`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_events',
    kind: 'table',
    title: 'Events',
    description: 'How often which event is sent, and how it arrives.',
    parts: {
      main: {
        columns: {
          integration,
          event,
          messages: measures.messages,
          share: measure('percentunit', 'Share of all messages'),
          rate: measure('cps', 'Messages per second'),
          delivery_rate: measures.delivery_rate,
          p95_latency_ms: measures.p95_latency_ms,
          avg_payload: measures.avg_payload,
          p95_payload: measures.p95_payload,
        },
        sql: (s) => `
SELECT integration, event, messages, share, rate, delivery_rate, p95_latency_ms, avg_payload, p95_payload FROM (
  SELECT integration, event, ${measureList(s)}, n_started / ${s.seconds} AS rate, ${share('n_started', 'sum(n_started) OVER ()')} AS share
  FROM ${attempts(s, { integration: 'integration', event: 'event' }, filters)})
ORDER BY messages DESC, integration, event`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_payloads',
    kind: 'table',
    title: 'Message sizes',
    description:
      'Messages by size, each counted once; a message up to 4 % larger than the end of a class may be in it.',
    parts: {
      main: {
        columns: { size: dimension('Size of the message'), messages: measures.messages },
        // The bucket in which an end lies belongs to the class below it, so a message of just 1 KiB does.
        sql: (s) => `
SELECT ${classNames(SIZE_CLASSES, LARGEST_CLASS)}[c + 1] AS size, messages FROM (
  SELECT ${classOf('x.1', SIZE_BUCKETS, '<=')} AS c, sum(x.2) AS messages
  FROM (SELECT arrayJoin(arrayZip(mapKeys(sizes), mapValues(sizes))) AS x FROM ${attempts(s, { k: '1' }, filters)})
  GROUP BY c)
ORDER BY c`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_dead_letters',
    kind: 'table',
    title: 'Dead letters',
    description: `Messages that were given up and still lie there at the end of the range, the oldest first. Looks back ${LOOK_BACK_DAYS} days.`,
    parts: {
      main: {
        columns: {
          since: { type: 'time', description: 'When it was given up' },
          age_seconds: measure('s', 'How long it has lain at the end of the range'),
          integration,
          webhook,
          event,
          message: dimension('The message'),
          attempts: measures.attempts,
        },
        sql: (s) => `
SELECT fromUnixTimestamp64Milli(toInt64(round(x.since * 1000)), 'UTC') AS since, x.age_s AS age_seconds, x.integration AS integration, x.webhook AS webhook,
  x.event AS event, x.message AS message, x.n_tries AS attempts
FROM ${lying(s, filters)} AS x ORDER BY x.age_s DESC, x.message`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_dead_letter_ages',
    kind: 'table',
    title: 'Dead letters by age',
    description: `How many lie there at the end of the range, by age. Looks back ${LOOK_BACK_DAYS} days.`,
    parts: {
      main: {
        columns: { age: dimension('Age'), dead_letters: measure('short', 'Dead letters') },
        sql: (s) => `
SELECT ${classNames(AGE_CLASSES, OLDEST_CLASS)}[c + 1] AS age, dead_letters FROM (
  SELECT ${classOf('age_s', AGE_CLASSES, '<')} AS c, count() AS dead_letters FROM ${lying(s, filters)} GROUP BY c)
ORDER BY c`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_dead_letter_age',
    kind: 'timeseries',
    title: 'Age of dead letters',
    description: `One point per webhook that has dead letters, at the last step: how many, and how old the oldest is. Looks back ${LOOK_BACK_DAYS} days.`,
    parts: {
      main: {
        columns: {
          time,
          integration,
          webhook,
          dead_letters: measure('short', 'Dead letters that lie there'),
          oldest_seconds: measure('s', 'Age of the oldest'),
        },
        sql: (s) => `
SELECT ${lastStep(s)} AS time, integration, webhook, count() AS dead_letters, max(age_s) AS oldest_seconds
FROM ${lying(s, filters)} WHERE {step:UInt32} <= ${s.seconds} GROUP BY integration, webhook ORDER BY integration, webhook`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_bursts',
    kind: 'table',
    title: 'Bursts',
    description:
      "Times in which a webhook got far more messages than usual: beyond Tukey's far fence (three interquartile ranges above the third quartile) of the steps that had any, at least three times their median and ten messages. Steps are minutes, hours or days, with the length of the range.",
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'When it began' },
          ended: { type: 'time', description: 'First usual step after it; empty if there was none' },
          integration,
          webhook,
          messages: measure('short', 'Messages in it'),
          peak: measure('cps', 'Highest rate'),
          usual: measure('cps', 'Median rate of the steps that had messages'),
        },
        sql: (s) => `
SELECT b.time AS time, b.ended AS ended, b.integration AS integration, b.webhook AS webhook, b.total AS messages,
  b.highest / ${s.grainSeconds} AS peak, b.median / ${s.grainSeconds} AS usual
FROM ${runs(arrivals(s, filters), ['integration', 'webhook'], 'is_burst', { total: 'sum(n)', highest: 'max(n)', median: 'any(usual)' })} AS b
ORDER BY time DESC, integration, webhook`,
      },
    },
  },
  {
    ...base,
    name: 'integration_webhook_reliability',
    kind: 'scorecard',
    title: 'Reliability of webhooks',
    description: 'Score of each webhook with the terms it is made of, their trend and the period before.',
    parts: scorecardParts(scorecard),
  },
];
