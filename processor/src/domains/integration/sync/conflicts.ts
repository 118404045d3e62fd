/** The definitions of every number about sync conflicts. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { TREND_TEST, trendClass } from '../../../vocabulary/statistics';
import { conflictTrends, conflicts, hourOfDay, hourly, type Filter } from './relations';

const filters: readonly Filter[] = ['integration', 'stream'];
const params = {
  integration: {
    type: 'string[]',
    description: 'Integrations; none means all',
    values: 'integration_sync_integrations',
  },
  stream: { type: 'string[]', description: 'Streams; none means all', values: 'integration_sync_stream_names' },
} as const;
const base = { cache: 'systemMetrics', rollup: 'integration_sync_conflicts', params } as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const dimension = (description: string): Column => ({ type: 'string', role: 'dimension', description });
const measure = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });
const integration = dimension('Integration');
const stream = dimension('What is synchronised');

const measures = {
  conflicts: measure('short', 'Conflicts'),
  version_mismatch: measure('short', 'Conflicts of two versions'),
  concurrent_update: measure('short', 'Conflicts of updates at the same time'),
  schema_mismatch: measure('short', 'Conflicts of schemas'),
  data_validation: measure('short', 'Records that are not valid on the other side'),
  business_rule: measure('short', 'Records that break a rule of the business'),
  auto: measure('short', 'Resolved automatically'),
  manual: measure('short', 'Resolved by a person'),
  deferred: measure('short', 'Deferred'),
  ignored: measure('short', 'Ignored'),
  auto_rate: measure('percentunit', 'Share resolved automatically; unknown without conflicts'),
  auto_success_rate: measure('percentunit', 'Share of the automatic resolutions that lost no data'),
  manual_rate: measure('percentunit', 'Share that needed a person'),
  data_loss: measure('short', 'Conflicts in which data were lost'),
  avg_resolution_ms: measure('ms', 'Mean time from detection to resolution'),
  p50_resolution_ms: measure('ms', 'Median of that time (within 2 %)'),
  p95_resolution_ms: measure('ms', '95th percentile of that time (within 2 %)'),
  satisfaction: measure('percentunit', 'Mean satisfaction of those concerned, where asked'),
} as const satisfies Record<string, Column>;

const measureList = (s: SqlContext): string => `
  n_conflicts AS conflicts, n_version AS version_mismatch, n_concurrent AS concurrent_update, n_schema AS schema_mismatch,
  n_validation AS data_validation, n_rule AS business_rule, n_auto AS auto, n_manual AS manual, n_deferred AS deferred, n_ignored AS ignored,
  if(n_conflicts = 0, NULL, n_auto / n_conflicts) AS auto_rate, if(n_auto = 0, NULL, 1 - n_auto_lost / n_auto) AS auto_success_rate,
  if(n_conflicts = 0, NULL, n_manual / n_conflicts) AS manual_rate, n_lost AS data_loss,
  if(n_resolved = 0, NULL, resolving / n_resolved) AS avg_resolution_ms,
  ${s.quantile(0.5, 'hist', 'longest')} AS p50_resolution_ms, ${s.quantile(0.95, 'hist', 'longest')} AS p95_resolution_ms,
  if(n_rated = 0, NULL, total_satisfaction / n_rated) AS satisfaction`;

/** A table of conflicts by one more dimension, the most frequent first. */
const by = (
  what: { name: string; title: string; description: string; column: string; of: string },
  where = '1',
  perIntegration = true,
): QueryDef => {
  const keys = { ...(perIntegration ? { integration: 'integration' } : {}), [what.column]: what.column };
  const list = Object.keys(keys).join(', ');
  return {
    ...base,
    name: what.name,
    kind: 'table',
    title: what.title,
    description: what.description,
    parts: {
      main: {
        columns: {
          ...(perIntegration ? { integration } : {}),
          [what.column]: dimension(what.of),
          conflicts: measures.conflicts,
          share: measure(
            'percentunit',
            perIntegration ? 'Share of the conflicts of the integration' : 'Share of all conflicts',
          ),
          manual_rate: measures.manual_rate,
          data_loss: measures.data_loss,
          avg_resolution_ms: measures.avg_resolution_ms,
          p95_resolution_ms: measures.p95_resolution_ms,
        },
        // The share is of all conflicts, those of which the field or segment is not known included.
        sql: (s) => `
SELECT ${list}, conflicts, share, manual_rate, data_loss, avg_resolution_ms, p95_resolution_ms FROM (
  SELECT ${list}, ${measureList(s)}, n_conflicts / sum(n_conflicts) OVER (${perIntegration ? 'PARTITION BY integration' : ''}) AS share
  FROM ${conflicts(s, keys, filters)})
WHERE ${where}
ORDER BY conflicts DESC, ${list}`,
      },
    },
  };
};

