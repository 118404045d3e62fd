/** What the health model is computed over: calls, checks, authentication and ends of validity of one integration. */
import type { SqlContext } from '../../define';
import type { Scorecard } from '../../../vocabulary/health';
import { calls, measures } from '../calls/relation';
import { health } from './model';
import { credentials, daysLeft, endsAsOf, renamed } from './relation';

/** Failures in the windows after the last one with a success: at least so many in a row. */
const trailing = (all: string, failed: string): string =>
  `arraySum(x -> if(x.1 > maxIf(toUnixTimestamp(window), ${all} > ${failed}), x.2, 0), groupArray((toUnixTimestamp(window), ${failed})))`;

/** The moment for which a row speaks of the future: the end of its range or step. */
function momentOf(s: SqlContext, scope: string, time: string): string {
  if (scope === s.previousScope) return s.from;
  if (time === s.from) return s.to;
  return `least(${s.to}, time + toIntervalSecond(${s.trendStep}))`;
}

const fromCalls = (s: SqlContext, scope: string, time: string): string => `
      SELECT time, integration AS entity, min(kind_of) AS kind, 1 AS is_calls,
        sum(n_calls) AS calls, sum(n_failures) AS failures, sum(n_deprecated) AS deprecated_calls,
        sumMap(hist) AS latency, max(latency_highest) AS highest, max(highest_quota) AS quota_used, max(latest_success) AS success,
        ${trailing('n_calls', 'n_failures')} AS in_a_row,
        0 AS checks, 0 AS check_failures, 0 AS reconnections, 0 AS auth_events, 0 AS auth_failures
      FROM ${calls(s, scope, { time, window: 't' })}
      GROUP BY time, entity`;

const fromChecks = (s: SqlContext, scope: string, time: string): string => `
      SELECT time, entity, min(kind_of) AS kind, 0 AS is_calls,
        0 AS calls, 0 AS failures, 0 AS deprecated_calls,
        sumMap(hist) AS latency, max(longest) AS highest, NULL AS quota_used, max(latest) AS success,
        ${trailing('n', 'n_failed')} AS in_a_row,
        sum(n) AS checks, sum(n_failed) AS check_failures, sum(n_reconnections) AS reconnections, 0 AS auth_events, 0 AS auth_failures
      FROM (
        SELECT ${time} AS time, name AS entity, t AS window, min(kind) AS kind_of, sum(checks) AS n, sum(failures) AS n_failed, sum(reconnections) AS n_reconnections,
          sumMap(latency_hist) AS hist, max(latency_max) AS longest, max(last_success) AS latest
        FROM ${renamed(s, 'integration_checks', scope)} WHERE ${s.filter('integration', 'name')} GROUP BY time, name, t)
      GROUP BY time, entity`;

const fromAuth = (s: SqlContext, scope: string, time: string): string => `
      SELECT ${time} AS time, name AS entity, min(a.kind) AS kind, 0 AS is_calls,
        0 AS calls, 0 AS failures, 0 AS deprecated_calls, CAST(map(), 'Map(Int16, UInt64)') AS latency, NULL AS highest, NULL AS quota_used, NULL AS success, 0 AS in_a_row,
        0 AS checks, 0 AS check_failures, 0 AS reconnections, sum(a.events) AS auth_events, sum(a.failures) AS auth_failures
      FROM ${renamed(s, 'integration_auth', scope)} AS a
      WHERE a.action IN ('authenticate', 'refresh') AND ${s.filter('integration', 'name')} GROUP BY time, name`;

/** Days left of the credential of a kind that ends first. `own`: its (what, renewable, seen). */
const first = (what: string, asOf: string): string =>
  `arrayReduce('minOrNull', arrayMap(c -> ${daysLeft('c.2', 'c.1', asOf)}, arrayMap(c -> (c.2, ${endsAsOf('c.3', asOf)}), arrayFilter(c -> c.1 = '${what}', own))))`;

