/**
 * Sums that do not depend on the order of addition. Doubles add up exactly as long as all of them are multiples of one
 * power of two 2^-k and no partial sum reaches 2^(53-k); so every value that enters a sum is rounded to such a multiple
 * first. Then ClickHouse may merge parts in whatever order, and a rebuild from raw gives the same bits as streaming.
 *
 * The price is an error of at most 2^-(k+1) per value. The bound is on the sum of the magnitudes in one row; beyond it the
 * sum is an ordinary sum of doubles: as accurate (relative error 2^-53 per addition), but dependent on the order.
 */
import type { Measure } from '../domains/define';

/** Exponent k where the measure names none, by its unit. */
const DEFAULT_RESOLUTION = 20;
const RESOLUTION_BY_UNIT: readonly { matches: (unit: string) => boolean; k: number }[] = [
  // 6e-5 ms: below what clocks tell apart; sums up to 2^39 ms (17 years of waiting) in one row.
  { matches: (unit) => unit === 'ms', k: 14 },
  // 9e-10 of the currency: an error of 5e-8 cents at most; sums up to 8.3 million in one row.
  { matches: (unit) => unit.startsWith('currency'), k: 30 },
];

/** Largest exponent: 2^52 keeps one whole bit above the point. */
const MAX_RESOLUTION = 52;

/**
 * 2^k of the measure: values of its sum are rounded to multiples of 1 / scale.
 * @throws RangeError when the declared resolution is not a whole number from 0 to 52
 */
export function sumScale(m: Pick<Measure<never>, 'unit' | 'resolution'>): number {
  const k = m.resolution ?? RESOLUTION_BY_UNIT.find((r) => r.matches(m.unit))?.k ?? DEFAULT_RESOLUTION;
  if (!Number.isInteger(k) || k < 0 || k > MAX_RESOLUTION)
    throw new RangeError(`resolution ${k} of a measure: a whole number from 0 to ${MAX_RESOLUTION} is needed`);
  return 2 ** k;
}

/** `v` rounded to the nearest multiple of 1 / scale, halves up. From 2^53 / scale on, every double is one already. */
export function exact(v: number, scale: number): number {
  const scaled = v * scale;
  return scaled < 2 ** 53 && scaled > -(2 ** 53) ? Math.round(scaled) / scale : v;
}
