/**
 * Requests of Kafka's protocol that kafkajs has not, or not in the version that is needed, in the form in which its
 * connections send them: so TLS, SASL, quotas and timeouts stay kafkajs'. Fetch 13 and Metadata 12 know topics by their id
 * (KIP-516): a topic that was deleted and made again is not the same topic.
 */
import type { Broker } from 'kafkajs';
import type { AbortedTransaction } from './record-batch';

const FETCH = 1;
const METADATA = 3;
/** First versions with topic ids; both are in the compact ("flexible") encoding. */
const FETCH_BY_ID = 13;
const METADATA_WITH_IDS = 12;
const FETCH_BY_NAME = { oldest: 4, newest: 11 };

interface Request<T> {
  request: {
    apiKey: number;
    apiVersion: number;
    apiName: string;
    encode: () => Promise<{ buf: Buffer; buffer: Buffer }>;
  };
  response: {
    decode: (payload: Buffer) => Promise<{ clientSideThrottleTime: number; data: T }>;
    parse: (decoded: { data: T }) => Promise<T>;
  };
}

/** What is used of a kafkajs broker beyond its types. Tied to kafkajs 2.2.4, which is pinned. */
interface RawBroker extends Broker {
  versions: Record<number, { minVersion: number; maxVersion: number } | undefined> | null;
  connectionPool: { host: string; port: number; send<T>(request: Request<T>): Promise<T> };
}

/** Sends a request on the broker's connection; Fetch has one of its own there, so that a long poll delays nothing else. */
async function send<T>(broker: Broker, request: Request<T>): Promise<T> {
  try {
    return await (broker as RawBroker).connectionPool.send(request);
  } catch (e) {
    // As kafkajs' own requests do, so that the next one connects again.
    if ((e as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw e;
  }
}

const newest = (broker: Broker, api: number): number => (broker as RawBroker).versions?.[api]?.maxVersion ?? -1;

// ------------------------------------------------------------------ primitives

class Writer {
  private readonly parts: Buffer[] = [];
  constructor(private readonly flexible: boolean) {}

  int8(v: number): this {
    this.parts.push(Buffer.from([v & 0xff]));
    return this;
  }
  int16(v: number): this {
    const b = Buffer.allocUnsafe(2);
    b.writeInt16BE(v);
    this.parts.push(b);
    return this;
  }
  int32(v: number): this {
    const b = Buffer.allocUnsafe(4);
    b.writeInt32BE(v);
    this.parts.push(b);
    return this;
  }
  int64(v: number): this {
    const b = Buffer.allocUnsafe(8);
    b.writeBigInt64BE(BigInt(v));
    this.parts.push(b);
    return this;
  }
  bytes(b: Buffer): this {
    this.parts.push(b);
    return this;
  }
  uvarint(v: number): this {
    for (; v >= 0x80; v = Math.floor(v / 128)) this.int8((v % 128) | 0x80);
    return this.int8(v);
  }
  string(s: string): this {
    const b = Buffer.from(s);
    return (this.flexible ? this.uvarint(b.length + 1) : this.int16(b.length)).bytes(b);
  }
  array<T>(items: readonly T[], item: (t: T) => void): this {
    if (this.flexible) this.uvarint(items.length + 1);
    else this.int32(items.length);
    items.forEach(item);
    return this;
  }
  /** No tagged fields. */
  tags(): this {
    return this.flexible ? this.int8(0) : this;
  }
  end(): { buf: Buffer; buffer: Buffer } {
    const buf = Buffer.concat(this.parts);
    return { buf, buffer: buf };
  }
}

/** Reads beyond the end throw a RangeError. */
class Reader {
  private at = 0;
  constructor(
    private readonly b: Buffer,
    private readonly flexible: boolean,
  ) {}

  int8(): number {
    return this.b.readInt8((this.at += 1) - 1);
  }
  int16(): number {
    return this.b.readInt16BE((this.at += 2) - 2);
  }
  int32(): number {
    return this.b.readInt32BE((this.at += 4) - 4);
  }
  bigint64(): bigint {
    return this.b.readBigInt64BE((this.at += 8) - 8);
  }
  int64(): number {
    return Number(this.bigint64());
  }
  uvarint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.b.readUInt8(this.at++);
      value += (byte & 0x7f) * scale;
      if (!(byte & 0x80)) return value;
    }
  }
  /** Null for a length of −1. */
  bytes(length: number): Buffer | null {
    if (length < 0) return null;
    if (this.at + length > this.b.length) throw new RangeError(`${length} bytes at ${this.at} of ${this.b.length}`);
    return this.b.subarray(this.at, (this.at += length));
  }
  /** A byte field of its own length. */
  block(): Buffer | null {
    return this.bytes(this.flexible ? this.uvarint() - 1 : this.int32());
  }
  string(): string | null {
    return this.bytes(this.flexible ? this.uvarint() - 1 : this.int16())?.toString() ?? null;
  }
  uuid(): string | undefined {
    const id = this.bytes(16)!;
    return id.every((byte) => byte === 0) ? undefined : id.toString('base64url');
  }
  /** A null array is empty. */
  array<T>(item: () => T): T[] {
    const length = this.flexible ? this.uvarint() - 1 : this.int32();
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(item());
    return items;
  }
  tags(): void {
    if (!this.flexible) return;
    for (let n = this.uvarint(); n > 0; n--) {
      this.uvarint();
      this.bytes(this.uvarint());
    }
  }
}

