/** What the queries about synchronisation read: sums over the rollups, once each. */
import type { SqlContext } from '../../define';
import { mannKendallZ } from '../../../vocabulary/statistics';

/** Parameters that choose rows; a query lists those it declares. */
export type Filter = 'integration' | 'stream' | 'sync_type';
export const chosen = (s: SqlContext, filters: readonly Filter[]): string =>
  ['1', ...filters.map((f) => s.filter(f))].join(' AND ');

type Keys = Readonly<Record<string, string>>;
const selected = (keys: Keys): string =>
  Object.entries(keys)
    .map(([name, sql]) => `${sql} AS ${name}, `)
    .join('');
const grouped = (keys: Keys): string => Object.keys(keys).join(', ');

/** Sums of sync operations per `keys` (name → expression over the rollup). */
export const operations = (s: SqlContext, keys: Keys, filters: readonly Filter[]): string => `(
    SELECT ${selected(keys)}sum(completed) AS n_completed, sum(failed) AS n_failed, sum(partial) AS n_partial, sum(running) AS n_running,
      n_completed + n_failed + n_partial AS n_ended, sum(records_to_sync) AS n_to_sync, sum(records_synced) AS n_synced,
      sum(records_failed) AS n_record_failures, sum(records_skipped) AS n_skipped, sum(records_timed) AS n_timed, sum(volume) AS total_volume,
      sum(retries) AS n_retries, sumMap(duration_hist) AS hist, sum(duration_sum) AS duration_total, max(duration_max) AS longest,
      max(backlog) AS highest_backlog, sumMap(map(error_code, failed + partial)) AS codes
    FROM ${s.table('integration_syncs')}
    WHERE ${s.scope} AND ${chosen(s, filters)} GROUP BY ${grouped(keys)})`;

/** Sums of sync conflicts per `keys`. */
export const conflicts = (s: SqlContext, keys: Keys, filters: readonly Filter[], where = '1'): string => `(
    SELECT ${selected(keys)}sum(conflicts) AS n_conflicts,
      sumIf(conflicts, resolution = 'auto') AS n_auto, sumIf(conflicts, resolution = 'manual') AS n_manual,
      sumIf(conflicts, resolution = 'deferred') AS n_deferred, sumIf(conflicts, resolution = 'ignored') AS n_ignored,
      sumIf(conflicts, conflict_type = 'version_mismatch') AS n_version, sumIf(conflicts, conflict_type = 'concurrent_update') AS n_concurrent,
      sumIf(conflicts, conflict_type = 'schema_mismatch') AS n_schema, sumIf(conflicts, conflict_type = 'data_validation') AS n_validation,
      sumIf(conflicts, conflict_type = 'business_rule') AS n_rule,
      sum(data_loss) AS n_lost, sumIf(data_loss, resolution = 'auto') AS n_auto_lost,
      sumMap(resolution_time_hist) AS hist, sum(resolution_time_sum) AS resolving, sum(resolution_time_count) AS n_resolved,
      max(resolution_time_max) AS longest, sum(satisfaction) AS total_satisfaction, sum(rated) AS n_rated,
      min(t) AS first_seen, minIf(t, data_loss > 0) AS first_loss
    FROM ${s.table('integration_sync_conflicts')}
    WHERE ${s.scope} AND ${chosen(s, filters)} AND ${where} GROUP BY ${grouped(keys)})`;

/** How many days back the last success of a stream is looked for. */
export const LOOK_BACK_DAYS = 30;

/**
 * Per integration and stream, as of the end of the range: `latest` success (seconds; NULL if there was none in 30 days),
 * `usual_s`, the mean distance of successes (of three or more), `age_s`, and `overdue_by`, the age in usual distances. A distance
 * counts as a minute at least: nothing is told earlier than that.
 */
export const freshness = (s: SqlContext, filters: readonly Filter[]): string => `(
    SELECT integration, stream, max(last) AS latest, sum(n) AS n_successes,
      toUnixTimestamp64Milli(${s.to}) / 1000 - latest AS age_s,
      if(n_successes >= 3, (latest - min(first)) / (n_successes - 1), NULL) AS usual_s, if(isNull(usual_s), NULL, age_s / greatest(usual_s, 60)) AS overdue_by
    FROM (
      SELECT integration, stream, sync_type, last_success AS last, first_success AS first, completed AS n FROM ${s.table('integration_syncs')}
      WHERE workspace = {workspace:String} AND t >= toStartOfDay(${s.to}) AND t < ${s.to}
      UNION ALL
      SELECT integration, stream, sync_type, last_success, first_success, completed FROM ${s.table('integration_syncs', '1d')}
      WHERE workspace = {workspace:String} AND t >= toStartOfDay(${s.to}) - INTERVAL ${LOOK_BACK_DAYS} DAY AND t < toStartOfDay(${s.to}))
    WHERE ${chosen(s, filters)} GROUP BY integration, stream)`;

/**
 * Z of the trend of conflicts per integration, and how many steps it was made of: whole steps of the range in which syncs
 * or conflicts were reported. In others nothing is known.
 */
export const conflictTrends = (s: SqlContext, filters: readonly Filter[]): string => {
  const at = `intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}`;
  return `(
    SELECT integration, arrayMap(x -> x.2, arraySort(groupArray((at, n)))) AS counts, length(counts) AS n_steps, ${mannKendallZ('counts')} AS z
    FROM (
      SELECT integration, at, sum(k) AS n FROM (
        SELECT integration, stream, sync_type, ${at} AS at, toUInt64(0) AS k FROM ${s.table('integration_syncs')} WHERE ${s.scope}
        UNION ALL
        SELECT integration, stream, '', ${at}, conflicts FROM ${s.table('integration_sync_conflicts')} WHERE ${s.scope})
      WHERE at >= toUnixTimestamp(${s.from}) AND at + ${s.trendStep} <= toUnixTimestamp(${s.to}) AND ${chosen(s, filters)}
      GROUP BY integration, at)
    GROUP BY integration)`;
};

/** The hour of the day (UTC) of rows of any grain that has hours. */
export const hourOfDay = "leftPad(toString(toHour(t)), 2, '0')";
/** The grain in which a question about hours of the day can be answered. */
export const hourly = (s: SqlContext): SqlContext =>
  s.grain === '1d' ? { ...s, table: (name, grain = '1h') => s.table(name, grain) } : s;
