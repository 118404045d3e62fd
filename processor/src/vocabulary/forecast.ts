/**
 * Forecast of a seasonal count series in ClickHouse: ordinary least squares on a slope and a level for each place in the
 * season, with an interval and with the error it would have made on the last season. The slope is the one within places
 * (Frisch & Waugh 1933), so that a season which begins high and ends low is not taken for a fall.
 */

export interface ForecastOptions {
  keys: readonly string[];
  /** Seconds of a step, steps of a season (also the length of the forecast and of the back-test). */
  stepSeconds: number;
  season: number;
  /** End of the last complete step, exclusive: expression of type DateTime64. */
  end: string;
}

/** Seasons that must be known: two to learn from and one to test on. */
export const MIN_SEASONS = 3;

/** Distance of the bounds from the forecast, in standard deviations: 95 % of a normal distribution. */
const Z_95 = 1.96;

/**
 * Relation of the next season: `keys`, `time` (start of the step), `value`, `lower`, `upper` (≥ 0), and the same in each row of
 * a key: `slope` (per step), `steps` (how many it learnt from), `error` (back-test: Σ|actual − forecast| / Σ actual of the last
 * season, forecast from what was before it; NULL when nothing happened in it) and `coverage` (back-test: share of its steps that
 * lay inside the interval; about 0.95 when the interval is honest). The spread is the larger one of the residuals' standard
 * deviation and of the back-test's root mean square error: what was learnt by heart looks more certain than it is.
 * Keys with fewer than three seasons have no rows: nothing is known.
 * @param rows relation with `keys`, `time` (start of a step) and `y` ≥ 0; steps without a row between the first and `end` are 0
 */
export function forecast(rows: string, o: ForecastOptions): string {
  const by = o.keys.join(', ');
  const at = (i: string): string => `greatest(0., slope * (${i}) + levels[(${i}) % ${o.season} + 1])`;
  const squares = (e: string): string => `arraySum(x -> x * x, ${e})`;
  return `(
  SELECT ${by}, toDateTime64((first_step + n + ahead) * ${o.stepSeconds}, 3, 'UTC') AS time, ${at('n + ahead')} AS value,
    greatest(0., value - ${Z_95} * spread) AS lower, value + ${Z_95} * spread AS upper, slope, n AS steps, error, coverage
  FROM (
    SELECT ${by}, first_step, whole.1 AS n, whole.2 AS slope, whole.3 AS levels, greatest(whole.4, test_rmse) AS spread,
      error, coverage, arrayJoin(range(${o.season})) AS ahead
    FROM (
      SELECT ${by}, any(first_step) AS first_step, anyIf((n, slope, levels, sd), NOT held_out) AS whole,
        anyIf(misses, held_out) AS test_misses, anyIf(sd, held_out) AS test_sd, sqrt(${squares('test_misses')} / ${o.season}) AS test_rmse,
        if(any(actual_sum) = 0, NULL, arraySum(x -> abs(x), test_misses) / any(actual_sum)) AS error,
        arrayCount(x -> abs(x) <= ${Z_95} * test_sd, test_misses) / ${o.season} AS coverage
      FROM (
        SELECT ${by}, first_step, held_out, n, slope, levels, actual_sum,
          sqrt(arraySum((v, i) -> pow(v - slope * i - levels[i % ${o.season} + 1], 2), learnt, range(n)) / (n - ${o.season} - 1)) AS sd,
          arrayMap((a, i) -> a - ${at('n + i')}, actual, range(length(actual))) AS misses
        FROM (
          SELECT *, arrayMap((x, y) -> y - slope * x, mean_x, mean_y) AS levels
          FROM (
            SELECT *, arraySum((v, i) -> (i - mean_x[i % ${o.season} + 1]) * (v - mean_y[i % ${o.season} + 1]), learnt, range(n)) / arraySum(i -> pow(i - mean_x[i % ${o.season} + 1], 2), range(n)) AS slope
            FROM (
              SELECT *, length(learnt) AS n, arrayMap(j -> arrayAvg(arrayFilter(i -> i % ${o.season} = j, range(n))), range(${o.season})) AS mean_x,
                arrayMap(j -> arrayAvg(arrayFilter((v, i) -> i % ${o.season} = j, learnt, range(n))), range(${o.season})) AS mean_y
              FROM (
                SELECT ${by}, first_step, arraySum(arraySlice(series, -${o.season})) AS actual_sum, arraySlice(series, -${o.season}) AS actual,
                  arrayJoin([false, true]) AS held_out, if(held_out, arraySlice(series, 1, length(series) - ${o.season}), series) AS learnt
                FROM (
                  SELECT ${by}, first_step, arrayMap(i -> known[i], range(first_step, end_step)) AS series
                  FROM (
                    SELECT ${by}, min(f.step) AS first_step, toUInt32(intDiv(toUnixTimestamp(${o.end}), ${o.stepSeconds})) AS end_step, sumMap(map(f.step, f.y)) AS known
                    FROM (SELECT *, toUInt32(intDiv(toUnixTimestamp(time), ${o.stepSeconds})) AS step, toFloat64(r.y) AS y FROM ${rows} AS r WHERE time < ${o.end}) AS f
                    GROUP BY ${by})
                  WHERE end_step >= first_step + ${MIN_SEASONS * o.season}))))))
      GROUP BY ${by})))`;
}
