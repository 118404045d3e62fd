/** The definitions of every number about integrations. */
import type { Column, QueryDef, SqlContext } from '../define';
import { breachesSql, confidenceSql, scoreSql, statusSql, termRowsSql, termValues } from '../../vocabulary/health';
import { health } from './health';

const integrationParam = {
  integration: { type: 'string[]', description: 'Integrations; none means all', values: 'integration_names' },
} as const;

/** Rows of the call rollup in `scope`. Callers may know a service by another name; a server speaks of itself. */
const resolved = (s: SqlContext, scope: string): string => `(
    SELECT c.* EXCEPT (integration), if(n.entity = '' OR c.vantage = 'server', c.integration, n.entity) AS name
    FROM (SELECT * FROM ${s.table('integration_calls')} WHERE ${scope}) AS c
    LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind)`;

/**
 * Sums per integration and `keys` (name → expression over the rollup), and of each integration by one vantage only: its
 * callers' where there is any (it includes the network and what the server never saw), else its own. Adding both would
 * count every call twice.
 */
function calls(s: SqlContext, scope: string, keys: Readonly<Record<string, string>> = {}): string {
  const names = ['name', ...Object.keys(keys), 'vantage'];
  return `(
  SELECT name AS integration, ${Object.entries(keys)
    .map(([name, expression]) => `${expression} AS ${name}, `)
    .join('')}vantage, max(vantage = 'client') OVER (PARTITION BY name) AS has_client, min(kind) AS kind_of,
    sum(calls) AS n_calls, sum(failures) AS n_failures, sum(rate_limited) AS n_rate_limited, sum(deprecated_calls) AS n_deprecated,
    sumMap(latency_hist) AS hist, max(latency_max) AS latency_highest, sum(latency_sum) AS latency_total,
    sum(bytes_in) AS n_bytes_in, sum(bytes_out) AS n_bytes_out, sum(cost) AS total_cost,
    max(quota_used) AS highest_quota, max(last_success) AS latest_success
  FROM ${resolved(s, scope)}
  WHERE ${s.filter('integration', 'name')}
  GROUP BY ${names.join(', ')}
  QUALIFY vantage = if(has_client, 'client', 'server'))`;
}

const time: Column = { type: 'time', description: 'Start of the step' };
const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
const measures = {
  calls: { type: 'number', role: 'measure', unit: 'short', description: 'Calls' },
  rate: { type: 'number', role: 'measure', unit: 'reqps', description: 'Calls per second' },
  failures: { type: 'number', role: 'measure', unit: 'short', description: 'Failed calls' },
  error_rate: {
    type: 'number',
    role: 'measure',
    unit: 'percentunit',
    description: 'Share of calls that failed; unknown without calls',
  },
  avg_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'Mean response time' },
  p50_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'Median response time (within 2 %)' },
  p95_ms: {
    type: 'number',
    role: 'measure',
    unit: 'ms',
    description: '95th percentile of the response time (within 2 %)',
  },
  p99_ms: {
    type: 'number',
    role: 'measure',
    unit: 'ms',
    description: '99th percentile of the response time (within 2 %)',
  },
  max_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'Longest response time' },
  rate_limited: { type: 'number', role: 'measure', unit: 'short', description: 'Calls refused with 429' },
  bytes_in: { type: 'number', role: 'measure', unit: 'bytes', description: 'Bytes received' },
  bytes_out: { type: 'number', role: 'measure', unit: 'bytes', description: 'Bytes sent' },
  cost: { type: 'number', role: 'measure', unit: 'currencyUSD', description: 'Cost' },
} as const satisfies Record<string, Column>;

/** The measures above as a SELECT list over `calls`; `seconds` is the time they cover. */
const measureList = (s: SqlContext, seconds: string): string => `
  n_calls AS calls,
  n_calls / ${seconds} AS rate,
  n_failures AS failures,
  if(n_calls = 0, NULL, n_failures / n_calls) AS error_rate,
  if(n_calls = 0, NULL, latency_total / n_calls) AS avg_ms,
  ${s.quantile(0.5, 'hist', 'latency_highest')} AS p50_ms,
  ${s.quantile(0.95, 'hist', 'latency_highest')} AS p95_ms,
  ${s.quantile(0.99, 'hist', 'latency_highest')} AS p99_ms,
  latency_highest AS max_ms,
  n_rate_limited AS rate_limited, n_bytes_in AS bytes_in, n_bytes_out AS bytes_out, total_cost AS cost`;

