/** Where time and errors go, and who uses up quotas. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { integrationParam } from '../params';
import { calls, integration, measures, time } from './relation';

const number = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });
const text = (description: string): Column => ({ type: 'string', role: 'dimension', description });
const at = (x: string): string => `fromUnixTimestamp64Milli(toInt64(round(${x} * 1000)), 'UTC')`;

const endpoint = text('Endpoint or operation');
const method = text('Method');
const base = { cache: 'systemMetrics', params: integrationParam } as const;

/** Rows of a rollup in `scope` under the integration's own `name`, by one vantage where the rollup has it. */
const named = (s: SqlContext, rollup: string, scope: string, grain?: '1m' | '1h'): string => `(
    SELECT c.*, if(n.entity = '', c.integration, n.entity) AS name
    FROM (SELECT * FROM ${s.table(rollup, grain)} WHERE ${scope}) AS c
    LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind)`;

/** Failures and resends; the server's own view only of integrations that no caller tells about. */
export const troubles = (s: SqlContext): string => `(
    SELECT * FROM (SELECT *, max(vantage = 'client') OVER (PARTITION BY name) AS has_client FROM ${named(s, 'integration_troubles', s.scope)})
    WHERE vantage = if(has_client, 'client', 'server') AND ${s.filter('integration', 'name')})`;

/** How long before the end of the range quotas are read, to tell how fast they are used. */
const QUOTA_SECONDS = 3600;
/** Minutes that a rate of use needs at least. */
const MIN_POINTS = 3;
/** Share per second below which it is not being used up: a tenth in three years, less than the line's rounding. */
const NO_BURN = 1e-9;
/** A share used that falls by more than this began a new quota period; less is callers racing each other. */
const RENEWED_BY = 0.02;

/**
 * State of each integration's quota at the end of the range, from the minutes of its last hour: `used` (share, of the last
 * minute that told), `burn` (share per second: slope of the least-squares line through the minutes since it was renewed,
 * at least three; NULL with fewer), `exhaustion_s` (time until it is used up at that rate; NULL while it is not being used
 * up), `reset_s` (time until it is renewed, as told), `at_risk` (1 when it is used up before it is renewed).
 */
export const quotaState = (s: SqlContext): string => {
  const end = `toUnixTimestamp64Milli(${s.to}) / 1000`;
  return `(
    SELECT integration, newest.1 AS told_at, newest.2 AS used, newest.3 AS quota, if(isNull(resets) OR resets < ${end}, NULL, resets - ${end}) AS reset_s, refused, retry_after, points,
      if(points < ${MIN_POINTS}, NULL, line.1) AS burn,
      multiIf(used >= 1, 0, isNull(burn) OR burn < ${NO_BURN}, NULL, greatest(0, (1 - used) / burn - (${end} - told_at - 60))) AS exhaustion_s,
      toUInt8(isNotNull(exhaustion_s) AND (isNull(reset_s) OR exhaustion_s < reset_s)) AS at_risk
    FROM (
      SELECT name AS integration, argMax((minute, share, max_limit), minute) AS newest, max(resets_last) AS resets, sum(n_refused) AS refused, max(wait) AS retry_after,
        countIf(is_current) AS points, simpleLinearRegressionIf(minute - ${end}, share, is_current) AS line
      FROM (
        SELECT *, period = max(period) OVER (PARTITION BY name) AS is_current
        FROM (
          SELECT *, sum(renewed) OVER (PARTITION BY name ORDER BY minute ROWS UNBOUNDED PRECEDING) AS period
          FROM (
            SELECT *, toUInt8(share < lagInFrame(share, 1, share) OVER (PARTITION BY name ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - ${RENEWED_BY}) AS renewed
            FROM (
              SELECT name, toFloat64(toUnixTimestamp(t)) AS minute, assumeNotNull(max(q.used)) AS share, max(q.limit) AS max_limit, max(q.resets_at) AS resets_last, sum(q.refused) AS n_refused, max(q.retry_after) AS wait
              FROM ${named(s, 'integration_quotas', `workspace = {workspace:String} AND t >= greatest(${s.from}, ${s.to} - INTERVAL ${QUOTA_SECONDS} SECOND) AND t < ${s.to}`, '1m')} AS q
              WHERE ${s.filter('integration', 'name')}
              GROUP BY name, t HAVING isNotNull(max(q.used))))))
      GROUP BY name))`;
};

