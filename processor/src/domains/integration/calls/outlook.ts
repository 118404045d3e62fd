/** What is to be expected: calls of the next day, and limits that will be crossed if it goes on like this. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { findings, say } from '../../../vocabulary/findings';
import { MIN_SEASONS, forecast } from '../../../vocabulary/forecast';
import { mannKendallZ } from '../../../vocabulary/statistics';
import { about } from '../findings/about';
import { integrationParam } from '../params';
import { LIMITS } from './limits';
import { integration, time } from './relation';

const number = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });
const HOUR = 3600;
const LEARN_DAYS = 28;
/** Hours in which a trend is looked for: whole days, so that a daily rhythm is no trend; and how far ahead it is drawn. */
const TREND_HOURS = 48;
const AHEAD_HOURS = 24;
/** |Z| of the Mann–Kendall test from which a trend is one: 0.1 % two-sided, since every integration is tested each time. */
const TREND_Z = 3.29;

/** Sums per hour and integration, by its callers' view where there is one, of `days` before the last complete hour. */
const hours = (s: SqlContext, seconds: number): string => `(
    SELECT t AS time, name AS integration, n, failed, hist, highest FROM (
      SELECT t, name, vantage, max(vantage = 'client') OVER (PARTITION BY name) AS has_client, sum(c.calls) AS n, sum(c.failures) AS failed, sumMap(c.latency_hist) AS hist, max(c.latency_max) AS highest
      FROM (
        SELECT h.*, if(k.entity = '' OR h.vantage = 'server', h.integration, k.entity) AS name
        FROM (SELECT * FROM ${s.table('integration_calls', '1h')} WHERE workspace = {workspace:String} AND t >= ${complete(s)} - INTERVAL ${seconds} SECOND AND t < ${complete(s)}) AS h
        LEFT ANY JOIN ${s.names} AS k ON k.alias = h.integration AND k.kind = h.kind) AS c
      WHERE ${s.filter('integration', 'name')} GROUP BY t, name, vantage
      QUALIFY vantage = if(has_client, 'client', 'server')))`;

/** End of the last complete hour of the range; of a range that reaches into the future, of the past. */
const complete = (s: SqlContext): string => `toDateTime64(toStartOfHour(least(${s.to}, now64(3, 'UTC'))), 3, 'UTC')`;

const expected = (s: SqlContext): string =>
  forecast(`(SELECT time, integration, n AS y FROM ${hours(s, LEARN_DAYS * 86_400)})`, {
    keys: ['integration'],
    stepSeconds: HOUR,
    season: 24,
    end: complete(s),
  });

const METHOD = `Least squares on a slope and a level for each hour of the day, over up to ${LEARN_DAYS} days (at least ${MIN_SEASONS}).`;

/** A limit that the line through the last hours crosses within a day, where the trend passes the test. */
const predicted = (
  s: SqlContext,
  o: { kind: string; value: string; unit: string; limit: number; say: (x: string) => string; what: string },
): string => `
SELECT ${complete(s)} AS time, NULL AS ended, integration, '${o.kind}' AS kind, 'warning' AS severity,
  concat(integration, ': ${o.what} will be above ', ${o.say(String(o.limit))}, ' in ', ${say.duration('crossing_s')}) AS title,
  concat('now ', ${o.say('newest')}, ', ', if(o_slope >= 0, '+', ''), ${o.say('o_slope')}, ' an hour by the line through ', toString(n_hours), ' hours; Mann–Kendall Z ', ${say.number('z', 1)}) AS evidence,
  'Find what grows with it (traffic, data, a leak) before the limit is reached.' AS action,
  newest AS value, ${o.limit} AS expected, '${o.unit}' AS unit
FROM (
  SELECT integration, length(ys) AS n_hours, ${mannKendallZ('ys')} AS z, arrayReduce('simpleLinearRegression', xs, ys) AS line, line.1 AS o_slope, line.1 * xs[-1] + line.2 AS newest,
    ${HOUR} * (${o.limit} - newest) / o_slope AS crossing_s
  FROM (
    SELECT integration, arraySort(groupArray((time, v))) AS points, arrayMap(p -> toFloat64(toUnixTimestamp(p.1) - toUnixTimestamp(points[1].1)) / ${HOUR}, points) AS xs, arrayMap(p -> p.2, points) AS ys
    FROM (SELECT time, integration, assumeNotNull(toFloat64(${o.value})) AS v FROM ${hours(s, TREND_HOURS * HOUR)} WHERE n >= ${LIMITS.calls})
    GROUP BY integration HAVING length(ys) >= ${TREND_HOURS / 2}))
WHERE z > ${TREND_Z} AND newest < ${o.limit} AND crossing_s <= ${AHEAD_HOURS * HOUR}`;

export const outlookQueries: QueryDef[] = [
  {
    name: 'integration_capacity',
    kind: 'table',
    title: 'Calls of the next day',
    description: `${METHOD} With the interval and with the error that the same method made on the last day.`,
    cache: 'insights',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      main: {
        columns: {
          integration,
          calls: number('short', 'Calls expected in the next 24 hours'),
          peak: number('short', 'Calls of the busiest hour'),
          peak_upper: number('short', 'Upper end of its 95 % interval: the capacity to have'),
          peak_at: { type: 'time', description: 'When the busiest hour begins' },
          growth: number('short', 'Calls an hour that each day adds'),
          hours: number('short', 'Hours that it was learnt from'),
          error: number('percentunit', 'Back-test: mean absolute error on the last day, by its calls'),
          coverage: number('percentunit', 'Back-test: share of its hours inside the interval; 95 % is right'),
        },
        sql: (s) => `
SELECT integration, sum(f.value) AS calls, max(f.value) AS peak, argMax(f.upper, f.value) AS peak_upper, argMax(f.time, f.value) AS peak_at, 24 * any(f.slope) AS growth,
  any(f.steps) AS hours, any(f.error) AS error, any(f.coverage) AS coverage
FROM ${expected(s)} AS f GROUP BY integration ORDER BY peak DESC, integration`,
      },
    },
  },
  {
    name: 'integration_forecast',
    kind: 'timeseries',
    title: 'Forecast of calls',
    description: `Calls of each hour of the day after the last complete hour of the range. ${METHOD}`,
    cache: 'insights',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      main: {
        columns: {
          time,
          integration,
          expected: number('short', 'Calls expected in this hour'),
          lower: number('short', 'Lower end of the 95 % interval'),
          upper: number('short', 'Upper end of the 95 % interval'),
        },
        sql: (s) => `
SELECT f.time AS time, integration, f.value AS expected, f.lower AS lower, f.upper AS upper FROM ${expected(s)} AS f ORDER BY time, integration`,
      },
    },
  },
  findings({
    ...about,
    name: 'integration_outlook_findings',
    title: 'Predicted issues',
    description: `Limits that the line through the last ${TREND_HOURS} hours crosses within ${AHEAD_HOURS} hours, where the rise passes the Mann–Kendall test at 0.1 %.`,
    rollup: 'integration_calls',
    selects: (s) => [
      predicted(s, {
        kind: 'will_be_slow',
        value: s.quantile(0.95, 'hist', 'highest'),
        unit: 'ms',
        limit: LIMITS.slowMs,
        say: say.ms,
        what: 'p95',
      }),
      predicted(s, {
        kind: 'will_fail',
        value: 'failed / n',
        unit: 'percentunit',
        limit: LIMITS.failing.warning,
        say: say.percent,
        what: 'the failure share',
      }),
    ],
  }),
];
