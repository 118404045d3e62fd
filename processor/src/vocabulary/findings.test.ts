/** Runs of bad steps against the same found by hand, and figures as text. */
import type { ClickHouse } from '../clickhouse/client';
import { startEngine, type TestEngine } from '../clickhouse/testing/engine';
import { runs, say } from './findings';

let engine: TestEngine;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('default');
}, 60_000);
afterAll(() => engine?.stop());

/** One character a minute: x bad, . good, ? unknown, space no row. */
const minutes = (name: string, pattern: string): string =>
  [...pattern]
    .flatMap((c, i) => (c === ' ' ? [] : [`('${name}', ${i}, ${c === 'x' ? 1 : c === '.' ? 0 : 'NULL'})`]))
    .join(', ');

async function found(pattern: string): Promise<[from: number, ended: number | null, steps: number, last: number][]> {
  const rows = `(SELECT name, toDateTime64(60 * (minute + 1000), 3, 'UTC') AS time, minute, b FROM values('name String, minute UInt32, b Nullable(UInt8)', ${minutes('a', pattern)}, ${minutes('other', 'x.x')}))`;
  const list = await ch.rows<{ f: number; e: number | null; n: number; l: number }>(
    `SELECT toUnixTimestamp(time) / 60 - 1000 AS f, toUnixTimestamp(ended) / 60 - 1000 AS e, steps AS n, last_minute AS l
     FROM ${runs(rows, ['name'], 'b', { last_minute: 'max(minute)' })} WHERE name = 'a' ORDER BY f`,
  );
  return list.map((r) => [Number(r.f), r.e === null ? null : Number(r.e), Number(r.n), Number(r.l)]);
}

it.each<[string, [number, number | null, number, number][]]>([
  ['....', []],
  ['x', [[0, null, 1, 0]]],
  ['..xx', [[2, null, 2, 3]]],
  ['xx..', [[0, 2, 2, 1]]],
  [
    '.xx.x..xxx',
    [
      [1, 3, 2, 2],
      [4, 5, 1, 4],
      [7, null, 3, 9],
    ],
  ],
  // Nothing is known of a step without a row or with an unknown value: it ends no run.
  ['.x  x.', [[1, 5, 2, 4]]],
  ['.x?x.', [[1, 4, 2, 3]]],
  ['.x    ', [[1, null, 1, 1]]],
  ['???', []],
])('runs of "%s"', async (pattern, want) => {
  expect(await found(pattern)).toEqual(want);
});

it('figures as text', async () => {
  const of = async (sql: string): Promise<unknown> => Object.values((await ch.rows(`SELECT ${sql} AS x`))[0]!)[0];
  expect(await of(say.percent('toNullable(0.0234)'))).toBe('2.3 %');
  expect(await of(say.percent('toNullable(0.0001)'))).toBe('<0.1 %');
  expect(await of(say.percent('0'))).toBe('0 %');
  expect(await of(say.percent('1 - 0.5'))).toBe('50 %');
  expect(await of(say.percent('CAST(NULL AS Nullable(Float64))'))).toBe('unknown');
  expect(await of(say.ms('182.44'))).toBe('182.4 ms');
  expect(await of(say.ms('12345'))).toBe('12.3 s');
  expect(await of(say.duration('45'))).toBe('45 s');
  expect(await of(say.duration('60 * 12'))).toBe('12 min');
  expect(await of(say.duration('3600 * 26'))).toBe('26 h');
  expect(await of(say.duration('86400 * 21'))).toBe('21 days');
  expect(await of(say.count('1234.4'))).toBe('1234');
  expect(await of(say.number('0.12345', 3))).toBe('0.123');
});
