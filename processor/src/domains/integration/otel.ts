/**
 * OpenTelemetry spans → API calls, by the semantic conventions (current names first, their predecessors after).
 * A client span is the call as its caller saw it, a server span the call as the service saw it; the two are kept apart by
 * `vantage` and never added up.
 */
import type { Span, SpanMapping } from '../define';
import { attr, num, resource } from '../../vocabulary/spans';
import { apiCall } from './calls/events';
import { quotaOf } from './calls/quota-headers';

function host(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  try {
    return new URL(url).hostname || undefined;
  } catch {
    return undefined;
  }
}

interface Operation {
  kind: 'service' | 'database';
  /** Name of what is called, from the caller's side; undefined when the span does not say. */
  target?: string;
  /** Name under which callers may know the service that a server span comes from. */
  alias?: string;
  provider: string;
  endpoint: string;
  method?: string;
  /** Response code, and whether the conventions call it an error on this side of the call. */
  status?: number;
  error?: boolean;
}

/** gRPC status codes by number; https://grpc.io/docs/guides/status-codes/. */
const GRPC = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
/** The codes that a server is to blame for; the others are its caller's. */
const GRPC_SERVER_ERRORS = new Set(
  ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'].map((c) => GRPC.indexOf(c)),
);

/** Addresses that mean "here" to everybody, and so name nobody. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1?\]?)$/i;
/** The address a server was reached at. */
const ownAddress = (span: Span): string | undefined => {
  const address = attr(span, 'server.address', 'net.host.name');
  return address === undefined || LOOPBACK.test(address) ? undefined : address;
};

function rpc(span: Span): Operation | undefined {
  const system = attr(span, 'rpc.system.name', 'rpc.system');
  if (system === undefined) return undefined;
  const full = attr(span, 'rpc.method') ?? span.name;
  const slash = full.lastIndexOf('/');
  const service = attr(span, 'rpc.service') ?? (slash > 0 ? full.slice(0, Math.min(slash, 256)) : undefined);
  const method = slash >= 0 ? full.slice(slash + 1) : full;
  const code = attr(span, 'rpc.response.status_code', 'rpc.grpc.status_code');
  const named = GRPC.indexOf(code?.toUpperCase() ?? '');
  const status = named >= 0 ? named : num(span, 'rpc.response.status_code', 'rpc.grpc.status_code');
  const judged = status !== undefined && /^grpc$/i.test(system);
  return {
    kind: 'service',
    status,
    error: judged ? (span.kind === 'server' ? GRPC_SERVER_ERRORS.has(status) : status !== 0) : undefined,
    alias: service ?? ownAddress(span),
    target: attr(span, 'service.peer.name', 'peer.service') ?? service ?? attr(span, 'server.address', 'net.peer.name'),
    provider: system,
    endpoint: (service === undefined ? method : `${service}/${method}`).slice(0, 256),
    method: system,
  };
}

function http(span: Span): Operation | undefined {
  const method = attr(span, 'http.request.method', 'http.method');
  if (method === undefined) return undefined;
  const status = num(span, 'http.response.status_code', 'http.status_code');
  return {
    kind: 'service',
    status,
    // A server is not to blame for a 4xx, its caller is.
    error: status === undefined ? undefined : status >= (span.kind === 'server' ? 500 : 400),
    alias: ownAddress(span),
    target:
      attr(span, 'service.peer.name', 'peer.service', 'server.address', 'net.peer.name') ??
      host(attr(span, 'url.full', 'http.url')) ??
      host(`http://${attr(span, 'http.host') ?? ''}`),
    provider: 'http',
    // Only templates have a bounded number of values; a raw path may hold identifiers, so the span's name is next.
    endpoint: attr(span, 'http.route', 'url.template') ?? (span.name.slice(0, 256) || method),
    method,
  };
}

function db(span: Span, caller: string): Operation | undefined {
  const system = attr(span, 'db.system.name', 'db.system');
  if (system === undefined) return undefined;
  const namespace = attr(span, 'db.namespace', 'db.name');
  const address = attr(span, 'service.peer.name', 'peer.service', 'server.address', 'net.peer.name');
  // With neither namespace nor address, two databases of one kind cannot be told apart but by who calls them.
  const where = address ?? (namespace === undefined ? `of ${caller}` : undefined);
  const operation = attr(span, 'db.operation.name', 'db.operation');
  const collection = attr(span, 'db.collection.name', 'db.sql.table');
  return {
    kind: 'database',
    target: [system, where, namespace]
      .filter((p) => p !== undefined)
      .join(' ')
      .slice(0, 256),
    provider: system,
    endpoint:
      attr(span, 'db.query.summary') ??
      (operation === undefined ? span.name : [operation, collection].filter(Boolean).join(' ')).slice(0, 256),
    method: operation,
  };
}

/**
 * Whether the call failed. "Ok" was set by a developer on purpose and overrules the rest (OpenTelemetry specification,
 * "Set Status"); else an error status, an error type or the response code tell.
 */
function failed(span: Span, op: Operation): boolean {
  if (span.status === 'ok') return false;
  return span.status === 'error' || attr(span, 'error.type') !== undefined || op.error === true;
}

export const spans: SpanMapping = (span) => {
  if (span.kind !== 'client' && span.kind !== 'server') return { ignored: `span_kind_${span.kind}` };
  const service = resource(span, 'service.name');
  if (service === undefined) return { ignored: 'span_without_service_name' };
  const op = (span.kind === 'client' ? db(span, service) : undefined) ?? rpc(span) ?? http(span);
  if (op === undefined) return { ignored: `${span.kind}_span_without_protocol` };
  const client = span.kind === 'client';
  if (client && op.target === undefined) return { ignored: 'client_span_without_peer' };
  const isFailed = failed(span, op);
  return {
    events: [
      {
        type: apiCall.type,
        event_id: `${span.traceId}:${span.spanId}:${span.kind}`,
        time: Math.floor(span.startMs),
        integration: client ? op.target : service,
        kind: op.kind,
        provider: op.provider,
        caller: client ? service : undefined,
        endpoint: op.endpoint || span.name || 'unknown',
        method: op.method,
        vantage: span.kind,
        status_code: op.status,
        error_code: isFailed
          ? (attr(span, 'error.type') ?? (op.error === true ? String(op.status) : 'error'))
          : undefined,
        failed: isFailed,
        latency_ms: span.endMs - span.startMs,
        bytes_in: num(span, client ? 'http.response.body.size' : 'http.request.body.size'),
        bytes_out: num(span, client ? 'http.request.body.size' : 'http.response.body.size'),
        resend_count: num(span, 'http.request.resend_count', 'http.resend_count'),
        ...quotaOf((name) => span.attributes[`http.response.header.${name}`], span.endMs),
        // rpc.service for RPC, host for HTTP: the names a client span of the same call would carry.
        alias: client ? undefined : op.alias,
        trace_id: span.traceId,
      },
    ],
  };
};
