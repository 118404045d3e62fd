/**
 * Records as they lie in a record batch of Kafka's format 2, into columns: no object per record, keys and values stay
 * where they are. Every length is checked against what holds it, since a checksum says only that the bytes are the
 * producer's.
 */
import type { RecordColumns } from '../pipeline/records';

/** Bytes that are not what Kafka's format says; the message goes on from "record batch at offset N …". */
export class MalformedBatch extends Error {
  constructor(what: string, options?: { cause?: unknown }) {
    super(what, options);
    this.name = 'MalformedBatch';
  }
}

/** What the header of a batch says that its records need. */
export interface BatchFrame {
  baseOffset: number;
  lastOffsetDelta: number;
  baseTimestamp: number;
  /** Set where the broker's time of appending counts, not the producer's. */
  appendTime: number | undefined;
  count: number;
}

/** Length, attributes, time, offset, key length, value length and header count take a byte each at least. */
const SMALLEST_RECORD = 7;
/** Past every buffer: what reads on from here finds nothing, and the next comparison with an end fails. */
const OVERRUN = 2 ** 32;

/** Where the last varint ended. A variable beside the functions, since returning a pair would be an object per number. */
let cursor = 0;

/** A zigzag number of at most 5 bytes. */
function varint(b: Buffer, at: number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = b[at++]!;
    value |= (byte & 0x7f) << shift;
    if (!(byte & 0x80)) {
      cursor = at;
      return (value >>> 1) ^ -(value & 1);
    }
  }
  cursor = OVERRUN;
  return 0;
}

/** A zigzag number of at most 10 bytes, exact up to 2^53. */
function varlong(b: Buffer, at: number): number {
  const start = at;
  let value = 0;
  for (let scale = 1, n = 0; n < 7; n++, scale *= 128) {
    const byte = b[at++]!;
    value += (byte & 0x7f) * scale;
    if (!(byte & 0x80)) {
      cursor = at;
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }
  let big = 0n;
  at = start;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = b[at++]!;
    big |= BigInt(byte & 0x7f) << shift;
    if (!(byte & 0x80)) {
      cursor = at;
      return Number(BigInt.asIntN(64, (big >> 1n) ^ -(big & 1n)));
    }
  }
  cursor = OVERRUN;
  return 0;
}

/** Collects the records of one or more batches that lie in one buffer, or in several that are put together at the end. */
export class ColumnBuilder {
  length = 0;
  /** Bytes of the buffers so far; where the next one will begin. */
  private base = 0;
  private readonly parts: Buffer[] = [];
  private capacity = 0;
  private offsets = new Float64Array(0);
  private timestamps = new Float64Array(0);
  private valueStarts = new Int32Array(0);
  private valueEnds = new Int32Array(0);
  private keyStarts = new Int32Array(0);
  private keyEnds = new Int32Array(0);
  private headers?: (Readonly<Record<string, string>> | undefined)[];

  /** Bytes that are held. */
  get bytes(): number {
    return this.base;
  }

