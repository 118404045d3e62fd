/**
 * The producer side: concurrent appends to a topic share requests; acknowledged by all in-sync replicas.
 *
 * kafkajs 2.2.4 calls a send successful though it has left out a partition, where that partition's leader has moved to a
 * broker that had answered already; and it chooses the partitions of keyless messages anew when it sends again, so that
 * some are lost and others doubled. So the choice is remembered here, and what the answer does not name is sent again
 * (leader.test.ts).
 */
import {
  CompressionTypes,
  Partitioners,
  type ICustomPartitioner,
  type Kafka,
  type Message,
  type Producer,
} from 'kafkajs';
import { ShadowerError } from '../errors';
import type { NewRecord } from '../pipeline/ports';
import { asLogError } from './client';

/** kafkajs makes one record batch per partition and request, and brokers refuse one above 1 MiB (`message.max.bytes`). */
const REQUEST_BYTES = 512 * 1024;
const LARGEST_RECORD_BYTES = 1_000_000;

interface Append {
  messages: Message[];
  sizes: number[];
  /** First message that is not sent yet. */
  next: number;
  resolve: () => void;
  reject: (error: ShadowerError) => void;
}

interface TopicQueue {
  waiting: Append[];
  sending?: Promise<void>;
}

export class Appender {
  private readonly queues = new Map<string, TopicQueue>();
  private producer?: Promise<Producer>;
  private closed = false;
  private readonly partitionOf = new WeakMap<Message, number>();

  /** @param timeoutMs how long one request may take with all its retries */
  constructor(
    private readonly kafka: Kafka,
    private readonly timeoutMs: number,
  ) {}

  append(topic: string, records: readonly NewRecord[]): Promise<void> {
    if (this.closed) return Promise.reject(new ShadowerError('LOG_UNAVAILABLE', 'the log is closed'));
    if (records.length === 0) return Promise.resolve();
    const sizes = records.map(sizeOf);
    const largest = sizes.find((size) => size > LARGEST_RECORD_BYTES);
    if (largest !== undefined) {
      const message = `record of ${largest} bytes, Kafka takes at most ${LARGEST_RECORD_BYTES}`;
      return Promise.reject(new ShadowerError('EVENT_TOO_LARGE', message));
    }
    const messages = records.map(({ key, value, headers }) => ({
      key,
      value,
      ...(headers && { headers: { ...headers } }),
    }));
    let queue = this.queues.get(topic);
    if (!queue) this.queues.set(topic, (queue = { waiting: [] }));
    return new Promise<void>((resolve, reject) => {
      queue.waiting.push({ messages, sizes, next: 0, resolve, reject });
      queue.sending ??= this.send(topic, queue).finally(() => (queue.sending = undefined));
    });
  }

  private async send(topic: string, queue: TopicQueue): Promise<void> {
    await Promise.resolve(); // what is appended in the same tick shares the request
    while (queue.waiting.length > 0) {
      const touched: Append[] = [];
      const messages: Message[] = [];
      let bytes = 0;
      fill: for (const append of queue.waiting) {
        touched.push(append);
        while (append.next < append.messages.length) {
          const size = append.sizes[append.next]!;
          if (messages.length > 0 && bytes + size > REQUEST_BYTES) break fill;
          messages.push(append.messages[append.next++]!);
          bytes += size;
        }
      }
      let error: ShadowerError | undefined;
      try {
        await this.request(topic, messages);
      } catch (e) {
        error = asLogError(e, `cannot append to ${topic}`);
        // Its sequence numbers are out of step with the broker's now.
        await this.renew();
      }
      // On an error also what another of its requests has delivered: a rejected append may have landed in part.
      const done = touched.filter((a) => error || a.next === a.messages.length);
      queue.waiting.splice(0, done.length);
      for (const append of done) {
        if (error) append.reject(error);
        else append.resolve();
      }
    }
  }

  private async request(topic: string, messages: Message[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const late = () => reject(new ShadowerError('LOG_UNAVAILABLE', `no acknowledgement within ${this.timeoutMs} ms`));
      timer = setTimeout(late, this.timeoutMs);
    });
    let over = false;
    const send = async () => {
      const producer = await this.connected();
      for (let left = messages; left.length > 0 && !over;) {
        const answer = await producer.send({ topic, messages: left, acks: -1, compression: CompressionTypes.None });
        const written = new Set(answer.map(({ partition }) => partition));
        left = left.filter((message) => !written.has(this.partitionOf.get(message)!));
      }
    };
    try {
      await Promise.race([send(), timeout]);
    } finally {
      over = true;
      clearTimeout(timer);
    }
  }

  /** Kafka's own choice, the same however often it is asked for a message. */
  private readonly partitioner: ICustomPartitioner = () => {
    const choose = Partitioners.DefaultPartitioner();
    return (args) => {
      let partition = this.partitionOf.get(args.message);
      if (partition === undefined) this.partitionOf.set(args.message, (partition = choose(args)));
      return partition;
    };
  };

  private connected(): Promise<Producer> {
    return (this.producer ??= (async () => {
      const producer = this.kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: this.partitioner,
        // Bounded, since a failed producer is replaced: its sequence never goes on past a failure.
        retry: { initialRetryTime: 100, maxRetryTime: 4000, retries: 8 },
      });
      await producer.connect();
      return producer;
    })());
  }

  private async renew(): Promise<void> {
    const old = this.producer;
    this.producer = undefined;
    await old?.then((p) => p.disconnect()).catch(() => undefined);
  }

  /** Waits for what was appended. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.queues.values()].map((q) => q.sending));
    await this.renew();
  }
}

function sizeOf({ key, value, headers }: NewRecord): number {
  let size = 32 + (key?.length ?? 0) + value.length;
  for (const name in headers) size += 10 + Buffer.byteLength(name) + Buffer.byteLength(headers[name]!);
  return size;
}
