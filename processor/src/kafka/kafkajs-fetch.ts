/**
 * Records from kafkajs' own fetch loop: the reference for fetcher.ts, and what reads message formats older than 2. Batches
 * wait in a bounded queue per partition; a full queue pauses the partition. So heartbeats go on and other partitions flow
 * while one `records` call waits for ClickHouse.
 *
 * kafkajs checks no checksums; where several transactions are open at once it delivers some of what was aborted, and at a
 * batch that compaction has emptied it stays for ever (fetch.test.ts). It reads by the topic's name, so that a topic made
 * anew is only noticed after a while.
 */
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { ShadowerError } from '../errors';
import { LARGEST_BATCH_BYTES, LARGEST_BATCH_RECORDS, type DeliveryBatch } from '../pipeline/delivery';
import type { LogRecord, TopicPartition } from '../pipeline/ports';
import { Records } from '../pipeline/records';
import { Cursor, keyOf, type RecordSource, type StartingPoint } from './record-source';

/** A fetch that was under way at a rebalance can still come back for as long as a request may take. */
const STALE_FETCH_MS = 35_000;

interface Queue extends Cursor {
  queue: { messages: readonly KafkaMessage[]; next: number }[];
  queuedBytes: number;
  paused: boolean;
}

/** What kafkajs tells of a batch without any record for consumers. */
interface EmptyBatch extends TopicPartition {
  firstOffset: string | null;
  lastOffset: string;
  highWatermark: string;
}

export interface KafkajsFetchOptions {
  client: Consumer;
  partitions: readonly StartingPoint[];
  /** Bytes fetched ahead per partition. */
  bufferBytes: number;
  signal: AbortSignal;
}

export class KafkajsFetch implements RecordSource {
  private readonly since = Date.now();
  private readonly partitions: Map<string, Queue>;

  constructor(private readonly o: KafkajsFetchOptions) {
    this.partitions = new Map(
      o.partitions.map((p) => [
        keyOf(p.tp),
        Object.assign(new Cursor(p), { queue: [], queuedBytes: 0, paused: false }) as Queue,
      ]),
    );
    // What a full queue of the former assignment had paused.
    o.client.resume(o.partitions.map(({ tp }) => ({ topic: tp.topic, partitions: [tp.partition] })));
  }

  /** kafkajs starts by itself. */
  start(): void {}

  end(tp: TopicPartition, end: number): number {
    return this.partitions.get(keyOf(tp))?.endOf(end) ?? end;
  }

  byName(): boolean {
    return true;
  }

  fail(tp: TopicPartition, error: ShadowerError): void {
    const p = this.partitions.get(keyOf(tp));
    if (!p) return;
    p.failure = error;
    // What waits may be of the topic that took the place of the former one.
    p.queue.length = 0;
    p.wakeup.notify();
  }

  /** To be called for each batch that kafkajs has fetched. */
  accept({ batch, isStale }: EachBatchPayload): void {
    const p = this.partitions.get(keyOf(batch));
    if (!p || p.failure || isStale()) return;
    const from = Number((batch as { fetchedOffset?: string }).fetchedOffset ?? p.position);
    const last = Number(batch.lastOffset());
    // A fetch of the former assignment may come back late: never leave a hole, never give a record twice.
    if (from > p.position || last < p.position) return this.seek(p);
    const messages =
      from === p.position ? batch.messages : batch.messages.filter((m) => Number(m.offset) >= p.position);
    p.position = last + 1;
    p.highWatermark = Math.max(p.highWatermark, Number(batch.highWatermark), p.position);
    if (messages.length > 0) {
      p.deliverable = Number(messages[messages.length - 1]!.offset) + 1;
      p.queue.push({ messages, next: 0 });
      for (const m of messages) p.queuedBytes += sizeOf(m);
    }
    if (p.queuedBytes > this.o.bufferBytes && !p.paused) {
      p.paused = true;
      this.o.client.pause([{ topic: p.tp.topic, partitions: [p.tp.partition] }]);
    }
    p.wakeup.notify();
  }

  /** To be called for a fetch with nothing to deliver (aborted transactions, control records): it makes no `accept`. */
  passOver(batch: EmptyBatch): void {
    const p = this.partitions.get(keyOf(batch));
    if (!p) return;
    const last = Number(batch.lastOffset);
    if (last < p.position) return;
    // What is fetched starts at the position, or behind it where compaction left a hole; but see accept.
    const late = Date.now() - this.since < STALE_FETCH_MS;
    if (late && Number(batch.firstOffset ?? p.position) > p.position) return this.seek(p);
    p.position = last + 1;
    p.highWatermark = Math.max(p.highWatermark, Number(batch.highWatermark), p.position);
    p.wakeup.notify();
  }

  private seek({ tp, position }: Queue): void {
    this.o.client.seek({ ...tp, offset: String(position) });
  }

  async next(tp: TopicPartition): Promise<DeliveryBatch | null> {
    const p = this.partitions.get(keyOf(tp))!;
    const { signal, client, bufferBytes } = this.o;
    for (;;) {
      if (signal.aborted) return null;
      if (p.failure) throw p.failure;
      const head = p.queue[0];
      if (head) {
        const records: LogRecord[] = [];
        let bytes = 0;
        while (
          head.next < head.messages.length &&
          records.length < LARGEST_BATCH_RECORDS &&
          bytes < LARGEST_BATCH_BYTES
        ) {
          const message = head.messages[head.next++]!;
          bytes += sizeOf(message);
          records.push(toRecord(message));
        }
        if (head.next === head.messages.length) p.queue.shift();
        p.queuedBytes -= bytes;
        if (p.paused && p.queuedBytes < bufferBytes / 2) {
          p.paused = false;
          client.resume([{ topic: p.tp.topic, partitions: [p.tp.partition] }]);
        }
        p.told = p.end;
        return { records: Records.of(records), end: p.told };
      }
      // The rest of the log holds nothing to deliver, and the consumer was told that there is more.
      const { end } = p;
      if (end < p.told) {
        p.told = end;
        return { records: Records.of([]), end };
      }
      await p.wakeup.wait(signal);
    }
  }
}

const sizeOf = (m: KafkaMessage) => 64 + (m.key?.length ?? 0) + (m.value?.length ?? 0);

function toRecord({ offset, key, value, timestamp, headers }: KafkaMessage): LogRecord {
  const flat = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    const header = headers[name];
    const last = (Array.isArray(header) ? header[header.length - 1] : header) as Buffer | string | null | undefined;
    if (last !== undefined && last !== null) flat[name] = last.toString();
  }
  return { offset: Number(offset), key, value, timestamp: Number(timestamp), headers: flat };
}
