/** Reconciliation of what a real pipeline has streamed into a real ClickHouse (the embedded one). */
import type { ClickHouse } from '../clickhouse/client';
import { migrate } from '../clickhouse/migrate';
import { runQuery, startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { domains } from '../domains';
import type { LogState } from '../pipeline/log-state';
import { differencesOf, type Check, type ReconcileReport } from './differences';
import { rebuild } from './rebuild';
import { reconcile } from './reconcile';
import { ReconcileSchedule } from './schedule';
import { Stream, TOPIC } from './testing/stream';

/** For a machine that others use too. */
jest.setTimeout(300_000);

const HOUR = 3600_000;
const RAW = 'shadower.raw_integration_api_call';
const SYNC = 'SETTINGS mutations_sync = 2';
const idle: LogState = { consumers: [], partitions: [] };
const log = { state: async () => idle, close: async () => undefined };

let engine: TestEngine;
let ch: ClickHouse;
let stream: Stream;
let n = 0;
const fail = (e: unknown): never => {
  throw e;
};

const call = (time: number, extra: object = {}): object => ({
  type: 'integration.api_call',
  event_id: `c${n++}`,
  workspace: 'demo',
  time,
  integration: `i${n % 4}`,
  endpoint: `/e${n % 3}`,
  caller: 'checkout',
  latency_ms: n * 1.37,
  cost: n / 7,
  ...extra,
});
const check = (deep = false, o: object = {}): Promise<ReconcileReport> =>
  reconcile(ch, domains, { from: Date.now() - 26 * HOUR, to: Date.now(), deep, ...o });
const found = async (deep = false): Promise<Record<string, number>> => {
  const counts: Partial<Record<Check, number>> = {};
  for (const d of differencesOf(await check(deep))) counts[d.check] = (counts[d.check] ?? 0) + 1;
  return counts as Record<string, number>;
};

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  stream = new Stream(ch);
  stream.skew = -20 * 60_000;
  const old = Array.from({ length: 300 }, (_, i) => call(Date.now() - 21 * 60_000 - (i % 300) * 45_000));
  await stream.send(old);
  stream.skew = -12 * 60_000;
  // Twice, late by a day, refused, and after being killed in the middle.
  await stream.send([...old.slice(0, 40), call(Date.now() - 25 * HOUR), { nonsense: 1 }, { type: 'x' }]);
  await stream.send(
    Array.from({ length: 50 }, (_, i) => call(Date.now() - 13 * 60_000 - i * 1000)),
    { kill: true },
  );
  stream.skew = 0;
  await stream.send([]);
}, 300_000);
afterAll(() => engine?.stop());

test('untouched: everything is judged, and nothing found', async () => {
  const report = await check(true);
  expect(differencesOf(report)).toEqual([]);
  expect(report.results.map((r) => [r.check, r.compared > 0, r.skipped])).toEqual(
    ['positions', 'duplicates', 'accounting', 'windows', 'grains', 'recomputed'].map((c) => [c, true, []]),
  );
  expect(report.completeUntil).toBeLessThanOrEqual(Date.now());
  expect(report.to).toBeLessThanOrEqual(report.completeUntil!);
});

test('what is still coming in is no difference: new windows, and late events into old ones', async () => {
  await stream.send([call(Date.now()), call(Date.now() - 3 * HOUR), call(Date.now() - 30_000), { nonsense: 2 }]);
  expect(await found(true)).toEqual({});
  // Nor is a batch that is half in: raw has it, the rest has not.
  await ch.command(
    `INSERT INTO ${RAW} SELECT * REPLACE (9999 AS off, 'half' AS event_id, now() AS written_at) FROM ${RAW} LIMIT 1`,
  );
  expect(await found(true)).toEqual({});
  await ch.command(`ALTER TABLE ${RAW} DELETE WHERE event_id = 'half' ${SYNC}`);
});

test('a rollup row that is gone', async () => {
  await ch.command(
    `ALTER TABLE shadower.integration_calls_1m DELETE WHERE integration = 'i1' AND endpoint = '/e2' ${SYNC}`,
  );
  const counts = await found(true);
  expect(Object.keys(counts).sort()).toEqual(['grains', 'recomputed', 'windows']);
  const [first] = differencesOf(await check()).filter((d) => d.check === 'windows');
  expect(first).toMatchObject({ subject: 'integration_calls_1m', workspace: 'demo', to: first!.from + 60 });
  expect(first!.found).toBeLessThan(first!.expected);
  await rebuild(ch, log, domains, { from: Date.now() - 26 * HOUR, to: Date.now() });
  expect(await found(true)).toEqual({});
});

test('a rollup of edges that is wrong in one grain', async () => {
  await ch.command(`ALTER TABLE shadower.entity_edges_1m UPDATE latency_sum = latency_sum + 1 WHERE 1 ${SYNC}`);
  expect(Object.keys(await found())).toEqual(['grains']);
  await rebuild(ch, log, domains, { from: Date.now() - 26 * HOUR, to: Date.now() });
  expect(await found()).toEqual({});
});

