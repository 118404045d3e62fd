/**
 * Costs as relations, for the queries of this part. Running costs are bills for usage and recurring fees, and the price of
 * single calls (`cost` of integration.api_call) as cost of kind api_calls, unless the integration's bills have lines of
 * that kind: then the bill is right and the single prices are left out, so that nothing is paid twice.
 */
import type { Grain, SqlContext } from '../../define';

/** How far back a bill for calls makes the price of single calls irrelevant: two months, so that a monthly bill does. */
const BILLED_DAYS = 62;

const workspace = 'workspace = {workspace:String}';

/**
 * Price of single calls: t, integration, calls, cost. Each integration by one vantage: its callers' where there is any, as
 * in the numbers about calls.
 */
export const callCosts = (s: SqlContext, from: string, to: string, grain?: Grain): string => `(
  SELECT t, integration, n_calls AS calls, n_cost AS cost FROM (
    SELECT c.t AS t, if(n.entity = '' OR c.vantage = 'server', c.integration, n.entity) AS integration, c.vantage AS side,
      sum(c.calls) AS n_calls, sum(c.cost) AS n_cost, max(side = 'client') OVER (PARTITION BY integration) AS has_client
    FROM (SELECT * FROM ${s.table('integration_calls', grain)} WHERE ${workspace} AND t >= ${from} AND t < ${to}) AS c
    LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind
    GROUP BY t, integration, side
    QUALIFY side = if(has_client, 'client', 'server'))
  WHERE ${s.filter('integration')})`;

/** Lines of bills in [from, to) at a grain: all columns of the rollup. */
const bills = (s: SqlContext, from: string, to: string, grain?: Grain): string =>
  `(SELECT * FROM ${s.table('integration_costs', grain)} WHERE ${workspace} AND t >= ${from} AND t < ${to} AND ${s.filter('integration')})`;

/** Running and one-time costs in [from, to): t, integration, cost_kind, charge_frequency, basis (billed or metered), amount. */
export const ledger = (s: SqlContext, from: string, to: string, grain?: Grain): string => `(
  SELECT t, integration, cost_kind, charge_frequency, 'billed' AS basis, amount FROM ${bills(s, from, to, grain)}
  UNION ALL
  SELECT t, integration, 'api_calls' AS cost_kind, 'usage_based' AS charge_frequency, 'metered' AS basis, cost AS amount
  FROM ${callCosts(s, from, to, grain)}
  WHERE cost > 0 AND integration NOT IN (
    SELECT integration FROM ${bills(s, `least(${from}, ${to} - INTERVAL ${BILLED_DAYS} DAY)`, to, '1d')} WHERE cost_kind = 'api_calls' AND charge_frequency = 'usage_based'))`;

/** End of the last whole hour of the range that is over. */
export const lastHour = (s: SqlContext): string => `toStartOfHour(least(${s.to}, now64(3, 'UTC')))`;

const HISTORY_DAYS = 92;
/** Days that a forecast and the comparison of months may look back on. */
export const WINDOWS = 60;

/**
 * Usage cost by windows of 24 hours, counted back from the last whole hour: integration, `w` (Array(Float64), the newest
 * first; windows since the integration's first cost, 60 at most; a window without cost is 0). Rolling days rather than
 * calendar days, so that there is always a whole one, whatever the hour, and the daily rhythm cancels out.
 */
export const windows = (s: SqlContext): string => `(
  SELECT integration, arrayMap(k -> m[toUInt16(k)], range(least(${WINDOWS}, intDiv(toUnixTimestamp(${lastHour(s)}) - first_t, 86400)))) AS w
  FROM (
    SELECT integration, sumMap(map(k, total)) AS m, min(first_in_k) AS first_t
    FROM (
      SELECT integration, toUInt16(intDiv(toUnixTimestamp(${lastHour(s)}) - 3600 - toUnixTimestamp(t), 86400)) AS k, sum(amount) AS total, min(toUnixTimestamp(t)) AS first_in_k
      FROM ${ledger(s, `(${lastHour(s)} - INTERVAL ${HISTORY_DAYS} DAY)`, lastHour(s), '1h')}
      WHERE charge_frequency = 'usage_based'
      GROUP BY integration, k)
    GROUP BY integration))`;

/** Windows before the newest that a day is compared with, and how many there must be. */
export const BASELINE_DAYS = 28;
export const BASELINE_LEAST = 7;
/** Robust distance from which a day is an anomaly (Iglewicz & Hoaglin 1993, "How to detect and handle outliers"). */
export const ANOMALY = 3.5;

/**
 * The newest window beside those before it: integration, cost_24h, expected_24h (their median), deviation, excess. The
 * deviation is the modified z-score of Iglewicz & Hoaglin: distance from the median in units of 1.4826 × the median
 * absolute deviation (where that is 0, of 1.2533 × the mean absolute deviation), and of 5 % of the median at least, so
 * that a cost that never moves may move a little. NULL with fewer than 7 windows to compare with, or when they all are 0.
 */
export const deviations = (s: SqlContext): string => `(
  SELECT integration, w, w[1] AS cost_24h, enough AS baseline_days,
    if(enough < ${BASELINE_LEAST}, NULL, med) AS expected_24h,
    if(enough < ${BASELINE_LEAST} OR spread <= 0, NULL, (cost_24h - med) / spread) AS deviation,
    cost_24h - expected_24h AS excess
  FROM (
    SELECT integration, w, arraySlice(w, 2, ${BASELINE_DAYS}) AS h, length(h) AS enough,
      if(enough = 0, 0, arrayReduce('quantileExactInclusive(0.5)', h)) AS med,
      arrayMap(x -> abs(x - med), h) AS far,
      if(enough = 0, 0, arrayReduce('quantileExactInclusive(0.5)', far)) AS mad,
      greatest(if(mad > 0, 1.4826 * mad, 1.2533 * if(enough = 0, 0, arrayAvg(far))), 0.05 * med) AS spread
    FROM ${windows(s)}
    WHERE notEmpty(w)))`;
