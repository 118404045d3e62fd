/** The definitions of every number about tests of integrations. */
import type { Column, QueryDef } from '../../define';
import { findings, say } from '../../../vocabulary/findings';
import { about } from '../findings/about';
import { COVERAGE_DAYS, STALE_DAYS, at, coverage, end, endpoints, matches, testRows } from './coverage';

const testParam = {
  integration: { type: 'string[]', description: 'Integrations; none means all', values: 'integration_test_names' },
} as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
const endpoint: Column = { type: 'string', role: 'dimension', description: 'Endpoint; empty for the whole' };
const method: Column = { type: 'string', role: 'dimension', description: 'Method; empty for all' };
const text = (description: string): Column => ({ type: 'string', description });
const count = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'short', description });
const share = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'percentunit', description });
const when = (description: string): Column => ({ type: 'time', description });
const age = (description: string): Column => ({ type: 'number', role: 'measure', unit: 's', description });

const days = `${COVERAGE_DAYS} days up to the end of the range`;
const coverageColumns = {
  tests: count(`Tests that ran in the ${days}`),
  test_types: count('Kinds of them'),
  executions: count('Runs of them; skipped ones are none'),
  pass_rate: share('Mean of the share of runs that passed, each test with the same weight; unknown without runs'),
  endpoints: count('Endpoints of the inventory'),
  tested_endpoints: count('Of these, with a run'),
  endpoint_coverage: share('Share of the endpoints that are tested; unknown without an inventory'),
  critical_endpoints: count('Critical endpoints of the inventory'),
  untested_critical: count('Critical endpoints without a run; unknown without an inventory'),
  critical_coverage: share('Share of the critical endpoints that are tested; unknown if none is critical'),
  failing_tests: count('Tests whose last run did not pass'),
  stale_tests: count(`Tests that have not run for ${STALE_DAYS} days`),
  staleness: age('Time since the last run of the test that has not run for longest'),
} as const satisfies Record<string, Column>;
const coverageList = Object.keys(coverageColumns).join(', ');

/** `GET /v1/charges`, or what there is of it. */
const label = (method: string, endpoint: string): string => `trimLeft(concat(${method}, ' ', ${endpoint}))`;
/** Times of a row since which it fails are known to the window of the rollup. */
const since = (x: string): string => `if(isNull(${x}), NULL, ${at(x)})`;

