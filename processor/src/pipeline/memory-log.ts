/**
 * The in-memory twin of the event log. `MemoryLogStore` is what would be durable (the cluster); each `MemoryLog` is one
 * process at it. Members share a topic's partitions, and the faults a real log has can be provoked.
 */
import { ShadowerError } from '../errors';
import { assign, deliver, LARGEST_BATCH_BYTES, LARGEST_BATCH_RECORDS, Wakeup } from './delivery';
import type { Clock, EventLog, LogConsumer, Logger, LogRecord, NewRecord, OffsetRange, TopicPartition } from './ports';
import { notAssigned, RangeFence } from './range-fence';
import { Records } from './records';

interface StoredPartition extends TopicPartition {
  records: LogRecord[];
  end: number;
  committed: number;
  pending?: OffsetRange;
}

export type KillPoint = 'before-intent' | 'after-intent' | 'before-commit' | 'after-commit';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const keyOf = (tp: TopicPartition) => `${tp.topic}/${tp.partition}`;

/** The durable side: records, committed positions, intents, and who is in the group. */
export class MemoryLogStore {
  private readonly partitions = new Map<string, StoredPartition>();
  private readonly partitionCount: Record<string, number>;
  private readonly members: MemoryLog[] = [];
  private generation = 0;
  private rejections = 0;
  private landRejected = false;
  private roundRobin = 0;

  /** @param topics partitions per topic; @param clock milliseconds since the epoch, stamps appended records */
  constructor(
    topics: Record<string, number>,
    private readonly clock: Clock = Date.now,
  ) {
    this.partitionCount = topics;
    for (const [topic, count] of Object.entries(topics)) {
      for (let partition = 0; partition < count; partition++) {
        this.partitions.set(`${topic}/${partition}`, { topic, partition, records: [], end: 0, committed: 0 });
      }
    }
  }

  /** The next `n` appends reject with LOG_UNAVAILABLE; with `landed` their records are kept all the same. */
  rejectAppends(n: number, landed = false): void {
    this.rejections = n;
    this.landRejected = landed;
  }

  /** Gives every member a new assignment, as a cluster does when a member comes or goes. */
  rebalance(): void {
    this.generation++;
    const live = this.members.filter((m) => m.state === 'consuming');
    const shares = new Map<MemoryLog, StoredPartition[]>(live.map((m) => [m, []]));
    let i = 0;
    for (const partition of this.partitions.values()) {
      if (live.length > 0) shares.get(live[i++ % live.length]!)!.push(partition);
    }
    for (const [member, share] of shares) member.assign(this.generation, share);
  }

  /** Drops the records below `offset`, as a retention does. */
  truncateBefore(tp: TopicPartition, offset: number): void {
    const p = this.find(tp);
    p.records = p.records.filter((r) => r.offset >= offset);
  }

  /** Leaves a gap of `n` offsets at the end, as control records and aborted transactions do. */
  skipOffsets(tp: TopicPartition, n: number): void {
    this.find(tp).end += n;
  }

  /** What is durable for a partition. */
  inspect(tp: TopicPartition): {
    committed: number;
    pending?: OffsetRange;
    end: number;
    records: readonly LogRecord[];
  } {
    const { committed, pending, end, records } = this.find(tp);
    return { committed, pending, end, records };
  }

  /** @internal */
  join(member: MemoryLog): void {
    if (!this.members.includes(member)) this.members.push(member);
    this.rebalance();
  }
  /** @internal */
  leave(member: MemoryLog): void {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    this.rebalance();
  }
  /** @internal */
  owns(member: MemoryLog, generation: number): boolean {
    return this.members.includes(member) && member.state === 'consuming' && generation === this.generation;
  }
  /** @internal */
  find(tp: TopicPartition): StoredPartition {
    const p = this.partitions.get(keyOf(tp));
    if (!p) throw new ShadowerError('LOG_UNAVAILABLE', `there is no partition ${keyOf(tp)}`);
    return p;
  }
  /** @internal */
  all(): StoredPartition[] {
    return [...this.partitions.values()];
  }

