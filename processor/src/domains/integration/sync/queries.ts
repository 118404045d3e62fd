/** The definitions of every number about sync operations. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { chosen, conflicts, freshness, hourOfDay, hourly, operations, LOOK_BACK_DAYS, type Filter } from './relations';
import { SYNC_TYPES } from './events';

const filters: readonly Filter[] = ['integration', 'stream', 'sync_type'];
const params = {
  integration: {
    type: 'string[]',
    description: 'Integrations; none means all',
    values: 'integration_sync_integrations',
  },
  stream: { type: 'string[]', description: 'Streams; none means all', values: 'integration_sync_stream_names' },
  sync_type: { type: 'string[]', description: `Types of sync: ${SYNC_TYPES.join(', ')}; none means all` },
} as const;
const base = { cache: 'systemMetrics', rollup: 'integration_syncs', params } as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
const stream: Column = { type: 'string', role: 'dimension', description: 'What is synchronised' };
const measure = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });

const measures = {
  operations: measure('short', 'Operations that ended'),
  completed: measure('short', 'Operations completed'),
  partial: measure('short', 'Operations that ended with some records failed'),
  failed: measure('short', 'Operations failed'),
  running: measure('short', 'Reports of running operations'),
  failure_rate: measure('percentunit', 'Share of ended operations that failed; unknown if none ended'),
  partial_rate: measure('percentunit', 'Share of ended operations that are partial; unknown if none ended'),
  records_to_sync: measure('short', 'Records that were to be synchronised'),
  records_synced: measure('short', 'Records synchronised'),
  records_failed: measure('short', 'Records that failed'),
  records_skipped: measure('short', 'Records left out on purpose'),
  record_failure_rate: measure('percentunit', 'Share of the records tried that failed'),
  records_rate: measure('cps', 'Records synchronised per second of the time shown'),
  throughput: measure(
    'cps',
    'Records per second while an operation ran (records by duration, of operations that tell both)',
  ),
  avg_duration_ms: measure('ms', 'Mean duration of an operation'),
  p50_duration_ms: measure('ms', 'Median duration (within 2 %)'),
  p95_duration_ms: measure('ms', '95th percentile of the duration (within 2 %)'),
  volume: measure('bytes', 'Data moved'),
  retries: measure('short', 'Requests that were tried again'),
  backlog: measure('short', 'Records that waited, the most that a report told in the time shown; unknown if none did'),
} as const satisfies Record<string, Column>;

const measureList = (s: SqlContext, seconds: string): string => `
  n_ended AS operations, n_completed AS completed, n_partial AS partial, n_failed AS failed, n_running AS running,
  if(n_ended = 0, NULL, n_failed / n_ended) AS failure_rate, if(n_ended = 0, NULL, n_partial / n_ended) AS partial_rate,
  n_to_sync AS records_to_sync, n_synced AS records_synced, n_record_failures AS records_failed, n_skipped AS records_skipped,
  if(n_synced + n_record_failures = 0, NULL, n_record_failures / (n_synced + n_record_failures)) AS record_failure_rate,
  n_synced / ${seconds} AS records_rate, if(duration_total = 0, NULL, n_timed / (duration_total / 1000)) AS throughput,
  if(empty(hist), NULL, duration_total / arraySum(mapValues(hist))) AS avg_duration_ms,
  ${s.quantile(0.5, 'hist', 'longest')} AS p50_duration_ms, ${s.quantile(0.95, 'hist', 'longest')} AS p95_duration_ms,
  total_volume AS volume, n_retries AS retries, highest_backlog AS backlog`;

/** What a step of a stream was, worst first where there were several. */
export const STATES = { running: 0, completed: 1, conflicts: 2, partial: 3, failed: 4 } as const;

const late = {
  age_seconds: measure('s', 'Time since the last completed operation; unknown if there was none in 30 days'),
  usual_seconds: measure('s', 'Mean distance of completed operations in 30 days; unknown of fewer than three'),
  overdue: measure('none', 'Age of the last success in usual distances (of a minute at least)'),
} as const;

