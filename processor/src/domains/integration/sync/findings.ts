/** What is wrong with synchronisation, with the figures that show it. */
import type { QueryDef, SqlContext } from '../../define';
import { findings, runs, say } from '../../../vocabulary/findings';
import { TREND_TEST, trendClass } from '../../../vocabulary/statistics';
import { about } from '../findings/about';
import { conflictTrends, conflicts, freshness, operations, LOOK_BACK_DAYS, type Filter } from './relations';
import { BACKLOG, ENOUGH_CONFLICTS, FAILURE_RATE, FIELD_SHARE, MANUAL_RATE, OVERDUE } from './thresholds';

const filters: readonly Filter[] = ['integration'];
const keys = { integration: 'integration', stream: 'stream' };
/** Start of the step of the range that `t` lies in; a finding has no step of its own. */
const step = (s: SqlContext): string =>
  `toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC')`;
const seconds = (x: string): string => `fromUnixTimestamp64Milli(toInt64(round((${x}) * 1000)), 'UTC')`;
const name = (r: string): string => `concat(${r}.integration, ' ', ${r}.stream)`;
/** Steps of each stream in which `bad` holds, put together. */
const streamRuns = (s: SqlContext, bad: string, aggregates: Record<string, string>): string =>
  runs(operations(s, { time: step(s), ...keys }, filters), ['integration', 'stream'], bad, aggregates);

const failing = (s: SqlContext): string => `
SELECT r.time AS time, r.ended AS ended, r.integration AS integration, 'sync_failures' AS kind,
  if(share > 0.5, 'critical', 'warning') AS severity, r.failures / r.operations AS share,
  concat(${name('r')}, ': ', ${say.percent('share')}, ' of the syncs failed') AS title,
  concat(${say.count('r.failures')}, ' of ', ${say.count('r.operations')}, ' operations failed',
    if(empty(r.reasons), '', concat(', most often ', arraySort(x -> (-x.2, x.1), arrayZip(mapKeys(r.reasons), mapValues(r.reasons)))[1].1))) AS evidence,
  'Look at the error codes; rate limits and timeouts point at the integration, validation at the data' AS action,
  share AS value, ${FAILURE_RATE} AS expected, 'percentunit' AS unit
FROM ${streamRuns(s, `if(n_ended = 0, NULL, n_failed / n_ended > ${FAILURE_RATE})`, {
  failures: 'sum(n_failed)',
  operations: 'sum(n_ended)',
  reasons: "mapFilter((k, v) -> v > 0 AND k != '', sumMap(codes))",
})} AS r
WHERE r.failures >= 2`;

const piling = (s: SqlContext): string => `
SELECT r.time AS time, r.ended AS ended, r.integration AS integration, 'sync_backlog' AS kind, 'warning' AS severity,
  concat(${name('r')}, ': ', ${say.count('r.most')}, ' records waited') AS title,
  concat('at most ', ${say.count('r.most')}, ' records waited, while ', ${say.count('r.done')}, ' were synchronised in ', ${say.count('r.operations')}, ' operations') AS evidence,
  'Compare what comes in with the throughput; treat failing operations first' AS action,
  r.most AS value, ${BACKLOG} AS expected, 'short' AS unit
FROM ${streamRuns(s, `highest_backlog > ${BACKLOG}`, {
  most: 'max(highest_backlog)',
  done: 'sum(n_synced)',
  operations: 'sum(n_ended)',
})} AS r`;

const stale = (s: SqlContext): string => `
SELECT ${seconds('f.latest + f.usual_s')} AS time, NULL AS ended, f.integration AS integration, 'sync_stale' AS kind,
  if(f.overdue_by > ${3 * OVERDUE}, 'critical', 'warning') AS severity,
  concat(${name('f')}, ': last synchronised ', ${say.duration('f.age_s')}, ' ago') AS title,
  concat('usually every ', ${say.duration('f.usual_s')}, ' (mean of ', ${say.count('f.n_successes')}, ' in ${LOOK_BACK_DAYS} days)') AS evidence,
  'See whether the job runs, and whether it fails or falls silent' AS action,
  f.age_s AS value, ${OVERDUE} * greatest(assumeNotNull(f.usual_s), 60) AS expected, 's' AS unit
FROM ${freshness(s, filters)} AS f WHERE f.overdue_by > ${OVERDUE}`;

