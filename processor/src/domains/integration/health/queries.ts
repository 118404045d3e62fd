/** The definitions of every number about the health of integrations. */
import type { Column, QueryDef, SqlContext } from '../../define';
import { scorecardParts } from '../../../vocabulary/health';
import { integration, measures, time } from '../calls/relation';
import { integrationParam } from '../params';
import { credentials, daysLeft, endsAsOf, renamed } from './relation';
import { scorecard } from './scorecard';

const number = (unit: string, description: string): Column => ({ type: 'number', role: 'measure', unit, description });
const text = (description: string): Column => ({ type: 'string', role: 'dimension', description });
const seconds = (x: string): string => `fromUnixTimestamp64Milli(toInt64(round(${x} * 1000)), 'UTC')`;

const base = { cache: 'systemMetrics', params: integrationParam } as const;
/** The last step of the range, where a reader that reduces to the last value finds a point about the whole range. */
export const lastStep = (s: SqlContext): string =>
  `toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time`;

/** 2262-01-01, seconds: Grafana keeps times in nanoseconds, and later ones come out as a date in the past. */
const LATEST_SHOWN = Date.UTC(2262, 0, 1) / 1000;

/** Ends of validity as of the end of the range. */
export const ends = (s: SqlContext): string => `(
  SELECT entity AS integration, what, credential, renewable, last_seen, ${endsAsOf('seen', s.to)} AS ends_at, ${daysLeft('ends_at', 'renewable', s.to)} AS days_left
  FROM ${credentials(s)} WHERE ends_at > 0)`;

const isAttempt = "action IN ('authenticate', 'refresh')";

