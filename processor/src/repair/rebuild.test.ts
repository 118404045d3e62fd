/** Rebuild against a real ClickHouse (the embedded one) that a real pipeline has streamed into. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ClickHouse } from '../clickhouse/client';
import { migrate } from '../clickhouse/migrate';
import { ClickHouseStore } from '../clickhouse/store';
import { startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { domains } from '../domains';
import type { LogState } from '../pipeline/log-state';
import { rebuild, type RebuildOptions } from './rebuild';
import { digests, Stream } from './testing/stream';

/** For a machine that others use too, milliseconds. */
const PATIENCE = 300_000;
jest.setTimeout(PATIENCE);

const DAY = 86_400_000;
const NOW = Date.now();
const TODAY = Math.floor(NOW / DAY) * DAY;
const LAST = 0xffff_ffff * 1000;
const ALL = { from: 0, to: LAST + 1000 };

let engine: TestEngine;
let ch: ClickHouse;
let streamed: Record<string, string>;

const idle: LogState = { consumers: [], partitions: [] };
const logOf = (state: () => LogState = () => idle) => ({ state: async () => state(), close: async () => undefined });
const run = (o: Partial<RebuildOptions> = {}, state?: () => LogState) =>
  rebuild(ch, logOf(state), domains, { ...ALL, ...o });

/** Events of every type, with values whose sums depend on the order when they are not rounded. */
const call = (i: number, time: number, extra: object = {}): object => ({
  type: 'integration.api_call',
  event_id: `c${i}`,
  workspace: i % 11 === 0 ? 'other' : 'demo',
  time,
  integration: `i${i % 4}`,
  kind: i % 5 === 0 ? 'service' : 'integration',
  endpoint: `/e${i % 3}`,
  vantage: i % 7 === 0 ? 'server' : 'client',
  latency_ms: Math.abs(Math.sin(i) * 1234.567) + 1e-7 * i,
  ...(i % 2 === 0 && { caller: `svc${i % 3}`, status_code: i % 6 === 0 ? 503 : 200, bytes_in: i * 17 }),
  ...(i % 3 === 0 && { cost: 0.1 * i + 1e-9, rate_limit_limit: 1000, rate_limit_remaining: i % 1000 }),
  ...(i % 7 === 0 && { alias: `host-${i % 4}`, kind: 'service' }),
  ...(i % 13 === 0 && { deprecated: true, failed: i % 2 === 0 }),
  ...extra,
});
const dependency = (i: number, time: number): object => ({
  type: 'integration.dependency',
  workspace: 'demo',
  time,
  source: `svc${i % 3}`,
  target: `i${i % 4}`,
  dependency_type: 'data',
  ...(i % 2 === 0 && { criticality: 1 + (i % 5) }),
});

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const stream = new Stream(ch);
  // Before any clock of this test, so that none lies in its future.
  const at = (i: number) => NOW - 2 * 3600_000 - ((i * 7_919_993) % (2.5 * DAY));
  const events = Array.from({ length: 600 }, (_, i) => call(i, at(i)));
  const mixed = [...events, ...Array.from({ length: 60 }, (_, i) => dependency(i, at(i)))].sort(
    (a, b) => JSON.stringify(a).length - JSON.stringify(b).length,
  );
  await stream.send(mixed.slice(0, 300));
  stream.skew = -3600_000;
  await stream.send(mixed.slice(300), { kill: true, perBatch: 25 });
  stream.skew = -1000;
  // Sent twice, late by days, by decades, at the ends of time, and not valid at all.
  await stream.send([
    ...events.slice(0, 50),
    call(9001, TODAY - 20 * DAY),
    call(9002, Date.UTC(1999, 11, 31, 23, 59, 59, 999)),
    call(9003, 0),
    { nothing: true },
  ]);
  streamed = await digests(ch);
}, PATIENCE);
afterAll(() => engine?.stop());