  /** @internal */
  append(topic: string, records: readonly NewRecord[]): void {
    const rejected = this.rejections > 0;
    if (rejected) this.rejections--;
    if (!rejected || this.landRejected) {
      for (const record of records) this.appendOne(topic, record);
      for (const member of this.members) member.wake(topic);
    }
    if (rejected) throw new ShadowerError('LOG_UNAVAILABLE', `append to ${topic} was rejected on request`);
  }

  private appendOne(topic: string, { key, value, headers }: NewRecord): void {
    const count = this.partitionCount[topic] ?? 0;
    const partition = key ? hash(key) % Math.max(1, count) : this.roundRobin++ % Math.max(1, count);
    const p = this.find({ topic, partition });
    p.records.push({ offset: p.end++, key, value, timestamp: this.clock(), headers: { ...headers } });
  }
}

const hash = (key: Buffer) => key.reduce((h, byte) => Math.imul(h ^ byte, 16777619) >>> 0, 2166136261);

interface Assignment {
  generation: number;
  fences: Map<string, RangeFence>;
  wakeups: Map<string, Wakeup>;
  abort: AbortController;
  done: Promise<unknown>;
}

/** One process at a {@link MemoryLogStore}. */
export class MemoryLog implements EventLog {
  /** @internal `suspended` is a process under SIGSTOP, `dead` one after kill -9. */
  state: 'idle' | 'consuming' | 'suspended' | 'dead' | 'closed' = 'idle';
  private consumer?: LogConsumer;
  private assignment?: Assignment;
  private killPoint?: KillPoint;
  private firstAssigned?: () => void;
  private assignmentFailed?: (error: unknown) => void;

  constructor(
    private readonly store: MemoryLogStore,
    private readonly logger: Logger = silent,
  ) {}

  async append(topic: string, records: readonly NewRecord[]): Promise<void> {
    this.alive();
    await Promise.resolve();
    this.store.append(topic, records);
  }

  async consume(consumer: LogConsumer): Promise<void> {
    this.alive();
    if (this.consumer) throw new ShadowerError('INTERNAL', 'consume was called twice');
    this.consumer = consumer;
    this.state = 'consuming';
    const assigned = new Promise<void>((resolve, reject) => {
      this.firstAssigned = resolve;
      this.assignmentFailed = reject;
    });
    this.store.join(this);
    await assigned;
  }

  async recordIntent(range: OffsetRange): Promise<void> {
    this.dieAt('before-intent');
    this.fence(range).beginIntent(range);
    const { epoch: _, ...pending } = range;
    Object.assign(this.store.find(range), { pending });
    this.dieAt('after-intent');
  }

  async commit(range: OffsetRange): Promise<void> {
    this.dieAt('before-commit');
    const fence = this.fence(range);
    fence.beginCommit(range);
    Object.assign(this.store.find(range), { committed: range.to, pending: undefined });
    fence.committedTo(range);
    this.dieAt('after-commit');
  }

  async endOffsets(): Promise<ReadonlyArray<TopicPartition & { end: number }>> {
    this.alive();
    return this.store.all().map((p) => ({ topic: p.topic, partition: p.partition, end: reachableEnd(p) }));
  }

  async close(): Promise<void> {
    if (this.state === 'closed' || this.state === 'dead') return;
    this.assignment?.abort.abort();
    // Records in progress may still commit; the partitions are given away only afterwards.
    await this.assignment?.done;
    this.state = 'closed';
    this.store.leave(this);
  }

  /** The process dies at this point of the next range: the call throws and nothing of it runs afterwards. */
  killAt(point: KillPoint): void {
    this.killPoint = point;
  }

  /** kill -9: nothing runs afterwards, and the group notices. */
  kill(): void {
    this.state = 'dead';
    this.assignment?.abort.abort();
    this.store.leave(this);
  }

