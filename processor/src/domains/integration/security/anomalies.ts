/** Whether an hour had far more attempts than the hours before it. */
import type { SqlContext } from '../../define';

/** Robust distance from which an hour is an anomaly (Iglewicz & Hoaglin 1993). */
export const ANOMALY = 3.5;
/** Hours that an hour is compared with: a week, and a day at least. */
const WEEK_HOURS = 168;
export const BASELINE_HOURS = 24;

const workspace = 'workspace = {workspace:String}';

/**
 * Failed and unauthorised attempts of the last whole hour beside the week before: integration, hour (its start), last_hour,
 * usual (median), hours (how many it is compared with), deviation. Unit of the deviation is 1.4826 × the median absolute deviation, but not
 * less than a Poisson count of that median would spread, and not less than one attempt. NULL with too little history.
 */
export function activityDeviation(s: SqlContext): string {
  const end = `toStartOfHour(${s.to})`;
  const since = `${end} - INTERVAL ${WEEK_HOURS + 1} HOUR`;
  const range = `${workspace} AND t >= ${since} AND t < ${end} AND ${s.filter('integration')}`;
  return `(
  SELECT integration, CAST(${end} - INTERVAL 1 HOUR, 'DateTime64(3, \\'UTC\\')') AS hour, y[1] AS last_hour, arraySlice(y, 2) AS h, length(h) AS hours,
    if(hours = 0, 0, arrayReduce('quantileExactInclusive(0.5)', h)) AS usual,
    if(hours = 0, 0, arrayReduce('quantileExactInclusive(0.5)', arrayMap(v -> abs(v - usual), h))) AS mad,
    if(hours < ${BASELINE_HOURS}, NULL, (last_hour - usual) / greatest(1.4826 * mad, sqrt(usual), 1)) AS deviation
  FROM (
    SELECT integration, sumMap(map(k, toFloat64(n))) AS m, arrayMap(i -> m[toUInt16(i)], range(toUInt64(max(k)) + 1)) AS y
    FROM (
      SELECT integration, toUInt16(intDiv(toUnixTimestamp(${end}) - 3600 - toUnixTimestamp(t), 3600)) AS k, sum(bad) AS n FROM (
        SELECT integration, t, failures AS bad FROM ${s.table('integration_auth', '1h')} WHERE ${range}
        UNION ALL
        SELECT integration, t, if(category = 'unauthorized_access', r.events, 0) AS bad FROM ${s.table('integration_security_events', '1h')} AS r WHERE ${range})
      GROUP BY integration, k)
    GROUP BY integration))`;
}