/** Takes rows away, doubles some, changes some, and makes some up. */
async function corrupt(): Promise<void> {
  const sync = 'SETTINGS mutations_sync = 2';
  await ch.command(`ALTER TABLE shadower.integration_calls_1m DELETE WHERE cityHash64(endpoint) % 2 = 0 ${sync}`);
  await ch.command(
    `INSERT INTO shadower.integration_calls_1h SELECT * FROM shadower.integration_calls_1h WHERE integration = 'i1'`,
  );
  await ch.command(
    `ALTER TABLE shadower.integration_calls_1d UPDATE cost = cost + 0.5 WHERE integration = 'i0' ${sync}`,
  );
  await ch.command(`ALTER TABLE shadower.entity_edges_1m UPDATE written_at = written_at + 1 WHERE 1 ${sync}`);
  await ch.command(`TRUNCATE TABLE shadower.entity_edges_1h`);
  await ch.command(`ALTER TABLE shadower.entity_aliases_1d DELETE WHERE alias = 'host-0' ${sync}`);
  await ch.command(
    `INSERT INTO shadower.entity_edges_1d SELECT * REPLACE ('made-up' AS source) FROM shadower.entity_edges_1d LIMIT 3`,
  );
}

test('what was streamed is what raw says: nothing differs, and nothing changes', async () => {
  // Nothing lost on the way here: 663 used, 50 sent twice, one not valid.
  const counted = await ch.arrays(
    'SELECT outcome, sum(items) FROM shadower.accounting_1m GROUP BY outcome ORDER BY outcome',
  );
  expect(counted).toEqual([
    ['dead_letter', 1],
    ['duplicate', 50],
    ['used', 663],
  ]);
  const dry = await run({ dryRun: true });
  expect(dry).toMatchObject({ events: 663, partitions: 0, differences: [] });
  expect(await digests(ch)).toEqual(streamed);
});

test('rebuilds every rollup byte for byte, in pages however small', async () => {
  await corrupt();
  expect(await digests(ch)).not.toEqual(streamed);
  const report = await run({ pageRows: 7, maxWindows: 20 });
  expect(new Set(report.differences.map((d) => d.table))).toEqual(
    new Set([
      'integration_calls_1m',
      'integration_calls_1h',
      'integration_calls_1d',
      'entity_edges_1m',
      'entity_edges_1h',
      'entity_edges_1d',
      'entity_aliases_1d',
    ]),
  );
  expect(report.partitions).toBeGreaterThan(7);
  expect(await digests(ch)).toEqual(streamed);
  const left = await ch.rows("SELECT name FROM system.tables WHERE database = 'shadower' AND name LIKE '%\\_rebuild'");
  expect(left).toEqual([]);
});

test('the control: rounded to nothing, sums differ by the order of addition', async () => {
  const plain = domains.map((d) => ({
    ...d,
    rollups: d.rollups.map((r) => ({
      ...r,
      measures: Object.fromEntries(Object.entries(r.measures).map(([k, m]) => [k, { ...m, resolution: 52 }])),
    })),
  }));
  const report = await rebuild(ch, logOf(), plain as never, { ...ALL, dryRun: true });
  expect(report.differences.length).toBeGreaterThan(0);
});

test('a part of a day rebuilds the whole day, and nothing but that day', async () => {
  const wrong = `ALTER TABLE shadower.integration_calls_1h UPDATE calls = calls + 1 WHERE 1 SETTINGS mutations_sync = 2`;
  await ch.command(wrong);
  const report = await run({ from: TODAY - DAY + 3600_000, to: TODAY - DAY + 3601_000 });
  expect([report.from, report.to]).toEqual([TODAY - DAY, TODAY].map((t) => new Date(t).toISOString().slice(0, 10)));
  const rest = await run({ dryRun: true });
  expect(rest.differences.length).toBeGreaterThan(0);
  for (const d of rest.differences) {
    expect(d.table).toBe('integration_calls_1h');
    expect(d.t * 1000 < TODAY - DAY || d.t * 1000 >= TODAY).toBe(true);
  }
  await run();
  expect(await digests(ch)).toEqual(streamed);
});

