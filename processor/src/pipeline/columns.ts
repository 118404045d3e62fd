/**
 * Values of a block's column: a plain list, or packed so that they can be written as they lie in memory. Whoever does not
 * care reads them with `plainValues`.
 */

/** Doubles, also for whole numbers up to 2^53; NaN is NULL. */
export type PackedNumbers = Float64Array;
/** 0 or 1; 255 is NULL. */
export type PackedFlags = Uint8Array;
/** Row i is `words[keys[i]]`; `words[0]` is ''. */
export interface PackedWords {
  kind: 'words';
  words: readonly string[];
  keys: Uint32Array;
}
/** Rows one after the other, each its length as LEB128 and then its bytes. */
export interface PackedStrings {
  kind: 'strings';
  data: Uint8Array;
  length: number;
}
/** Row i has the buckets `[ends[i − 1], ends[i])`, ascending, with their counts. */
export interface PackedHistograms {
  kind: 'histograms';
  ends: Uint32Array;
  buckets: Int16Array;
  counts: Float64Array;
}
/** The same value in every row. */
export interface Constant {
  kind: 'constant';
  value: string | number;
}
export type ColumnValues =
  ReadonlyArray<unknown> | PackedNumbers | PackedFlags | PackedWords | PackedStrings | PackedHistograms | Constant;

/** Calls back with where each string of such a list begins and ends in `data`, row by row. */
export function eachString(
  { data, length }: Pick<PackedStrings, 'data' | 'length'>,
  take: (start: number, end: number, row: number) => void,
): void {
  for (let row = 0, at = 0; row < length; row++) {
    let bytes = 0;
    for (let shift = 0; ; shift += 7) {
      const b = data[at++]!;
      bytes += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) break;
    }
    take(at, at + bytes, row);
    at += bytes;
  }
}

const utf8 = new TextDecoder();

/** All values as a plain list. */
export function plainValues(values: ColumnValues, rows: number): unknown[] {
  if (Array.isArray(values)) return values as unknown[];
  if (values instanceof Float64Array) return Array.from(values, (v) => (Number.isNaN(v) ? null : v));
  if (values instanceof Uint8Array) return Array.from(values, (v) => (v === 255 ? null : v === 1));
  const packed = values as PackedWords | PackedStrings | PackedHistograms | Constant;
  switch (packed.kind) {
    case 'constant':
      return new Array<unknown>(rows).fill(packed.value);
    case 'words':
      return Array.from(packed.keys, (k) => packed.words[k]);
    case 'strings': {
      const out: string[] = [];
      eachString(packed, (start, end) => out.push(utf8.decode(packed.data.subarray(start, end))));
      return out;
    }
    case 'histograms':
      return Array.from(packed.ends, (end, i) => {
        const map = new Map<number, number>();
        for (let j = i === 0 ? 0 : packed.ends[i - 1]!; j < end; j++) map.set(packed.buckets[j]!, packed.counts[j]!);
        return map;
      });
  }
}
