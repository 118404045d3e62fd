/**
 * OpenTelemetry spans → API calls, by the semantic conventions (current names first, their predecessors after).
 * A client span is the call as its caller saw it, a server span the call as the service saw it; the two are kept apart by
 * `vantage` and never added up.
 */
import type { Span, SpanMapping } from '../define';
import { apiCall } from './events';

/** First attribute of `names` that is present, as a string. */
function attr(span: Span, ...names: string[]): string | undefined {
  for (const name of names) {
    const v = span.attributes[name];
    if (v !== undefined && v !== '') return String(v).slice(0, 256);
  }
  return undefined;
}
function num(span: Span, ...names: string[]): number | undefined {
  const v = attr(span, ...names);
  const n = v === undefined ? NaN : Number(v);
  return Number.isFinite(n) && n >= 0 ? n : undefined;
}
const resource = (span: Span, name: string): string | undefined => {
  const v = span.resource[name];
  return v === undefined || v === '' ? undefined : String(v).slice(0, 256);
};

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
  provider: string;
  endpoint: string;
  method?: string;
}

function rpc(span: Span): Operation | undefined {
  const system = attr(span, 'rpc.system.name', 'rpc.system');
  if (system === undefined) return undefined;
  const full = attr(span, 'rpc.method') ?? span.name;
  const slash = full.lastIndexOf('/');
  const service = attr(span, 'rpc.service') ?? (slash > 0 ? full.slice(0, slash) : undefined);
  const method = slash >= 0 ? full.slice(slash + 1) : full;
  return {
    kind: 'service',
    target: attr(span, 'service.peer.name', 'peer.service') ?? service ?? attr(span, 'server.address', 'net.peer.name'),
    provider: system,
    endpoint: (service === undefined ? method : `${service}/${method}`).slice(0, 256),
    method: system,
  };
}

function http(span: Span): Operation | undefined {
  const method = attr(span, 'http.request.method', 'http.method');
  if (method === undefined) return undefined;
  return {
    kind: 'service',
    target:
      attr(span, 'service.peer.name', 'peer.service', 'server.address', 'net.peer.name') ??
      host(attr(span, 'url.full', 'http.url')),
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

/** A number of the conventions that means failure on this side of the call (HTTP: a server is not to blame for a 4xx). */
function failed(span: Span, status: number | undefined): boolean {
  if (span.status === 'error' || attr(span, 'error.type') !== undefined) return true;
  if (status === undefined || span.attributes['http.request.method'] === undefined) return false;
  return status >= (span.kind === 'server' ? 500 : 400);
}

export const spans: SpanMapping = (span) => {
  if (span.kind !== 'client' && span.kind !== 'server') return { ignored: `span_kind_${span.kind}` };
  const service = resource(span, 'service.name');
  if (service === undefined) return { ignored: 'span_without_service_name' };
  const op = (span.kind === 'client' ? db(span, service) : undefined) ?? rpc(span) ?? http(span);
  if (op === undefined) return { ignored: `${span.kind}_span_without_protocol` };
  const client = span.kind === 'client';
  if (client && op.target === undefined) return { ignored: 'client_span_without_peer' };
  const status = num(span, 'http.response.status_code', 'http.status_code', 'rpc.grpc.status_code');
  const isFailed = failed(span, status);
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
        status_code: status,
        error_code: isFailed
          ? (attr(span, 'error.type') ?? (status === undefined ? 'error' : String(status)))
          : undefined,
        failed: isFailed,
        latency_ms: span.endMs - span.startMs,
        bytes_in: num(span, client ? 'http.response.body.size' : 'http.request.body.size'),
        bytes_out: num(span, client ? 'http.request.body.size' : 'http.response.body.size'),
        // rpc.service for RPC, host for HTTP: the names a client span of the same call would carry.
        alias: client ? undefined : (rpc(span)?.target ?? attr(span, 'server.address')),
        trace_id: span.traceId,
      },
    ],
  };
};
