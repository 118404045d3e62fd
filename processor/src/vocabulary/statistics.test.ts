/** The expressions against published examples and the definitions written out. */
import type { ClickHouse } from '../clickhouse/client';
import { startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { seeded } from '../cli/demo';
import { mannKendallZ, trendClass, twoProportionsZ, wilson } from './statistics';

let engine: TestEngine;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('default');
}, 60_000);
afterAll(() => engine?.stop());

const valueOf = async (sql: string): Promise<unknown> => Object.values((await ch.rows(`SELECT ${sql} AS x`))[0]!)[0];

/** The definition, with groups of ties counted one by one. */
function mannKendall(y: number[]): number {
  let s = 0;
  for (let i = 0; i < y.length; i++) for (let j = i + 1; j < y.length; j++) s += Math.sign(y[j]! - y[i]!);
  const n = y.length;
  const groups = new Map<number, number>();
  for (const v of y) groups.set(v, (groups.get(v) ?? 0) + 1);
  let variance = n * (n - 1) * (2 * n + 5);
  for (const t of groups.values()) variance -= t * (t - 1) * (2 * t + 5);
  variance /= 18;
  return s === 0 || variance === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance);
}

describe('Mann–Kendall', () => {
  const random = seeded(3);
  it.each<[string, number[]]>([
    ['rising', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['falling', [9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['all equal', [4, 4, 4, 4, 4, 4, 4, 4]],
    ['many ties', [0, 0, 1, 0, 2, 0, 0, 3, 1, 0, 0, 5]],
    ['noise', Array.from({ length: 60 }, () => Math.floor(random() * 10))],
    ['one spike', [...Array.from({ length: 20 }, () => 0), 100]],
  ])('%s', async (_name, y) => {
    expect(await valueOf(mannKendallZ(`[${y.join(',')}]`))).toBeCloseTo(mannKendall(y), 12);
  });

  it('of 8 rising values is (28 − 1) / √(8·7·21 / 18)', async () => {
    expect(await valueOf(mannKendallZ('[1,2,3,4,5,6,7,8]'))).toBeCloseTo(27 / Math.sqrt((8 * 7 * 21) / 18), 12);
  });

  it('is unknown of too little, and its class follows from its Z', async () => {
    expect(await valueOf(mannKendallZ('[1,2,3,4,5,6,7]'))).toBeNull();
    expect(await valueOf(mannKendallZ("CAST([], 'Array(UInt64)')"))).toBeNull();
    const of = (y: string) => valueOf(`(${mannKendallZ(y)} AS z, ${trendClass('z')}).2`);
    expect(await of('[1,2,3,4,5,6,7,8]')).toBe('increasing');
    expect(await of('[8,7,6,5,4,3,2,1]')).toBe('decreasing');
    expect(await of('[1,9,2,8,3,7,4,6]')).toBe('stable');
    expect(await of('[1,2]')).toBe('unknown');
  });
});

it("Wilson's interval: 7 of 10, and the ends", async () => {
  // Newcombe 1998 gives 0.3968 to 0.8922 for 7 of 10.
  expect(await valueOf(wilson('7', '10', -1))).toBeCloseTo(0.3968, 4);
  expect(await valueOf(wilson('7', '10', 1))).toBeCloseTo(0.8922, 4);
  expect(await valueOf(wilson('0', '10', -1))).toBeCloseTo(0, 12);
  expect(await valueOf(wilson('10', '10', 1))).toBeCloseTo(1, 12);
  expect(await valueOf(wilson('0', '0', 1))).toBeNull();
});

it('two proportions', async () => {
  const p = (45 + 30) / 200;
  const want = (0.45 - 0.3) / Math.sqrt(p * (1 - p) * (2 / 100));
  expect(await valueOf(twoProportionsZ('45', '100', '30', '100'))).toBeCloseTo(want, 12);
  expect(await valueOf(twoProportionsZ('0', '10', '0', '10'))).toBeNull();
  expect(await valueOf(twoProportionsZ('1', '1', '0', '0'))).toBeNull();
});
