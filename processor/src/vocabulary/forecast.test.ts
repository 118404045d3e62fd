/** The forecast against the same computed here, on series whose future is known. */
import type { ClickHouse } from '../clickhouse/client';
import { startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { forecast } from './forecast';

let engine: TestEngine;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('default');
}, 60_000);
afterAll(() => engine?.stop());

const SEASON = 4;
const STEP = 3600;
const FIRST = 500_000;

interface Row {
  at: number;
  value: number;
  lower: number;
  upper: number;
  slope: number;
  steps: number;
  error: number | null;
  coverage: number;
}
async function of(series: readonly number[]): Promise<Row[]> {
  const values = series.flatMap((y, i) => (y === 0 && i > 0 ? [] : [`('k', ${(FIRST + i) * STEP}, ${y})`])).join(', ');
  const rows = `(SELECT k, toDateTime(t, 'UTC') AS time, y FROM values('k String, t UInt32, y Float64', ${values}))`;
  const end = `toDateTime64(${(FIRST + series.length) * STEP}, 3, 'UTC')`;
  return ch.rows<Row>(
    `SELECT toUnixTimestamp(time) AS at, value, lower, upper, slope, steps, error, coverage FROM ${forecast(rows, { keys: ['k'], stepSeconds: STEP, season: SEASON, end })} ORDER BY time`,
  );
}

/** Least squares on a slope and a level per place: the normal equations, solved by elimination. */
function fit(y: readonly number[]) {
  const n = y.length;
  const x = y.map((_, i) => [i, ...Array.from({ length: SEASON }, (_v, j) => (i % SEASON === j ? 1 : 0))]);
  const size = SEASON + 1;
  const m = Array.from({ length: size }, (_, a) => [
    ...Array.from({ length: size }, (_v, b) => x.reduce((sum, row) => sum + row[a]! * row[b]!, 0)),
    x.reduce((sum, row, i) => sum + row[a]! * y[i]!, 0),
  ]);
  for (let c = 0; c < size; c++)
    for (let r = 0; r < size; r++) {
      if (r === c) continue;
      const f = m[r]![c]! / m[c]![c]!;
      for (let k = c; k <= size; k++) m[r]![k]! -= f * m[c]![k]!;
    }
  const beta = m.map((row, i) => row[size]! / row[i]!);
  const raw = (i: number): number => beta[0]! * i + beta[1 + (i % SEASON)]!;
  const sd = Math.sqrt(y.reduce((a, v, i) => a + (v - raw(i)) ** 2, 0) / (n - SEASON - 1));
  return { k: beta[0]!, sd, at: (i: number) => Math.max(0, raw(i)) };
}

it('follows a line with a season exactly, and says that it would have', async () => {
  const truth = (i: number): number => 100 + 2 * i + [0, 30, -10, -20][i % SEASON]!;
  const rows = await of(Array.from({ length: 24 }, (_, i) => truth(i)));
  expect(rows.map((r) => Number(r.at))).toEqual([0, 1, 2, 3].map((i) => (FIRST + 24 + i) * STEP));
  rows.forEach((r, i) => {
    expect(r.value).toBeCloseTo(truth(24 + i), 6);
    expect(r.upper - r.lower).toBeCloseTo(0, 5);
    expect(r.slope).toBeCloseTo(2, 9);
  });
  expect(rows[0]!.error).toBeCloseTo(0, 9);
});

it('is the least-squares fit, its spread the larger one, its back-test made of what was before', async () => {
  const y = Array.from({ length: 27 }, (_, i) => 50 + i + [0, 9, 4, -6][i % SEASON]! + ((i * 7919) % 13) - 6);
  const rows = await of(y);
  const all = fit(y);
  const before = fit(y.slice(0, -SEASON));
  const misses = y.slice(-SEASON).map((v, i) => v - before.at(y.length - SEASON + i));
  const rmse = Math.sqrt(misses.reduce((a, m) => a + m * m, 0) / SEASON);
  const spread = Math.max(all.sd, rmse);
  rows.forEach((r, i) => {
    expect(r.value).toBeCloseTo(all.at(y.length + i), 9);
    expect(r.upper).toBeCloseTo(all.at(y.length + i) + 1.96 * spread, 9);
    expect(r.lower).toBeCloseTo(Math.max(0, all.at(y.length + i) - 1.96 * spread), 9);
    expect(r.slope).toBeCloseTo(all.k, 9);
    expect(Number(r.steps)).toBe(27);
    const total = y.slice(-SEASON).reduce((a, b) => a + b, 0);
    expect(r.error!).toBeCloseTo(misses.reduce((a, m) => a + Math.abs(m), 0) / total, 9);
    expect(r.coverage).toBeCloseTo(misses.filter((m) => Math.abs(m) <= 1.96 * before.sd).length / SEASON, 9);
  });
});

it('steps without a row are 0; nothing in the last season leaves the error unknown; nothing is below 0', async () => {
  const y = [8, 0, 0, 4, 8, 0, 0, 4, 8, 0, 0, 4, 0, 0, 0, 0];
  const rows = await of(y);
  expect(rows.map((r) => r.value)).toEqual([0, 1, 2, 3].map((i) => expect.closeTo(fit(y).at(16 + i), 9)));
  expect(rows[0]!.error).toBeNull();
  expect(Math.min(...rows.map((r) => Math.min(r.value, r.lower)))).toBeGreaterThanOrEqual(0);
});

it('fewer than three seasons: no rows', async () => {
  expect(await of(Array.from({ length: 11 }, () => 5))).toEqual([]);
  expect(await of(Array.from({ length: 12 }, () => 5))).toHaveLength(SEASON);
});
