/**
 * Records of one partition in offset order, in columns: to take one in costs no object, and a fetched batch is handed on
 * in the buffer in which it arrived. Iterating gives them one by one as `LogRecord`, for whoever does not mind the cost.
 */
import type { LogRecord } from './ports';

const NO_HEADERS: Readonly<Record<string, string>> = {};

export interface RecordColumns {
  /** What keys and values lie in. */
  data: Buffer;
  length: number;
  offsets: Float64Array;
  /** Milliseconds since the epoch. */
  timestamps: Float64Array;
  /** Value i is `data[valueStarts[i], valueEnds[i])`; a start of −1 is a tombstone. Keys likewise. */
  valueStarts: Int32Array;
  valueEnds: Int32Array;
  keyStarts: Int32Array;
  keyEnds: Int32Array;
  /** Headers of record i; left out where no record has any. */
  headers?: ReadonlyArray<Readonly<Record<string, string>> | undefined>;
}

export class Records implements Iterable<LogRecord> {
  readonly data: Buffer;
  readonly length: number;
  readonly offsets: Float64Array;
  readonly timestamps: Float64Array;
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  private readonly keyStarts: Int32Array;
  private readonly keyEnds: Int32Array;
  private readonly allHeaders: RecordColumns['headers'];

  constructor(c: RecordColumns) {
    this.data = c.data;
    this.length = c.length;
    this.offsets = c.offsets;
    this.timestamps = c.timestamps;
    this.valueStarts = c.valueStarts;
    this.valueEnds = c.valueEnds;
    this.keyStarts = c.keyStarts;
    this.keyEnds = c.keyEnds;
    this.allHeaders = c.headers;
  }

  static of(list: readonly LogRecord[]): Records {
    const n = list.length;
    let bytes = 0;
    for (const r of list) bytes += (r.key?.length ?? 0) + (r.value?.length ?? 0);
    const data = Buffer.allocUnsafe(bytes);
    const c = {
      data,
      length: n,
      offsets: new Float64Array(n),
      timestamps: new Float64Array(n),
      valueStarts: new Int32Array(n),
      valueEnds: new Int32Array(n),
      keyStarts: new Int32Array(n),
      keyEnds: new Int32Array(n),
    };
    let at = 0;
    let headers: (Readonly<Record<string, string>> | undefined)[] | undefined;
    list.forEach((r, i) => {
      c.offsets[i] = r.offset;
      c.timestamps[i] = r.timestamp;
      c.keyStarts[i] = r.key === null ? -1 : at;
      if (r.key !== null) at += r.key.copy(data, at);
      c.keyEnds[i] = at;
      c.valueStarts[i] = r.value === null ? -1 : at;
      if (r.value !== null) at += r.value.copy(data, at);
      c.valueEnds[i] = at;
      for (const _ in r.headers) {
        (headers ??= new Array<undefined>(n).fill(undefined))[i] = r.headers;
        break;
      }
    });
    return new Records(headers === undefined ? c : { ...c, headers });
  }

  /** Headers of record i. */
  headers(i: number): Readonly<Record<string, string>> {
    return this.allHeaders?.[i] ?? NO_HEADERS;
  }

  /** Record i by itself; its key and value are views of `data`. */
  at(i: number): LogRecord {
    const slice = (start: number, end: number): Buffer | null => (start < 0 ? null : this.data.subarray(start, end));
    return {
      offset: this.offsets[i]!,
      timestamp: this.timestamps[i]!,
      key: slice(this.keyStarts[i]!, this.keyEnds[i]!),
      value: slice(this.valueStarts[i]!, this.valueEnds[i]!),
      headers: this.headers(i),
    };
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}
