/** The Native encoder: what is written is what a real ClickHouse reads back, for every type that tables use. */
import fc from 'fast-check';
import { allTables } from '../catalog/tables';
import { domains } from '../domains';
import type { ClickHouse } from './client';
import { plainValues, type ColumnValues } from '../pipeline/columns';
import { encodeNative } from './native';
import { startEngine, type TestEngine } from './testing/engine';

let engine: TestEngine;
let ch: ClickHouse;
let tables = 0;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('native');
  await ch.command('CREATE DATABASE IF NOT EXISTS native');
}, 120_000);
afterAll(() => engine?.stop());

/** How a value of each type is asked for, so that no JSON number loses digits. */
const READ: Record<string, string> = {
  UInt64: 'toString(v)',
  Int64: 'toString(v)',
  'Nullable(UInt64)': 'toString(v)',
  Float64: 'toString(reinterpretAsUInt64(v))',
  'Nullable(Float64)': 'toString(reinterpretAsUInt64(v))',
  "DateTime('UTC')": 'toString(toUnixTimestamp(v))',
  "DateTime64(3, 'UTC')": 'toString(toUnixTimestamp64Milli(v))',
  'Map(Int16, UInt64)': 'arrayMap((k, n) -> (toString(k), toString(n)), mapKeys(v), mapValues(v))',
  String: 'hex(v)',
  'LowCardinality(String)': 'hex(v)',
};

async function roundTrip(type: string, values: readonly unknown[]): Promise<unknown[]> {
  const table = `t${tables++}`;
  await ch.command(`CREATE TABLE native.${table} (i UInt32, v ${type}) ENGINE = MergeTree ORDER BY i`);
  const body = encodeNative({
    table,
    rows: values.length,
    columns: [
      { name: 'i', type: 'UInt32', values: values.map((_, i) => i) },
      { name: 'v', type, values },
    ],
  });
  await ch.insertNative(table, ['i', 'v'], body, {});
  const rows = await ch.rows<{ x: unknown }>(`SELECT ${READ[type] ?? 'v'} AS x FROM native.${table} ORDER BY i`);
  await ch.command(`DROP TABLE native.${table}`);
  return rows.map((r) => r.x);
}

const hex = (s: string | Uint8Array): string =>
  Buffer.from(s as string)
    .toString('hex')
    .toUpperCase();
const bits = (x: number): string => {
  const b = Buffer.alloc(8);
  b.writeDoubleLE(x);
  return b.readBigUInt64LE().toString();
};
const orNull =
  <T>(f: (x: T) => unknown) =>
  (x: T | null): unknown =>
    x === null ? null : f(x);
const mapOf = (m: ReadonlyMap<number, number>): unknown =>
  [...m].sort((a, b) => a[0] - b[0]).map(([k, n]) => [String(k), String(BigInt(n))]);

const whole = (min: number, max: number) => fc.oneof(fc.constantFrom(min, max, 0, 1), fc.integer({ min, max }));
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 'ü', '😀', '\u0000', 'x'.repeat(200), "\t\n\\'"),
);
const MAX = Number.MAX_SAFE_INTEGER;
const histogram = fc.array(fc.tuple(whole(-32_768, 32_767), whole(0, MAX)), { maxLength: 20 }).map((x) => new Map(x));
const number = fc.double({ noNaN: true });

const CASES: [string, fc.Arbitrary<unknown>, (x: never) => unknown][] = [
  ['String', text, hex],
  ['String', fc.uint8Array({ maxLength: 300 }), hex],
  ['LowCardinality(String)', text, hex],
  ['UInt8', whole(0, 255), Number],
  ['UInt32', whole(0, 0xffff_ffff), Number],
  ['UInt64', whole(0, MAX), String],
  ['Int64', whole(-MAX, MAX), (x: number) => String(x === 0 ? 0 : x)],
  ['Float64', number, bits],
  ['Bool', fc.boolean(), (x: boolean) => x],
  ["DateTime('UTC')", whole(0, 0xffff_ffff), String],
  // 1900 to 2299, what the type holds; before 1970 it is negative.
  ["DateTime64(3, 'UTC')", whole(Date.UTC(1900, 0), Date.UTC(2299, 11, 31)), (x: number) => String(x === 0 ? 0 : x)],
  ['Map(Int16, UInt64)', histogram, mapOf],
  ['Nullable(UInt64)', fc.option(whole(0, MAX)), orNull(String)],
  ['Nullable(Float64)', fc.option(number), orNull(bits)],
  ['Nullable(Bool)', fc.option(fc.boolean()), orNull((x: boolean) => x)],
];

it.each(CASES)('%s', async (type, arbitrary, want) => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 200 }), async (values) => {
      expect(await roundTrip(type, values)).toEqual(values.map((v) => want(v as never)));
    }),
    { numRuns: 12, seed: 11 },
  );
});

it('covers every type of every table', () => {
  const types = new Set(allTables(domains).flatMap((t) => t.columns.map((c) => c.type)));
  expect([...types].filter((t) => !CASES.some(([type]) => type === t))).toEqual([]);
});

