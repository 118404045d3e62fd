/**
 * ClickHouse's Native format (protocol version 0), written column by column: the cheapest thing a server can be asked to
 * read. Covers the types that table definitions use; anything else is refused when the first block is built.
 */
import { ShadowerError } from '../errors';
import type { Block } from '../pipeline/ports';

/** Growing byte buffer with the few writers the format needs. */
class Bytes {
  private buf = Buffer.allocUnsafe(64 * 1024);
  private n = 0;

  private room(bytes: number): void {
    if (this.n + bytes <= this.buf.length) return;
    const next = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.n + bytes));
    this.buf.copy(next, 0, 0, this.n);
    this.buf = next;
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
  u16(v: number): void {
    this.room(2);
    this.n = this.buf.writeUInt16LE(v, this.n);
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
  done(): Buffer {
    return this.buf.subarray(0, this.n);
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
  if (values.length === 0) return;
  const index = new Map<string, number>([['', 0]]);
  const keys = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const s = values[i] as string;
    let k = index.get(s);
    if (k === undefined) index.set(s, (k = index.size));
    keys[i] = k;
  }
  const width = index.size <= 0x100 ? 0 : index.size <= 0x10000 ? 1 : 2;
  out.i64(LC_FLAGS | width);
  out.i64(index.size);
  for (const s of index.keys()) out.string(s);
  out.i64(values.length);
  if (width === 0) for (const k of keys) out.u8(k);
  else if (width === 1) for (const k of keys) out.u16(k);
  else for (const k of keys) out.u32(k);
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

function writeColumn(out: Bytes, type: string, values: ReadonlyArray<unknown>): void {
  if (type === 'LowCardinality(String)') {
    if (values.length > 0) out.i64(LC_VERSION);
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

/** One block as one Native message. */
export function encodeNative(block: Block): Buffer {
  const out = new Bytes();
  out.varUint(block.columns.length);
  out.varUint(block.rows);
  for (const c of block.columns) {
    out.string(c.name);
    out.string(c.type);
    writeColumn(out, c.type, c.values);
  }
  return out.done();
}
