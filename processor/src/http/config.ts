/** What the HTTP server is built from. Plain interfaces: the command line (or a test) fills them in. */
import { getHeapStatistics } from 'node:v8';
import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Domain } from '../domains/define';
import type { Clock, EventLog } from '../pipeline/ports';
import type { Prober } from '../probe';
import type { QueryRunner } from '../query';

/** `ingest`: /v1/events and /v1/traces. `query`: catalog, queries, domain routes. `test`: run probes. `admin`: /metrics, and `test`. */
export const SCOPES = ['ingest', 'query', 'test', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  /** Name of the key, for rate limits and logs. Never the key itself. */
  id: string;
  /** SHA-256 of the key, 64 hexadecimal digits. */
  sha256: string;
  /** Workspaces it may use; `*` grants all. */
  workspaces: readonly string[];
  scopes: readonly Scope[];
}

/**
 * Tokens must carry `exp`, and `workspaceId` or `workspaces`. Scopes come from `scope` (separated by blanks), `scopes`,
 * `permissions` and `role`.
 */
export interface JwtConfig {
  algorithm: 'HS256' | 'RS256' | 'ES256';
  /** HS256: the shared secret, 32 bytes at least. RS256 and ES256: the public key, PEM. */
  key: string;
  issuer?: string;
  audience?: string;
  /** Allowed difference of clocks, seconds. */
  toleranceSeconds?: number;
  /** Scopes of a `role`; by default admin has all, editor ingest and query, viewer query. */
  roles?: Readonly<Record<string, readonly Scope[]>>;
}

export interface AuthConfig {
  apiKeys: readonly ApiKey[];
  jwt?: JwtConfig;
  /** Serve /metrics without credentials. */
  openMetrics?: boolean;
  /** Serve /docs without credentials. */
  openDocs?: boolean;
}

export interface HttpLimits {
  /** Body as it comes over the wire, bytes. */
  bodyBytes: number;
  /** Body once decompressed, bytes. */
  decompressedBytes: number;
  /** One event, bytes. The default fits Kafka's default message.max.bytes together with the record's overhead. */
  eventBytes: number;
  /** Bodies that are being handled at one time, bytes once decompressed; beyond it BUSY. */
  inFlightBytes: number;
  /** Requests per credentials and window. */
  rateMax: number;
  rateWindowMs: number;
  /** Refused credentials per client address and window. */
  authFailuresMax: number;
  /** Queries at one time, and how many wait for their turn, and how long. */
  queryConcurrency: number;
  queryQueue: number;
  queryWaitMs: number;
  /** Time a client has to send its request, milliseconds. */
  requestTimeoutMs: number;
  /** Time a handler has to answer, milliseconds. */
  handlerTimeoutMs: number;
  /** Delay of the event loop beyond which requests are refused with BUSY, milliseconds; 0 switches this off. */
  eventLoopDelayMs: number;
  /** Heap in use beyond which requests are refused with BUSY, bytes; 0 switches this off. */
  heapBytes: number;
  /** Time a readiness probe has, milliseconds. */
  probeTimeoutMs: number;
  /** Time that requests in flight have to end once the server closes, milliseconds. */
  drainMs: number;
}

export interface Topics {
  /** JSON events go to `<prefix>.<type>`, what has no known type to `<prefix>.unknown`. */
  prefix: string;
  /** Topic of encoding `otlp`. */
  otlp: string;
}

/** Each resolves when all is well and rejects with the reason otherwise. */
export interface Probes {
  log(): Promise<unknown>;
  store(): Promise<unknown>;
  schema(): Promise<unknown>;
}

export interface HttpOptions {
  log: Pick<EventLog, 'append'>;
  topics: Topics;
  domains: readonly Domain[];
  runner: QueryRunner;
  /** Runs probes; without it no target is configured. */
  prober?: Prober;
  auth: AuthConfig;
  limits?: Partial<HttpLimits>;
  metrics: Registry;
  probes: Probes;
  clock?: Clock;
  logger?: FastifyBaseLogger;
  /** A log line per request. */
  accessLog?: boolean;
  /** Proxies whose X-Forwarded-For is believed: addresses or networks. */
  trustProxy?: string | string[];
}

const MIB = 1024 * 1024;
export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: 16 * MIB,
  decompressedBytes: 64 * MIB,
  eventBytes: 1_000_000,
  inFlightBytes: 256 * MIB,
  rateMax: 6000,
  rateWindowMs: 60_000,
  authFailuresMax: 60,
  queryConcurrency: 8,
  queryQueue: 64,
  queryWaitMs: 10_000,
  requestTimeoutMs: 60_000,
  handlerTimeoutMs: 120_000,
  eventLoopDelayMs: 2000,
  heapBytes: Math.floor(getHeapStatistics().heap_size_limit * 0.9),
  probeTimeoutMs: 3000,
  drainMs: 10_000,
};
