/**
 * How a record lies on disk. Little-endian:
 *
 *     u32 length of the body | u32 CRC-32 of the body | body
 *     body: u64 offset | u64 synced | f64 timestamp | i32 key length (−1: null) | key | u32 value length | value
 *           | u16 number of headers | { u16 length | name | u32 length | value } …
 *
 * `synced` is the end of the log that was already durable when the record was written. It tells a torn write, which was
 * never acknowledged and may go, from damage to acknowledged records, which may not.
 */
import { crc32 } from 'node:zlib';
import { ShadowerError } from '../errors';
import type { LogRecord, NewRecord } from '../pipeline/ports';

export const FRAME_BYTES = 8;
const FIXED_BODY_BYTES = 8 + 8 + 8 + 4 + 4 + 2;
export const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

/** Bytes of the record on disk. Throws EVENT_TOO_LARGE when it cannot be stored. */
export function frameSize({ key, value, headers }: NewRecord): number {
  let size = FIXED_BODY_BYTES + (key?.length ?? 0) + value.length;
  for (const name in headers) {
    const nameBytes = Buffer.byteLength(name);
    if (nameBytes > 0xffff)
      throw new ShadowerError('EVENT_TOO_LARGE', `header name of ${nameBytes} bytes, at most 65535`);
    size += 6 + nameBytes + Buffer.byteLength(headers[name]!);
  }
  if (size > LARGEST_BODY_BYTES) {
    throw new ShadowerError(
      'EVENT_TOO_LARGE',
      `record of ${size} bytes, the journal takes at most ${LARGEST_BODY_BYTES}`,
    );
  }
  return FRAME_BYTES + size;
}

/** Writes the record at `at` into `out` and returns where it ends. */
export function writeFrame(
  out: Buffer,
  at: number,
  record: NewRecord,
  stamp: { offset: number; synced: number; timestamp: number },
): number {
  const { key, value, headers = {} } = record;
  const body = at + FRAME_BYTES;
  let p = out.writeBigUInt64LE(BigInt(stamp.offset), body);
  p = out.writeBigUInt64LE(BigInt(stamp.synced), p);
  p = out.writeDoubleLE(stamp.timestamp, p);
  p = out.writeInt32LE(key ? key.length : -1, p);
  if (key) p += key.copy(out, p);
  p = out.writeUInt32LE(value.length, p);
  p += value.copy(out, p);
  const names = Object.keys(headers);
  p = out.writeUInt16LE(names.length, p);
  for (const name of names) {
    const n = out.write(name, p + 2);
    out.writeUInt16LE(n, p);
    p += 2 + n;
    const v = out.write(headers[name]!, p + 4);
    out.writeUInt32LE(v, p);
    p += 4 + v;
  }
  out.writeUInt32LE(p - body, at);
  out.writeUInt32LE(crc32(out.subarray(body, p)), at + 4);
  return p;
}

export interface Frame {
  offset: number;
  synced: number;
  /** Where the next frame starts, relative to the buffer. */
  end: number;
}

/** Length of the frame that starts at `at`, or null where that cannot be one. Needs FRAME_BYTES bytes there. */
export function frameLength(buffer: Buffer, at: number): number | null {
  const length = buffer.readUInt32LE(at);
  return length < FIXED_BODY_BYTES || length > LARGEST_BODY_BYTES ? null : FRAME_BYTES + length;
}

/** The frame at `at`; 'short' when the buffer ends inside it, 'bad' when it is damaged. */
export function readFrame(buffer: Buffer, at: number): Frame | 'short' | 'bad' {
  if (buffer.length - at < FRAME_BYTES) return 'short';
  const length = frameLength(buffer, at);
  if (length === null) return 'bad';
  const end = at + length;
  if (end > buffer.length) return 'short';
  const body = at + FRAME_BYTES;
  if (crc32(buffer.subarray(body, end)) !== buffer.readUInt32LE(at + 4)) return 'bad';
  return { offset: Number(buffer.readBigUInt64LE(body)), synced: Number(buffer.readBigUInt64LE(body + 8)), end };
}

/** The record of a checked frame at `at`. Key and value share memory with the buffer. */
export function readRecord(buffer: Buffer, at: number): LogRecord {
  let p = at + FRAME_BYTES;
  const offset = Number(buffer.readBigUInt64LE(p));
  const timestamp = buffer.readDoubleLE(p + 16);
  const keyLength = buffer.readInt32LE(p + 24);
  p += 28;
  const key = keyLength < 0 ? null : buffer.subarray(p, (p += keyLength));
  const valueLength = buffer.readUInt32LE(p);
  p += 4;
  const value = buffer.subarray(p, (p += valueLength));
  const headers: Record<string, string> = {};
  const count = buffer.readUInt16LE(p);
  p += 2;
  for (let i = 0; i < count; i++) {
    const n = buffer.readUInt16LE(p);
    const name = buffer.toString('utf8', p + 2, p + 2 + n);
    p += 2 + n;
    const v = buffer.readUInt32LE(p);
    headers[name] = buffer.toString('utf8', p + 4, p + 4 + v);
    p += 4 + v;
  }
  return { offset, key, value, timestamp, headers };
}
