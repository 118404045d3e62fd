/**
 * The record set of a Fetch response (Kafka's message format 2, KIP-98): batches one after another, the last perhaps cut
 * off. Checks each batch's checksum, leaves out control batches and what belongs to aborted transactions, and hands the
 * rest on in columns (see record-columns.ts).
 */
import { ShadowerError } from '../errors';
import { LARGEST_BATCH_BYTES, LARGEST_BATCH_RECORDS } from '../pipeline/delivery';
import type { TopicPartition } from '../pipeline/ports';
import type { RecordColumns } from '../pipeline/records';
import { CODECS, decompressor } from './codecs';
import { crc32c } from './crc32c';
import { ColumnBuilder, MalformedBatch } from './record-columns';

// Where the fields of a batch lie.
const LENGTH = 8;
const MAGIC = 16;
const CRC = 17;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const BASE_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const COUNT = 57;
const RECORDS = 61;
/** The length counts from behind itself. */
const FRAMING = 12;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Type of a control record that ends an aborted transaction; in its key behind the version. */
const ABORT = 0;

/** A transaction that was aborted: its producer, and the first offset that it has in the fetched range. */
export interface AbortedTransaction {
  producerId: bigint;
  firstOffset: number;
}

/** The batch at `offset` cannot be read. Fetched again, it may be whole. */
export class CorruptBatch extends Error {
  constructor(
    readonly tp: TopicPartition,
    readonly offset: number,
    what: string,
    options?: { cause?: unknown },
  ) {
    super(`${tp.topic}/${tp.partition}: the record batch at offset ${offset} ${what}`, options);
    this.name = 'CorruptBatch';
  }
}

const int64 = (b: Buffer, at: number): number => b.readInt32BE(at) * 0x1_0000_0000 + b.readUInt32BE(at + 4);

/**
 * The offset to fetch from next, when everything in this record set is in hand. `whole` is false where the set is not made
 * of batches from its very beginning: then nothing behind it should be fetched before it has been read.
 */
export function offsetBehind(set: Buffer, from: number): { next: number; whole: boolean } {
  let next = from;
  let at = 0;
  while (set.length - at >= RECORDS) {
    const size = FRAMING + set.readInt32BE(at + LENGTH);
    if (size < RECORDS || set[at + MAGIC] !== 2) return { next, whole: false };
    if (size > set.length - at) break;
    const behind = int64(set, at) + set.readInt32BE(at + LAST_OFFSET_DELTA) + 1;
    if (behind <= next) return { next, whole: false };
    next = behind;
    at += size;
  }
  return { next, whole: at > 0 || set.length === 0 };
}

export interface RecordSetOptions {
  tp: TopicPartition;
  set: Buffer;
  /** First offset that is wanted; the first batch may begin before it. */
  from: number;
  aborted: readonly AbortedTransaction[];
}

export class RecordSetReader {
  private at = 0;
  private position: number;
  private readonly aborted: AbortedTransaction[];
  private readonly ignoredProducers = new Set<bigint>();
  /** What has been decoded, and the first record of it that was not handed out. */
  private decoded?: { columns: RecordColumns; next: number };
  /** The position once all that is decoded has been handed out. */
  private decodedTo: number;

