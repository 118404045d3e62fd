/** What the queries about webhooks read: sums over the rollups, once each. */
import type { SqlContext } from '../../define';
import { BURST } from './thresholds';

/** Parameters that choose rows; a query lists those it declares. */
export type Filter = 'integration' | 'webhook' | 'event';
export const chosen = (s: SqlContext, filters: readonly Filter[]): string =>
  ['1', ...filters.map((f) => s.filter(f))].join(' AND ');

type Keys = Readonly<Record<string, string>>;

/**
 * Sums of attempts per `keys` (name → expression over the rollup).
 *
 * A message is counted once, by how it ended. While a receiver is down nothing ends, and the share of delivered among
 * ended messages stays what it was: so `n_due` is what should have been delivered, the messages that ended or, where more
 * came in than ended, those that came in. What waits for its retry then counts as not delivered until it is.
 */
export const attempts = (
  s: SqlContext,
  keys: Keys,
  filters: readonly Filter[],
  scope = s.scope,
  where = '1',
): string => `(
    SELECT ${Object.entries(keys)
      .map(([name, sql]) => `${sql} AS ${name}, `)
      .join(
        '',
      )}sum(attempts) AS n_attempts, sum(started) AS n_started, sum(delivered) AS n_delivered, sum(dead_letters) AS n_dead,
      sum(redelivered) AS n_redelivered, n_delivered + n_dead AS n_ended, greatest(n_ended, n_started) AS n_due,
      sumIf(attempts, reason != '') AS n_failed, sumIf(started, reason != '') AS n_first_failed,
      sumIf(delivered, attempt != '1') AS n_recovered, sumIf(attempts, attempt != '1') AS n_retries,
      sumMap(latency_hist) AS hist, sum(latency_sum) AS latency_total, sum(latency_count) AS n_timed, max(latency_max) AS slowest,
      sumMap(payload_hist) AS sizes, sum(payload_sum) AS total_payload, sum(payload_count) AS n_sized, max(payload_max) AS largest,
      min(t) AS first_seen
    FROM ${s.table('integration_webhooks')}
    WHERE ${scope} AND ${chosen(s, filters)} AND ${where} GROUP BY ${Object.keys(keys).join(', ')})`;

/** How many days back dead letters are looked for. */
export const LOOK_BACK_DAYS = 30;

/**
 * Dead letters that lie there at the end of the range, one row each: `since` (seconds) it first died, `age_s`, attempts.
 * Known exactly, message by message, from the last 30 days; one that was delivered or discarded since is not among them.
 */
export const lying = (s: SqlContext, filters: readonly Filter[]): string => `(
    SELECT integration, webhook, event, message, min(first_dead) AS since, toUnixTimestamp64Milli(${s.to}) / 1000 - since AS age_s,
      max(last_dead) AS died, max(closed) AS gone, max(attempts) AS n_tries
    FROM ${s.table('integration_dead_letters', '1d')}
    WHERE workspace = {workspace:String} AND t >= toStartOfDay(${s.to}) - INTERVAL ${LOOK_BACK_DAYS} DAY AND t < ${s.to} AND ${chosen(s, filters)}
    GROUP BY integration, webhook, event, message
    HAVING since < toUnixTimestamp64Milli(${s.to}) / 1000
      AND (isNull(gone) OR gone < died OR gone >= toUnixTimestamp64Milli(${s.to}) / 1000))`;

/**
 * Steps of the grain in which a webhook got far more messages than usual: `time`, `n` messages, `usual` (the median of the
 * steps that had any) and whether it `is_burst`. Outliers by Tukey's fence at three interquartile ranges ("far out"), and at least three
 * times the median and ten messages, so that a quiet webhook's third message is none.
 */
export const arrivals = (s: SqlContext, filters: readonly Filter[]): string => `(
    SELECT integration, webhook, x.1 AS time, x.2 AS n, usual,
      x.3 > 0 AND n >= ${BURST.times} * usual AND n >= ${BURST.messages} AS is_burst
    FROM (
      SELECT integration, webhook, arraySort(groupArray((at, k))) AS points, arrayMap(p -> toFloat64(p.2), points) AS series,
        arrayReduce('quantileExactLow(0.5)', series) AS usual,
        if(length(series) < 4, arrayMap(v -> 0., series), seriesOutliersDetectTukey(series, 0.25, 0.75, ${BURST.fence})) AS far
      FROM (
        SELECT integration, webhook, toDateTime64(t, 3, 'UTC') AS at, sum(started) AS k FROM ${s.table('integration_webhooks')}
        WHERE ${s.scope} AND ${chosen(s, filters)} GROUP BY integration, webhook, at HAVING k > 0)
      GROUP BY integration, webhook)
    ARRAY JOIN arrayZip(points.1, points.2, far) AS x)`;