  /** SIGSTOP: the group gives its partitions away, and it does not know. */
  suspend(): void {
    this.state = 'suspended';
    this.store.rebalance();
  }

  /** SIGCONT: it believes that it still owns what it had; `rejoin` is when it hears the truth. */
  rejoin(): void {
    if (this.state !== 'suspended') return;
    this.state = 'consuming';
    this.store.join(this);
  }

  /** @internal */
  assign(generation: number, share: readonly StoredPartition[]): void {
    const consumer = this.consumer!;
    const before = this.assignment;
    before?.abort.abort();
    const abort = new AbortController();
    const mine: Assignment = { generation, fences: new Map(), wakeups: new Map(), abort, done: Promise.resolve() };
    this.assignment = mine;
    mine.done = (async () => {
      await before?.done;
      if (abort.signal.aborted) return;
      for (const p of share) {
        mine.fences.set(keyOf(p), new RangeFence(p, generation, p.committed, p.pending));
        mine.wakeups.set(keyOf(p), new Wakeup());
      }
      const partitions = share.map((p) => ({
        topic: p.topic,
        partition: p.partition,
        committed: p.committed,
        epoch: generation,
        ...(p.pending && { pending: p.pending }),
      }));
      if (!(await assign(consumer, partitions, abort.signal, this.logger))) return;
      this.firstAssigned?.();
      await Promise.all(share.map((p) => this.follow(p, mine)));
    })().catch((err: unknown) => {
      this.logger.error({ err }, 'The assignment failed');
      this.assignmentFailed?.(err);
    });
  }

  /** @internal */
  wake(topic: string): void {
    for (const [key, wakeup] of this.assignment?.wakeups ?? []) if (key.startsWith(`${topic}/`)) wakeup.notify();
  }

  private follow(p: StoredPartition, { abort, wakeups }: Assignment): Promise<void> {
    const signal = abort.signal;
    let position = p.committed;
    const next = async () => {
      for (;;) {
        if (signal.aborted) return null;
        const records: LogRecord[] = [];
        let bytes = 0;
        let i = lowerBound(p.records, position);
        for (; i < p.records.length && records.length < LARGEST_BATCH_RECORDS && bytes < LARGEST_BATCH_BYTES; i++) {
          records.push(p.records[i]!);
          bytes += (p.records[i]!.value?.length ?? 0) + (p.records[i]!.key?.length ?? 0);
        }
        if (records.length > 0) {
          position = records[records.length - 1]!.offset + 1;
          return { records: Records.of(records), end: reachableEnd(p) };
        }
        await wakeups.get(keyOf(p))!.wait(signal);
      }
    };
    const tp = { topic: p.topic, partition: p.partition };
    return deliver({
      tp,
      consumer: this.consumer!,
      next,
      signal,
      logger: this.logger,
      backoffMs: { first: 5, longest: 100 },
    });
  }

  private fence(range: OffsetRange): RangeFence {
    this.alive();
    const fence = this.assignment?.fences.get(keyOf(range));
    if (!fence || this.state === 'closed') throw notAssigned(range);
    if (!this.store.owns(this, this.assignment!.generation)) {
      throw new ShadowerError('LOG_FENCED', `${keyOf(range)} was given to another member`);
    }
    return fence;
  }

  private dieAt(point: KillPoint): void {
    this.alive();
    if (this.killPoint !== point) return;
    this.killPoint = undefined;
    this.kill();
    this.alive();
  }

  private alive(): void {
    if (this.state === 'dead') throw new ShadowerError('LOG_UNAVAILABLE', 'this process was killed');
    if (this.state === 'closed') throw new ShadowerError('LOG_FENCED', 'the log is closed');
  }
}

const reachableEnd = (p: StoredPartition) => Math.max(p.committed, (p.records[p.records.length - 1]?.offset ?? -1) + 1);

/** Index of the first record at or after `offset`. */
function lowerBound(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (records[mid]!.offset < offset) low = mid + 1;
    else high = mid;
  }
  return low;
}
