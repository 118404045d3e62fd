/**
 * ClickHouse's Native format (protocol version 0), written column by column: the cheapest thing a server can be asked to
 * read. Covers the types that table definitions use; anything else is refused when the first block is built.
 */
import { ShadowerError } from '../errors';
import type { ColumnValues } from '../pipeline/columns';
import type { Block } from '../pipeline/ports';

/** Smaller arrays are copied rather than sent as a piece of their own. */
const COPIED_BYTES = 4096;

/** Growing list of byte buffers with the few writers the format needs. */
class Bytes {
  private buf = Buffer.allocUnsafe(64 * 1024);
  private n = 0;
  private readonly pieces: Uint8Array[] = [];
  /** Everything in `buf` below it is in `pieces`. */
  private sent = 0;

  private room(bytes: number): void {
    if (this.n + bytes <= this.buf.length) return;
    this.cut();
    this.buf = Buffer.allocUnsafe(Math.max(64 * 1024, bytes));
    this.n = 0;
    this.sent = 0;
  }
  varUint(v: number): void {
    this.room(10);
    while (v >= 0x80) {
      this.buf[this.n++] = (v % 0x80) | 0x80;
      v = Math.floor(v / 0x80);
    }
    this.buf[this.n++] = v;
  }
  string(s: string | Uint8Array): void {
    if (typeof s !== 'string') {
      this.varUint(s.length);
      this.room(s.length);
      this.buf.set(s, this.n);
      this.n += s.length;
      return;
    }
    const length = Buffer.byteLength(s);
    this.varUint(length);
    this.room(length);
    this.n += this.buf.write(s, this.n, length, 'utf8');
  }
  u8(v: number): void {
    this.room(1);
    this.buf[this.n++] = v;
  }
  i16(v: number): void {
    this.room(2);
    this.n = this.buf.writeInt16LE(v, this.n);
  }
  u32(v: number): void {
    this.room(4);
    this.n = this.buf.writeUInt32LE(v, this.n);
  }
  /** Whole number within ±2^63; exact within ±2^53. */
  i64(v: number): void {
    this.room(8);
    this.buf.writeUInt32LE(((v % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000, this.n);
    this.buf.writeInt32LE(Math.floor(v / 0x1_0000_0000), this.n + 4);
    this.n += 8;
  }
  /** Whole number ≥ 0, exact up to 2^53. A sum beyond 2^64 is held at the largest value: it must not stop the pipeline. */
  u64(v: number): void {
    this.room(8);
    const over = v >= 2 ** 64;
    this.buf.writeUInt32LE(over ? 0xffff_ffff : v % 0x1_0000_0000, this.n);
    this.buf.writeUInt32LE(over ? 0xffff_ffff : Math.floor(v / 0x1_0000_0000), this.n + 4);
    this.n += 8;
  }
  f64(v: number): void {
    this.room(8);
    this.n = this.buf.writeDoubleLE(v, this.n);
  }
  /** Appends what lies in memory as it is to be written (little-endian machines, which are all that Node runs on). */
  raw(array: ArrayBufferView): void {
    if (array.byteLength < COPIED_BYTES) {
      this.room(array.byteLength);
      this.buf.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), this.n);
      this.n += array.byteLength;
      return;
    }
    this.cut();
    this.pieces.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  private cut(): void {
    if (this.n === this.sent) return;
    this.pieces.push(this.buf.subarray(this.sent, this.n));
    this.sent = this.n;
  }
  done(): Uint8Array[] {
    this.cut();
    return this.pieces;
  }
}

type Writer = (out: Bytes, values: ReadonlyArray<unknown>) => void;
const each =
  (write: (out: Bytes, v: never) => void): Writer =>
  (out, values) => {
    for (const v of values) write(out, v as never);
  };

// LowCardinality serialization: version 1, then per block: index type | "has additional keys" | "update dictionary".
const LC_VERSION = 1;
const LC_FLAGS = 0x200 | 0x400;

function lowCardinality(out: Bytes, values: ReadonlyArray<unknown>): void {
  const index = new Map<string, number>([['', 0]]);
  const keys = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const s = values[i] as string;
    let k = index.get(s);
    if (k === undefined) index.set(s, (k = index.size));
    keys[i] = k;
  }
  writeDictionary(out, [...index.keys()], keys);
}

function map(key: (out: Bytes, v: number) => void, value: (out: Bytes, v: number) => void): Writer {
  return (out, values) => {
    const maps = values as ReadonlyArray<ReadonlyMap<number, number>>;
    let total = 0;
    for (const m of maps) out.i64((total += m.size));
    // Sorted, so that equal histograms are equal bytes.
    const sorted = maps.map((m) => [...m].sort((a, b) => a[0] - b[0]));
    for (const m of sorted) for (const [k] of m) key(out, k);
    for (const m of sorted) for (const [, v] of m) value(out, v);
  };
}

