import fc from 'fast-check';
import { exact, sumScale } from './exact';

const scales = { ms: sumScale({ unit: 'ms' }), USD: sumScale({ unit: 'currencyUSD' }), other: sumScale({ unit: 's' }) };

/** Sums the values in the given order, in groups as a merge tree might: each group on its own, then the groups. */
const sumOf = (values: number[], group: number): number => {
  let total = 0;
  for (let i = 0; i < values.length; i += group) {
    let part = 0;
    for (const v of values.slice(i, i + group)) part += v;
    total += part;
  }
  return total;
};
const bits = (v: number): string => Buffer.from(new Float64Array([v]).buffer).toString('hex');
const shuffles = fc.tuple(
  fc.array(fc.double({ min: -86_400_000, max: 86_400_000, noNaN: true }), { minLength: 2, maxLength: 200 }),
  fc.integer({ min: 1, max: 50 }),
  fc.integer(),
);
/** The same values in another order, made from the seed. */
const shuffled = (values: number[], seed: number): number[] =>
  values
    .map((v, i) => ({ v, key: Math.imul(i + 1, seed | 1) ^ seed }))
    .sort((a, b) => a.key - b.key)
    .map((x) => x.v);

test.each([scales.ms, scales.other])(
  'sums of rounded values are bit-equal in any order and grouping (scale %d)',
  (scale) => {
    fc.assert(
      fc.property(shuffles, ([values, group, seed]) => {
        const rounded = values.map((v) => exact(v, scale));
        expect(bits(sumOf(shuffled(rounded, seed), group))).toBe(bits(sumOf(rounded, rounded.length)));
      }),
      { numRuns: 500 },
    );
  },
);

test('currencies likewise, up to their bound of 2^23', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 40_000, noNaN: true }), { maxLength: 200 }),
      fc.integer(),
      (v, seed) => {
        const rounded = v.map((x) => exact(x, scales.USD));
        expect(bits(sumOf(shuffled(rounded, seed), 7))).toBe(bits(sumOf(rounded, 200)));
      },
    ),
    { numRuns: 500 },
  );
});

test('without rounding they are not: the control', () => {
  const differs = fc.check(
    fc.property(
      shuffles,
      ([values, group, seed]) => bits(sumOf(shuffled(values, seed), group)) === bits(sumOf(values, 200)),
    ),
    { numRuns: 500 },
  );
  expect(differs.failed).toBe(true);
});

test('beyond the bound they are not either: the bound is no fiction', () => {
  const huge = 2 ** 39;
  const values = [huge, ...Array.from({ length: 8 }, () => exact(0.00006103515625, scales.ms))];
  expect(sumOf(values, 1)).not.toBe(sumOf([...values].reverse(), 1));
});

test('a value moves by at most half a step, and rounding twice changes nothing', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e15, max: 1e15, noNaN: true }),
      fc.constantFrom(...Object.values(scales)),
      (v, scale) => {
        const r = exact(v, scale);
        expect(Math.abs(r - v)).toBeLessThanOrEqual(0.5 / scale);
        expect(exact(r, scale)).toBe(r);
      },
    ),
    { numRuns: 1000 },
  );
  expect(exact(Number.MAX_VALUE, scales.USD)).toBe(Number.MAX_VALUE);
});

test('the resolution is the measure’s own, else that of its unit', () => {
  expect([scales.ms, scales.USD, scales.other]).toEqual([2 ** 14, 2 ** 30, 2 ** 20]);
  expect(sumScale({ unit: 'ms', resolution: 3 })).toBe(8);
  for (const resolution of [-1, 0.5, 53, NaN]) expect(() => sumScale({ unit: 'ms', resolution })).toThrow(RangeError);
});
