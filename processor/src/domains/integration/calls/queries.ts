/** The definitions of every number about integrations. */
import type { QueryDef, SqlContext } from '../../define';
import { scored } from '../../../vocabulary/health';
import { health } from '../health/model';
import { scorecard } from '../health/scorecard';
import { integrationParam } from '../params';
import { findingQueries } from './findings';
import { outlookQueries } from './outlook';
import { performanceQueries } from './performance';
import { calls, integration, measureList, measures, resolved, time } from './relation';

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

/** 100 minus the points that failures and p95 lose by the health model, scaled to the weights of these two. */
function reliability(errorRate: string, p95: string): string {
  const terms = ['failures', 'latency_p95'].map((name) => health.terms.find((t) => t.name === name)!);
  const weight = terms.reduce((sum, t) => sum + t.weight, 0);
  const lost = terms.map(
    (t, i) => `${t.weight} * least(1, greatest(0, (${[errorRate, p95][i]} - ${t.good}) / ${t.bad - t.good}))`,
  );
  return `if(n_calls = 0, NULL, 100 - 100 * (${lost.join(' + ')}) / ${weight})`;
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
    name: 'integration_window',
    kind: 'timeseries',
    title: 'Calls over the whole range',
    description:
      'One point per integration, at the last step, made of all calls of the range: what alert rules compare. A rate is failures by calls, not an average of minutes.',
    cache: 'systemMetrics',
    rollup: 'integration_calls',
    params: integrationParam,
    parts: {
      main: {
        columns: { time, integration, ...measures },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, integration, ${measureList(s, s.seconds)}
FROM ${calls(s, s.scope)}
ORDER BY integration`,
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
          success_rate: {
            type: 'number',
            role: 'measure',
            unit: 'percentunit',
            description: 'Share of calls that succeeded',
          },
          reliability: {
            type: 'number',
            role: 'measure',
            unit: 'none',
            description: `0 to 100: the health model's terms for failures and p95, by their weights`,
          },
          deprecated_calls: { type: 'number', role: 'measure', unit: 'short', description: 'Marked as deprecated' },
          cost_per_call: { type: 'number', role: 'measure', unit: 'currencyUSD', description: 'Mean cost of a call' },
        },
        sql: (s) => `
SELECT integration, endpoint, method, vantage, ${measureList(s, s.seconds)},
  if(n_calls = 0, NULL, 1 - n_failures / n_calls) AS success_rate, ${reliability('error_rate', 'p95_ms')} AS reliability,
  n_deprecated AS deprecated_calls, if(n_calls = 0, NULL, total_cost / n_calls) AS cost_per_call
FROM ${calls(s, s.scope, { endpoint: 'endpoint', method: 'method' })}
ORDER BY calls DESC, integration, endpoint, method`,
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
  e.kind AS kind, if(h.entity = '', 'unknown', h.status) AS st, st AS status, h.score AS score, CAST(e.inside = 0 AS Bool) AS external,
  h.calls AS calls, h.calls / ${s.seconds} AS rate, h.error_rate AS error_rate, h.p95_ms AS p95_ms
FROM (
  SELECT kind, name, max(seen_inside) AS inside FROM (
    SELECT arrayJoin([(source_kind, source, toUInt8(origin = 'observed')), (target_kind, target, toUInt8(0))]) AS x, x.1 AS kind, x.2 AS name, x.3 AS seen_inside
    FROM (SELECT DISTINCT source_kind, source, target_kind, target, origin FROM ${edges(s)})
    UNION ALL
    SELECT ('', '', toUInt8(0)), kind, name, toUInt8(max(vantage = 'server')) FROM ${resolved(s, s.scope)} WHERE ${s.filter('integration', 'name')} GROUP BY kind, name)
  GROUP BY kind, name) AS e
LEFT JOIN ${scored(s, scorecard, s.scope)} AS h ON h.entity = e.name AND h.kind = e.kind
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
  ...performanceQueries,
  ...outlookQueries,
  ...findingQueries,
];