const SIMPLE: Record<string, { write: Writer; zero: unknown }> = {
  String: { write: each((o, v: string | Uint8Array) => o.string(v)), zero: '' },
  UInt8: { write: each((o, v: number) => o.u8(v)), zero: 0 },
  Bool: { write: each((o, v: boolean) => o.u8(v ? 1 : 0)), zero: false },
  UInt32: { write: each((o, v: number) => o.u32(v)), zero: 0 },
  UInt64: { write: each((o, v: number) => o.u64(v)), zero: 0 },
  Int64: { write: each((o, v: number) => o.i64(v)), zero: 0 },
  Float64: { write: each((o, v: number) => o.f64(v)), zero: 0 },
  "DateTime('UTC')": { write: each((o, v: number) => o.u32(v)), zero: 0 },
  "DateTime64(3, 'UTC')": { write: each((o, v: number) => o.i64(Math.round(v))), zero: 0 },
  'Map(Int16, UInt64)': {
    write: map(
      (o, v) => o.i16(v),
      (o, v) => o.u64(v),
    ),
    zero: new Map(),
  },
};

/** Indexes of a dictionary in the narrowest width that holds them. */
function writeKeys(out: Bytes, keys: Uint32Array, width: number): void {
  out.raw(width === 0 ? new Uint8Array(keys) : width === 1 ? new Uint16Array(keys) : keys);
}
const widthOf = (size: number): number => (size <= 0x100 ? 0 : size <= 0x10000 ? 1 : 2);

function writeDictionary(out: Bytes, words: readonly string[], keys: Uint32Array): void {
  if (keys.length === 0) return;
  const width = widthOf(words.length);
  out.i64(LC_VERSION);
  out.i64(LC_FLAGS | width);
  out.i64(words.length);
  for (const s of words) out.string(s);
  out.i64(keys.length);
  writeKeys(out, keys, width);
}

/** Whole doubles as 64-bit integers; NaN, which is NULL, as 0. */
function integers(values: Float64Array): Uint32Array {
  const out = new Uint32Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v >= 2 ** 64) {
      out[2 * i] = 0xffff_ffff;
      out[2 * i + 1] = 0xffff_ffff;
    } else {
      // ToUint32 is the remainder by 2^32, for negative numbers too.
      out[2 * i] = v;
      out[2 * i + 1] = Math.floor(v / 0x1_0000_0000);
    }
  }
  return out;
}

function withoutNaN(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v === v) out[i] = v;
  }
  return out;
}

function writeNumbers(out: Bytes, type: string, values: Float64Array): void {
  const nullable = type.startsWith('Nullable(');
  const inner = nullable ? type.slice(9, -1) : type;
  if (nullable) {
    const nulls = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) nulls[i] = 1;
    out.raw(nulls);
  }
  switch (inner) {
    case 'Float64':
      // NaN would be a value of its own in ClickHouse; under a NULL it is not seen, but equal blocks shall be equal bytes.
      return out.raw(nullable ? withoutNaN(values) : values);
    case 'UInt64':
    case 'Int64':
    case "DateTime64(3, 'UTC')":
      return out.raw(integers(values));
    case 'UInt32':
    case "DateTime('UTC')":
      return out.raw(new Uint32Array(values));
    default:
      throw new ShadowerError('INTERNAL', `no packed numbers for column type ${type}`);
  }
}

function writePacked(out: Bytes, type: string, values: Exclude<ColumnValues, ReadonlyArray<unknown>>, rows: number) {
  if (values instanceof Float64Array) return writeNumbers(out, type, values);
  if (values instanceof Uint8Array) {
    const nulls = new Uint8Array(values.length);
    const flags = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++)
      if (values[i] === 255) nulls[i] = 1;
      else flags[i] = values[i]!;
    if (type.startsWith('Nullable(')) out.raw(nulls);
    return out.raw(flags);
  }
  switch (values.kind) {
    case 'words':
      return writeDictionary(out, values.words, values.keys);
    case 'strings':
      return out.raw(values.data);
    case 'histograms': {
      const { ends, buckets, counts } = values;
      out.raw(integers(new Float64Array(ends)));
      out.raw(buckets);
      return out.raw(integers(counts));
    }
    case 'constant': {
      const { value } = values;
      if (typeof value === 'number') return writeNumbers(out, type, new Float64Array(rows).fill(value));
      return writeDictionary(out, value === '' ? [''] : ['', value], new Uint32Array(rows).fill(value === '' ? 0 : 1));
    }
  }
}

const isPlain = (values: ColumnValues): values is ReadonlyArray<unknown> => Array.isArray(values);

function writeColumn(out: Bytes, type: string, values: ColumnValues, rows: number): void {
  if (!isPlain(values)) return writePacked(out, type, values, rows);
  if (type === 'LowCardinality(String)') {
    lowCardinality(out, values);
    return;
  }
  const nullable = /^Nullable\((.+)\)$/.exec(type);
  const simple = SIMPLE[nullable ? nullable[1]! : type];
  if (simple === undefined) throw new ShadowerError('INTERNAL', `no Native encoding for column type ${type}`);
  if (nullable) {
    for (const v of values) out.u8(v === null || v === undefined ? 1 : 0);
    simple.write(
      out,
      values.map((v) => v ?? simple.zero),
    );
  } else simple.write(out, values);
}

/** One block as one Native message, in pieces; packed columns are not copied, so they must stay as they are until it is sent. */
export function encodeNative(block: Block): Uint8Array[] {
  const out = new Bytes();
  out.varUint(block.columns.length);
  out.varUint(block.rows);
  for (const c of block.columns) {
    out.string(c.name);
    out.string(c.type);
    writeColumn(out, c.type, c.values, block.rows);
  }
  return out.done();
}