export const queries: QueryDef[] = [
  {
    ...base,
    name: 'integration_sync_integrations',
    kind: 'values',
    title: 'Integrations with syncs',
    description: 'Names of the integrations that had sync operations in the range.',
    params: {},
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Integration' } },
        sql: (s) =>
          `SELECT DISTINCT integration AS value FROM ${s.table('integration_syncs')} WHERE ${s.scope} ORDER BY value`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_stream_names',
    kind: 'values',
    title: 'Streams',
    description: 'What was synchronised in the range.',
    params: { integration: params.integration },
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Stream' } },
        sql: (s) =>
          `SELECT DISTINCT stream AS value FROM ${s.table('integration_syncs')} WHERE ${s.scope} AND ${chosen(s, ['integration'])} ORDER BY value`,
      },
    },
  },
  {
    ...base,
    name: 'integration_syncs',
    kind: 'timeseries',
    title: 'Sync operations over time',
    description: 'Outcomes, records, throughput, duration and backlog of each stream, per step.',
    parts: {
      main: {
        columns: { time, integration, stream, ...measures },
        sql: (s) => `
SELECT time, integration, stream, ${measureList(s, '{step:UInt32}')}
FROM ${operations(s, { time: s.bucket, integration: 'integration', stream: 'stream' }, filters)}
ORDER BY time, integration, stream`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_totals',
    kind: 'timeseries',
    title: 'Sync operations of all streams',
    description: 'The same over all streams chosen; the backlog is left out, as it cannot be added up.',
    parts: {
      main: {
        columns: Object.fromEntries(
          Object.entries({ time, ...measures }).filter(([name]) => name !== 'backlog'),
        ) as Record<string, Column>,
        sql: (s) => `
SELECT time, ${measureList(s, '{step:UInt32}')}
FROM ${operations(s, { time: s.bucket }, filters)}
ORDER BY time`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_window',
    kind: 'timeseries',
    title: 'Sync operations over the whole range',
    description:
      'One point per stream, at the last step, made of all operations of the range: what alert rules compare.',
    parts: {
      main: {
        columns: { time, integration, stream, ...measures },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, stream, ${measureList(s, s.seconds)}
FROM ${operations(s, { integration: 'integration', stream: 'stream' }, filters)}
ORDER BY integration, stream`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_freshness',
    kind: 'timeseries',
    title: 'Age of the last success',
    description: `One point per stream, at the last step: how long ago it was last completed, compared with how often it usually is. Looks back ${LOOK_BACK_DAYS} days, however short the range is.`,
    parts: {
      main: {
        columns: { time, integration, stream, ...late },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, stream,
  age_s AS age_seconds, usual_s AS usual_seconds, overdue_by AS overdue
FROM ${freshness(s, filters)}
WHERE {step:UInt32} <= ${s.seconds}
ORDER BY integration, stream`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_states',
    kind: 'timeseries',
    title: 'Sync operations timeline',
    description:
      'What each step of a stream was, the worst of: 4 an operation failed, 3 one was partial, 2 conflicts were met, 1 completed, 0 running. A step without reports has no state.',
    parts: {
      main: {
        columns: {
          time,
          integration,
          stream,
          state: measure('none', '4 failed, 3 partial, 2 conflicts, 1 completed, 0 running'),
        },
        sql: (s) => {
          const keys = { time: s.bucket, integration: 'integration', stream: 'stream' };
          return `
SELECT time, integration, stream, max(code) AS state FROM (
  SELECT time, integration, stream, multiIf(n_failed > 0, ${STATES.failed}, n_partial > 0, ${STATES.partial}, n_completed > 0, ${STATES.completed}, ${STATES.running}) AS code
  FROM ${operations(s, keys, filters)}
  UNION ALL
  SELECT time, integration, stream, ${STATES.conflicts} FROM ${conflicts(s, keys, ['integration', 'stream'])} WHERE empty({sync_type:Array(String)}))
GROUP BY time, integration, stream ORDER BY time, integration, stream`;
        },
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_streams',
    kind: 'table',
    title: 'Streams',
    description:
      'Outcomes, records, throughput, backlog and age of each stream over the range, the most failing first.',
    parts: {
      main: {
        columns: {
          integration,
          stream,
          ...measures,
          last_success: { type: 'time', description: 'Last completed operation, in 30 days' },
          ...late,
        },
        // A stream that only was active before the range is shown too: that it says nothing now is what matters.
        sql: (s) => `
SELECT f.integration AS integration, f.stream AS stream, ${measureList(s, s.seconds)},
  fromUnixTimestamp64Milli(toInt64(round(f.latest * 1000)), 'UTC') AS last_success, f.age_s AS age_seconds, f.usual_s AS usual_seconds, f.overdue_by AS overdue
FROM ${freshness(s, filters)} AS f
LEFT JOIN ${operations(s, { integration: 'integration', stream: 'stream' }, filters)} AS o ON o.integration = f.integration AND o.stream = f.stream
ORDER BY failure_rate DESC NULLS LAST, integration, stream`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_errors',
    kind: 'table',
    title: 'Why syncs failed',
    description: 'Operations that failed or are partial, by error code.',
    parts: {
      main: {
        columns: {
          integration,
          stream,
          error_code: { type: 'string', role: 'dimension', description: 'Error code; empty if none was told' },
          failed: measures.failed,
          partial: measures.partial,
          share: measure('percentunit', 'Share of all operations that failed or are partial'),
        },
        sql: (s) => `
SELECT integration, stream, error_code, n_failed AS failed, n_partial AS partial,
  (n_failed + n_partial) / sum(n_failed + n_partial) OVER () AS share
FROM ${operations(s, { integration: 'integration', stream: 'stream', error_code: 'error_code' }, filters)}
WHERE n_failed + n_partial > 0
ORDER BY share DESC, integration, stream, error_code`,
      },
    },
  },
  {
    ...base,
    name: 'integration_sync_hours',
    kind: 'table',
    title: 'Peak times',
    description:
      'Operations, records and conflicts by hour of the day (UTC). Hours that the range does not have, or in which nothing was reported, are missing.',
    parts: {
      main: {
        columns: {
          hour: { type: 'string', role: 'dimension', description: 'Hour of the day, UTC' },
          operations: measures.operations,
          failed: measures.failed,
          records_synced: measures.records_synced,
          conflicts: measure('short', 'Conflicts'),
        },
        sql: (s) => `
SELECT hour, sum(ended) AS operations, sum(failures) AS failed, sum(records) AS records_synced, sum(met) AS conflicts FROM (
  SELECT hour, n_ended AS ended, n_failed AS failures, n_synced AS records, toUInt64(0) AS met FROM ${operations(hourly(s), { hour: hourOfDay }, filters)}
  UNION ALL
  SELECT hour, 0, 0, 0, n_conflicts FROM ${conflicts(hourly(s), { hour: hourOfDay }, ['integration', 'stream'])})
GROUP BY hour ORDER BY hour`,
      },
    },
  },
];
