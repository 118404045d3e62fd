/** Dead letters from end to end: a real processor, a real ClickHouse, and what the command does between them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '../clickhouse/client';
import { startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { domains } from '../domains';
import { createLogger } from '../http';
import { Api } from './api-client';
import { parseOffsets } from './commands/dlq';
import { sha256 } from './credentials';
import { listLetters, parsePlace, placeOf, replayLetters, replayLine, wholeLetters, type WholeLetter } from './dlq';
import { startRuntime, type Runtime } from './runtime';

const HOUR = 3600_000;
const KEY = 'key-of-the-administrator';
const NARROW = 'key-of-one-workspace';
const folder = mkdtempSync(join(tmpdir(), 'dlq-'));
let engine: TestEngine;
let ch: ClickHouse;
let runtime: Runtime;
let api: Api;

const start = async (latenessMs: number): Promise<void> => {
  runtime = await startRuntime({
    domains,
    clickhouse: { url: engine.url, user: 'writer', password: 'w', database: 'shadower' },
    log: { journal: join(folder, 'journal') },
    topicPrefix: 'shadower',
    otlpTopics: ['otlp_spans'],
    auth: {
      apiKeys: [
        { id: 'admin', sha256: sha256(KEY), workspaces: ['*'], scopes: ['ingest', 'query', 'admin'] },
        { id: 'narrow', sha256: sha256(NARROW), workspaces: ['demo'], scopes: ['ingest', 'query', 'admin'] },
      ],
    },
    http: { host: '127.0.0.1', port: 0 },
    time: { latenessMs, futureMs: 10 * 60_000 },
    reconcile: false,
    logger: createLogger('silent'),
  });
  api = Api.of(runtime.url, KEY);
};
const settled = async (): Promise<void> => {
  for (;;) {
    await runtime.pipeline.flushAll();
    const ends = await runtime.log.endOffsets();
    if (Math.max(runtime.pipeline.lag(), runtime.pipeline.lagTo(ends)) === 0) return;
    await new Promise((r) => setTimeout(r, 20));
  }
};
const post = (data: string | Buffer, workspace?: string, path = '/v1/events', type = 'application/x-ndjson') =>
  api.request('POST', path, { type, data }, workspace === undefined ? {} : { 'x-shadower-workspace': workspace });
const raw = async (where = '1'): Promise<number> => {
  const [row] = await ch.arrays(`SELECT count() FROM shadower.raw_integration_dependency WHERE ${where}`);
  return row![0] as number;
};
const dependency = (o: object): string =>
  JSON.stringify({ type: 'integration.dependency', source: 'a', target: 'b', dependency_type: 'data', ...o });
const all = { workspace: 'demo', from: Date.now() - HOUR, to: Date.now() + HOUR };
const span = (id: string, extra: object = {}): object => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: id,
  name: 'GET /x',
  kind: 3,
  startTimeUnixNano: `${Date.now() - 2000}000000`,
  endTimeUnixNano: `${Date.now() - 1000}000000`,
  attributes: [
    { key: 'http.request.method', value: { stringValue: 'GET' } },
    { key: 'server.address', value: { stringValue: 'api.example.com' } },
  ],
  ...extra,
});

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await start(HOUR);
  const late = { time: Date.now() - 5 * HOUR };
  await post(
    [
      dependency({ ...late, event_id: 'late-with-id' }),
      dependency({ ...late, source: 'no-id' }),
      dependency({ time: Date.now(), event_id: 'fine' }),
      dependency({ time: Date.now(), criticality: 99, source: 'Needle' }),
      '{"type":"nobody.knows"}',
      '{ broken',
    ].join('\n'),
    'demo',
  );
  await post(dependency({ ...late, source: 'homeless' }));
  await post(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeSpans: [{ spans: [span('00f067aa0ba902b7'), span('zz'), span('too short')] }],
        },
      ],
    }),
    'demo',
    '/v1/traces',
    'application/json',
  );
  await settled();
}, 120_000);
afterAll(async () => {
  await runtime?.stop();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('filters find what they say, and nothing else', async () => {
  const codes = async (f: object): Promise<string[]> =>
    (await listLetters(api, { ...all, ...f })).letters.map((l) => l.code).sort();
  expect(await codes({})).toEqual([
    'EVENT_INVALID',
    'EVENT_NOT_JSON',
    'EVENT_TOO_LATE',
    'EVENT_TOO_LATE',
    'EVENT_UNKNOWN_TYPE',
    'OTLP_INVALID',
    'OTLP_INVALID',
  ]);
  expect(await codes({ codes: ['EVENT_NOT_JSON', 'EVENT_INVALID'] })).toEqual(['EVENT_INVALID', 'EVENT_NOT_JSON']);
  expect(await codes({ contains: ['needle'] })).toEqual(['EVENT_INVALID']);
  expect(await codes({ contains: ['CRITICALITY'] })).toEqual(['EVENT_INVALID']);
  expect(await codes({ type: ['nobody.knows'] })).toEqual(['EVENT_UNKNOWN_TYPE']);
  expect(await codes({ topic: 'otlp_spans' })).toEqual(['OTLP_INVALID', 'OTLP_INVALID']);
  expect(await codes({ topic: 'shadower.unknown', partition: 0, offsetFrom: 1, offsetTo: 1 })).toHaveLength(1);
  expect(await codes({ partition: 7 })).toEqual([]);
  expect(await codes({ to: all.from + 1 })).toEqual([]);
  expect(await listLetters(api, { ...all, limit: 2 })).toMatchObject({ letters: { length: 2 }, more: true });
});

test('letters of no workspace are for an administrator of all workspaces', async () => {
  const { letters } = await listLetters(api, { ...all, workspace: '' });
  expect(letters.map((l) => l.code)).toEqual(['EVENT_NO_WORKSPACE']);
  await expect(listLetters(Api.of(runtime.url, NARROW), { ...all, workspace: '' })).rejects.toMatchObject({
    code: 'AUTH_FORBIDDEN',
  });
});

test('a letter can be read whole, by its place', async () => {
  const [letter] = (await listLetters(api, { ...all, codes: ['EVENT_INVALID'] })).letters;
  const p = parsePlace(placeOf(letter!));
  expect(p).toEqual({ topic: letter!.topic, partition: letter!.part, offset: letter!.off, idx: letter!.idx });
  for await (const whole of wholeLetters(api, { ...all, topic: p.topic, offsetFrom: p.offset, offsetTo: p.offset })) {
    expect(JSON.parse(whole.payload.toString())).toMatchObject({ source: 'Needle', criticality: 99 });
    expect(whole.cut).toBe(false);
  }
  for (const bad of ['x', 'a/b/c', 'a/1', 'a b/1/2']) expect(() => parsePlace(bad)).toThrow(/is no place/);
});

test('what is valid now counts once, however often it is replayed: with an id and without', async () => {
  await runtime.stop();
  await start(24 * HOUR);
  const dry = await replayLetters(api, { ...all, codes: ['EVENT_TOO_LATE'] }, { dryRun: true });
  expect(dry).toMatchObject({ sent: 2, accepted: 0, refused: 0 });
  await settled();
  expect(await raw()).toBe(1);
  const to = Date.now() + 1;
  for (let i = 0; i < 3; i++) {
    expect(await replayLetters(api, { ...all, to, codes: ['EVENT_TOO_LATE'] })).toMatchObject({
      sent: 2,
      accepted: 2,
      refused: 0,
    });
    await settled();
    expect(await raw()).toBe(3);
  }
  expect(await raw(`event_id = 'late-with-id'`)).toBe(1);
  expect(await raw(`source = 'no-id' AND startsWith(event_id, 'dlq:shadower.integration.dependency/0/')`)).toBe(1);
  const again = { ...all, workspace: '', to };
  expect(await replayLetters(api, again)).toMatchObject({ sent: 1, accepted: 0, refused: 1 });
  for (let i = 0; i < 2; i++) {
    const r = await replayLetters(api, again, { into: 'demo' });
    // What was refused just now is a letter too, of the same event and id, and may be within the range already.
    expect([r.refused, r.sent - r.accepted, r.sent > 0]).toEqual([0, 0, true]);
    await settled();
    expect(await raw(`source = 'homeless'`)).toBe(1);
  }
}, 60_000);

test('an OTLP request goes to the OTLP intake, once for all its letters, and its good spans count once', async () => {
  const calls = async (): Promise<unknown> =>
    (await ch.arrays('SELECT count() FROM shadower.raw_integration_api_call'))[0]![0];
  expect(await calls()).toBe(1);
  const to = Date.now() + 1;
  expect(await replayLetters(api, { ...all, to, codes: ['OTLP_INVALID'] })).toEqual({
    sent: 2,
    accepted: 0,
    refused: 2,
    cut: 0,
    empty: 0,
    otlp: 1,
  });
  await settled();
  expect(await calls()).toBe(1);
  expect((await listLetters(api, { ...all, codes: ['OTLP_INVALID'] })).letters).toHaveLength(4);
});

test('pages through more letters than one answer holds', async () => {
  await post(Array.from({ length: 450 }, (_, i) => `{"type":"page.${i}"}`).join('\n'), 'pages');
  await settled();
  const seen = new Set<string>();
  for await (const l of wholeLetters(api, { ...all, workspace: 'pages' })) seen.add(l.payload.toString());
  expect(seen.size).toBe(450);
  let limited = 0;
  for await (const _ of wholeLetters(api, { ...all, workspace: 'pages', limit: 250 })) limited++;
  expect(limited).toBe(250);
});

test('an id is put into the text, and the text is otherwise left as it was', () => {
  const line = (payload: string): string =>
    replayLine({ topic: 't', part: 1, off: 2, idx: 3, payload: Buffer.from(payload) } as WholeLetter).toString();
  expect(line('{"a": 1.0000000000000000001,\n"a":2}')).toBe(
    '{"event_id":"dlq:t/1/2/3","a": 1.0000000000000000001, "a":2}',
  );
  expect(line(' { }')).toBe(' {"event_id":"dlq:t/1/2/3" }');
  expect(line('{"event_id":"x"}')).toBe('{"event_id":"x"}');
  expect(line('{ broken\r\n')).toBe('{ broken  ');
  expect(line('[1]')).toBe('[1]');
});

test('offsets as ranges', () => {
  expect(parseOffsets('100')).toEqual({ offsetFrom: 100, offsetTo: 100 });
  expect(parseOffsets('100-200')).toEqual({ offsetFrom: 100, offsetTo: 200 });
  expect(parseOffsets('100-')).toEqual({ offsetFrom: 100 });
  expect(parseOffsets('-200')).toEqual({ offsetTo: 200 });
  for (const bad of ['', '-', 'x', '1-2-3']) expect(() => parseOffsets(bad)).toThrow(/--offset/);
});
