/** The definitions of every number about cost and value. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { findings, say } from '../../../vocabulary/findings';
import { about } from '../findings/about';
import { forecasts, monthlyFees } from './forecast';
import { ANOMALY, BASELINE_DAYS, BASELINE_LEAST, callCosts, deviations, lastHour, ledger } from './ledger';
import { savings } from './savings';

export const costParam = {
  integration: { type: 'string[]', description: 'Integrations; none means all', values: 'integration_cost_names' },
} as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
const cost_kind: Column = {
  type: 'string',
  role: 'dimension',
  description: 'api_calls, data_transfer, storage, compute or third_party_fees',
};
const usd = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'currencyUSD', description });
const share = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'percentunit', description });

const cost = usd('Running cost: usage and recurring fees');
const deviationColumns = {
  cost_24h: usd('Usage cost of the last 24 whole hours'),
  expected_24h: usd(`Median of the 24-hour windows before, ${BASELINE_DAYS} at most; unknown under ${BASELINE_LEAST}`),
  excess: usd('Cost of the last 24 hours above the median'),
  deviation: {
    type: 'number',
    role: 'measure',
    unit: 'none',
    description: `Modified z-score of the last 24 hours (Iglewicz & Hoaglin); an anomaly from ${ANOMALY} on; unknown with too little history`,
  },
} as const satisfies Record<string, Column>;

/** Days before the range in which a first cost tells that the range's first month is whole. */
const BEFORE_DAYS = 62;
/** Calendar months (UTC) of the running cost in the range, per integration: month, total, and first_t, its first cost. */
const months = (s: SqlContext): string => `(
    SELECT integration, month, total, first_t FROM (
      SELECT integration, toStartOfMonth(t) AS month, sumIf(amount, t >= ${s.from}) AS total, countIf(t >= ${s.from}) AS n, min(min(t)) OVER (PARTITION BY integration) AS first_t
      FROM ${ledger(s, `(${s.from} - INTERVAL ${BEFORE_DAYS} DAY)`, s.to, '1h')} WHERE charge_frequency != 'one_time' GROUP BY integration, month)
    WHERE n > 0)`;

/**
 * The last two calendar months (UTC) that are over, of all integrations with a running cost: integration, last, before, whole (the
 * last is covered), both, only_fees (nothing is paid by usage).
 */
const lastMonths = (s: SqlContext): string => {
  const month = `toStartOfMonth(${lastHour(s)})`;
  return `(
  SELECT integration, sumIf(amount, t >= addMonths(${month}, -1) AND t < ${month}) AS last, sumIf(amount, t >= addMonths(${month}, -2) AND t < addMonths(${month}, -1)) AS before,
    toDate(min(t)) <= addMonths(${month}, -1) AS whole, toDate(min(t)) <= addMonths(${month}, -2) AS both,
    countIf(charge_frequency = 'usage_based') = 0 AS only_fees
  FROM ${ledger(s, `toDateTime(addMonths(${month}, -4), 'UTC')`, lastHour(s), '1h')} WHERE charge_frequency != 'one_time' GROUP BY integration)`;
};