export const queries: QueryDef[] = [
  {
    ...base,
    name: 'integration_health',
    kind: 'scorecard',
    title: 'Integration health',
    description: 'Score of each integration with the terms it is made of, their trend and the period before.',
    rollup: 'integration_calls',
    parts: scorecardParts(scorecard),
  },
  {
    ...base,
    name: 'integration_status',
    kind: 'timeseries',
    title: 'Health over the whole range',
    description:
      'One point per integration, at the last step: score, availability and what else alert rules compare. Made of the scorecard.',
    rollup: 'integration_calls',
    parts: {
      main: {
        columns: {
          time,
          integration,
          score: number('none', 'Health, 0 to 100; unknown where nothing was observed'),
          score_drop: number('none', 'Points lost since the period of equal length before'),
          availability: number('percentunit', 'Share of health checks that succeeded; where there were none, of calls'),
          consecutive_failures: number('short', 'Failures since the last window with a success'),
          missing_calls: number('short', 'Calls of the period before, where there are none at all in this one; else 0'),
        },
        sql: (s) => `
SELECT ${lastStep(s)}, h.entity AS integration, h.score AS score, -h.change AS score_drop, h.availability AS availability,
  if(h.calls = 0, NULL, h.consecutive_failures) AS consecutive_failures, if(h.calls = 0, coalesce(p.n, 0), 0) AS missing_calls
FROM ${s.query('integration_health', 'scores')} AS h
LEFT JOIN (SELECT name, sum(calls) AS n FROM ${renamed(s, 'integration_calls', s.previousScope)} GROUP BY name) AS p ON p.name = h.entity
ORDER BY integration`,
      },
    },
  },
  {
    ...base,
    name: 'integration_checks',
    kind: 'timeseries',
    title: 'Health checks over time',
    description: 'What probes of each integration found, per step.',
    rollup: 'integration_checks',
    parts: {
      main: {
        columns: {
          time,
          integration,
          checks: number('short', 'Health checks'),
          failures: number('short', 'Checks that failed'),
          availability: number('percentunit', 'Share of checks that succeeded'),
          avg_ms: measures.avg_ms,
          p95_ms: measures.p95_ms,
          dns_avg_ms: number('ms', 'Mean time to resolve the name'),
          dns_p95_ms: number('ms', '95th percentile of the time to resolve the name (within 2 %)'),
          reconnections: number('short', 'Connections made anew'),
          stability: number('percentunit', 'Share of checks that found the connection still open'),
          tls_invalid: number('short', 'Checks that found the certificate invalid'),
        },
        sql: (s) => `
SELECT time, integration, n AS checks, n_failed AS failures, 1 - n_failed / n AS availability,
  if(timed = 0, NULL, total / timed) AS avg_ms, ${s.quantile(0.95, 'hist', 'longest')} AS p95_ms,
  if(resolved = 0, NULL, dns_total / resolved) AS dns_avg_ms, ${s.quantile(0.95, 'dns_all', 'dns_longest')} AS dns_p95_ms,
  n_reconnections AS reconnections, 1 - least(1, n_reconnections / n) AS stability, n_invalid AS tls_invalid
FROM (
  SELECT ${s.bucket} AS time, name AS integration, sum(checks) AS n, sum(failures) AS n_failed, sum(reconnections) AS n_reconnections, sum(c.tls_invalid) AS n_invalid,
    sumMap(latency_hist) AS hist, max(latency_max) AS longest, sum(latency_sum) AS total, sum(latency_count) AS timed,
    sumMap(dns_hist) AS dns_all, max(dns_max) AS dns_longest, sum(dns_sum) AS dns_total, sum(dns_count) AS resolved
  FROM ${renamed(s, 'integration_checks', s.scope)} AS c WHERE ${s.filter('integration', 'name')} GROUP BY time, name)
ORDER BY time, integration`,
      },
    },
  },
  {
    ...base,
    name: 'integration_authentication',
    kind: 'timeseries',
    title: 'Authentication over time',
    description: 'Attempts to authenticate and to renew credentials, failures, and changes, per step.',
    rollup: 'integration_auth',
    parts: {
      main: {
        columns: {
          time,
          integration,
          auth_type: text('Kind of authentication'),
          attempts: number('short', 'Attempts to authenticate or to renew a credential'),
          failures: number('short', 'Attempts that failed'),
          failure_rate: number('percentunit', 'Share of attempts that failed; unknown without attempts'),
          expired: number('short', 'Attempts that failed because the credential had expired'),
          rotations: number('short', 'Credentials rotated'),
          scope_changes: number('short', 'Changes of permissions'),
          mfa_changes: number('short', 'Changes of the second factor'),
        },
        sql: (s) => `
SELECT time, integration, auth_type, n AS attempts, n_failed AS failures, if(n = 0, NULL, n_failed / n) AS failure_rate, n_expired AS expired, rotations, scope_changes, mfa_changes
FROM (
  SELECT ${s.bucket} AS time, name AS integration, auth_type, sumIf(a.events, ${isAttempt}) AS n, sumIf(a.failures, ${isAttempt}) AS n_failed, sum(a.expired) AS n_expired,
    sumIf(a.events - a.failures, action = 'rotate') AS rotations, sumIf(a.events - a.failures, action = 'scope_change') AS scope_changes,
    sumIf(a.events - a.failures, action = 'mfa_change') AS mfa_changes
  FROM ${renamed(s, 'integration_auth', s.scope)} AS a WHERE ${s.filter('integration', 'name')} GROUP BY time, name, auth_type)
ORDER BY time, integration, auth_type`,
      },
    },
  },
  {
    ...base,
    name: 'integration_expiries',
    kind: 'table',
    title: 'Ends of validity',
    description:
      'Credentials (told of within 90 days) and certificates (within 2 days) with the time they end, the soonest first.',
    rollup: 'integration_auth',
    parts: {
      main: {
        columns: {
          integration,
          what: text('token or certificate'),
          credential: text('Credential, or host of the certificate'),
          ends: { type: 'time', description: 'When it ends; 2262-01-01 stands for anything later' },
          days_left: number('d', 'Days from the end of the range until then; empty while it is renewed without people'),
          renewable: { type: 'boolean', description: 'Renewed without people' },
          last_seen: { type: 'time', description: 'When it was told of last' },
        },
        sql: (s) => `
SELECT integration, what, credential, ${seconds(`least(ends_at, toFloat64(${LATEST_SHOWN}))`)} AS ends, days_left, CAST(renewable AS Bool) AS renewable, ${seconds('e.last_seen')} AS last_seen
FROM ${ends(s)} AS e ORDER BY isNull(days_left), ends_at, integration, what, credential`,
      },
    },
  },
  {
    ...base,
    name: 'integration_expiry_window',
    kind: 'timeseries',
    title: 'First end of validity',
    description:
      'One point per integration and kind, at the last step: days until the first credential or certificate ends.',
    rollup: 'integration_auth',
    parts: {
      main: {
        columns: {
          time,
          integration,
          what: text('token or certificate'),
          days_left: number('d', 'Days until it ends'),
        },
        sql: (s) => `
SELECT ${lastStep(s)}, integration, what, min(e.days_left) AS days_left
FROM ${ends(s)} AS e GROUP BY integration, what HAVING isNotNull(days_left) ORDER BY integration, what`,
      },
    },
  },
];
