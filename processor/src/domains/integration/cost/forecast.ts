/**
 * Forecast of the next calendar month's cost: a straight line through the 24-hour windows of usage (ordinary least squares,
 * 60 windows at most, 14 at least), summed over the month's days, plus the recurring fees of a month. The interval is the
 * 95 % prediction interval of that sum, with independent errors of equal variance; fees are taken as certain. The back-test
 * leaves out the newest windows (14, or as many as leave 14 to fit), forecasts their sum and compares it with what came.
 */
import type { SqlContext } from '../../define';
import { lastHour, ledger, windows } from './ledger';

const LEAST = 14;
const TEST = { most: 14, least: 7 };

/** Aliases of a line through array `y` at 0, 1, 2 …: its length, means, slope and residual variance, suffixed with `p`. */
const line = (p: string, y: string): string => `
    toFloat64(length(${y})) AS n${p}, (n${p} - 1) / 2 AS xm${p}, arraySum(${y}) / n${p} AS ym${p}, n${p} * (n${p} * n${p} - 1) / 12 AS sxx${p},
    arraySum((v, i) -> (i - 1 - xm${p}) * (v - ym${p}), ${y}, arrayEnumerate(${y})) AS sxy${p}, sxy${p} / sxx${p} AS slope${p},
    greatest(0, arraySum(v -> (v - ym${p}) * (v - ym${p}), ${y}) - slope${p} * sxy${p}) / (n${p} - 2) AS variance${p}`;

/** Sum of the line over `days` days whose middle lies at x. */
const sumAt = (p: string, days: string, x: string): string => `${days} * (ym${p} + slope${p} * (${x} - xm${p}))`;

/** 97.5 % quantile of Student's t by its expansion around the normal one (Abramowitz & Stegun 26.7.5), within 0.1 % from 12 degrees on. */
const T = (df: string): string => `(1.959964 + 2.372271 / ${df} + 2.822499 / (${df} * ${df}))`;

/**
 * integration, forecast, forecast_low, forecast_high (USD of the next calendar month, UTC; NULL with too little history),
 * backtest_error (forecast by actual less 1; NULL with too little history).
 */
export const forecasts = (s: SqlContext): string => `(
  SELECT integration, if(enough, greatest(0, usage) + fees, NULL) AS forecast, if(enough, greatest(0, usage - half) + fees, NULL) AS forecast_low,
    if(enough, greatest(0, usage + half) + fees, NULL) AS forecast_high, if(t < ${TEST.least}, NULL, greatest(0, tested) / nullIf(arraySum(arraySlice(y, -toInt64(t))), 0) - 1) AS backtest_error
  FROM (
    SELECT w.integration AS integration, w.y AS y, f.fee AS fees, toStartOfMonth(addMonths(${lastHour(s)}, 1)) AS month,
      toFloat64(dateDiff('day', month, addMonths(month, 1))) AS days, (toUnixTimestamp(toDateTime(month, 'UTC')) - toUnixTimestamp(${lastHour(s)})) / 86400 AS ahead,
      length(y) >= ${LEAST} AS enough, ${line('', 'y')},
      n + ahead + (days - 1) / 2 AS x, ${sumAt('', 'days', 'x')} AS usage,
      ${T('(n - 2)')} * sqrt(variance * (days + days * days / n + days * days * (x - xm) * (x - xm) / sxx)) AS half,
      least(${TEST.most}, toInt64(length(y)) - ${LEAST}) AS t, arraySlice(y, 1, greatest(0, toInt64(length(y)) - t)) AS yb, ${line('b', 'yb')},
      ${sumAt('b', 't', 'nb + (t - 1) / 2')} AS tested
    FROM (SELECT integration, arrayReverse(w) AS y FROM ${windows(s)} WHERE notEmpty(w)) AS w
    LEFT JOIN ${monthlyFees(s)} AS f ON f.integration = w.integration))`;

/** Recurring fees of a month: the mean of the whole months of the last three since the first fee, else what this month had. */
export function monthlyFees(s: SqlContext): string {
  const month = `toStartOfMonth(${lastHour(s)})`;
  return `(
      SELECT integration, if(months = 0, sumIf(amount, t >= ${month}), sumIf(amount, t < ${month}) / months) AS fee
      FROM (
        SELECT integration, t, amount, dateDiff('month', min(t) OVER (PARTITION BY integration), ${month}) AS months
        FROM ${ledger(s, `toDateTime(addMonths(${month}, -3), 'UTC')`, lastHour(s), '1h')} WHERE charge_frequency = 'recurring')
      GROUP BY integration, months)`;
}
