import { aliasFrom, edgeFrom, rollup, type EventOf } from '../../define';
import { apiCall } from './events';

type ApiCall = EventOf<typeof apiCall>;

/** The one rule for what a failed call is. A rate-limited call (429) is a failure too. */
export const isFailure = (e: Pick<ApiCall, 'failed' | 'error_code' | 'status_code'>): boolean =>
  e.failed ?? (e.error_code !== undefined || (e.status_code ?? 0) >= 400);

/** Share of the quota that is used, 0 to 1; undefined where the provider does not tell. */
const quotaUsed = (e: ApiCall): number | undefined =>
  e.rate_limit_limit !== undefined && e.rate_limit_remaining !== undefined && e.rate_limit_limit > 0
    ? Math.min(1, Math.max(0, 1 - e.rate_limit_remaining / e.rate_limit_limit))
    : undefined;

export const calls = rollup(apiCall, {
  name: 'integration_calls',
  title: 'Calls per endpoint',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration, as its caller names it' },
    kind: { value: (e) => e.kind, description: 'What the integration is' },
    provider: { value: (e) => e.provider ?? '', description: 'Who runs it' },
    endpoint: { value: (e) => e.endpoint, description: 'Endpoint or operation' },
    method: { value: (e) => e.method ?? '', description: 'HTTP method, RPC system or database operation' },
    vantage: { value: (e) => e.vantage, description: 'Side that measured' },
    agent: { value: (e) => e.agent ?? '', description: 'Agent' },
  },
  measures: {
    calls: { kind: 'count', value: () => 1, unit: 'short', description: 'Calls' },
    failures: {
      kind: 'sum',
      integer: true,
      value: (e) => (isFailure(e) ? 1 : 0),
      unit: 'short',
      description: 'Failed calls',
    },
    rate_limited: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.status_code === 429 ? 1 : 0),
      unit: 'short',
      description: 'Calls refused with 429',
    },
    deprecated_calls: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.deprecated ? 1 : 0),
      unit: 'short',
      description: 'Calls to deprecated endpoints',
    },
    latency: { kind: 'histogram', value: (e) => e.latency_ms, unit: 'ms', description: 'Response time' },
    bytes_in: { kind: 'sum', integer: true, value: (e) => e.bytes_in, unit: 'bytes', description: 'Bytes received' },
    bytes_out: { kind: 'sum', integer: true, value: (e) => e.bytes_out, unit: 'bytes', description: 'Bytes sent' },
    cost: { kind: 'sum', value: (e) => e.cost, unit: 'currencyUSD', description: 'Cost of the calls' },
    quota_used: { kind: 'max', value: quotaUsed, unit: 'percentunit', description: 'Highest share of the quota used' },
    last_success: {
      kind: 'max',
      value: (e) => (isFailure(e) ? null : e.time / 1000),
      unit: 'dateTimeAsIso',
      description: 'Last successful call',
    },
  },
});

/** Why a call did not go as it should: the error code, else the status, else that it was sent again. */
const codeOf = (e: ApiCall): string =>
  e.error_code ?? (e.status_code === undefined ? (isFailure(e) ? 'error' : '') : String(e.status_code));

/**
 * Calls that failed or had to be sent again, by code and by who made them. Few of all calls, so this may have the
 * dimensions that the rollup of all calls must do without.
 */
