/** A server over the in-memory log, and what its tests need around it. */
import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { domains } from '../../domains';
import type { QueryAnswer } from '../../domains/define';
import { buildViews } from '../../catalog/views';
import { ShadowerError } from '../../errors';
import { decodeTraces } from '../../otlp';
import { createDecoder, type Item } from '../../pipeline/decode';
import { MemoryLog, MemoryLogStore } from '../../pipeline/memory-log';
import type { LogRecord } from '../../pipeline/ports';
import type { QueryArgs, QueryRunner } from '../../query';
import { createHttpServer, createLogger, type AuthConfig, type HttpOptions } from '..';

export const KEYS = {
  ingest: 'key-that-may-ingest-into-demo',
  query: 'key-that-may-query-demo',
  both: 'key-with-two-workspaces',
  all: 'key-with-every-workspace',
  admin: 'key-that-may-scrape',
} as const;
export const sha256 = (v: string): string => createHash('sha256').update(v).digest('hex');

export const auth: AuthConfig = {
  apiKeys: [
    { id: 'ingest', sha256: sha256(KEYS.ingest), workspaces: ['demo'], scopes: ['ingest'] },
    { id: 'query', sha256: sha256(KEYS.query), workspaces: ['demo'], scopes: ['query'] },
    { id: 'both', sha256: sha256(KEYS.both), workspaces: ['demo', 'other'], scopes: ['ingest', 'query'] },
    { id: 'all', sha256: sha256(KEYS.all), workspaces: ['*'], scopes: ['ingest', 'query', 'admin'] },
    { id: 'admin', sha256: sha256(KEYS.admin), workspaces: ['demo'], scopes: ['admin'] },
  ],
};

export const NOW = Date.parse('2026-11-21T12:00:00.000Z');
export const EVENT_TOPICS = domains.flatMap((d) => d.events).map((e) => `shadower.${e.type}`);
/** A domain with spans, so that both intakes can be tested with the same events. */
const sample = domains.find((d) => d.spans !== undefined)!.events[0]!;
export const EVENT_TYPE = sample.type;

/** Records what it was asked, answers from `rows`; names and parameters are checked against the real catalog. */
export class ScriptedRunner implements QueryRunner {
  readonly calls: { name: string; args: QueryArgs }[] = [];
  rows: Record<string, Record<string, unknown>[]> = {};
  before: () => Promise<void> = async () => {};
  private readonly document = buildViews(domains, 'shadower').catalog;

  async run(name: string, args: QueryArgs): Promise<QueryAnswer> {
    this.calls.push({ name, args });
    await this.before();
    const query = this.document.queries.find((q) => q.name === name);
    if (query === undefined) throw new ShadowerError('QUERY_UNKNOWN', name);
    const parts = Object.fromEntries(query.parts.map((p) => [p.name, this.rows[p.name] ?? []]));
    return {
      parts,
      meta: { query: name, grain: '1m', step: 60, from: args.from, to: args.to, completeUntil: NOW, truncated: false },
    };
  }
  catalog = async () => this.document;
  close = async () => {};
}

export interface Harness {
  app: FastifyInstance;
  store: MemoryLogStore;
  runner: ScriptedRunner;
  metrics: Registry;
  logged: string[];
  /** Records of a topic, in the order of their offsets. */
  records(topic: string): LogRecord[];
  /** What the pipeline makes of all records. */
  items(): Item[];
}

export async function start(options: Partial<HttpOptions> = {}): Promise<Harness> {
  const topics = [...EVENT_TOPICS, 'shadower.unknown', 'otlp_spans'];
  const store = new MemoryLogStore(Object.fromEntries(topics.map((t) => [t, 1])), () => NOW);
  const runner = new ScriptedRunner();
  const metrics = new Registry();
  const logged: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      done();
    },
  });
  const app = await createHttpServer({
    log: new MemoryLog(store),
    topics: { prefix: 'shadower', otlp: 'otlp_spans' },
    domains,
    runner,
    auth,
    metrics,
    probes: { log: async () => {}, store: async () => {}, schema: async () => {} },
    clock: () => NOW,
    logger: createLogger('info', sink),
    ...options,
    // A busy test machine must not look like an overloaded server.
    limits: { eventLoopDelayMs: 0, ...options.limits },
  });
  await app.ready();
  const records = (topic: string): LogRecord[] => [...store.inspect({ topic, partition: 0 }).records];
  const decode = createDecoder(domains, decodeTraces);
  return {
    app,
    store,
    runner,
    metrics,
    logged,
    records,
    items: () =>
      topics.flatMap((topic) => {
        const encoding = topic === 'otlp_spans' ? 'otlp' : 'event_json';
        const type = EVENT_TOPICS.includes(topic) ? topic.slice('shadower.'.length) : undefined;
        return records(topic).flatMap((r) => decode({ topic, encoding, type }, r));
      }),
  };
}

let sequence = 0;
/** A valid event of the first type. */
export const validEvent = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...(sample.example as Record<string, unknown>),
  event_id: `e${sequence++}`,
  ...over,
});
