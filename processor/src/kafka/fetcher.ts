/**
 * An own fetch loop over kafkajs' connections. kafkajs makes several objects of each record (1.9 µs); here a record set
 * stays as it came, and is decoded into columns piece by piece when the consumer asks for it (record-batch.ts). So what
 * waits is compressed, and bounded in bytes.
 *
 * One request at a time per broker, over all its partitions that have room, sent as soon as the last has been taken in: the
 * next records are under way while the consumer works. Kafka answers one request per connection at a time, so a long poll
 * that leaves out a partition for being full is kept short.
 */
import type { Cluster } from 'kafkajs';
import { ShadowerError } from '../errors';
import type { DeliveryBatch } from '../pipeline/delivery';
import type { Logger, TopicPartition } from '../pipeline/ports';
import { Records } from '../pipeline/records';
import { asLogError } from './client';
import { fetch, type Fetched, type FetchedPartition } from './protocol';
import { CorruptBatch, offsetBehind, RecordSetReader } from './record-batch';
import { Cursor, keyOf, type RecordSource, type StartingPoint } from './record-source';

export interface FetcherOptions {
  cluster: Cluster;
  partitions: readonly StartingPoint[];
  /** Bytes that wait, at most: per partition, and in all. */
  bufferBytes: number;
  totalBufferBytes: number;
  signal: AbortSignal;
  logger: Logger;
  /** The topic's present identity; undefined where there is no such topic at the moment. */
  identify: (topic: string) => Promise<string | undefined>;
  /** What Kafka has of the partition. */
  range: (tp: TopicPartition) => Promise<{ low: number; high: number }>;
  /** The error for a position that is out of that range. */
  gap: (tp: TopicPartition, position: number, range: { low: number; high: number }) => ShadowerError;
  /** The error for a topic that is not the one it was. */
  recreated: (tp: TopicPartition, was: string, is: string) => ShadowerError;
  /** No newer Fetch than this, for tests. */
  newestVersion?: number;
}

const MAX_WAIT_MS = 500;
/** While a partition is left out for being full, so that it is asked for again before it has run dry. */
const SHORT_WAIT_MS = 20;
/** A trickle is not fetched record by record: after a small response the next request waits this long. */
const PACE_MS = 10;
const SMALL_RESPONSE_BYTES = 64 * 1024;
const LARGEST_FETCH_BYTES = 1024 * 1024;
const SMALLEST_FETCH_BYTES = 16 * 1024;
const LARGEST_RESPONSE_BYTES = 8 * 1024 * 1024;
const BACKOFF_MS = { first: 100, longest: 5000 };
/** How often a record batch that cannot be read is fetched anew before it counts as what Kafka has. */
const CORRUPT_ATTEMPTS = 3;

