/** Against a real ClickHouse: the embedded one (needs `npm run build`), fed through the HTTP intake and the pipeline. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { ClickHouse } from '../clickhouse/client';
import { startEmbedded, type EmbeddedProcess } from '../clickhouse/embedded/spawn';
import { migrate } from '../clickhouse/migrate';
import { ClickHouseStore } from '../clickhouse/store';
import { domains } from '../domains';
import { createHttpServer } from '../http';
import { auth, EVENT_TOPICS, KEYS, validEvent } from '../http/testing/harness';
import { decodeTraces } from '../otlp';
import { MemoryLog, MemoryLogStore } from '../pipeline/memory-log';
import { plainBatches } from '../pipeline/batch';
import { Pipeline, PIPELINE_DEFAULTS } from '../pipeline/processor';
import { createQueryRunner, type QueryRunner } from '.';

const MINUTE = 60_000;
let dataDir: string;
let db: EmbeddedProcess;
let ch: ClickHouse;
let pipeline: Pipeline;
let runner: QueryRunner;
let app: FastifyInstance;
/** A whole minute some time ago; all events lie in the ten minutes from here. */
const T = Math.floor((Date.now() - 30 * MINUTE) / MINUTE) * MINUTE;
let now = Date.now();
const connection = (password = 'r') => ({ url: db.url, user: 'reader', password, database: 'shadower' });

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'query-'));
  db = await startEmbedded({
    dataDir,
    users: [
      { name: 'writer', password: 'w' },
      { name: 'reader', password: 'r', readonly: true },
    ],
  });
  ch = new ClickHouse({ url: db.url, user: 'writer', password: 'w', database: 'shadower' });
  await migrate(ch, domains);
  const topics = [...EVENT_TOPICS, 'shadower.unknown', 'otlp_spans'];
  const log = new MemoryLog(new MemoryLogStore(Object.fromEntries(topics.map((t) => [t, 2]))));
  pipeline = new Pipeline(
    log,
    new ClickHouseStore(ch, domains),
    plainBatches(domains, decodeTraces),
    topics.map((topic) =>
      topic === 'otlp_spans'
        ? { topic, encoding: 'otlp' as const }
        : { topic, encoding: 'event_json' as const, ...(EVENT_TOPICS.includes(topic) ? { type: topic.slice(9) } : {}) },
    ),
    { ...PIPELINE_DEFAULTS, flushIntervalMs: 100, progressIntervalMs: 200 },
  );
  await pipeline.start();
  runner = createQueryRunner({ clickhouse: connection(), clock: () => now });
  app = await createHttpServer({
    log,
    topics: { prefix: 'shadower', otlp: 'otlp_spans' },
    domains,
    runner,
    auth,
    metrics: new Registry(),
    probes: { log: async () => {}, store: () => ch.ping(), schema: () => runner.catalog() },
    limits: { eventLoopDelayMs: 0 },
  });
  const lines = Array.from({ length: 200 }, (_, i) =>
    validEvent({
      time: T + (i % 10) * MINUTE,
      integration: i % 4 === 0 ? "o'brien \\ co" : 'payments',
      latency_ms: 10 + i,
      status_code: i % 20 === 0 ? 500 : 200,
    }),
  );
  for (const [workspace, key] of [
    ['demo', KEYS.ingest],
    ['other', KEYS.both],
  ] as const) {
    const r = await app.inject({
      method: 'POST',
      url: '/v1/events',
      payload:
        lines
          .map((l) => JSON.stringify({ ...l, workspace, ...(workspace === 'other' ? { integration: 'secret' } : {}) }))
          .join('\n') + '\n{bad',
      headers: { 'x-api-key': key, 'content-type': 'application/x-ndjson' },
    });
    expect(r.json()).toMatchObject({ accepted: 200, rejectedCount: 1 });
  }
  for (let i = 0; i < 100; i++) {
    const [row] = await ch.rows<{ n: string }>(
      "SELECT toString(sum(items)) AS n FROM shadower.accounting_1m WHERE outcome IN ('used', 'dead_letter')",
    );
    if (Number(row?.n) >= 402) break;
    await new Promise((r) => setTimeout(r, 100));
  }
}, 120_000);

