/**
 * Tests, the endpoints that should have some, and what is covered, as relations for the queries of this part.
 *
 * The source document (§8) counts the runs of 30 days, gives each test the same weight in the pass rate, and classes by
 * pass rate and share of endpoints tested. Kept as it is. Three things it does not see are mended: an integration without
 * any run is listed (there it vanishes), an endpoint belongs to its integration (there any integration's test of the same
 * path counts), and the age of the oldest test is also known when that test did not run for more than 30 days.
 */
import type { SqlContext } from '../../define';

/** Days before the end of the range whose runs count, and in which a test is known. */
export const COVERAGE_DAYS = 30;
export const KNOWN_DAYS = 90;
/** Age from which a test is stale. */
export const STALE_DAYS = 7;

/** The source document's classes; above both shares. */
export const QUALITIES = [
  { name: 'excellent', passRate: 0.95, coverage: 0.8 },
  { name: 'good', passRate: 0.85, coverage: 0.6 },
  { name: 'acceptable', passRate: 0.7, coverage: 0.4 },
] as const;
const REST = 'needs_improvement';

const workspace = 'workspace = {workspace:String}';
const seconds = (t: string): string => `toUnixTimestamp64Milli(CAST(${t}, 'DateTime64(3, \\'UTC\\')')) / 1000`;
/** Seconds since the epoch (Float64, NULL for none) → time. */
export const at = (x: string): string => `fromUnixTimestamp64Milli(toInt64(round(${x} * 1000)), 'UTC')`;
export const end = (s: SqlContext): string => seconds(s.to);

/** Rows of the runs of the 90 days up to the end of the range: whole hours, and the minutes of the last one. */
const known = (s: SqlContext): string => `(
    SELECT * FROM ${s.table('integration_tests', '1h')} WHERE ${workspace} AND t >= toStartOfHour(${s.to} - INTERVAL ${KNOWN_DAYS} DAY) AND t < toStartOfHour(${s.to}) AND ${s.filter('integration')}
    UNION ALL
    SELECT * FROM ${s.table('integration_tests', '1m')} WHERE ${workspace} AND t >= toStartOfHour(${s.to}) AND t < ${s.to} AND ${s.filter('integration')})`;

/**
 * One row per known test: integration, endpoint, method, test_type, test_name, n_passed, n_failed (in the last 30 days),
 * run, pass, fail (seconds of the last run, NULL if none), status (passing, failing, stale, never_ran), since (seconds since when it
 * fails).
 */
export const testRows = (s: SqlContext): string => `(
  SELECT *, multiIf(isNull(run), 'never_ran', run < ${end(s)} - ${STALE_DAYS * 86400}, 'stale', isNotNull(fail) AND fail >= ifNull(pass, 0), 'failing', 'passing') AS status
  FROM (
    SELECT integration, endpoint, method, test_type, test_name,
      sumIf(passed, is_recent) AS n_passed, sumIf(failed, is_recent) AS n_failed, max(last_run) AS run, any(pass_at) AS pass, max(last_failed) AS fail,
      minIf(if(first_failed >= ifNull(pass_at, 0), first_failed, last_failed), last_failed >= ifNull(pass_at, 0)) AS since
    FROM (
      SELECT *, t >= ${s.to} - INTERVAL ${COVERAGE_DAYS} DAY AS is_recent,
        max(last_passed) OVER (PARTITION BY integration, endpoint, method, test_type, test_name) AS pass_at
      FROM ${known(s)})
    GROUP BY integration, endpoint, method, test_type, test_name))`;

/** Endpoints of the inventory as of the end of the range, the retired ones left out: integration, endpoint, method, is_critical, team. */
export const inventory = (s: SqlContext): string => `(
  SELECT integration, endpoint, method, argMax(critical, t) AS is_critical, argMax(owner, t) AS team
  FROM ${s.table('integration.endpoint_inventory', 'raw')}
  WHERE ${workspace} AND t >= ${s.to} - INTERVAL ${KNOWN_DAYS} DAY AND t < ${s.to} AND ${s.filter('integration')}
  GROUP BY integration, endpoint, method
  HAVING NOT argMax(retired, t))`;

