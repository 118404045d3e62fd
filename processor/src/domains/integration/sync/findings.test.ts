/** Findings about synchronisation: each on a fixture that shows it, and none on one that is fine. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 2, 10);
const TO = FROM + 60 * MINUTE;

let engine: TestEngine;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
}, 120_000);
afterAll(() => engine?.stop());

const operation = (minute: number, o: object = {}): object => ({
  type: 'integration.sync_operation',
  time: FROM + minute * MINUTE,
  integration: 'crm',
  stream: 'contacts',
  sync_type: 'incremental',
  status: 'completed',
  records_to_sync: 100,
  records_synced: 100,
  ...o,
});
const conflict = (minute: number, o: object = {}): object => ({
  type: 'integration.sync_conflict',
  time: FROM + minute * MINUTE,
  integration: 'crm',
  stream: 'contacts',
  conflict_type: 'concurrent_update',
  resolution: 'auto',
  ...o,
});
const times = (n: number, make: (i: number) => object): object[] => Array.from({ length: n }, (_, i) => make(i));

async function found(workspace: string, events: object[], to = TO): Promise<Record<string, unknown>[]> {
  await feed(
    ch,
    events.map((e) => ({ ...e, workspace })),
  );
  return (await runQuery(ch, 'integration_sync_findings', '1m', { workspace, from: FROM, to })).main!;
}

it('nothing, where all is well and where nothing happened', async () => {
  expect(
    await found(
      'well',
      times(60, (i) => operation(i)),
    ),
  ).toEqual([]);
  expect(await found('nothing', [])).toEqual([]);
  expect(await found('one', [operation(59)])).toEqual([]);
});

it('failing syncs, with beginning, end and the usual reason', async () => {
  const rows = await found(
    'failing',
    times(60, (i) =>
      operation(
        i,
        i >= 10 && i < 16 ? { status: 'failed', records_synced: 0, error_code: i < 14 ? 'quota' : 'timeout' } : {},
      ),
    ),
  );
  expect(rows).toEqual([
    expect.objectContaining({
      kind: 'sync_failures',
      severity: 'critical',
      time: clickHouseTime(FROM + 10 * MINUTE),
      ended: clickHouseTime(FROM + 16 * MINUTE),
      title: 'crm contacts: 100 % of the syncs failed',
      evidence: '6 of 6 operations failed, most often quota',
      value: 1,
      expected: 0.1,
    }),
  ]);
});

it('a stream that fell silent', async () => {
  const rows = await found(
    'stale',
    times(30, (i) => operation(i)),
  );
  expect(rows).toEqual([
    expect.objectContaining({
      kind: 'sync_stale',
      severity: 'critical',
      time: clickHouseTime(FROM + 30 * MINUTE),
      ended: null,
      title: 'crm contacts: last synchronised 31 min ago',
      evidence: 'usually every 60 s (mean of 30 in 30 days)',
      value: 31 * 60,
      expected: 180,
      unit: 's',
    }),
  ]);
});

it('a backlog', async () => {
  const rows = await found(
    'backlog',
    times(60, (i) => operation(i, i >= 50 ? { records_to_sync: 20_000 + i } : {})),
  );
  expect(rows).toEqual([
    expect.objectContaining({
      kind: 'sync_backlog',
      time: clickHouseTime(FROM + 50 * MINUTE),
      ended: null,
      title: 'crm contacts: 19959 records waited',
      evidence: 'at most 19959 records waited, while 1000 were synchronised in 10 operations',
    }),
  ]);
});

it('lost data, frequent fields and manual work', async () => {
  const rows = await found('conflicts', [
    ...times(60, (i) => operation(i)),
    ...times(40, (i) =>
      conflict((i * 7) % 60, {
        field: i < 30 ? 'email' : 'phone',
        resolution: i % 2 === 0 ? 'manual' : 'auto',
        resolution_ms: 60_000,
        data_loss: i === 3,
      }),
    ),
  ]);
  expect(rows.map((r) => [r.kind, r.severity, r.title])).toEqual([
    ['sync_data_loss', 'critical', 'crm contacts: data lost in 1 conflicts'],
    ['sync_manual_conflicts', 'info', 'crm: 50 % of the conflicts need a person'],
    ['sync_conflict_field', 'info', 'crm: 75 % of the conflicts are about email'],
  ]);
  expect(rows[0]).toMatchObject({ time: clickHouseTime(FROM + 21 * MINUTE) });
  expect(rows[1]!.evidence).toBe('20 of 40 were resolved by hand; resolving took 60 s in the mean');
});

it('conflicts that increase', async () => {
  const rows = await found('rising', [
    ...times(60, (i) => operation(i)),
    ...times(60, (i) => times(Math.floor(i / 10), () => conflict(i, { field: `f${i % 10}` }))).flat(),
  ]);
  expect(rows.map((r) => r.kind)).toEqual(['sync_conflicts_rising']);
  expect(rows[0]!.evidence).toMatch(/^Mann–Kendall Z = \d+\.\d+ over 60 steps, 150 conflicts$/);
});