afterAll(async () => {
  await app?.close();
  await runner?.close();
  await pipeline?.stop();
  await ch?.close();
  await db?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const range = { workspace: 'demo', from: T, to: T + 10 * MINUTE };
const series = async () =>
  (await runner.catalog()).queries.filter(
    (q) => q.kind === 'timeseries' && q.params.some((p) => p.name === 'integration'),
  )[0]!;

describe('createQueryRunner', () => {
  it('runs every query of the catalog with the columns and types it promises', async () => {
    const { queries } = await runner.catalog();
    expect(queries.length).toBeGreaterThan(5);
    for (const q of queries) {
      const { parts, meta } = await runner.run(q.name, range);
      expect(meta).toMatchObject({ query: q.name, truncated: false });
      for (const p of q.parts)
        for (const row of parts[p.name]!) {
          expect(Object.keys(row).sort()).toEqual(p.columns.map((c) => c.name).sort());
          for (const c of p.columns) {
            const v = row[c.name];
            if (v === null) continue;
            if (c.type === 'time') expect(v).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
            else expect([q.name, c.name, typeof v]).toEqual([q.name, c.name, c.type]);
          }
        }
    }
  });

  it('gives the numbers that were sent, fenced to the workspace', async () => {
    const q = await series();
    const a = await runner.run(q.name, { ...range, step: 300 });
    expect(a.meta).toMatchObject({ grain: '1m', step: 300 });
    const rows = a.parts[q.parts[0]!.name]!;
    expect(new Set(rows.map((r) => r.integration))).toEqual(new Set(['payments', "o'brien \\ co"]));
    expect(JSON.stringify(rows)).not.toContain('secret');
    const [health] = (await runner.run('integration_health', { ...range, params: { integration: ['payments'] } })).parts
      .scores!;
    expect(health).toMatchObject({ entity: 'payments', calls: 150 });
  });

  it('binds parameters, whatever is in them', async () => {
    const q = await series();
    const only = async (...integration: string[]) =>
      new Set(
        (await runner.run(q.name, { ...range, params: { integration } })).parts[q.parts[0]!.name]!.map(
          (r) => r.integration,
        ),
      );
    expect(await only("o'brien \\ co")).toEqual(new Set(["o'brien \\ co"]));
    expect(await only("x'] OR 1=1 --", 'payments')).toEqual(new Set(['payments']));
    for (const hostile of ["') UNION ALL SELECT", '{step:UInt32}', '\\', "'", '\n', '😀'])
      expect(await only(hostile)).toEqual(new Set());
  });

  it('says when rows were cut off, and refuses that for an alert rule', async () => {
    const q = await series();
    const a = await runner.run(q.name, { ...range, limit: 3 });
    expect([a.parts[q.parts[0]!.name]!.length, a.meta.truncated]).toEqual([3, true]);
    await expect(runner.run(q.name, { ...range, limit: 3, forAlert: true })).rejects.toMatchObject({
      code: 'QUERY_LIMIT',
    });
  });

  it('knows how far the data are complete, and judges nothing beyond', async () => {
    const q = await series();
    const { meta } = await runner.run(q.name, range);
    expect(meta.completeUntil).toBeGreaterThan(T + 10 * MINUTE);
    const alert = await runner.run(q.name, { ...range, to: Date.now() + 10 * MINUTE, step: 60, forAlert: true });
    expect(alert.meta.to).toBeLessThanOrEqual(alert.meta.completeUntil!);
    await expect(
      runner.run(q.name, { ...range, from: Date.now() - 1000, to: Date.now() + MINUTE, step: 60, forAlert: true }),
    ).rejects.toMatchObject({
      code: 'QUERY_INCOMPLETE',
    });
    now += 10 * MINUTE;
    await expect(runner.run(q.name, { ...range, forAlert: true })).rejects.toMatchObject({
      code: 'QUERY_INCOMPLETE',
      message: expect.stringContaining('silent since'),
    });
    now = Date.now();
  });

  it.each([
    ['an unknown query', 'nope', {}, 'QUERY_UNKNOWN', 'nope'],
    [
      'an unknown parameter',
      'integration_health',
      { params: { nope: [] } },
      'QUERY_BAD_PARAM',
      'its parameters: integration',
    ],
    [
      'a parameter that is no list',
      'integration_health',
      { params: { integration: 'x' as never } },
      'QUERY_BAD_PARAM',
      'a list of strings',
    ],
    ['a NUL character', 'integration_health', { params: { integration: ['\0'] } }, 'QUERY_BAD_PARAM', 'NUL'],
    ['an unknown part', 'integration_health', { part: 'nope' }, 'QUERY_BAD_PARAM', 'scores, terms'],
    [
      'an unknown column',
      'integration_health',
      { part: 'scores', columns: ['nope'] },
      'QUERY_BAD_PARAM',
      'its columns: entity',
    ],
    ['columns of no one part', 'integration_health', { columns: ['entity'] }, 'QUERY_BAD_PARAM', 'one part'],
    ['an empty range', 'integration_health', { to: T }, 'QUERY_BAD_PARAM', 'empty'],
    ['a time out of bounds', 'integration_health', { to: 1e15 }, 'QUERY_BAD_PARAM', 'to lies outside'],
    ['a broken step', 'integration_health', { step: 1.5 }, 'QUERY_BAD_PARAM', 'step is 1.5'],
    ['a limit beyond the limit', 'integration_health', { limit: 1e9 }, 'QUERY_BAD_PARAM', 'limit is'],
  ])('refuses %s', async (_, name, over, code, message) => {
    await expect(runner.run(name, { ...range, ...over })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('says what is wrong with the store', async () => {
    const attempt = async (config: Parameters<typeof createQueryRunner>[0]['clickhouse']) => {
      const r = createQueryRunner({ clickhouse: config });
      try {
        return await r.run('integration_health', range).then(
          () => 'ok',
          (e) => e.code,
        );
      } finally {
        await r.close();
      }
    };
    expect(await attempt({ ...connection(), url: 'http://127.0.0.1:9' })).toBe('STORE_UNAVAILABLE');
    expect(await attempt(connection('wrong'))).toBe('STORE_UNAVAILABLE');
    expect(await attempt({ ...connection(), database: 'nowhere' })).toBe('STORE_SCHEMA');
  });

  it('gives up a query whose caller has gone', async () => {
    const gone = new AbortController();
    const running = runner.run('integration_health', { ...range, signal: gone.signal });
    gone.abort();
    await expect(running).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
  });
});

describe('the API over it', () => {
  const get = (url: string, key: string = KEYS.query) => app.inject({ url, headers: { 'x-api-key': key } });
  const window = `from=${T}&to=${T + 10 * MINUTE}`;

  it('answers queries as JSON and CSV', async () => {
    const r = await get(`/v1/query/integration_health?${window}&integration=payments`);
    expect(r.json()).toMatchObject({
      parts: { scores: [{ entity: 'payments', calls: 150 }] },
      meta: { truncated: false },
    });
    const csv = await get(`/v1/query/integration_health?${window}&part=scores&format=csv&columns=entity&columns=calls`);
    expect(csv.body.split('\r\n').sort()).toEqual(['', 'entity,calls', `o'brien \\ co,50`, 'payments,150']);
    const other = await get(`/v1/query/integration_health?${window}&workspace=other`, KEYS.both);
    expect(other.json().parts.scores.map((s: { entity: string }) => s.entity)).toEqual(['secret']);
    expect((await get('/v1/catalog')).json()).toMatchObject({ version: 1, queries: expect.any(Array) });
  });

  it('answers every domain route', async () => {
    const ids: Record<string, string> = { id: 'payments', integration: 'payments' };
    const fed = new Set(domains[0]!.routes);
    for (const def of domains.flatMap((d) => d.routes)) {
      if (def.method !== 'GET') continue;
      const r = await get(
        def.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] ?? 'payments')),
      );
      // Of a domain that has no data here there is nothing to find.
      if (!fed.has(def) && r.statusCode === 404 && r.json<{ code: string }>().code === 'NOT_FOUND') continue;
      expect([def.path, r.statusCode, r.statusCode === 200 ? '' : r.body]).toEqual([def.path, 200, '']);
    }
  });

  it('is ready', async () => {
    expect((await app.inject('/readyz')).json()).toMatchObject({ status: 'ready' });
  });
});