export const scorecard: Scorecard = {
  model: health,
  entity: 'Integration',
  input: (s, scope, time) => {
    const asOf = momentOf(s, scope, time);
    return `
    SELECT time, entity, kind, calls, failures, deprecated_calls, p95_ms, quota_used, latest_success, consecutive_failures,
      checks, check_failures, reconnections, auth_events, auth_failures,
      if(calls > 0, calls, checks) AS observations, if(calls > 0, failures, check_failures) AS failed_observations,
      if(calls > 0, p95_ms, check_p95_ms) AS observed_p95_ms,
      ${first('token', asOf)} AS token_days, ${first('certificate', asOf)} AS tls_days
    FROM (
      SELECT time, entity, if(max(is_calls) = 1, minIf(u.kind, is_calls = 1), min(u.kind)) AS kind,
        sum(u.calls) AS calls, sum(u.failures) AS failures, sum(u.deprecated_calls) AS deprecated_calls,
        sumMapIf(latency, is_calls = 1) AS call_hist, sumMapIf(latency, is_calls = 0) AS check_hist,
        ${s.quantile(0.95, 'call_hist', 'maxIf(highest, is_calls = 1)')} AS p95_ms, ${s.quantile(0.95, 'check_hist', 'maxIf(highest, is_calls = 0)')} AS check_p95_ms,
        max(u.quota_used) AS quota_used, max(success) AS latest_success, max(in_a_row) AS consecutive_failures,
        sum(u.checks) AS checks, sum(u.check_failures) AS check_failures, sum(u.reconnections) AS reconnections,
        sum(u.auth_events) AS auth_events, sum(u.auth_failures) AS auth_failures
      FROM (${fromCalls(s, scope, time)}
      UNION ALL ${fromChecks(s, scope, time)}
      UNION ALL ${fromAuth(s, scope, time)}) AS u
      GROUP BY time, entity) AS m
    LEFT JOIN (SELECT entity AS owner, groupArray((what, renewable, seen)) AS own FROM ${credentials(s)} GROUP BY entity) AS k ON k.owner = m.entity`;
  },
  observations: 'observations',
  failures: 'failed_observations',
  columns: {
    calls: { ...measures.calls, value: 'calls' },
    error_rate: { ...measures.error_rate, value: 'if(calls = 0, NULL, failures / calls)' },
    p95_ms: { ...measures.p95_ms, value: 'p95_ms' },
    last_success: {
      type: 'time',
      description: 'Last successful call or check',
      value: "fromUnixTimestamp64Milli(toInt64(round(latest_success * 1000)), 'UTC')",
    },
    availability: {
      type: 'number',
      role: 'measure',
      unit: 'percentunit',
      description: 'Share of health checks that succeeded; where there were none, of calls',
      value: 'if(checks > 0, 1 - check_failures / checks, if(calls > 0, 1 - failures / calls, NULL))',
    },
    consecutive_failures: {
      type: 'number',
      role: 'measure',
      unit: 'short',
      description: 'Failures in the windows after the last one with a success: at least so many in a row',
      value: 'consecutive_failures',
    },
    stability: {
      type: 'number',
      role: 'measure',
      unit: 'percentunit',
      description: 'Share of health checks that found the connection still open; unknown without checks',
      value: 'if(checks = 0, NULL, 1 - least(1, reconnections / checks))',
    },
    quota_used: {
      type: 'number',
      role: 'measure',
      unit: 'percentunit',
      description: 'Highest share of the quota used',
      value: 'quota_used',
    },
    deprecated_calls: {
      type: 'number',
      role: 'measure',
      unit: 'short',
      description: 'Calls to deprecated endpoints',
      value: 'deprecated_calls',
    },
    token_days: {
      type: 'number',
      role: 'measure',
      unit: 'd',
      description: 'Days until the first credential ends that nobody renews; negative when it has',
      value: 'token_days',
    },
    tls_days: {
      type: 'number',
      role: 'measure',
      unit: 'd',
      description: 'Days until the first certificate ends; negative when it has',
      value: 'tls_days',
    },
  },
};