  /**
   * Takes the records in `b[at, end)` whose offset is at least `from`; they must fill it exactly. With `inPlace`, positions
   * are those within `b`, and every batch must come from the same one. Throws MalformedBatch, and has then taken nothing.
   */
  decode(b: Buffer, at: number, end: number, frame: BatchFrame, from: number, inPlace: boolean): void {
    const { baseOffset, lastOffsetDelta, baseTimestamp, appendTime, count } = frame;
    if (count * SMALLEST_RECORD > end - at) throw new MalformedBatch(`says ${count} records in ${end - at} bytes`);
    this.reserve(count);
    const { offsets, timestamps, valueStarts, valueEnds, keyStarts, keyEnds } = this;
    const shift = inPlace ? 0 : this.base;
    if (inPlace) {
      if (this.parts.length === 0) this.parts.push(b);
      this.base += end - at;
    } else {
      this.parts.push(b);
      this.base += b.length;
    }
    let n = this.length;
    let lastDelta = -1;
    for (let i = 0; i < count; i++) {
      let x = b[at]!;
      let size: number;
      // One byte is by far the most frequent; spelled out, since the call would cost more than the rest.
      if (x < 0x80) {
        size = (x >>> 1) ^ -(x & 1);
        at++;
      } else {
        size = varint(b, at);
        at = cursor;
      }
      const recordEnd = at + size;
      if (!(size >= SMALLEST_RECORD - 1 && recordEnd <= end)) throw this.malformed(i, 'goes beyond its batch');
      at++; // attributes, of which none is defined
      let timeDelta: number;
      if ((x = b[at]!) < 0x80) {
        timeDelta = (x >>> 1) ^ -(x & 1);
        at++;
      } else {
        timeDelta = varlong(b, at);
        at = cursor;
      }
      let delta: number;
      if ((x = b[at]!) < 0x80) {
        delta = (x >>> 1) ^ -(x & 1);
        at++;
      } else {
        delta = varint(b, at);
        at = cursor;
      }
      if (delta <= lastDelta || delta > lastOffsetDelta) throw this.malformed(i, `has offset ${baseOffset + delta}`);
      lastDelta = delta;
      let keyLength: number;
      if ((x = b[at]!) < 0x80) {
        keyLength = (x >>> 1) ^ -(x & 1);
        at++;
      } else {
        keyLength = varint(b, at);
        at = cursor;
      }
      const keyStart = at;
      if (keyLength > 0) at += keyLength;
      let valueLength: number;
      if ((x = b[at]!) < 0x80) {
        valueLength = (x >>> 1) ^ -(x & 1);
        at++;
      } else {
        valueLength = varint(b, at);
        at = cursor;
      }
      const valueStart = at;
      if (valueLength > 0) at += valueLength;
      if (keyLength < -1 || valueLength < -1) throw this.malformed(i, 'has a negative length');
      if (at >= recordEnd) throw this.malformed(i, 'is cut short');
      const valueEnd = at;
      const headerCount = varint(b, at);
      at = cursor;
      const wanted = baseOffset + delta >= from;
      if (headerCount !== 0) {
        const headers = decodeHeaders(b, at, recordEnd, headerCount);
        if (headers === null) throw this.malformed(i, 'has headers that do not fit it');
        at = cursor;
        if (wanted) (this.headers ??= [])[n] = headers;
      }
      if (at !== recordEnd) throw this.malformed(i, 'does not fill its length');
      if (!wanted) continue;
      offsets[n] = baseOffset + delta;
      timestamps[n] = appendTime ?? baseTimestamp + timeDelta;
      keyStarts[n] = keyLength < 0 ? -1 : keyStart + shift;
      keyEnds[n] = keyLength < 0 ? keyStart + shift : keyStart + keyLength + shift;
      valueStarts[n] = valueLength < 0 ? -1 : valueStart + shift;
      valueEnds[n] = valueEnd + shift;
      n++;
    }
    if (at !== end) throw new MalformedBatch(`has ${end - at} bytes left behind its ${count} records`);
    this.length = n;
  }

  /** All that was taken; the builder is not to be used any further. */
  finish(): RecordColumns {
    const { length, offsets, timestamps, valueStarts, valueEnds, keyStarts, keyEnds, headers, parts } = this;
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const columns = { data, length, offsets, timestamps, valueStarts, valueEnds, keyStarts, keyEnds };
    return headers === undefined ? columns : { ...columns, headers };
  }

  private malformed(i: number, what: string): MalformedBatch {
    return new MalformedBatch(`has a record (number ${i}) that ${what}`);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.capacity) return;
    this.capacity = this.capacity === 0 ? needed : Math.max(needed, this.capacity * 2);
    this.offsets = enlarged(this.offsets, new Float64Array(this.capacity));
    this.timestamps = enlarged(this.timestamps, new Float64Array(this.capacity));
    this.valueStarts = enlarged(this.valueStarts, new Int32Array(this.capacity));
    this.valueEnds = enlarged(this.valueEnds, new Int32Array(this.capacity));
    this.keyStarts = enlarged(this.keyStarts, new Int32Array(this.capacity));
    this.keyEnds = enlarged(this.keyEnds, new Int32Array(this.capacity));
  }
}

function enlarged<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Headers in `b[at, end)`: the last value of a name counts, a null value is none. Null where they do not fit. */
function decodeHeaders(b: Buffer, at: number, end: number, count: number): Record<string, string> | null {
  if (count < 0 || count * 2 > end - at) return null;
  // Without a prototype, so that a header may have any name.
  const headers = Object.create(null) as Record<string, string>;
  for (let i = 0; i < count; i++) {
    const nameLength = varint(b, at);
    const nameEnd = cursor + nameLength;
    if (nameLength < 0 || nameEnd >= end) return null;
    const name = b.toString('utf8', cursor, nameEnd);
    const valueLength = varint(b, nameEnd);
    const valueEnd = cursor + Math.max(0, valueLength);
    if (valueLength < -1 || valueEnd > end) return null;
    if (valueLength < 0) delete headers[name];
    else headers[name] = b.toString('utf8', cursor, valueEnd);
    at = valueEnd;
  }
  cursor = at;
  return headers;
}