/** Kafka's error codes. */
const OFFSET_OUT_OF_RANGE = 1;
const OF_TOPIC_IDS = new Map([
  [100, 'UNKNOWN_TOPIC_ID'],
  [103, 'INCONSISTENT_TOPIC_ID'],
]);
const OF_LEADERSHIP = new Map([
  [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
  [5, 'LEADER_NOT_AVAILABLE'],
  [6, 'NOT_LEADER_OR_FOLLOWER'],
  [9, 'REPLICA_NOT_AVAILABLE'],
  [56, 'KAFKA_STORAGE_ERROR'],
  [74, 'FENCED_LEADER_EPOCH'],
  [75, 'UNKNOWN_LEADER_EPOCH'],
  [78, 'OFFSET_NOT_AVAILABLE'],
]);
const OTHERS = new Map([
  [-1, 'UNKNOWN_SERVER_ERROR'],
  [2, 'CORRUPT_MESSAGE'],
  [29, 'TOPIC_AUTHORIZATION_FAILED'],
  [76, 'UNSUPPORTED_COMPRESSION_TYPE'],
]);

interface Partition extends Cursor {
  /** Next offset to ask for; the position is behind it by what waits. */
  fetchOffset: number;
  queue: { reader: RecordSetReader; bytes: number }[];
  queuedBytes: number;
  /** What came last cannot be read as it is; nothing more is fetched until that is settled. */
  suspect: boolean;
  /** Kafka gives nothing though the partition does not end here: an open transaction. */
  stalled: boolean;
  corrupt: number;
  attempt: number;
  retryAt: number;
  /** Whether it has ever been asked for by its topic's name, not its id. */
  byName: boolean;
  /** When it last got records; who waits longest comes first in a request. */
  served: number;
}

interface Node {
  busy: boolean;
  attempt: number;
  notBefore: number;
}

export class Fetcher implements RecordSource {
  private readonly partitions: Map<string, Partition>;
  private readonly nodes = new Map<number, Node>();
  private readonly share: number;
  private queuedBytes = 0;
  private served = 0;
  private refreshing?: Promise<void>;
  private started = false;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly o: FetcherOptions) {
    this.partitions = new Map(
      o.partitions.map((p) => [
        keyOf(p.tp),
        Object.assign(new Cursor(p), {
          fetchOffset: p.position,
          queue: [],
          queuedBytes: 0,
          suspect: false,
          stalled: false,
          corrupt: 0,
          attempt: 0,
          retryAt: 0,
          byName: false,
          served: 0,
        }) as Partition,
      ]),
    );
    this.share = Math.min(o.bufferBytes, o.totalBufferBytes / Math.max(1, o.partitions.length));
    o.signal.addEventListener('abort', () => this.timers.forEach((timer) => clearTimeout(timer)), { once: true });
  }

  start(): void {
    this.started = true;
    this.pump();
  }

  end(tp: TopicPartition, end: number): number {
    return this.partitions.get(keyOf(tp))?.endOf(end) ?? end;
  }

  byName(tp: TopicPartition): boolean {
    return this.partitions.get(keyOf(tp))?.byName ?? true;
  }

  fail(tp: TopicPartition, error: ShadowerError): void {
    const p = this.partitions.get(keyOf(tp));
    if (!p) return;
    if (p.byName) this.drop(p);
    this.finish(p, error);
  }

  /** Delivers what waits, and nothing after it. */
  private finish(p: Partition, error: ShadowerError): void {
    p.failure ??= error;
    p.wakeup.notify();
  }

  async next(tp: TopicPartition): Promise<DeliveryBatch | null> {
    const p = this.partitions.get(keyOf(tp))!;
    const { signal } = this.o;
    for (;;) {
      if (signal.aborted) return null;
      const head = p.queue[0];
      if (head) {
        const columns = await this.read(p, head.reader);
        if (columns === 'again') continue;
        if (columns === null) {
          this.shift(p);
          continue;
        }
        p.deliverable = columns.offsets[columns.length - 1]! + 1;
        p.told = p.end;
        return { records: new Records(columns), end: p.told };
      }
      if (p.failure) throw p.failure;
      const { end } = p;
      // The rest of the log holds nothing to deliver, or goes on behind what may not be delivered yet.
      if (end < p.told || (p.stalled && end > p.told)) {
        p.told = end;
        return { records: Records.of([]), end };
      }
      await p.wakeup.wait(signal);
    }
  }

  // ---------------------------------------------------------------- what waits

  private async read(
    p: Partition,
    reader: RecordSetReader,
  ): Promise<Awaited<ReturnType<RecordSetReader['next']>> | 'again'> {
    try {
      const columns = await reader.next();
      if (reader.offset > p.position) p.corrupt = 0;
      p.position = reader.offset;
      p.highWatermark = Math.max(p.highWatermark, p.position);
      return columns;
    } catch (e) {
      if (!(e instanceof CorruptBatch)) throw e;
      this.drop(p);
      if (p.corrupt++ < CORRUPT_ATTEMPTS) {
        this.o.logger.warn(
          { ...p.tp, offset: e.offset, attempt: p.corrupt, err: e },
          'Fetched a bad batch; fetching again',
        );
        this.postpone(p);
        return 'again';
      }
      p.failure = new ShadowerError('LOG_CORRUPT', `${e.message}, also when it was fetched again`, { cause: e });
      return 'again';
    }
  }

  private shift(p: Partition): void {
    const head = p.queue.shift();
    if (!head) return; // dropped meanwhile
    p.queuedBytes -= head.bytes;
    this.queuedBytes -= head.bytes;
    if (p.queue.length === 0) p.suspect = false;
    this.pump();
  }

  /** Forgets what waits, to be fetched again. */
  private drop(p: Partition): void {
    this.queuedBytes -= p.queuedBytes;
    p.queuedBytes = 0;
    p.queue.length = 0;
    p.fetchOffset = p.position;
    p.suspect = false;
  }

  /** Bytes to ask of a partition at a time: half its share, since one fetch is under way while another waits. */
  private get fetchBytes(): number {
    return Math.max(SMALLEST_FETCH_BYTES, Math.min(LARGEST_FETCH_BYTES, Math.floor(this.share / 2)));
  }

  private hasRoom(p: Partition): boolean {
    if (p.queue.length === 0) return true;
    return p.queuedBytes <= this.share - this.fetchBytes && this.queuedBytes < this.o.totalBufferBytes;
  }

  // ---------------------------------------------------------------- requests

  /** Sends what can be sent. To be called whenever that may have changed. */
  private pump(): void {
    if (!this.started || this.o.signal.aborted || this.refreshing) return;
    const now = performance.now();
    const wanted = new Map<number, { ready: Partition[]; full: number }>();
    for (const p of this.partitions.values()) {
      if (p.failure || p.suspect) continue;
      if (p.retryAt > now) continue; // a timer is set
      const leader = this.leaderOf(p);
      if (leader === undefined) {
        this.postpone(p);
        this.refresh();
        continue;
      }
      let node = wanted.get(leader);
      if (!node) wanted.set(leader, (node = { ready: [], full: 0 }));
      if (this.hasRoom(p)) node.ready.push(p);
      else node.full++;
    }
    if (this.refreshing) return;
    for (const [id, { ready, full }] of wanted) {
      let node = this.nodes.get(id);
      if (!node) this.nodes.set(id, (node = { busy: false, attempt: 0, notBefore: 0 }));
      if (node.busy || ready.length === 0) continue;
      if (node.notBefore > now) this.later(node.notBefore - now);
      else void this.request(id, node, ready, full > 0 ? SHORT_WAIT_MS : MAX_WAIT_MS);
    }
  }

  private async request(id: number, node: Node, ready: Partition[], maxWaitMs: number): Promise<void> {
    const { cluster, signal, logger, newestVersion } = this.o;
    node.busy = true;
    node.notBefore = performance.now() + PACE_MS;
    ready.sort((a, b) => a.served - b.served);
    const asked = ready.map((p) => ({ p, offset: p.fetchOffset }));
    try {
      const broker = await cluster.findBroker({ nodeId: String(id) });
      if (signal.aborted) return;
      const fetched = await fetch(broker, {
        maxWaitMs,
        maxBytes: Math.min(LARGEST_RESPONSE_BYTES, Math.max(LARGEST_FETCH_BYTES, this.o.totalBufferBytes / 4)),
        partitions: asked.map(({ p, offset }) => ({
          ...p.tp,
          ...(p.topicId !== undefined && { topicId: p.topicId }),
          offset,
          maxBytes: this.fetchBytes,
        })),
        ...(newestVersion !== undefined && { newestVersion }),
      });
      if (signal.aborted) return;
      if (fetched.error !== 0) throw new Error(`Kafka refused a fetch: ${nameOf(fetched.error)}`);
      node.attempt = 0;
      if (fetched.bytes >= SMALL_RESPONSE_BYTES || fetched.bytes === 0) node.notBefore = 0;
      this.take(asked, fetched);
    } catch (err) {
      if (signal.aborted) return;
      const pauseMs = backoff(node.attempt++);
      node.notBefore = performance.now() + pauseMs;
      logger[node.attempt > 2 ? 'warn' : 'debug']({ broker: id, pauseMs, err }, 'A fetch failed; trying again');
      this.refresh();
    } finally {
      node.busy = false;
      this.pump();
    }
  }

  private take(asked: { p: Partition; offset: number }[], response: Fetched): void {
    const byKey = new Map(asked.map((entry) => [keyOf(entry.p.tp), entry]));
    for (const fetched of response.partitions) {
      const entry = byKey.get(keyOf(fetched));
      // Where something went back meanwhile, it is fetched again.
      if (!entry || entry.p.failure || entry.offset !== entry.p.fetchOffset) continue;
      const { p } = entry;
      if (fetched.error !== 0) this.trouble(p, fetched.error);
      else this.takeRecords(p, fetched, response);
    }
  }

  private takeRecords(
    p: Partition,
    { records, aborted, highWatermark }: FetchedPartition,
    { bytes: responseBytes, byId }: Fetched,
  ): void {
    p.attempt = 0;
    p.highWatermark = Math.max(p.highWatermark, highWatermark);
    p.stalled = records.length === 0;
    p.byName ||= !byId;
    if (records.length > 0) {
      // A small part must not keep the whole response in memory while it waits.
      const set = records.length * 2 < responseBytes ? Buffer.from(records) : records;
      const { next, whole } = offsetBehind(set, p.fetchOffset);
      const reader = new RecordSetReader({ tp: p.tp, set, from: p.fetchOffset, aborted });
      p.queue.push({ reader, bytes: set.length });
      p.queuedBytes += set.length;
      this.queuedBytes += set.length;
      p.fetchOffset = next;
      p.suspect = !whole;
      p.served = ++this.served;
    }
    p.wakeup.notify();
  }

  // ---------------------------------------------------------------- troubles

  private trouble(p: Partition, error: number): void {
    const { logger, range, gap } = this.o;
    this.postpone(p);
    logger.debug({ ...p.tp, offset: p.fetchOffset, error: nameOf(error) }, 'A partition could not be fetched');
    if (OF_LEADERSHIP.has(error)) return this.refresh();
    if (OF_TOPIC_IDS.has(error)) return void this.checkIdentity(p);
    if (error === OFFSET_OUT_OF_RANGE) {
      const { fetchOffset } = p;
      void range(p.tp).then(
        (r) => {
          // Within it again: a broker that has just become leader did not know its end yet.
          if (fetchOffset < r.low || fetchOffset > r.high) this.finish(p, gap(p.tp, fetchOffset, r));
        },
        (err: unknown) => logger.warn({ ...p.tp, err }, 'Cannot read which offsets Kafka has; trying again'),
      );
      return;
    }
    if (p.attempt > 2) logger.warn({ ...p.tp, error: nameOf(error) }, 'A partition cannot be fetched; trying again');
    this.refresh();
  }

  /** The broker does not know the topic by its id: it does not know it yet, it was deleted, or it was made anew. */
  private async checkIdentity(p: Partition): Promise<void> {
    const { identify, recreated, logger } = this.o;
    try {
      const is = await identify(p.tp.topic);
      if (is !== undefined && p.topicId !== undefined && is !== p.topicId)
        return this.fail(p.tp, recreated(p.tp, p.topicId, is));
      if (is === undefined) logger.warn(p.tp, 'Kafka does not know the topic at the moment; trying again');
    } catch (err) {
      logger.warn({ ...p.tp, err }, 'Cannot read the topic’s identity; trying again');
    }
    this.refresh();
  }

  private postpone(p: Partition): void {
    const pauseMs = backoff(p.attempt++);
    p.retryAt = performance.now() + pauseMs;
    this.later(pauseMs);
  }

  private later(ms: number): void {
    if (this.o.signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.pump();
    }, ms + 1);
    this.timers.add(timer);
  }

  private leaderOf({ tp }: Partition): number | undefined {
    try {
      const found = this.o.cluster.findTopicPartitionMetadata(tp.topic).find((m) => m.partitionId === tp.partition);
      return found === undefined || found.leader < 0 ? undefined : found.leader;
    } catch {
      return undefined; // no metadata at the moment
    }
  }

  /** Asks who leads what. Nothing is sent meanwhile. */
  private refresh(): void {
    if (this.o.signal.aborted) return;
    this.refreshing ??= this.o.cluster
      .refreshMetadata()
      .catch((err: unknown) => {
        this.o.logger.debug(
          { err: asLogError(err, 'cannot read the metadata') },
          'Who leads what is not known; trying again',
        );
        for (const p of this.partitions.values()) if (p.retryAt <= performance.now()) this.postpone(p);
      })
      .finally(() => {
        this.refreshing = undefined;
        this.pump();
      });
  }
}

const backoff = (attempt: number): number =>
  Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** Math.min(attempt, 10));

const nameOf = (error: number): string =>
  OF_TOPIC_IDS.get(error) ?? OF_LEADERSHIP.get(error) ?? OTHERS.get(error) ?? `error ${error}`;