test('a raw row that is there twice, one that is gone, and a dead letter that is gone', async () => {
  await ch.command(`CREATE TABLE shadower.held AS ${RAW}`);
  await ch.command(`INSERT INTO shadower.held SELECT * FROM ${RAW} WHERE event_id = 'c17'`);
  const restore = `INSERT INTO ${RAW} SELECT * FROM shadower.held SETTINGS insert_deduplicate = 0`;
  await ch.command(restore);
  expect(await found()).toEqual({ duplicates: 1, accounting: 1, windows: 1 });
  await ch.command(`ALTER TABLE ${RAW} DELETE WHERE event_id = 'c17' ${SYNC}`);
  // 40 duplicates excuse as many offsets; every one of the topic's holes is then needed.
  expect(await found()).toEqual({ positions: 1, accounting: 1, windows: 1 });
  await ch.command(restore);
  expect(await found()).toEqual({});

  await ch.command(`CREATE TABLE shadower.held_letters AS shadower.dead_letters`);
  await ch.command(
    `INSERT INTO shadower.held_letters SELECT * FROM shadower.dead_letters WHERE code = 'EVENT_UNKNOWN_TYPE' ORDER BY written_at LIMIT 1`,
  );
  await ch.command(
    `ALTER TABLE shadower.dead_letters DELETE WHERE (part, off) IN (SELECT part, off FROM shadower.held_letters) ${SYNC}`,
  );
  expect(await found()).toEqual({ positions: 1, accounting: 1 });
  await ch.command(`INSERT INTO shadower.dead_letters SELECT * FROM shadower.held_letters`);
  expect(await found()).toEqual({});
});

test('a log that has gone back', async () => {
  const partitions = stream.positions().map((p) => ({ topic: TOPIC, partition: p.partition, committed: p.committed }));
  const inspector = (list: LogState['partitions']) => ({
    ...log,
    state: async () => ({ consumers: [], partitions: list }),
  });
  expect(differencesOf(await check(false, { log: inspector(partitions) }))).toEqual([]);
  partitions[1]!.committed -= 5;
  const [only, ...others] = differencesOf(await check(false, { log: inspector(partitions) }));
  expect(others).toEqual([]);
  expect(only).toMatchObject({ check: 'positions', subject: `${TOPIC}[1]`, expected: only!.found + 5 });
});

test('without complete data nothing is judged, and nothing is said to be right', async () => {
  const empty = engine.connect('empty');
  await migrate(empty, domains);
  const report = await reconcile(empty, domains, { from: 0, to: Date.now(), deep: true });
  expect(report.completeUntil).toBeNull();
  expect(report.results.every((r) => r.compared === 0 && r.differences.length === 0)).toBe(true);
});

test('the scheduled check writes what it found, once per turn for all processors, and counts late events', async () => {
  const told: [string, number][][] = [];
  const make = () =>
    new ReconcileSchedule(
      ch,
      domains,
      { debug: () => {}, info: () => {}, warn: (f) => fail((f as { err: Error }).err), error: () => {} },
      {
        reconciled: (r) => told.push(r.map((x) => [x.check, x.differences])),
        failed: fail,
        took: () => {},
      },
      { intervalMs: 60_000, windowMs: 26 * HOUR },
    );
  await make().tick();
  await make().tick();
  const checks = ['accounting', 'duplicates', 'grains', 'positions', 'windows'];
  expect(told.map((t) => t.sort())).toEqual([checks.map((c) => [c, 0]), checks.map((c) => [c, 0])]);
  expect(await ch.rows('SELECT check FROM shadower.reconciliation_1m')).toHaveLength(checks.length);
  const [late] = await ch.rows<{ n: string; w: string }>(
    'SELECT toString(sum(events)) AS n, toString(sum(windows)) AS w FROM shadower.late_1m FINAL',
  );
  // All but those sent for the last minutes come late here; how many these are depends on the second in which it runs.
  expect(Number(late!.n)).toBeGreaterThan(250);

  await ch.command(`ALTER TABLE shadower.integration_calls_1m DELETE WHERE integration = 'i2' ${SYNC}`);
  await ch.command('TRUNCATE TABLE shadower.reconciliation_1m');
  await make().tick();
  expect(Object.fromEntries(told[2]!).windows).toBeGreaterThan(0);
  const answer = await runQuery(ch, 'intake_differences', '1m', {
    workspace: 'demo',
    from: Date.now() - HOUR,
    to: Date.now(),
  });
  expect(answer.main!.map((r) => r.check)).toEqual(expect.arrayContaining(['windows', 'grains']));
  expect(String(answer.main![0]!.detail)).toMatch(/expected, \d+ found/);
});