test.each([
  ['recompute', 1],
  ['replace', 5],
])(
  'killed before step %s %d, a second run ends the same',
  async (step, nth) => {
    await corrupt();
    const child = fork(
      join(__dirname, 'testing/victim.ts'),
      [engine.url, 'shadower', String(ALL.from), String(ALL.to), step, String(nth)],
      { execArgv: ['-r', join(__dirname, '../journal/testing/register.cjs')] },
    );
    const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    expect(message).toBe('here');
    // While it lives, nobody may start, nor rebuild beside it.
    await expect(new ClickHouseStore(ch, domains).check()).rejects.toMatchObject({ code: 'STORE_MAINTENANCE' });
    await expect(run()).rejects.toMatchObject({ code: 'STORE_MAINTENANCE' });
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await run();
    expect(await digests(ch)).toEqual(streamed);
    await expect(new ClickHouseStore(ch, domains).check()).resolves.toBeUndefined();
  },
  60_000,
);

test('refuses beside processors, before an unfinished batch, and when one ran meanwhile', async () => {
  const tp = { topic: 't', partition: 3 };
  await expect(run({}, () => ({ consumers: ['shadower at 10.0.0.7'], partitions: [] }))).rejects.toMatchObject({
    code: 'LOG_BUSY',
    message: expect.stringMatching(/shadower at 10\.0\.0\.7/),
  });
  const pending = { ...tp, from: 1, to: 2, at: 3, encoder: 1 };
  await expect(
    run({}, () => ({ consumers: [], partitions: [{ ...tp, committed: 1, pending }] })),
  ).rejects.toMatchObject({ code: 'LOG_BUSY', message: expect.stringMatching(/t\[3\]/) });
  let asked = 0;
  await expect(
    run({}, () => ({ consumers: [], partitions: [{ ...tp, committed: asked++ < 2 ? 1 : 2 }] })),
  ).rejects.toMatchObject({ code: 'LOG_BUSY', message: expect.stringMatching(/while raw was being read/) });
  expect(await digests(ch)).toEqual(streamed);
});

test('one domain: its rollups and the shared ones it feeds', async () => {
  await expect(run({ domain: 'nonsense' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await corrupt();
  await run({ domain: 'integration' });
  expect(await digests(ch)).toEqual(streamed);
});

test('refuses where raw is switched off, has expired, or holds something twice', async () => {
  const off = domains.map((d) => ({
    ...d,
    events: d.events.map((e) => (e.type === 'integration.dependency' ? { ...e, rawRetentionDays: 0 } : e)),
  }));
  await expect(rebuild(ch, logOf(), off, ALL)).rejects.toMatchObject({
    code: 'RAW_INCOMPLETE',
    message: expect.stringMatching(/integration\.dependency are not kept/),
  });
  const raw = 'shadower.raw_integration_api_call';
  await ch.command(`CREATE TABLE shadower.held AS ${raw}`);
  await ch.command(`INSERT INTO shadower.held SELECT * FROM ${raw} WHERE event_id = 'c12'`);
  await ch.command(`ALTER TABLE ${raw} DELETE WHERE event_id = 'c12' SETTINGS mutations_sync = 2`);
  await expect(run()).rejects.toMatchObject({
    code: 'RAW_INCOMPLETE',
    message: expect.stringMatching(/events were counted on \d{4}-\d\d-\d\d and raw holds/),
  });
  await ch.command(`INSERT INTO ${raw} SELECT * FROM shadower.held`);
  await expect(run({ dryRun: true })).resolves.toMatchObject({ differences: [] });
  await ch.command(`INSERT INTO ${raw} SELECT * FROM shadower.held SETTINGS insert_deduplicate = 0`);
  await expect(run()).rejects.toMatchObject({
    code: 'RAW_INCOMPLETE',
    message: expect.stringMatching(/are there twice/),
  });
  await ch.command(`OPTIMIZE TABLE ${raw} FINAL DEDUPLICATE`);
  await expect(run({ dryRun: true })).resolves.toMatchObject({ differences: [] });
  expect(await digests(ch)).toEqual(streamed);
});