export const troubles = rollup(apiCall, {
  name: 'integration_troubles',
  title: 'Failures and resends by code',
  where: (e) => isFailure(e) || (e.resend_count ?? 0) > 0,
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration, as its caller names it' },
    kind: { value: (e) => e.kind, description: 'What the integration is' },
    endpoint: { value: (e) => e.endpoint, description: 'Endpoint or operation' },
    method: { value: (e) => e.method ?? '', description: 'HTTP method, RPC system or database operation' },
    vantage: { value: (e) => e.vantage, description: 'Side that measured' },
    caller: { value: (e) => e.caller ?? '', description: 'Service that made the call' },
    agent: { value: (e) => e.agent ?? '', description: 'Agent' },
    code: { value: codeOf, description: 'Error code; where there is none, the status code' },
  },
  measures: {
    failures: {
      kind: 'sum',
      integer: true,
      value: (e) => (isFailure(e) ? 1 : 0),
      unit: 'short',
      description: 'Failed calls',
    },
    resends: {
      kind: 'sum',
      integer: true,
      value: (e) => ((e.resend_count ?? 0) > 0 ? 1 : 0),
      unit: 'short',
      description: 'Calls that were sent again',
    },
    resends_ok: {
      kind: 'sum',
      integer: true,
      value: (e) => ((e.resend_count ?? 0) > 0 && !isFailure(e) ? 1 : 0),
      unit: 'short',
      description: 'Calls that were sent again and succeeded',
    },
    latency: {
      kind: 'sum',
      value: (e) => (isFailure(e) ? e.latency_ms : null),
      unit: 'ms',
      description: 'Time spent on failed calls',
    },
    failed_cost: {
      kind: 'sum',
      value: (e) => (isFailure(e) ? e.cost : null),
      unit: 'currencyUSD',
      description: 'Cost of failed calls',
    },
    resent_cost: {
      kind: 'sum',
      value: (e) => ((e.resend_count ?? 0) > 0 && !isFailure(e) ? e.cost : null),
      unit: 'currencyUSD',
      description: 'Cost of calls that were sent again and succeeded',
    },
    last_failure: {
      kind: 'max',
      value: (e) => (isFailure(e) ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last failed call',
    },
  },
});

/**
 * What calls told about quotas, and who used them. No days: hours reach back a year, and each grain costs an insert a batch.
 */
export const quotas = rollup(apiCall, {
  name: 'integration_quotas',
  title: 'Quotas and who uses them',
  where: (e) =>
    e.vantage === 'client' &&
    (e.rate_limit_remaining !== undefined || e.retry_after_s !== undefined || e.status_code === 429),
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration, as its caller names it' },
    kind: { value: (e) => e.kind, description: 'What the integration is' },
    caller: { value: (e) => e.caller ?? '', description: 'Service that made the call' },
    agent: { value: (e) => e.agent ?? '', description: 'Agent' },
  },
  measures: {
    calls: { kind: 'count', value: () => 1, unit: 'short', description: 'Calls that told about the quota' },
    limit: { kind: 'max', value: (e) => e.rate_limit_limit, unit: 'short', description: 'Requests per quota period' },
    remaining: {
      kind: 'min',
      value: (e) => e.rate_limit_remaining,
      unit: 'short',
      description: 'Fewest requests left in the quota period',
    },
    used: { kind: 'max', value: quotaUsed, unit: 'percentunit', description: 'Highest share of the quota used' },
    resets_at: {
      kind: 'max',
      value: (e) => (e.rate_limit_reset_s === undefined ? null : e.time / 1000 + e.rate_limit_reset_s),
      unit: 'dateTimeAsIso',
      description: 'When the quota is renewed',
    },
    refused: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.status_code === 429 ? 1 : 0),
      unit: 'short',
      description: 'Calls refused with 429',
    },
    retry_after: { kind: 'max', value: (e) => e.retry_after_s, unit: 's', description: 'Longest wait asked for' },
  },
  retentionDays: { '1m': 30, '1h': 400, '1d': 0 },
});

/** Calls as edges of the dependency graph. A server knows no caller, so only the client's view makes an edge. */
export const callEdges = edgeFrom(apiCall, (e) =>
  e.vantage === 'client' && e.caller !== undefined
    ? {
        source: { kind: 'service', id: e.caller },
        target: { kind: e.kind, id: e.integration },
        relation: 'calls',
        origin: 'observed',
        calls: 1,
        errors: isFailure(e) ? 1 : 0,
        latencyMs: e.latency_ms,
        bytes: (e.bytes_in ?? 0) + (e.bytes_out ?? 0),
      }
    : null,
);

/** A service says under which other names it is called, so that client and server spans meet in one entity. */
export const serviceAliases = aliasFrom(apiCall, (e) =>
  e.vantage === 'server' && e.alias !== undefined ? { kind: e.kind, alias: e.alias, entity: e.integration } : null,
);
