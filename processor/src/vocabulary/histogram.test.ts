import fc from 'fast-check';
import { bucketOf, bucketValue, quantile, RELATIVE_ERROR, ZERO_BUCKET } from './histogram';

const values = fc.array(fc.oneof(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), fc.constantFrom(0, 1, 1000)), {
  minLength: 1,
  maxLength: 300,
});
const q = fc.constantFrom(0.01, 0.5, 0.9, 0.95, 0.99, 1);

const histogramOf = (xs: number[]): Map<number, number> => {
  const h = new Map<number, number>();
  for (const x of xs) h.set(bucketOf(x), (h.get(bucketOf(x)) ?? 0) + 1);
  return h;
};
const nearestRank = (xs: number[], p: number): number =>
  [...xs].sort((a, b) => a - b)[Math.max(1, Math.ceil(p * xs.length)) - 1]!;

test('a bucket value is within the stated error of everything in the bucket', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), (x) => {
      expect(Math.abs(bucketValue(bucketOf(x)) - x) / x).toBeLessThanOrEqual(RELATIVE_ERROR * (1 + 1e-9));
    }),
    { numRuns: 2000 },
  );
});

test('a quantile is within the stated error of the exact nearest-rank quantile', () => {
  fc.assert(
    fc.property(values, q, (xs, p) => {
      const exact = nearestRank(xs, p);
      const got = quantile(histogramOf(xs), p, Math.max(...xs))!;
      expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR * (1 + 1e-9));
    }),
    { numRuns: 500 },
  );
});

test('merging histograms loses nothing: parts give what the whole gives', () => {
  fc.assert(
    fc.property(values, values, q, (a, b, p) => {
      const merged = histogramOf(a);
      for (const [i, n] of histogramOf(b)) merged.set(i, (merged.get(i) ?? 0) + n);
      expect(quantile(merged, p)).toBe(quantile(histogramOf([...a, ...b]), p));
    }),
  );
});

test('averaging percentiles would not pass: the control', () => {
  const fast = Array.from({ length: 990 }, () => 10);
  const slow = Array.from({ length: 10 }, () => 1000);
  const averaged = (quantile(histogramOf(fast), 0.95)! + quantile(histogramOf(slow), 0.95)!) / 2;
  const exact = nearestRank([...fast, ...slow], 0.95);
  expect(Math.abs(averaged - exact) / exact).toBeGreaterThan(10);
});

test('zero, negative and absurd values have a bucket; nothing has no quantile', () => {
  expect([bucketOf(0), bucketOf(-1), bucketOf(NaN)]).toEqual([ZERO_BUCKET, ZERO_BUCKET, ZERO_BUCKET]);
  expect(bucketOf(Number.MAX_VALUE)).toBeLessThanOrEqual(32767);
  expect(bucketOf(Number.MIN_VALUE)).toBeGreaterThan(ZERO_BUCKET);
  expect(quantile(new Map(), 0.95)).toBeNull();
});
