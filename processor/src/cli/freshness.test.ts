/** Freshness rows in a real ClickHouse, as the catalog query shows them. */
import { migrate } from '../clickhouse/migrate';
import { ClickHouseStore } from '../clickhouse/store';
import { clickHouseTime, runQuery, startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { domains } from '../domains';
import { Freshness } from './freshness';

const MINUTE = 60_000;
let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(() => engine?.stop());

test('a partition that stands still, one that waits for ClickHouse, and one that is well', async () => {
  const ch = engine.connect('fresh');
  await migrate(ch, domains);
  const now = Date.now();
  const tp = (partition: number) => ({ topic: "o'clock", partition });
  const progress = (part: number, committed: number, end: number, complete: number): string =>
    `('o\\'clock', ${part}, ${committed}, ${end}, '${clickHouseTime(complete)}', now64(3), now())`;
  await ch.command(
    `INSERT INTO fresh.progress_log (topic, part, committed, end, complete_until, updated_at, written_at) VALUES ${[
      progress(0, 10, 10, now - 5000),
      progress(1, 10, 5010, now - 20 * MINUTE),
      progress(2, 10, 10, 0),
    ].join(', ')}`,
  );
  let clock = now;
  const freshness = new Freshness(ch, () => clock);
  freshness.storeFailed(tp(1), new Error('away'), 1);
  clock += 90_000;
  freshness.storeFailed(tp(1), new Error('away'), 2);
  expect(freshness.paused()).toEqual([{ tp: tp(1), seconds: 90 }]);
  await freshness.write();
  freshness.flushed(tp(1), { ...tp(1), from: 0, to: 1, at: 0, encoder: 1 }, [], 0);
  expect(freshness.paused()).toEqual([]);
  await freshness.write();
  // Attempts that have stopped without success belong to a partition that went to another process.
  freshness.storeFailed(tp(0), new Error('away'), 1);
  clock += 10 * MINUTE;
  expect(freshness.paused()).toEqual([]);

  // As an alert rule asks: to the end of what is complete everywhere, and no further.
  const complete = now - 20 * MINUTE;
  const seen = await runQuery(ch, 'intake_freshness', '1m', {
    workspace: 'demo',
    from: complete - 10 * MINUTE,
    to: Math.floor(complete / MINUTE) * MINUTE,
  });
  expect(seen.main).toHaveLength(1);
  expect(seen.main![0]).toMatchObject({ topic: "o'clock", partition: '1', paused_seconds: 90 });
  expect(Number(seen.main![0]!.lag)).toBe(5000);
  expect(Number(seen.main![0]!.behind_seconds)).toBeGreaterThanOrEqual(1200);
  expect(await new ClickHouseStore(ch, domains).progress(tp(2))).toMatchObject({ completeUntil: 0 });
});
