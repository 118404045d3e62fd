/** Histograms of many rows at once: values are noted as (row, bucket) pairs and sorted when the rows are written. */
import type { PackedHistograms } from '../columns';

/** Buckets are 16-bit signed numbers. */
const OFFSET = 32768;

export interface Counted {
  /** Pair i: row, bucket (32768 above its number), count. Sorted by row, then bucket; each pair once. */
  rows: Uint32Array;
  buckets: Uint32Array;
  counts: Float64Array;
}

/** Sorts pairs by row and bucket and adds up equal ones. Linear time: two counting sorts. */
export function tally(rows: Uint32Array, buckets: Uint32Array, counts: Float64Array | null, rowCount: number): Counted {
  const n = rows.length;
  if (n === 0) return { rows, buckets, counts: new Float64Array(0) };
  let lowest = Infinity;
  let highest = 0;
  for (let i = 0; i < n; i++) {
    const b = buckets[i]!;
    if (b < lowest) lowest = b;
    if (b > highest) highest = b;
  }
  const byBucket = places(buckets, lowest, highest - lowest + 1);
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[byBucket[buckets[i]! - lowest]!++] = i;
  const byRow = places(rows, 0, rowCount);
  const sorted = new Uint32Array(n);
  for (let k = 0; k < n; k++) {
    const i = order[k]!;
    sorted[byRow[rows[i]!]!++] = i;
  }
  const out: Counted = { rows: new Uint32Array(n), buckets: new Uint32Array(n), counts: new Float64Array(n) };
  let m = 0;
  for (let k = 0; k < n; k++) {
    const i = sorted[k]!;
    const row = rows[i]!;
    const bucket = buckets[i]!;
    const count = counts === null ? 1 : counts[i]!;
    if (m > 0 && out.rows[m - 1] === row && out.buckets[m - 1] === bucket) out.counts[m - 1]! += count;
    else {
      out.rows[m] = row;
      out.buckets[m] = bucket;
      out.counts[m++] = count;
    }
  }
  return { rows: out.rows.subarray(0, m), buckets: out.buckets.subarray(0, m), counts: out.counts.subarray(0, m) };
}

/** Where the values of each kind begin, for a counting sort. */
function places(values: Uint32Array, lowest: number, kinds: number): Uint32Array {
  const at = new Uint32Array(kinds + 1);
  for (let i = 0; i < values.length; i++) at[values[i]! - lowest + 1]!++;
  for (let k = 0; k < kinds; k++) at[k + 1]! += at[k]!;
  return at;
}

/** As a column of `rowCount` rows. */
export function packed(c: Counted, rowCount: number): PackedHistograms {
  const ends = new Uint32Array(rowCount);
  for (let i = 0; i < c.rows.length; i++) ends[c.rows[i]!]!++;
  for (let r = 1; r < rowCount; r++) ends[r]! += ends[r - 1]!;
  const buckets = new Int16Array(c.buckets.length);
  for (let i = 0; i < buckets.length; i++) buckets[i] = c.buckets[i]! - OFFSET;
  return { kind: 'histograms', ends, buckets, counts: c.counts };
}

/** How a bucket is noted. */
export const noted = (bucket: number): number => bucket + OFFSET;