it.each([255, 256, 257, 65_535, 65_536, 70_000])('%d distinct values in a dictionary', async (n) => {
  const values = Array.from({ length: n + 10 }, (_, i) => `value ${i % n}`);
  expect(await roundTrip('LowCardinality(String)', values)).toEqual(values.map(hex));
});

it('a number beyond what a column holds is held at its largest, not the end of the pipeline', async () => {
  expect(await roundTrip('UInt64', [2 ** 63, 2 ** 64 - 2048, 2 ** 64, 1e30])).toEqual([
    '9223372036854775808',
    '18446744073709549568',
    '18446744073709551615',
    '18446744073709551615',
  ]);
});

it('half a surrogate pair becomes the replacement character', async () => {
  expect(await roundTrip('String', ['\ud83d', 'a\udc00b'])).toEqual(['EFBFBD', '61EFBFBD62']);
});

it('a missing value of a nullable column is NULL', async () => {
  expect(await roundTrip('Nullable(UInt64)', [undefined, 1, null])).toEqual([null, '1', null]);
});

it('an empty block and a large string are well-formed', async () => {
  expect(await roundTrip('LowCardinality(String)', [])).toEqual([]);
  const large = 'é'.repeat(200_000);
  expect(await roundTrip('String', [large, 'after'])).toEqual([hex(large), hex('after')]);
});

it('equal histograms are equal bytes, whatever the order of their buckets', () => {
  const block = (m: Map<number, number>) =>
    encodeNative({ table: 't', rows: 1, columns: [{ name: 'v', type: 'Map(Int16, UInt64)', values: [m] }] });
  expect(
    block(
      new Map([
        [5, 1],
        [-3, 2],
      ]),
    ),
  ).toEqual(
    block(
      new Map([
        [-3, 2],
        [5, 1],
      ]),
    ),
  );
});

it('a type it does not know is refused by name', () => {
  expect(() =>
    encodeNative({ table: 't', rows: 1, columns: [{ name: 'v', type: 'Array(String)', values: [[]] }] }),
  ).toThrow(/no Native encoding for column type Array\(String\)/);
});

describe('packed columns are the same bytes as plain ones', () => {
  const bytes = (type: string, values: ColumnValues, rows: number): string =>
    Buffer.concat(encodeNative({ table: 't', rows, columns: [{ name: 'v', type, values }] })).toString('hex');
  const packedStrings = (list: readonly string[]): ColumnValues => {
    const data = Buffer.concat(
      list.flatMap((s) => {
        const b = Buffer.from(s);
        return [b.length < 128 ? Buffer.of(b.length) : Buffer.of((b.length % 128) | 128, b.length >> 7), b];
      }),
    );
    return { kind: 'strings', data, length: list.length };
  };
  const many = Array.from({ length: 3000 }, (_, i) => `word ${i % 700}`);
  const cases: [string, ColumnValues][] = [
    ['Float64', Float64Array.of(0, -1.5, 1e300)],
    ['Nullable(Float64)', Float64Array.of(0, NaN, 7)],
    ['UInt64', Float64Array.of(0, 1, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER, 2 ** 70)],
    ['Nullable(UInt64)', Float64Array.of(NaN, 12)],
    ['Int64', Float64Array.of(-1, 5, -(2 ** 40))],
    ['UInt32', Float64Array.of(0, 4_294_967_295)],
    ["DateTime('UTC')", Float64Array.of(0, 1_800_000_000)],
    ["DateTime64(3, 'UTC')", Float64Array.of(0, 1_800_000_000_123)],
    ['Bool', Uint8Array.of(0, 1, 1)],
    ['Nullable(Bool)', Uint8Array.of(0, 255, 1)],
    ['String', packedStrings(['', 'é', 'x'.repeat(300)])],
    ['LowCardinality(String)', { kind: 'words', words: ['', 'b', 'a'], keys: Uint32Array.of(1, 0, 2, 1) }],
    [
      'LowCardinality(String)',
      {
        kind: 'words',
        words: ['', ...new Set(many)],
        keys: Uint32Array.from(many, (w) => [...new Set(many)].indexOf(w) + 1),
      },
    ],
    ['LowCardinality(String)', { kind: 'constant', value: 'x' }],
    ['LowCardinality(String)', { kind: 'constant', value: '' }],
    ['UInt32', { kind: 'constant', value: 7 }],
    [
      'Map(Int16, UInt64)',
      {
        kind: 'histograms',
        ends: Uint32Array.of(2, 2, 3),
        buckets: Int16Array.of(-32768, 5, 32767),
        counts: Float64Array.of(1, 2, 3),
      },
    ],
  ];
  it.each(cases)('%s', (type, values) => {
    const rows = ArrayBuffer.isView(values)
      ? (values as Float64Array).length
      : 'keys' in values
        ? values.keys.length
        : 'ends' in values
          ? values.ends.length
          : 'data' in values
            ? values.length
            : 4;
    expect(bytes(type, values, rows)).toBe(bytes(type, plainValues(values, rows), rows));
  });
});