/** Columns that the health model's terms are written over, and the terms, per entity and `keys`. */
const healthInput = (s: SqlContext, scope: string, keys: Readonly<Record<string, string>> = {}): string => `
  SELECT *, ${termValues(health)} FROM (
    SELECT integration, kind_of, ${Object.keys(keys)
      .map((k) => `${k}, `)
      .join('')}n_calls AS calls, n_failures AS failures, n_deprecated AS deprecated_calls,
      ${s.quantile(0.95, 'hist', 'latency_highest')} AS p95_ms, highest_quota AS quota_used, latest_success
    FROM ${calls(s, scope, keys)})`;

/** Score, status and confidence per integration over `scope`. */
const scored = (s: SqlContext, scope: string): string => `(
  SELECT integration, kind_of, calls, failures, if(calls = 0, NULL, failures / calls) AS error_rate, p95_ms, latest_success,
    ${scoreSql(health)} AS score, ${statusSql(health, 'score')} AS status, ${confidenceSql('calls', 'failures')} AS confidence
  FROM (${healthInput(s, scope)}))`;

/** Steps of the trend; the first may begin before the range, and is then shown at its start. */
const trendTime = (s: SqlContext) => ({
  time: `greatest(toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC'), ${s.from})`,
});

/**
 * Rows of the edge rollup, targets under their own name. What was observed holds for its window, a declaration until it is
 * 90 days old.
 */
const edges = (s: SqlContext): string => `(
    SELECT e.* EXCEPT (target), if(n.entity = '', e.target, n.entity) AS target
    FROM (
      SELECT * FROM ${s.table('entity_edges')} WHERE ${s.scope} AND origin = 'observed'
      UNION ALL
      SELECT * FROM ${s.table('entity_edges', '1d')} WHERE workspace = {workspace:String} AND t >= ${s.to} - INTERVAL 90 DAY AND t < ${s.to} AND origin = 'declared') AS e
    LEFT ANY JOIN ${s.names} AS n ON n.alias = e.target AND n.kind = e.target_kind
    WHERE ${s.filter('integration', "if(n.entity = '', e.target, n.entity)")} OR has({integration:Array(String)}, e.source))`;

/** When each term began to lose points without a break until the end of the range: entity, term, since. */
function since(s: SqlContext): string {
  const flags = breachesSql(health).map((b) => `('${b.name}', ${b.breached})`);
  return `(
    SELECT integration, term, minIf(time, time > last_good) AS first_bad, max(breached AND time > last_good) AS is_bad FROM (
      SELECT integration, time, f.1 AS term, f.2 AS breached,
        maxIf(time, NOT f.2) OVER (PARTITION BY integration, f.1) AS last_good
      FROM (${healthInput(s, s.scope, trendTime(s))}) ARRAY JOIN [${flags.join(', ')}] AS f)
    GROUP BY integration, term)`;
}

