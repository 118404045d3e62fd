/** The relations that queries about calls are made of, and the measures that they share. */
import type { Column, SqlContext } from '../../define';

/** Rows of the call rollup in `scope`. Callers may know a service by another name; a server speaks of itself. */
export const resolved = (s: SqlContext, scope: string): string => `(
    SELECT c.* EXCEPT (integration), if(n.entity = '' OR c.vantage = 'server', c.integration, n.entity) AS name
    FROM (SELECT * FROM ${s.table('integration_calls')} WHERE ${scope}) AS c
    LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind)`;

/**
 * Sums per integration and `keys` (name → expression over the rollup), and of each integration by one vantage only: its
 * callers' where there is any (it includes the network and what the server never saw), else its own. Adding both would
 * count every call twice.
 */
export function calls(s: SqlContext, scope: string, keys: Readonly<Record<string, string>> = {}): string {
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

export const time: Column = { type: 'time', description: 'Start of the step' };
export const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
export const measures = {
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
export const measureList = (s: SqlContext, seconds: string): string => `
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