  constructor(private readonly o: RecordSetOptions) {
    this.position = this.decodedTo = o.from;
    this.aborted = [...o.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Every record below this offset has been handed out, or is not to be delivered. */
  get offset(): number {
    return this.position;
  }

  /**
   * The next records, about 1 MiB; null when there are no more. Rejects with CorruptBatch, with CONFIG_INVALID where a codec
   * cannot be loaded or the message format is older than 2. What was handed out before an error is right.
   */
  async next(): Promise<RecordColumns | null> {
    if (!this.decoded) {
      const columns = await this.decode();
      if (columns === null) {
        this.position = this.decodedTo;
        return null;
      }
      this.decoded = { columns, next: 0 };
    }
    const { columns, next } = this.decoded;
    const to = endOfChunk(columns, next);
    if (to === columns.length) {
      this.decoded = undefined;
      this.position = this.decodedTo;
    } else {
      this.decoded.next = to;
      this.position = columns.offsets[to - 1]! + 1;
    }
    return next === 0 && to === columns.length ? columns : part(columns, next, to);
  }

  /** Decodes batches until they make a good piece of work; compressed ones are put together, others stay where they are. */
  private async decode(): Promise<RecordColumns | null> {
    const { set } = this.o;
    let builder = new ColumnBuilder();
    let inPlace = false;
    while (builder.length < LARGEST_BATCH_RECORDS && builder.bytes < LARGEST_BATCH_BYTES) {
      let size: number;
      try {
        size = this.nextBatch();
      } catch (e) {
        if (builder.length > 0) break; // what is before it is good; the next call meets it again
        throw e;
      }
      if (size === 0) break;
      const { at } = this;
      const attributes = set.readInt16BE(at + ATTRIBUTES);
      const codec = attributes & CODEC_MASK;
      if (inPlace !== (codec === 0)) {
        if (builder.length > 0) break;
        builder = new ColumnBuilder();
        inPlace = codec === 0;
      }
      const baseOffset = int64(set, at);
      const lastOffsetDelta = set.readInt32BE(at + LAST_OFFSET_DELTA);
      try {
        const content = set.subarray(at + ATTRIBUTES, at + size);
        if (crc32c(content) !== set.readUInt32BE(at + CRC)) throw new MalformedBatch('does not match its checksum');
        const count = set.readInt32BE(at + COUNT);
        if (count < 0) throw new MalformedBatch(`says ${count} records`);
        if (count > 0 && this.delivers(attributes, baseOffset + lastOffsetDelta)) {
          const frame = {
            baseOffset,
            lastOffsetDelta,
            baseTimestamp: int64(set, at + BASE_TIMESTAMP),
            appendTime: attributes & LOG_APPEND_TIME ? int64(set, at + MAX_TIMESTAMP) : undefined,
            count,
          };
          if (inPlace) builder.decode(set, at + RECORDS, at + size, frame, this.o.from, true);
          else {
            const records = await decompressed(codec, set.subarray(at + RECORDS, at + size));
            builder.decode(records, 0, records.length, frame, this.o.from, false);
          }
        }
      } catch (e) {
        if (builder.length > 0) break;
        if (!(e instanceof MalformedBatch)) throw e;
        throw new CorruptBatch(this.o.tp, baseOffset, e.message, { cause: e.cause });
      }
      this.at += size;
      this.decodedTo = baseOffset + lastOffsetDelta + 1;
    }
    return builder.length > 0 ? builder.finish() : null;
  }

  /** Bytes of the batch that comes next; 0 at the end. */
  private nextBatch(): number {
    const { set, tp } = this.o;
    const { at } = this;
    const left = set.length - at;
    const corrupt = (what: string) => new CorruptBatch(tp, this.decodedTo, what);
    // Since Fetch 3 a broker gives at least one whole batch, or nothing; behind that one may be cut off.
    const cutOff = () => {
      if (at === 0 && left > 0) throw corrupt(`is cut off after ${left} bytes`);
      return 0;
    };
    if (left <= MAGIC) return cutOff();
    const magic = set[at + MAGIC]!;
    if (magic < 2) {
      throw new ShadowerError(
        'CONFIG_INVALID',
        `${tp.topic}/${tp.partition} holds records in Kafka's message format ${magic} at offset ${this.decodedTo}, from before Kafka 0.11; ` +
          'read it with `fetch: kafkajs`, or copy it to a new topic',
      );
    }
    if (magic > 2) throw corrupt(`is of message format ${magic}, which is not known`);
    const size = FRAMING + set.readInt32BE(at + LENGTH);
    if (size < RECORDS) throw corrupt(`says it has ${size} bytes`);
    if (size > left) return cutOff();
    const base = int64(set, at);
    const lastDelta = set.readInt32BE(at + LAST_OFFSET_DELTA);
    const last = base + lastDelta;
    if (lastDelta < 0 || !Number.isSafeInteger(last) || last < this.decodedTo || (at > 0 && base < this.decodedTo))
      throw corrupt(`says it has offsets ${base} to ${last}`);
    return size;
  }

  /** Whether the batch at hand holds records for consumers; keeps account of the transactions. */
  private delivers(attributes: number, lastOffset: number): boolean {
    const control = (attributes & CONTROL) !== 0;
    if ((attributes & TRANSACTIONAL) === 0 || (this.aborted.length === 0 && this.ignoredProducers.size === 0))
      return !control;
    while (this.aborted.length > 0 && this.aborted[0]!.firstOffset <= lastOffset)
      this.ignoredProducers.add(this.aborted.shift()!.producerId);
    const producer = this.o.set.readBigInt64BE(this.at + PRODUCER_ID);
    if (control && this.controlType() === ABORT) this.ignoredProducers.delete(producer);
    return !control && !this.ignoredProducers.has(producer);
  }

  /** Type of the control record at hand: it is alone in its batch, never compressed, and its key is version and type. */
  private controlType(): number {
    const { set } = this.o;
    // Length, attributes, time delta, offset delta, key length; then the key.
    let at = this.at + RECORDS;
    const skip = () => {
      while (set[at]! & 0x80) at++;
      at++;
    };
    skip();
    at++;
    skip();
    skip();
    skip();
    if (at + 4 > set.length) throw new MalformedBatch('is a control batch without a type');
    return set.readInt16BE(at + 2);
  }
}

async function decompressed(codec: number, data: Buffer): Promise<Buffer> {
  const name = CODECS.get(codec);
  if (name === undefined) throw new MalformedBatch(`is compressed with codec ${codec}, which is not known`);
  const decompress = await decompressor(name);
  try {
    return decompress(data);
  } catch (cause) {
    throw new MalformedBatch(`cannot be decompressed (${name}): ${(cause as Error).message}`, { cause });
  }
}

/** Where a piece of work that begins with record `first` ends: a batch may hold many of them. */
function endOfChunk({ length, valueEnds, keyStarts, keyEnds }: RecordColumns, first: number): number {
  const last = Math.min(length, first + LARGEST_BATCH_RECORDS);
  const limit = (keyStarts[first]! < 0 ? keyEnds[first]! : keyStarts[first]!) + LARGEST_BATCH_BYTES;
  if (valueEnds[last - 1]! <= limit) return last;
  let low = first + 1;
  let high = last - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueEnds[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function part(c: RecordColumns, from: number, to: number): RecordColumns {
  const columns = {
    data: c.data,
    length: to - from,
    offsets: c.offsets.subarray(from, to),
    timestamps: c.timestamps.subarray(from, to),
    valueStarts: c.valueStarts.subarray(from, to),
    valueEnds: c.valueEnds.subarray(from, to),
    keyStarts: c.keyStarts.subarray(from, to),
    keyEnds: c.keyEnds.subarray(from, to),
  };
  return c.headers === undefined ? columns : { ...columns, headers: c.headers.slice(from, to) };
}