function request<T>(
  { apiKey, apiVersion, apiName, flexible }: { apiKey: number; apiVersion: number; apiName: string; flexible: boolean },
  write: (w: Writer) => void,
  read: (r: Reader) => { throttleMs: number; data: T },
): Request<T> {
  return {
    request: {
      apiKey,
      apiVersion,
      apiName,
      encode: async () => {
        const w = new Writer(flexible);
        w.tags(); // of the header, behind what kafkajs has written
        write(w);
        return w.end();
      },
    },
    response: {
      decode: async (payload) => {
        const r = new Reader(payload, flexible);
        r.tags(); // of the header
        const { throttleMs, data } = read(r);
        return { clientSideThrottleTime: throttleMs, data };
      },
      parse: async ({ data }) => data,
    },
  };
}

// ------------------------------------------------------------------ Fetch

export interface FetchPartition {
  topic: string;
  topicId?: string;
  partition: number;
  /** Next offset that is wanted. */
  offset: number;
  maxBytes: number;
}
export interface FetchOptions {
  /** How long the broker may wait for news, milliseconds. */
  maxWaitMs: number;
  /** Largest response; one batch is given even if it is larger. */
  maxBytes: number;
  partitions: readonly FetchPartition[];
  /** No newer version than this, for tests with brokers that know more. */
  newestVersion?: number;
}
export interface FetchedPartition {
  topic: string;
  partition: number;
  /** Kafka's error code; 0 for none. */
  error: number;
  highWatermark: number;
  /** Where open transactions begin. */
  lastStableOffset: number;
  aborted: AbortedTransaction[];
  records: Buffer;
}
export interface Fetched {
  error: number;
  /** Whether the topics were named by their ids. */
  byId: boolean;
  partitions: FetchedPartition[];
  /** Size of what came. */
  bytes: number;
}

const READ_COMMITTED = 1;
const NOTHING = Buffer.alloc(0);