/** Whether a test of the same endpoint (alias r) is one of the inventory's entry (alias e). */
export const matches = `(r.method = '' OR e.method = '' OR r.method = e.method)`;

/**
 * Endpoints of the inventory with their tests: integration, endpoint, method, is_critical, team, n_tests, types, n_passed,
 * n_failed, run, fail_since, status: untested (no run in 30 days), failing (a test of it fails), stale, passing.
 */
export const endpoints = (s: SqlContext): string => `(
  SELECT *, multiIf(n_passed + n_failed = 0, 'untested', n_failing > 0, 'failing', run < ${end(s)} - ${STALE_DAYS * 86400}, 'stale', 'passing') AS status
  FROM (
    SELECT e.integration AS integration, e.endpoint AS endpoint, e.method AS method, any(e.is_critical) AS is_critical, any(e.team) AS team,
      countIf(${matches} AND r.n_passed + r.n_failed > 0) AS n_tests,
      arraySort(groupUniqArrayIf(r.test_type, ${matches} AND r.n_passed + r.n_failed > 0)) AS types,
      sumIf(r.n_passed, ${matches}) AS n_passed, sumIf(r.n_failed, ${matches}) AS n_failed, maxIf(r.run, ${matches}) AS run,
      countIf(${matches} AND r.status = 'failing') AS n_failing, minIf(r.since, ${matches} AND r.status = 'failing') AS fail_since
    FROM ${inventory(s)} AS e
    LEFT JOIN (SELECT * FROM ${testRows(s)} WHERE endpoint != '') AS r ON r.integration = e.integration AND r.endpoint = e.endpoint
    GROUP BY integration, endpoint, method))`;

/** Class of an integration over `pass_rate` and `endpoint_coverage`. */
const quality = `multiIf(isNull(endpoint_coverage), 'unknown', isNull(pass_rate), '${REST}', ${QUALITIES.map(
  (q) => `pass_rate > ${q.passRate} AND endpoint_coverage > ${q.coverage}, '${q.name}'`,
).join(', ')}, '${REST}')`;

/**
 * One row per integration with a known test or an inventory: integration, tests, test_types, executions, pass_rate, endpoints,
 * tested_endpoints, endpoint_coverage, critical_endpoints, untested_critical, critical_coverage, failing_tests, stale_tests, staleness
 * (seconds since the oldest of the last runs), last_run (seconds), quality.
 */
export const coverage = (s: SqlContext): string => `(
  SELECT *, ${quality} AS quality
  FROM (
    SELECT coalesce(nullIf(r.integration, ''), e.integration) AS integration, r.n_tests AS tests, r.n_types AS test_types, r.n_runs AS executions, r.mean_rate AS pass_rate,
      e.n AS endpoints, e.n_tested AS tested_endpoints, if(e.n = 0, NULL, e.n_tested / e.n) AS endpoint_coverage,
      e.n_critical AS critical_endpoints, if(e.n = 0, NULL, e.n_untested_critical) AS untested_critical, if(e.n_critical = 0, NULL, 1 - e.n_untested_critical / e.n_critical) AS critical_coverage,
      r.n_failing AS failing_tests, r.n_stale AS stale_tests, if(isNull(r.oldest), NULL, ${end(s)} - r.oldest) AS staleness, r.newest AS last_run
    FROM (
      SELECT integration, countIf(n_passed + n_failed > 0) AS n_tests, uniqExactIf(test_type, n_passed + n_failed > 0) AS n_types, sum(n_passed + n_failed) AS n_runs,
        if(n_tests = 0, NULL, avgIf(n_passed / (n_passed + n_failed), n_passed + n_failed > 0)) AS mean_rate,
        countIf(status = 'failing') AS n_failing, countIf(status = 'stale') AS n_stale, min(run) AS oldest, max(run) AS newest
      FROM ${testRows(s)} GROUP BY integration) AS r
    FULL JOIN (
      SELECT integration, count() AS n, countIf(status != 'untested') AS n_tested, countIf(is_critical) AS n_critical, countIf(is_critical AND status = 'untested') AS n_untested_critical
      FROM ${endpoints(s)} GROUP BY integration) AS e ON e.integration = r.integration))`;