const lost = (s: SqlContext): string => `
SELECT toDateTime64(c.first_loss, 3, 'UTC') AS time, NULL AS ended, c.integration AS integration, 'sync_data_loss' AS kind, 'critical' AS severity,
  concat(${name('c')}, ': data lost in ', ${say.count('c.n_lost')}, ' conflicts') AS title,
  concat(${say.count('c.n_lost')}, ' of ', ${say.count('c.n_conflicts')}, ' conflicts lost data, ', ${say.count('c.n_auto_lost')}, ' of them resolved automatically') AS evidence,
  'Switch automatic resolution off for the fields concerned and restore them from the other side' AS action,
  c.n_lost AS value, 0 AS expected, 'short' AS unit
FROM ${conflicts(s, keys, filters)} AS c WHERE c.n_lost > 0`;

const rising = (s: SqlContext): string => `
SELECT ${s.from} AS time, NULL AS ended, k.integration AS integration, 'sync_conflicts_rising' AS kind, 'warning' AS severity,
  concat(k.integration, ': conflicts are increasing') AS title,
  concat('Mann–Kendall Z = ', ${say.number('k.z')}, ' over ', ${say.count('k.n_steps')}, ' steps, ', ${say.count('arraySum(k.counts)')}, ' conflicts') AS evidence,
  'Look for the field and the type that grow; see what changed on either side' AS action,
  k.z AS value, 1.96 AS expected, 'none' AS unit
FROM ${conflictTrends(s, filters)} AS k WHERE ${trendClass('k.z')} = 'increasing'`;

const frequent = (s: SqlContext): string => `
SELECT toDateTime64(c.first_seen, 3, 'UTC') AS time, NULL AS ended, c.integration AS integration, 'sync_conflict_field' AS kind, 'info' AS severity,
  concat(c.integration, ': ', ${say.percent('c.share')}, ' of the conflicts are about ', c.field) AS title,
  concat(${say.count('c.n_conflicts')}, ' of ', ${say.count('c.total')}, ' conflicts') AS evidence,
  'Make one side the owner of the field, or merge it by a rule' AS action, c.share AS value, ${FIELD_SHARE} AS expected, 'percentunit' AS unit
FROM (
  SELECT *, sum(n_conflicts) OVER (PARTITION BY integration) AS total, n_conflicts / total AS share
  FROM ${conflicts(s, { integration: 'integration', field: 'field' }, filters)}) AS c
WHERE c.total >= ${ENOUGH_CONFLICTS} AND c.share >= ${FIELD_SHARE} AND c.field != ''`;

const manual = (s: SqlContext): string => `
SELECT toDateTime64(c.first_seen, 3, 'UTC') AS time, NULL AS ended, c.integration AS integration, 'sync_manual_conflicts' AS kind, 'info' AS severity,
  concat(c.integration, ': ', ${say.percent('c.n_manual / c.n_conflicts')}, ' of the conflicts need a person') AS title,
  concat(${say.count('c.n_manual')}, ' of ', ${say.count('c.n_conflicts')}, ' were resolved by hand; resolving took ', ${say.ms('if(c.n_resolved = 0, NULL, c.resolving / c.n_resolved)')}, ' in the mean') AS evidence,
  'Find the type that is resolved by hand most often and give it a rule' AS action,
  c.n_manual / c.n_conflicts AS value, ${MANUAL_RATE} AS expected, 'percentunit' AS unit
FROM ${conflicts(s, { integration: 'integration' }, filters)} AS c
WHERE c.n_conflicts >= ${ENOUGH_CONFLICTS} AND c.n_manual / c.n_conflicts > ${MANUAL_RATE}`;

export const syncFindings: QueryDef = findings({
  ...about,
  name: 'integration_sync_findings',
  title: 'Findings about synchronisation',
  description: `Failing and stale streams, backlogs, lost data, rising conflicts (${TREND_TEST}), fields often in conflict, manual work.`,
  rollup: 'integration_syncs',
  selects: (s) => [failing(s), piling(s), stale(s), lost(s), rising(s), frequent(s), manual(s)],
});