export const performanceQueries: QueryDef[] = [
  {
    ...base,
    name: 'integration_bottlenecks',
    kind: 'table',
    title: 'Bottlenecks',
    description:
      'Where the waiting and the failing is: each endpoint with its share of the time and of the failures of all calls shown, the heaviest first.',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: {
          integration,
          endpoint,
          method,
          calls: measures.calls,
          total_ms: number('ms', 'Time that callers waited, all calls together'),
          time_share: number('percentunit', 'Share of all that waiting'),
          failures: measures.failures,
          failure_share: number('percentunit', 'Share of all failures; unknown when there were none'),
          call_share: number('percentunit', 'Share of all calls'),
          p50_ms: measures.p50_ms,
          p99_ms: measures.p99_ms,
          tail: number('none', 'p99 by p50: how much longer the slowest calls take'),
          resends: number('short', 'Calls that were sent again'),
          lost_ms: number('ms', 'Time spent on calls that failed'),
        },
        sql: (s) => `
SELECT c.integration AS integration, c.endpoint AS endpoint, c.method AS method, n_calls AS calls, latency_total AS total_ms,
  if(sum(latency_total) OVER () = 0, NULL, latency_total / sum(latency_total) OVER ()) AS time_share,
  n_failures AS failures, if(sum(n_failures) OVER () = 0, NULL, n_failures / sum(n_failures) OVER ()) AS failure_share, n_calls / sum(n_calls) OVER () AS call_share,
  ${s.quantile(0.5, 'hist', 'latency_highest')} AS p50_ms, ${s.quantile(0.99, 'hist', 'latency_highest')} AS p99_ms,
  if(p50_ms = 0, NULL, p99_ms / p50_ms) AS tail, t.n_resends AS resends, t.lost AS lost_ms
FROM ${calls(s, s.scope, { endpoint: 'endpoint', method: 'method' })} AS c
LEFT JOIN (SELECT name, endpoint, method, sum(resends) AS n_resends, sum(latency) AS lost FROM ${troubles(s)} GROUP BY name, endpoint, method) AS t
  ON t.name = c.integration AND t.endpoint = c.endpoint AND t.method = c.method
ORDER BY total_ms DESC, integration, endpoint, method`,
      },
    },
  },
  {
    ...base,
    name: 'integration_errors',
    kind: 'table',
    title: 'Errors by code',
    description: 'Failures by endpoint and code, with who met them; the most frequent first.',
    rollup: 'integration_troubles',
    parts: {
      main: {
        columns: {
          integration,
          endpoint,
          code: text('Error code; where there is none, the status code'),
          failures: measures.failures,
          share: number('percentunit', 'Share of the failures of this integration'),
          callers: { type: 'string', description: 'Services that met it, the most hit first' },
          agents: { type: 'string', description: 'Agents that met it, the most hit first' },
          avg_ms: number('ms', 'Mean time until the failure'),
          last: { type: 'time', description: 'Last time' },
        },
        sql: (s) => {
          const most = (column: string): string =>
            `arrayStringConcat(arrayMap(x -> x.1, arraySlice(arrayReverseSort(x -> x.2, arrayZip(sumMapIf([${column}], [e.failures], ${column} != '').1 AS keys_${column}, sumMapIf([${column}], [e.failures], ${column} != '').2)), 1, 5)), ', ')`;
          return `
SELECT name AS integration, endpoint, code, sum(e.failures) AS failures, failures / sum(failures) OVER (PARTITION BY name) AS share,
  ${most('caller')} AS callers, ${most('agent')} AS agents, sum(e.latency) / failures AS avg_ms, ${at('max(e.last_failure)')} AS last
FROM ${troubles(s)} AS e WHERE e.failures > 0 GROUP BY name, endpoint, code
ORDER BY failures DESC, integration, endpoint, code`;
        },
      },
    },
  },
  {
    ...base,
    name: 'integration_error_codes',
    kind: 'timeseries',
    title: 'Errors over time',
    description: 'Failures of each integration by code, and resends, per step.',
    rollup: 'integration_troubles',
    parts: {
      main: {
        columns: {
          time,
          integration,
          code: text('Error code; where there is none, the status code'),
          failures: measures.failures,
          resends: number('short', 'Calls that were sent again'),
          resends_ok: number('short', 'Calls that were sent again and succeeded'),
        },
        sql: (s) => `
SELECT ${s.bucket} AS time, name AS integration, code, sum(e.failures) AS failures, sum(e.resends) AS resends, sum(e.resends_ok) AS resends_ok
FROM ${troubles(s)} AS e GROUP BY time, name, code ORDER BY time, integration, code`,
      },
    },
  },
  {
    ...base,
    name: 'integration_rate_limits',
    kind: 'table',
    title: 'Rate limits',
    description:
      'Quota of each integration as told by its answers in the last hour of the range, and when it is used up at the present rate (line through the minutes since it was renewed).',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: {
          integration,
          quota: number('short', 'Requests per quota period'),
          used: number('percentunit', 'Share used'),
          remaining: number('short', 'Requests left'),
          burn_rate: number('reqps', 'Requests per second by which it shrinks; unknown with fewer than three minutes'),
          exhaustion_s: number('s', 'Time until it is used up; empty while it is not being used up'),
          reset_s: number('s', 'Time until it is renewed; empty where the answers do not tell'),
          at_risk: { type: 'boolean', description: 'Used up before it is renewed' },
          refused: number('short', 'Calls refused with 429 in that hour'),
          retry_after_s: number('s', 'Longest wait that was asked for'),
          told: { type: 'time', description: 'Minute of the newest answer that told' },
        },
        sql: (s) => `
SELECT integration, quota, used, quota * (1 - used) AS remaining, quota * burn AS burn_rate, exhaustion_s, reset_s, CAST(at_risk AS Bool) AS at_risk, refused, retry_after AS retry_after_s, ${at('told_at')} AS told
FROM ${quotaState(s)} ORDER BY isNull(exhaustion_s), exhaustion_s, integration`,
      },
    },
  },
  {
    ...base,
    name: 'integration_quota_window',
    kind: 'timeseries',
    title: 'Quota at the end of the range',
    description: 'One point per integration, at the last step: what the alert rule compares.',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: {
          time,
          integration,
          used: number('percentunit', 'Share of the quota used'),
          exhaustion_s: number(
            's',
            'Time until the quota is used up, where that is before it is renewed; else unknown',
          ),
        },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, used, if(at_risk, q.exhaustion_s, NULL) AS exhaustion_s
FROM ${quotaState(s)} AS q ORDER BY integration`,
      },
    },
  },
  {
    ...base,
    name: 'integration_quota_users',
    kind: 'table',
    title: 'Who uses the quota',
    description: 'Calls that counted against a quota, by the service and the agent that made them; the heaviest first.',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: {
          integration,
          caller: text('Service that made the calls'),
          agent: text('Agent'),
          calls: measures.calls,
          share: number('percentunit', "Share of the integration's calls that counted"),
          refused: number('short', 'Calls refused with 429'),
        },
        // The day's grain of this rollup is not kept; hours add up to the same.
        sql: (s) => `
SELECT name AS integration, caller, agent, sum(q.calls) AS calls, calls / sum(calls) OVER (PARTITION BY name) AS share, sum(q.refused) AS refused
FROM ${named(s, 'integration_quotas', s.scope, s.grain === '1m' ? '1m' : '1h')} AS q WHERE ${s.filter('integration', 'name')} GROUP BY name, caller, agent
ORDER BY calls DESC, integration, caller, agent`,
      },
    },
  },
];