/** One Fetch of committed records. Rejects with kafkajs' errors (connection, timeout). */
export async function fetch(broker: Broker, o: FetchOptions): Promise<Fetched> {
  const known = Math.min(newest(broker, FETCH), o.newestVersion ?? FETCH_BY_ID);
  const byId = known >= FETCH_BY_ID && o.partitions.every((p) => p.topicId !== undefined);
  const apiVersion = byId ? FETCH_BY_ID : Math.min(known, FETCH_BY_NAME.newest);
  const names = new Map(o.partitions.map((p) => [p.topicId, p.topic]));
  if (apiVersion < FETCH_BY_NAME.oldest) throw new Error('the broker is older than Kafka 0.11');
  return send(
    broker,
    request(
      { apiKey: FETCH, apiVersion, apiName: 'Fetch', flexible: byId },
      (w) => {
        w.int32(-1).int32(o.maxWaitMs).int32(1).int32(o.maxBytes).int8(READ_COMMITTED);
        if (apiVersion >= 7) w.int32(0).int32(-1); // no fetch session
        w.array(runsOfTopic(o.partitions), (run) => {
          if (byId) w.bytes(Buffer.from(run[0]!.topicId!, 'base64url'));
          else w.string(run[0]!.topic);
          w.array(run, (p) => {
            w.int32(p.partition);
            if (apiVersion >= 9) w.int32(-1); // leader epoch: not checked
            w.int64(p.offset);
            if (byId) w.int32(-1); // last fetched epoch: for followers
            if (apiVersion >= 5) w.int64(-1); // log start: for followers
            w.int32(p.maxBytes).tags();
          }).tags();
        });
        if (apiVersion >= 7) w.array([], () => undefined); // forgotten topics
        if (apiVersion >= 11) w.string(''); // rack
        w.tags();
      },
      (r) => {
        const throttleMs = r.int32();
        const error = apiVersion >= 7 ? r.int16() : 0;
        if (apiVersion >= 7) r.int32(); // session
        let bytes = 0;
        const partitions = r
          .array(() => {
            const topic = byId ? names.get(r.uuid())! : r.string()!;
            const list = r.array((): FetchedPartition => {
              const partition = r.int32();
              const partitionError = r.int16();
              const highWatermark = r.int64();
              const lastStableOffset = r.int64();
              if (apiVersion >= 5) r.int64(); // log start
              const aborted = r.array(() => {
                const transaction = { producerId: r.bigint64(), firstOffset: r.int64() };
                r.tags();
                return transaction;
              });
              if (apiVersion >= 11) r.int32(); // preferred replica: only for consumers that name a rack
              const records = r.block() ?? NOTHING;
              r.tags();
              bytes += records.length;
              return { topic, partition, error: partitionError, highWatermark, lastStableOffset, aborted, records };
            });
            r.tags();
            return list;
          })
          .flat();
        return { throttleMs, data: { error, byId, partitions, bytes } };
      },
    ),
  );
}

/** Neighbours of the same topic together; the order is kept, since a full response leaves out the last. */
function runsOfTopic(partitions: readonly FetchPartition[]): FetchPartition[][] {
  const runs: FetchPartition[][] = [];
  for (const p of partitions) {
    const run = runs.at(-1);
    if (run?.[0]!.topic === p.topic) run.push(p);
    else runs.push([p]);
  }
  return runs;
}

// ------------------------------------------------------------------ Metadata

/**
 * The topics' ids, as Kafka's tools write them; undefined for topics of a broker that has none (before Kafka 2.8, or not
 * upgraded), and left out for topics that there are not. Rejects with kafkajs' errors.
 */
export async function topicIds(broker: Broker, topics: readonly string[]): Promise<Map<string, string | undefined>> {
  if (newest(broker, METADATA) < METADATA_WITH_IDS) return new Map(topics.map((topic) => [topic, undefined]));
  return send(
    broker,
    request(
      { apiKey: METADATA, apiVersion: METADATA_WITH_IDS, apiName: 'Metadata', flexible: true },
      (w) => {
        w.array(topics, (topic) => w.bytes(Buffer.alloc(16)).string(topic).tags());
        w.int8(0).int8(0).tags(); // no creation of topics, no list of what is allowed
      },
      (r) => {
        const throttleMs = r.int32();
        r.array(() => {
          r.int32();
          r.string();
          r.int32();
          r.string();
          r.tags();
        });
        r.string();
        r.int32();
        const ids = new Map<string, string | undefined>();
        r.array(() => {
          const error = r.int16();
          const name = r.string();
          const id = r.uuid();
          r.int8();
          r.array(() => {
            r.int16();
            r.int32();
            r.int32();
            r.int32();
            for (let lists = 0; lists < 3; lists++) r.array(() => r.int32());
            r.tags();
          });
          r.int32();
          r.tags();
          // A partition without a leader is an error of the topic here, and no reason not to know it.
          if (name !== null && (error === 0 || id !== undefined)) ids.set(name, id);
        });
        return { throttleMs, data: ids };
      },
    ),
  );
}