export const queries: QueryDef[] = [
  {
    name: 'integration_names',
    kind: 'values',
    title: 'Integrations',
    description: 'Names of the integrations that had calls in the range.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Integration' } },
        sql: (s) => `SELECT DISTINCT name AS value FROM ${resolved(s, s.scope)} ORDER BY value`,
      },
    },
  },
  {
    name: 'integration_calls',
    kind: 'timeseries',
    title: 'Calls over time',
    description: 'Traffic, failures and response time of each integration, per step.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      main: {
        columns: { time, integration, ...measures },
        sql: (s) => `
SELECT time, integration, ${measureList(s, '{step:UInt32}')}
FROM ${calls(s, s.scope, { time: s.bucket })}
ORDER BY time, integration`,
      },
    },
  },
  {
    name: 'integration_endpoints',
    kind: 'table',
    title: 'Endpoints',
    description: 'Traffic, failures and response time per endpoint over the range, the busiest first.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      main: {
        columns: {
          integration,
          endpoint: { type: 'string', role: 'dimension', description: 'Endpoint or operation' },
          method: { type: 'string', role: 'dimension', description: 'Method' },
          vantage: { type: 'string', role: 'dimension', description: 'Side that measured: client or server' },
          ...measures,
        },
        sql: (s) => `
SELECT integration, endpoint, method, vantage, ${measureList(s, s.seconds)}
FROM ${calls(s, s.scope, { endpoint: 'endpoint', method: 'method' })}
ORDER BY calls DESC, integration, endpoint, method`,
      },
    },
  },
  {
    name: 'integration_health',
    kind: 'scorecard',
    title: 'Integration health',
    description: 'Score of each integration with the terms it is made of, their trend and the period before.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      scores: {
        columns: {
          entity: { type: 'string', role: 'dimension', description: 'Integration' },
          kind: { type: 'string', role: 'dimension', description: 'What it is' },
          score: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description: 'Health, 0 to 100; unknown without calls',
          },
          status: { type: 'string', description: 'healthy, degraded, critical, offline or unknown' },
          confidence: {
            type: 'number',
            role: 'measure',
            unit: 'percentunit',
            description: '1 minus the width of the 95 % interval of the failure rate',
          },
          calls: measures.calls,
          error_rate: measures.error_rate,
          p95_ms: measures.p95_ms,
          last_success: { type: 'time', description: 'Last successful call' },
          previous_score: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description: 'Score of the period of equal length before',
          },
          change: { type: 'number', role: 'measure', unit: 'none', description: 'Points gained since then' },
        },
        // An integration that had calls in the period before and has none now is unknown, not gone.
        sql: (s) => `
SELECT coalesce(nullIf(a.integration, ''), b.integration) AS entity, coalesce(nullIf(a.kind_of, ''), b.kind_of) AS kind,
  a.score AS score, if(a.integration = '', 'unknown', a.status) AS status, if(a.integration = '', 0, a.confidence) AS confidence,
  a.calls AS calls, a.error_rate AS error_rate, a.p95_ms AS p95_ms,
  fromUnixTimestamp64Milli(toInt64(round(a.latest_success * 1000)), 'UTC') AS last_success,
  b.score AS previous_score, a.score - b.score AS change
FROM ${scored(s, s.scope)} AS a
FULL JOIN (SELECT integration, kind_of, ${scoreSql(health)} AS score FROM (${healthInput(s, s.previousScope)})) AS b ON a.integration = b.integration
ORDER BY score ASC NULLS FIRST, entity`,
      },
      terms: {
        columns: {
          entity: { type: 'string', role: 'dimension', description: 'Integration' },
          term: { type: 'string', role: 'dimension', description: 'Term of the score' },
          title: { type: 'string', description: 'What the term measures' },
          weight: { type: 'number', role: 'measure', unit: 'none', description: 'Points the term can take' },
          value: { type: 'number', role: 'measure', description: 'Measured value; unknown if empty' },
          unit: { type: 'string', description: 'Unit of value and target' },
          target: { type: 'number', role: 'measure', description: 'Value up to which no points are lost' },
          points_lost: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description: 'Points lost, scaled to the weights that are known',
          },
          status: { type: 'string', description: 'ok, warn, bad or unknown' },
          gate: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description: 'Cap that the term puts on the score now',
          },
          since: { type: 'time', description: 'Start of the first step since which points are lost without a break' },
        },
        sql: (s) => `
SELECT x.integration AS entity, x.r.1 AS term, x.r.2 AS title, x.r.3 AS weight, x.r.4 AS value, x.r.5 AS unit, x.r.6 AS target,
  x.r.7 AS points_lost, x.r.8 AS status, x.r.9 AS gate, if(b.is_bad, toNullable(b.first_bad), NULL) AS since
FROM (SELECT integration, arrayJoin(${termRowsSql(health)}) AS r FROM (${healthInput(s, s.scope)})) AS x
LEFT JOIN ${since(s)} AS b ON b.integration = x.integration AND b.term = x.r.1
ORDER BY entity, points_lost DESC NULLS LAST, term`,
      },
      trend: {
        columns: {
          time,
          entity: { type: 'string', role: 'dimension', description: 'Integration' },
          score: { type: 'number', role: 'measure', unit: 'none', description: 'Health, 0 to 100' },
        },
        sql: (s) => `
SELECT time, integration AS entity, ${scoreSql(health)} AS score FROM (${healthInput(s, s.scope, trendTime(s))}) ORDER BY time, entity`,
      },
    },
  },
  {
    name: 'integration_dependencies',
    kind: 'graph',
    title: 'Dependencies',
    description:
      'Who calls whom, with rate, failures and response time; declared dependencies beside the observed ones.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      nodes: {
        columns: {
          id: { type: 'string', description: 'kind:name' },
          title: { type: 'string', description: 'Entity' },
          subtitle: { type: 'string', description: 'Kind and status' },
          mainstat: { type: 'number', unit: 'none', description: 'Score' },
          secondarystat: { type: 'number', unit: 'reqps', description: 'Calls per second into it' },
          arc__healthy: { type: 'number', color: 'green', description: 'Healthy' },
          arc__degraded: { type: 'number', color: 'yellow', description: 'Degraded' },
          arc__critical: { type: 'number', color: 'red', description: 'Critical or offline' },
          arc__unknown: { type: 'number', color: 'gray', description: 'Unknown' },
          kind: { type: 'string', description: 'What it is' },
          status: { type: 'string', description: 'healthy, degraded, critical, offline or unknown' },
          score: { type: 'number', unit: 'none', description: 'Health, 0 to 100' },
          external: { type: 'boolean', description: 'Only ever called: nothing was seen from inside it' },
          calls: { type: 'number', unit: 'short', description: 'Calls into it' },
          rate: { type: 'number', unit: 'reqps', description: 'Calls per second into it' },
          error_rate: { type: 'number', unit: 'percentunit', description: 'Share that failed' },
          p95_ms: { type: 'number', unit: 'ms', description: 'p95 of the response time' },
        },
        sql: (s) => `
SELECT concat(e.kind, ':', e.name) AS id, e.name AS title, concat(e.kind, ', ', st) AS subtitle, h.score AS mainstat, h.calls / ${s.seconds} AS secondarystat,
  toFloat64(st = 'healthy') AS arc__healthy, toFloat64(st = 'degraded') AS arc__degraded, toFloat64(st IN ('critical', 'offline')) AS arc__critical, toFloat64(st = 'unknown') AS arc__unknown,
  e.kind AS kind, if(h.integration = '', 'unknown', h.status) AS st, st AS status, h.score AS score, CAST(e.inside = 0 AS Bool) AS external,
  h.calls AS calls, h.calls / ${s.seconds} AS rate, h.error_rate AS error_rate, h.p95_ms AS p95_ms
FROM (
  SELECT kind, name, max(seen_inside) AS inside FROM (
    SELECT arrayJoin([(source_kind, source, toUInt8(origin = 'observed')), (target_kind, target, toUInt8(0))]) AS x, x.1 AS kind, x.2 AS name, x.3 AS seen_inside
    FROM (SELECT DISTINCT source_kind, source, target_kind, target, origin FROM ${edges(s)})
    UNION ALL
    SELECT ('', '', toUInt8(0)), kind, name, toUInt8(max(vantage = 'server')) FROM ${resolved(s, s.scope)} WHERE ${s.filter('integration', 'name')} GROUP BY kind, name)
  GROUP BY kind, name) AS e
LEFT JOIN ${scored(s, s.scope)} AS h ON h.integration = e.name AND h.kind_of = e.kind
ORDER BY id`,
      },
      edges: {
        columns: {
          id: { type: 'string', description: 'Edge' },
          source: { type: 'string', description: 'Id of the node that calls' },
          target: { type: 'string', description: 'Id of the node that is called' },
          mainstat: { type: 'number', unit: 'reqps', description: 'Calls per second' },
          secondarystat: { type: 'number', unit: 'ms', description: 'p95 of the response time' },
          relation: { type: 'string', description: 'What the edge means' },
          origin: { type: 'string', description: 'observed or declared' },
          calls: { type: 'number', unit: 'short', description: 'Calls' },
          rate: { type: 'number', unit: 'reqps', description: 'Calls per second' },
          error_rate: { type: 'number', unit: 'percentunit', description: 'Share that failed' },
          p95_ms: { type: 'number', unit: 'ms', description: 'p95 of the response time' },
          bytes: { type: 'number', unit: 'bytes', description: 'Bytes' },
          criticality: { type: 'number', unit: 'none', description: 'Declared criticality, 1 to 5' },
        },
        sql: (s) => `
SELECT concat(from_id, ' > ', to_id, ' ', relation, ' ', origin) AS id, from_id AS source, to_id AS target,
  if(origin = 'declared', NULL, n / ${s.seconds}) AS mainstat, p95_ms AS secondarystat, relation, origin, n AS calls, mainstat AS rate,
  if(n = 0, NULL, failed / n) AS error_rate, ${s.quantile(0.95, 'hist', 'highest')} AS p95_ms, volume AS bytes, crit AS criticality
FROM (
  SELECT concat(source_kind, ':', source) AS from_id, concat(target_kind, ':', target) AS to_id, relation, origin,
    sum(calls) AS n, sum(errors) AS failed, sum(bytes) AS volume, max(criticality) AS crit, sumMap(latency_hist) AS hist, max(latency_max) AS highest
  FROM ${edges(s)} GROUP BY from_id, to_id, relation, origin)
ORDER BY source, target, relation, origin`,
      },
    },
  },
];