export const queries: QueryDef[] = [
  {
    name: 'integration_cost_names',
    kind: 'values',
    title: 'Integrations with a cost or a value',
    description: 'Names of the integrations for which there is a cost or a value in the range.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Integration' } },
        sql: (s) => `
SELECT DISTINCT name AS value FROM (
  SELECT integration AS name FROM ${s.table('integration_costs')} WHERE ${s.scope}
  UNION ALL SELECT integration AS name FROM ${s.table('integration_value')} WHERE ${s.scope}
  UNION ALL SELECT integration AS name FROM ${s.table('integration_calls')} WHERE ${s.scope} AND cost > 0)
ORDER BY value`,
      },
    },
  },
  {
    name: 'integration_costs',
    kind: 'timeseries',
    title: 'Cost over time',
    description:
      'Running cost of each integration by kind, per step; hours at the finest, since bills have no minutes.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: { time, integration, cost_kind, cost },
        sql: (s) => `
SELECT time, integration, cost_kind, total AS cost FROM (
  SELECT ${s.bucket} AS time, integration, cost_kind, sum(amount) AS total
  FROM ${ledger(s, s.from, s.to)} WHERE charge_frequency != 'one_time' GROUP BY time, integration, cost_kind)
ORDER BY time, integration, cost_kind`,
      },
    },
  },
  {
    name: 'integration_cost_kinds',
    kind: 'table',
    title: 'Cost by kind',
    description: 'Running cost of the range by kind, over all integrations chosen.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: { cost_kind, cost, share: share('Of the whole running cost') },
        sql: (s) => `
SELECT cost_kind, cost, cost / nullIf(sum(cost) OVER (), 0) AS share FROM (
  SELECT cost_kind, sum(amount) AS cost FROM ${ledger(s, s.from, s.to)} WHERE charge_frequency != 'one_time' GROUP BY cost_kind)
ORDER BY cost DESC, cost_kind`,
      },
    },
  },
  {
    name: 'integration_cost_breakdown',
    kind: 'table',
    title: 'Cost breakdown',
    description:
      'Cost of the range by integration, kind and frequency. Billed costs come from bills, metered ones from the price of single calls; a bill for calls replaces their single prices.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: {
          integration,
          cost_kind,
          charge_frequency: { type: 'string', role: 'dimension', description: 'usage_based, recurring or one_time' },
          basis: { type: 'string', role: 'dimension', description: 'billed, or metered from calls' },
          cost: usd('Cost'),
          share: share('Of the running cost of all integrations chosen; one-time costs have none'),
        },
        sql: (s) => `
SELECT integration, cost_kind, charge_frequency, basis, total AS cost,
  if(charge_frequency = 'one_time', NULL, total / nullIf(sumIf(total, charge_frequency != 'one_time') OVER (), 0)) AS share
FROM (
  SELECT integration, cost_kind, charge_frequency, basis, sum(amount) AS total
  FROM ${ledger(s, s.from, s.to)} GROUP BY integration, cost_kind, charge_frequency, basis)
ORDER BY cost DESC, integration, cost_kind, charge_frequency, basis`,
      },
    },
  },
  {
    name: 'integration_cost_months',
    kind: 'table',
    title: 'Cost by month',
    description:
      'Running cost by calendar month (UTC) of the range. Growth compares two whole months; a month that the range, or the time since the first cost, cuts is not whole.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: {
          month: { type: 'time', description: 'Start of the month' },
          integration,
          cost,
          whole: { type: 'boolean', description: 'Whether the range and the data cover the whole month' },
          growth: share('Change from the month before; unknown unless both are whole'),
        },
        sql: (s) => `
SELECT toDateTime64(month, 3, 'UTC') AS month, integration, total AS cost, is_whole AS whole,
  if(is_whole AND before_whole AND before_month = addMonths(q.month, -1), (total - before) / nullIf(before, 0), NULL) AS growth
FROM (
  SELECT month, integration, total, is_whole,
    lagInFrame(total) OVER w AS before, lagInFrame(is_whole) OVER w AS before_whole, lagInFrame(month) OVER w AS before_month
  FROM (
    SELECT integration, month, total,
      CAST(toDateTime(month, 'UTC') >= ${s.from} AND toDateTime(month, 'UTC') >= toStartOfDay(first_t)
        AND toDateTime(addMonths(month, 1), 'UTC') <= least(${s.to}, now64(3, 'UTC')) AS Bool) AS is_whole
    FROM ${months(s)})
  WINDOW w AS (PARTITION BY integration ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS q
ORDER BY month DESC, cost DESC, integration`,
      },
    },
  },
  {
    name: 'integration_cost_window',
    kind: 'timeseries',
    title: 'Cost of the last day beside the days before',
    description:
      'One point per integration, at the last step: the last 24 whole hours compared with the 24-hour windows before them. What alert rules compare.',
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: costParam,
    parts: {
      main: {
        columns: { time, integration, ...deviationColumns },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, ${Object.keys(deviationColumns).join(', ')}
FROM ${deviations(s)} ORDER BY integration`,
      },
    },
  },
  {
    name: 'integration_cost_summary',
    kind: 'table',
    title: 'Cost, trend and forecast',
    description:
      'Per integration: the last day beside the days before, the last whole month beside the one before, next month, and what a call costs.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: {
          integration,
          ...deviationColumns,
          last_month: usd('Running cost of the last whole calendar month (UTC); unknown if it was not covered whole'),
          growth: share('Change from the month before; unknown unless both are whole'),
          forecast: usd(
            'Next calendar month: a line through the last 60 days of usage at most, plus recurring fees; unknown under 14 days of usage',
          ),
          forecast_low: usd('Lower end of the 95 % prediction interval'),
          forecast_high: usd('Upper end of it'),
          backtest_error: share(
            'Back-test: forecast of the newest two weeks, made without them, by what came, less 1; unknown under 21 days',
          ),
          cost_per_call: usd(
            'Cost of kind api_calls of the range by the calls of the range; unknown without calls or such cost',
          ),
        },
        sql: (s) => `
SELECT m.integration AS integration, ${Object.keys(deviationColumns)
          .map((c) => `if(d.integration = '', NULL, d.${c}) AS ${c}, `)
          .join('')}
  if(m.whole, toNullable(m.last), NULL) AS last_month, if(m.both, (m.last - m.before) / nullIf(m.before, 0), NULL) AS growth,
  ${['forecast', 'forecast_low', 'forecast_high'].map((c) => `if(m.only_fees, toNullable(r.fee), f.${c}) AS ${c}, `).join('')}f.backtest_error AS backtest_error, c.per_call AS cost_per_call
FROM ${lastMonths(s)} AS m
LEFT JOIN ${deviations(s)} AS d ON d.integration = m.integration
LEFT JOIN ${forecasts(s)} AS f ON f.integration = m.integration
LEFT JOIN ${monthlyFees(s)} AS r ON r.integration = m.integration
LEFT JOIN (
  SELECT l.integration AS integration, l.amount / nullIf(n.calls, 0) AS per_call
  FROM (SELECT integration, sum(amount) AS amount FROM ${ledger(s, s.from, s.to)} WHERE cost_kind = 'api_calls' AND charge_frequency != 'one_time' GROUP BY integration) AS l
  LEFT JOIN (SELECT integration, sum(calls) AS calls FROM ${callCosts(s, s.from, s.to)} GROUP BY integration) AS n ON n.integration = l.integration) AS c ON c.integration = m.integration
ORDER BY forecast DESC NULLS LAST, cost_24h DESC, integration`,
      },
    },
  },
  {
    name: 'integration_cost_savings',
    kind: 'table',
    title: 'Savings',
    description:
      'What was paid in vain in the range, counted from calls and bills: an upper bound of what can be saved. Nothing is estimated but the month, which is the range scaled.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: {
          integration,
          opportunity: {
            type: 'string',
            role: 'dimension',
            description: 'failed_calls, repeated_calls or unused_plan',
          },
          savings: usd('Paid in vain in the range'),
          monthly_savings: usd('The same by 30.44 days, if it goes on as in the range'),
          share: share('Of the running cost of the integration in the range'),
          effort: { type: 'string', description: 'Of the remedy, as a rule: low, medium or high' },
          risk: { type: 'string', description: 'Of the remedy, as a rule: low, medium or high' },
          evidence: { type: 'string', description: 'The figures that show it' },
          action: { type: 'string', description: 'What to do' },
        },
        sql: (s) => `
SELECT v.integration AS integration, v.opportunity AS opportunity, v.saved AS savings, v.saved / ${s.seconds} * 2630016 AS monthly_savings,
  v.saved / nullIf(c.total, 0) AS share, v.effort AS effort, v.risk AS risk, v.evidence AS evidence, v.action AS action
FROM ${savings(s)} AS v
LEFT JOIN (SELECT integration, sum(amount) AS total FROM ${ledger(s, s.from, s.to)} WHERE charge_frequency != 'one_time' GROUP BY integration) AS c ON c.integration = v.integration
ORDER BY savings DESC, integration, opportunity`,
      },
    },
  },
  {
    name: 'integration_cost_roi',
    kind: 'table',
    title: 'Return on investment',
    description:
      'Value beside cost in the range. Without a value the return is unknown, not negative. Payback is the one-time cost up to the end of the range by the net value of a month, as the range has it.',
    cache: 'userAnalytics',
    rollup: 'integration_costs',
    params: costParam,
    parts: {
      main: {
        columns: {
          integration,
          value: usd('Value generated in the range; unknown if none was reported'),
          cost: usd('All cost of the range, one-time costs included'),
          net: usd('Value less cost'),
          roi: share('Net value by cost; unknown without a value or without a cost'),
          investment: usd('One-time costs up to the end of the range; unknown if none was reported'),
          payback_months: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description:
              'Months of 30.44 days until the investment is earned back, from its start; unknown without investment or value, and where running cost eats up the value',
          },
        },
        sql: (s) => `
SELECT integration, if(value_items = 0, NULL, value_total) AS value, cost_total AS cost, value - cost AS net,
  (value - cost) / nullIf(cost, 0) AS roi, if(investments = 0, NULL, invested) AS investment,
  if(value - running > 0, investment / ((value - running) / (${s.seconds} / 2630016)), NULL) AS payback_months
FROM (
  SELECT integration, sum(v) AS value_total, sum(is_value) AS value_items, sum(c) AS cost_total, sum(r) AS running, sum(i) AS invested, sum(is_investment) AS investments
  FROM (
    SELECT integration, amount AS v, 1 AS is_value, 0 AS c, 0 AS r, 0 AS i, 0 AS is_investment
    FROM ${s.table('integration_value')} WHERE ${s.scope} AND ${s.filter('integration')}
    UNION ALL
    SELECT integration, 0, 0, amount, if(charge_frequency = 'one_time', 0, amount), 0, 0 FROM ${ledger(s, s.from, s.to)}
    UNION ALL
    SELECT integration, 0, 0, 0, 0, amount, 1 FROM ${s.table('integration_costs', '1d')}
    WHERE workspace = {workspace:String} AND t < ${s.to} AND charge_frequency = 'one_time' AND ${s.filter('integration')})
  GROUP BY integration)
ORDER BY net ASC NULLS LAST, integration`,
      },
    },
  },
  findings({
    ...about,
    name: 'integration_cost_findings',
    title: 'Findings about cost',
    description: 'Days that cost far more than usual, and plans of which more than half is paid for in vain.',
    rollup: 'integration_calls',
    selects: (s) => [
      `SELECT CAST(${lastHour(s)} - INTERVAL 24 HOUR, 'DateTime64(3, \\'UTC\\')') AS time, NULL AS ended, integration, 'cost_anomaly' AS kind, 'warning' AS severity,
    'Costs far more than usual' AS title,
    concat('Last 24 hours ', ${say.number('cost_24h')}, ' USD; median of the ', toString(baseline_days), ' windows before ', ${say.number('expected_24h')}, ' USD; ', ${say.number('deviation', 1)}, ' robust deviations') AS evidence,
    'See which kind of cost rose and since which hour; a rise that traffic does not explain is a price, a retry loop or a stolen key.' AS action,
    cost_24h AS value, expected_24h AS expected, 'currencyUSD' AS unit
  FROM ${deviations(s)} WHERE deviation > ${ANOMALY}`,
      `SELECT CAST(${s.from}, 'DateTime64(3, \\'UTC\\')') AS time, NULL AS ended, integration, 'plan_unused' AS kind, 'info' AS severity,
    'More than half of a plan is paid for in vain' AS title, concat(${say.number('in_vain')}, ' of ', ${say.number('paid')}, ' USD in the range paid for what was not used') AS evidence,
    'Take a smaller plan, or one that is paid by use.' AS action, in_vain / paid AS value, 0.5 AS expected, 'percentunit' AS unit
  FROM (
    SELECT integration, sum(c.unused) AS in_vain, sum(c.amount) AS paid FROM ${s.table('integration_costs', '1h')} AS c
    WHERE ${s.scope} AND included > 0 AND ${s.filter('integration')} GROUP BY integration)
  WHERE in_vain > 0.5 * paid`,
    ],
  }),
];
