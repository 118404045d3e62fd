/**
 * Log-spaced histogram buckets with bounded relative error (DDSketch: Masson, Rim & Lee, "DDSketch: a fast and
 * fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). Counts per bucket add up, so histograms of
 * any windows, processes and grains merge without loss; percentiles are never averaged.
 */

/** Relative error α of a quantile. */
export const RELATIVE_ERROR = 0.02;
/** γ = (1+α)/(1−α): the ratio of a bucket's upper to its lower bound. */
export const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
/** Bucket of everything ≤ 0. */
export const ZERO_BUCKET = -32768;
const MAX_BUCKET = 32767;
const INV_LN_GAMMA = 1 / Math.log(GAMMA);

/** Bucket index of `x`: i with γ^(i−1) < x ≤ γ^i. */
export function bucketOf(x: number): number {
  if (!(x > 0)) return ZERO_BUCKET;
  const i = Math.ceil(Math.log(x) * INV_LN_GAMMA);
  return i > MAX_BUCKET ? MAX_BUCKET : i <= ZERO_BUCKET ? ZERO_BUCKET + 1 : i;
}

/** Value that is at most α away from every x of the bucket. */
export function bucketValue(i: number): number {
  return i === ZERO_BUCKET ? 0 : (2 * GAMMA ** i) / (GAMMA + 1);
}

/** Quantile by nearest rank ceil(q·n), capped at `max`; null of nothing. */
export function quantile(buckets: ReadonlyMap<number, number>, q: number, max = Infinity): number | null {
  let total = 0;
  for (const n of buckets.values()) total += n;
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(q * total));
  let seen = 0;
  for (const i of [...buckets.keys()].sort((a, b) => a - b)) {
    seen += buckets.get(i)!;
    if (seen >= rank) return Math.min(bucketValue(i), max);
  }
  return null;
}

/**
 * The same quantile as a ClickHouse expression over a merged Map(Int16, UInt64); NULL of nothing. `quantileExactWeighted`
 * is the nearest rank ceil(q·n) over the buckets; γ to the power of ZERO_BUCKET is 0 in a double, so that bucket needs no
 * case of its own. Held to `quantile` by queries.test.ts.
 */
export function quantileSql(q: number, histogram: string, max?: string): string {
  const index = `arrayReduce('quantileExactWeighted(${q})', mapKeys(${histogram}), mapValues(${histogram}))`;
  const value = `2 * pow(${GAMMA}, ${index}) / ${GAMMA + 1}`;
  return `if(empty(${histogram}), NULL, ${max === undefined ? value : `least(${value}, assumeNotNull(${max}))`})`;
}