export const queries: QueryDef[] = [
  {
    name: 'integration_test_names',
    kind: 'values',
    title: 'Integrations with tests',
    description: 'Integrations that have a test or an endpoint in the inventory.',
    cache: 'userAnalytics',
    rollup: 'integration_tests',
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Integration' } },
        sql: (s) => `
SELECT DISTINCT name AS value FROM (
  SELECT integration AS name FROM ${s.table('integration_tests')} WHERE ${s.scope}
  UNION ALL SELECT integration AS name FROM ${s.table('integration.endpoint_inventory', 'raw')}
  WHERE workspace = {workspace:String} AND t >= ${s.to} - INTERVAL 90 DAY AND t < ${s.to})
ORDER BY value`,
      },
    },
  },
  {
    name: 'integration_test_coverage',
    kind: 'table',
    title: 'Test coverage',
    description: `Coverage, pass rate and age of the tests of each integration, over the ${days}, with the source document's classes.`,
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: testParam,
    parts: {
      main: {
        columns: {
          integration,
          quality: text(
            'excellent, good, acceptable or needs_improvement, by pass rate and coverage; unknown without an inventory',
          ),
          ...coverageColumns,
          last_run: when('Last run of any test'),
        },
        sql: (s) => `
SELECT integration, quality, ${coverageList}, if(isNull(q.last_run), NULL, ${at('q.last_run')}) AS last_run FROM ${coverage(s)} AS q
ORDER BY indexOf(['needs_improvement', 'unknown', 'acceptable', 'good', 'excellent'], quality), endpoint_coverage, integration`,
      },
    },
  },
  {
    name: 'integration_test_window',
    kind: 'timeseries',
    title: 'Test coverage now',
    description: `One point per integration, at the last step: coverage, failing and stale tests over the ${days}. What alert rules compare.`,
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: testParam,
    parts: {
      main: {
        columns: { time, integration, ...coverageColumns },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, ${coverageList}
FROM ${coverage(s)} ORDER BY integration`,
      },
    },
  },
  {
    name: 'integration_test_endpoints',
    kind: 'table',
    title: 'Endpoints and their tests',
    description: `Every endpoint of the inventory with its tests over the ${days} and the calls of the range: what is used and not tested stands first.`,
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: testParam,
    parts: {
      main: {
        columns: {
          integration,
          endpoint,
          method,
          status: text('untested, failing, stale or passing'),
          critical: { type: 'boolean', description: 'Whether the business stands still without it' },
          owner: text('Team that answers for it'),
          tests: count('Tests of it that ran'),
          test_types: text('Kinds of these'),
          pass_rate: share('Share of their runs that passed'),
          last_run: when('Last run'),
          failing_since: when('Since when one of its tests fails, to the minute or hour'),
          calls: count('Calls in the range, as their callers saw them'),
        },
        sql: (s) => `
SELECT e.integration AS integration, e.endpoint AS endpoint, e.method AS method, e.status AS status, e.is_critical AS critical, e.team AS owner, e.n_tests AS tests,
  arrayStringConcat(e.types, ', ') AS test_types, if(e.n_passed + e.n_failed = 0, NULL, e.n_passed / (e.n_passed + e.n_failed)) AS pass_rate,
  ${since('e.run')} AS last_run, if(e.status = 'failing', ${since('e.fail_since')}, NULL) AS failing_since, c.n_calls AS calls
FROM ${endpoints(s)} AS e
LEFT JOIN (
  SELECT integration, endpoint, if(has_own, method, '') AS via, sum(n) AS n_calls FROM (
    SELECT integration, endpoint, method, sum(calls) AS n, 1 AS has_own FROM ${s.table('integration_calls')} WHERE ${s.scope} AND vantage = 'client' GROUP BY integration, endpoint, method
    UNION ALL
    SELECT integration, endpoint, method, sum(calls) AS n, 0 AS has_own FROM ${s.table('integration_calls')} WHERE ${s.scope} AND vantage = 'client' AND method != '' GROUP BY integration, endpoint, method)
  GROUP BY integration, endpoint, via) AS c ON c.integration = e.integration AND c.endpoint = e.endpoint AND c.via = e.method
ORDER BY indexOf(['untested', 'failing', 'stale', 'passing'], status), critical DESC, calls DESC, integration, endpoint, method`,
      },
    },
  },
  {
    name: 'integration_test_matrix',
    kind: 'table',
    title: 'Pass rate by endpoint and kind of test',
    description: `Pass rate of every endpoint of the inventory for every kind of test, over the ${days}; empty where there was no run.`,
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: testParam,
    parts: {
      main: {
        columns: {
          endpoint: { type: 'string', role: 'dimension', description: 'Integration, method and endpoint' },
          test_type: { type: 'string', role: 'dimension', description: 'Kind of test' },
          pass_rate: share('Share of the runs that passed; unknown without any'),
        },
        sql: (s) => `
SELECT concat(e.integration, ' ', ${label('e.method', 'e.endpoint')}) AS endpoint, k.test_type AS test_type,
  sumIf(r.n_passed, ${matches}) / nullIf(sumIf(r.n_passed + r.n_failed, ${matches}), 0) AS pass_rate
FROM ${endpoints(s)} AS e
CROSS JOIN (SELECT DISTINCT test_type FROM ${testRows(s)} WHERE endpoint != '') AS k
LEFT JOIN ${testRows(s)} AS r ON r.integration = e.integration AND r.endpoint = e.endpoint AND r.test_type = k.test_type
GROUP BY endpoint, test_type ORDER BY endpoint, test_type`,
      },
    },
  },
  {
    name: 'integration_test_results',
    kind: 'timeseries',
    title: 'Test results over time',
    description: 'Runs of the tests of each integration per step.',
    cache: 'systemMetrics',
    rollup: 'integration_tests',
    params: testParam,
    parts: {
      main: {
        columns: {
          time,
          integration,
          passed: count('Runs that passed'),
          failed: count('Runs that failed or could not run'),
          skipped: count('Runs that were skipped'),
          pass_rate: share('Share of the runs that passed; unknown without runs'),
          p95_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'p95 of the duration (within 2 %)' },
        },
        sql: (s) => `
SELECT time, integration, n_passed AS passed, n_failed AS failed, n_skipped AS skipped, if(n_passed + n_failed = 0, NULL, n_passed / (n_passed + n_failed)) AS pass_rate,
  ${s.quantile(0.95, 'hist', 'longest')} AS p95_ms
FROM (
  SELECT ${s.bucket} AS time, integration, sum(passed) AS n_passed, sum(failed) AS n_failed, sum(skipped) AS n_skipped, sumMap(duration_hist) AS hist, max(duration_max) AS longest
  FROM ${s.table('integration_tests')} WHERE ${s.scope} AND ${s.filter('integration')} GROUP BY time, integration)
ORDER BY time, integration`,
      },
    },
  },
  {
    name: 'integration_test_history',
    kind: 'timeseries',
    title: 'Test results by endpoint over time',
    description: 'Pass rate of the runs of each endpoint per step; a step without runs has none.',
    cache: 'systemMetrics',
    rollup: 'integration_tests',
    params: testParam,
    parts: {
      main: {
        columns: {
          time,
          endpoint: { type: 'string', role: 'dimension', description: 'Integration, method and endpoint' },
          pass_rate: share('Share of the runs that passed'),
        },
        sql: (s) => `
SELECT time, endpoint, n_passed / n AS pass_rate FROM (
  SELECT ${s.bucket} AS time, concat(integration, ' ', ${label('method', "if(endpoint = '', '(whole)', endpoint)")}) AS endpoint, sum(passed) AS n_passed, sum(passed + failed) AS n
  FROM ${s.table('integration_tests')} WHERE ${s.scope} AND ${s.filter('integration')} GROUP BY time, endpoint)
WHERE n > 0 ORDER BY time, endpoint`,
      },
    },
  },
  {
    name: 'integration_tests',
    kind: 'table',
    title: 'Tests',
    description: `Every test that was seen in the last 90 days, with its runs over the ${days}; what fails stands first.`,
    cache: 'userAnalytics',
    rollup: 'integration_calls',
    params: testParam,
    parts: {
      main: {
        columns: {
          integration,
          test_name: { type: 'string', role: 'dimension', description: 'Test' },
          test_type: { type: 'string', role: 'dimension', description: 'Kind of test' },
          endpoint,
          method,
          status: text('passing, failing, stale or never_ran (only skipped)'),
          failing_since: when('Since when it fails, to the minute or hour'),
          passed: count('Runs that passed'),
          failed: count('Runs that failed or could not run'),
          last_run: when('Last run that was not skipped'),
        },
        sql: (s) => `
SELECT integration, test_name, test_type, endpoint, method, status, if(status = 'failing', ${since('q.since')}, NULL) AS failing_since,
  n_passed AS passed, n_failed AS failed, ${since('q.run')} AS last_run
FROM ${testRows(s)} AS q
ORDER BY indexOf(['failing', 'stale', 'never_ran', 'passing'], status), q.run DESC, integration, test_name, test_type, endpoint, method`,
      },
    },
  },
  findings({
    ...about,
    name: 'integration_tests_findings',
    rollup: 'integration_calls',
    title: 'Findings about tests',
    description: 'Tests that fail, critical endpoints without a test, and tests that have not run for long.',
    selects: (s) => [
      `SELECT ${at('q.since')} AS time, NULL AS ended, integration, 'test_failing' AS kind, if(q.critical, 'critical', 'warning') AS severity,
    concat('Test fails: ', test_name) AS title,
    concat(test_type, ' test', if(endpoint = '', '', concat(' of ', ${label('method', 'endpoint')})), '; last run ', ${say.duration(`${end(s)} - q.run`)}, ' ago; ', toString(n_failed), ' of ', toString(n_passed + n_failed), ' runs in ${COVERAGE_DAYS} days did not pass') AS evidence,
    'Open the run that failed. When the calls of that endpoint fail too, it is the integration; when they do not, compare what the test expects with what the provider announced.' AS action,
    n_failed / (n_passed + n_failed) AS value, 0 AS expected, 'percentunit' AS unit
  FROM (
    SELECT r.*, max(e.is_critical) OVER (PARTITION BY r.integration, r.endpoint, r.method, r.test_type, r.test_name) AS critical
    FROM ${testRows(s)} AS r LEFT ANY JOIN (SELECT integration, endpoint, max(is_critical) AS is_critical FROM ${endpoints(s)} GROUP BY integration, endpoint) AS e ON e.integration = r.integration AND e.endpoint = r.endpoint
    WHERE r.status = 'failing') AS q`,
      `SELECT ${s.from} AS time, NULL AS ended, integration, 'critical_endpoint_untested' AS kind, 'warning' AS severity,
    concat('Critical endpoint without a test: ', ${label('method', 'endpoint')}) AS title,
    'No test of it ran in the last ${COVERAGE_DAYS} days' AS evidence,
    concat('Write a contract test for it', if(team = '', '', concat(' (', team, ')')), ', or mark it as not critical in the inventory.') AS action,
    0 AS value, 1 AS expected, 'short' AS unit
  FROM ${endpoints(s)} WHERE is_critical AND status = 'untested'`,
      `SELECT ${at(`(q.run + ${STALE_DAYS * 86400})`)} AS time, NULL AS ended, integration, 'test_stale' AS kind, 'info' AS severity,
    concat('Test has not run for ', ${say.duration(`${end(s)} - q.run`)}, ': ', test_name) AS title,
    concat('Last run ', formatDateTime(${at('q.run')}, '%F %T'), ' UTC') AS evidence,
    'Find out whether its pipeline still runs. A test that is not wanted any more disappears 90 days after its last run.' AS action,
    ${end(s)} - q.run AS value, ${STALE_DAYS * 86400} AS expected, 's' AS unit
  FROM ${testRows(s)} AS q WHERE status = 'stale'`,
    ],
  }),
];