export const conflictQueries: QueryDef[] = [
  {
    ...base,
    name: 'integration_conflicts',
    kind: 'timeseries',
    title: 'Sync conflicts over time',
    description: 'Conflicts by type and by what became of them, per step, of all streams chosen.',
    parts: {
      main: {
        columns: { time, ...measures },
        sql: (s) => `
SELECT time, ${measureList(s)} FROM ${conflicts(s, { time: s.bucket }, filters)} ORDER BY time`,
      },
    },
  },
  {
    ...base,
    name: 'integration_conflict_window',
    kind: 'timeseries',
    title: 'Sync conflicts over the whole range',
    description:
      'One point per stream that had conflicts, at the last step, made of all of the range: what alert rules compare.',
    parts: {
      main: {
        columns: { time, integration, stream, ...measures },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, stream, ${measureList(s)}
FROM ${conflicts(s, { integration: 'integration', stream: 'stream' }, filters)} ORDER BY integration, stream`,
      },
    },
  },
  {
    ...base,
    name: 'integration_conflict_summary',
    kind: 'table',
    title: 'Sync conflicts by integration',
    description: `Types, resolutions, effectiveness, the trend and the peak hour of each integration over the range. Trend: ${TREND_TEST}.`,
    parts: {
      main: {
        columns: {
          integration,
          ...measures,
          trend: { type: 'string', description: 'increasing, stable, decreasing or unknown' },
          trend_z: measure('none', 'Z of the Mann–Kendall test; beyond ±1.96 it is a trend'),
          trend_steps: measure('short', 'Steps that the test saw'),
          peak_hour: { type: 'string', description: 'Hour of the day (UTC) with the most conflicts' },
        },
        sql: (s) => `
SELECT c.integration AS integration, ${measureList(s)}, ${trendClass('k.z')} AS trend, k.z AS trend_z, k.n_steps AS trend_steps, h.peak AS peak_hour
FROM ${conflicts(s, { integration: 'integration' }, filters)} AS c
LEFT JOIN ${conflictTrends(s, filters)} AS k ON k.integration = c.integration
LEFT JOIN (SELECT integration, argMax(hour, (n_conflicts, hour)) AS peak FROM ${conflicts(hourly(s), { integration: 'integration', hour: hourOfDay }, filters)} GROUP BY integration) AS h
  ON h.integration = c.integration
ORDER BY conflicts DESC, integration`,
      },
    },
  },
  by(
    {
      name: 'integration_conflict_types',
      title: 'Types of conflicts',
      description: 'Conflicts by type over the range.',
      column: 'conflict_type',
      of: 'Type of conflict',
    },
    '1',
    false,
  ),
  by(
    {
      name: 'integration_conflict_resolutions',
      title: 'What became of conflicts',
      description: 'Conflicts by resolution over the range.',
      column: 'resolution',
      of: 'auto, manual, deferred or ignored',
    },
    '1',
    false,
  ),
  by(
    {
      name: 'integration_conflict_fields',
      title: 'Fields in conflict',
      description: 'Fields that were in conflict, the most frequent first.',
      column: 'field',
      of: 'Field',
    },
    "field != ''",
  ),
  by(
    {
      name: 'integration_conflict_segments',
      title: 'Segments concerned',
      description: 'Segments of users whose data were in conflict, the most concerned first.',
      column: 'segment',
      of: 'Segment',
    },
    "segment != ''",
  ),
];
