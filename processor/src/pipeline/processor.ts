/**
 * The pipeline: consumes an event log, batches offset ranges, and flushes each to the store exactly once.
 *
 * Per partition: open a batch at the committed position; decode, validate and aggregate records; then
 * record the intent [from, to) → insert every block with a token made of the range → commit `to`.
 * After a crash the log hands the pending intent back; the very same records then make the very same blocks, and the
 * store drops those it already has. See docs/guarantee.md.
 */
import type { TopicSpec } from './decode';
import type { BatchOpener, OpenBatch } from './batch';
import type { Outcome } from './ledger';
import { SeenIds } from './seen';
import { ShadowerError } from '../errors';
import type { Block, Clock, EventLog, LogConsumer, OffsetRange, Store, TopicPartition } from './ports';
import type { Records } from './records';

/**
 * Version of the protocol by which a range is written: which token it gets and what its digest is made of. An intent of
 * an older one is refused; within a version, a replay by another release is allowed when its digest is the same.
 */
export const ENCODER_VERSION = 2;

export interface PipelineOptions {
  /** Longest time a record waits in an open batch, milliseconds, while flushes are quick. */
  flushIntervalMs: number;
  /**
   * The same while they are not: a batch stays open four times as long as the last flush took, up to this. A busy store is
   * so given fewer, larger blocks instead of more of the small ones that keep it busy.
   */
  slowFlushIntervalMs: number;
  /**
   * The same while the partition is behind by more than a quarter of a batch: what is read then is old already, and fewer,
   * larger blocks catch up sooner.
   */
  catchUpIntervalMs: number;
  /** Most items and bytes in a batch. */
  maxBatchItems: number;
  maxBatchBytes: number;
  /** Bytes of records in the open batches of all partitions; beyond it a batch is flushed whatever its size. */
  maxOpenBytes: number;
  /** How long the same event_id counts once, milliseconds, and how many ids a partition holds. */
  seenHorizonMs: number;
  seenCapacity: number;
  /** How far behind the clock a partition that is caught up is called complete, milliseconds. */
  completeGraceMs: number;
  /** How often progress is written when nothing else happens, milliseconds. */
  progressIntervalMs: number;
  /** How often the store's tables are marked, so that a retry knows what they took meanwhile, milliseconds. */
  markIntervalMs: number;
  /** Bounds of the backoff between attempts to insert, milliseconds. */
  retryMinMs: number;
  retryMaxMs: number;
  /** Inserts of one batch that run at the same time. */
  insertConcurrency: number;
  /** Batches that are turned into blocks and inserted at the same time; the others wait. Bounds memory. */
  flushConcurrency: number;
}
export const PIPELINE_DEFAULTS: PipelineOptions = {
  flushIntervalMs: 1000,
  slowFlushIntervalMs: 5000,
  catchUpIntervalMs: 10_000,
  maxBatchItems: 100_000,
  maxBatchBytes: 64 * 1024 * 1024,
  maxOpenBytes: 128 * 1024 * 1024,
  seenHorizonMs: 24 * 3600_000,
  seenCapacity: 1_000_000,
  completeGraceMs: 5000,
  progressIntervalMs: 2000,
  markIntervalMs: 30_000,
  retryMinMs: 100,
  retryMaxMs: 10_000,
  insertConcurrency: 4,
  flushConcurrency: 2,
};

/** What the pipeline tells about itself; all optional. */
export interface PipelineObserver {
  flushed?(
    tp: TopicPartition,
    range: OffsetRange,
    outcomes: { outcome: Outcome; reason: string; items: number }[],
    seconds: number,
  ): void;
  storeFailed?(tp: TopicPartition, error: Error, attempt: number): void;
  progressed?(tp: TopicPartition, committed: number, end: number, completeUntil: number): void;
  seen?(tp: TopicPartition, ids: number, shortenedToMs: number | undefined): void;
}

interface PartitionState {
  /** With the topic's identity, where the log has one. */
  tp: TopicPartition & { topicId?: string };
  spec: TopicSpec;
  committed: number;
  /** Next offset to be read. */
  position: number;
  end: number;
  batch: OpenBatch | undefined;
  from: number;
  replay: OffsetRange | undefined;
  /** Names the assignment, so that the log can refuse what belongs to an earlier one. */
  epoch: number | undefined;
  seen: SeenIds;
  completeUntil: number;
  /** End of the partition as the log last said when asked; it may lie beyond what can ever be delivered. */
  logEnd: number;
  /** False once the partition was taken away; whatever still runs for it must stop. */
  owned: boolean;
  /** How long the last flush took, its wait for a turn included, milliseconds. */
  flushedInMs: number;
  /** When records were last taken in, by a clock that only goes forward, milliseconds. */
  readAt: number;
  /** Ends this partition's turn of filling a batch while behind. */
  endFilling: (() => void) | undefined;
  /** A flush by the timer waits for its turn. */
  flushQueued: boolean;
  /** Serialises everything that touches the batch. */
  queue: Promise<unknown>;
}

/** Lets a few at a time run, the others in the order in which they came. */
class Turns {
  private readonly waiting: (() => void)[] = [];
  constructor(private free: number) {}
  /** Waits for a turn; the answer ends it. */
  async take(): Promise<() => void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((turn) => this.waiting.push(turn));
    return () => {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    };
  }
}

/** How much longer than its last flush a batch stays open: flushing takes at most a fifth of a partition's time. */
const PAUSE_PER_FLUSH = 4;

const keyOf = (tp: TopicPartition): string => `${tp.topic}\u001f${tp.partition}`;

/** Lets the next partition that is behind fill its batch. */
function endFilling(s: PartitionState): void {
  s.endFilling?.();
  s.endFilling = undefined;
}

/** Names the exact range: the store drops a block only if it has this table's block of this very range. */
export const tokenOf = (r: OffsetRange): string =>
  `v${r.encoder}:${r.topic}${r.topicId === undefined ? '' : `@${r.topicId}`}:${r.partition}:${r.from}-${r.to}`;

export class Pipeline implements LogConsumer {
  private readonly partitions = new Map<string, PartitionState>();
  private readonly writing: Turns;
  /**
   * Of the partitions that are behind, one fills a batch at a time: they would share this thread anyway, and a large batch
   * each would take several times the memory.
   */
  private readonly filling = new Turns(1);
  private readonly specs: ReadonlyMap<string, TopicSpec>;
  private flushTimer: NodeJS.Timeout | undefined;
  private progressTimer: NodeJS.Timeout | undefined;
  private closing = false;
  /** What the store's clock said last, and when that was by a clock that only goes forward. */
  private storeClock = { at: 0, measured: performance.now() };
  /** The newest mark of the store, and when it was taken by a clock that only goes forward. */
  private marked: { at: number; measured: number } | undefined;
  /** Why a partition stopped for good, or cannot go on until somebody mends something. */
  private readonly troubles = new Map<string, Error>();

  constructor(
    private readonly log: EventLog,
    private readonly store: Store,
    private readonly openBatch: BatchOpener,
    topics: readonly TopicSpec[],
    private readonly options: PipelineOptions = PIPELINE_DEFAULTS,
    private readonly clock: Clock = Date.now,
    private readonly observer: PipelineObserver = {},
  ) {
    this.specs = new Map(topics.map((t) => [t.topic, t]));
    this.writing = new Turns(options.flushConcurrency);
  }

  /** Reason why a partition stopped for good; readiness shows it. */
  get fatal(): Error | undefined {
    return this.troubles.values().next().value;
  }

  /** Checks the store, then consumes until `stop`. */
  async start(): Promise<void> {
    await this.store.check();
    await this.readStoreClock();
    await this.takeMark();
    await this.log.consume(this);
    this.flushTimer = setInterval(() => this.flushDue(), Math.max(10, this.options.flushIntervalMs / 4));
    this.progressTimer = setInterval(() => void this.writeProgress(), this.options.progressIntervalMs);
    // The log's connections keep the process alive, not these.
    this.flushTimer.unref();
    this.progressTimer.unref();
  }

  /** Flushes what is open, commits it and lets go of the log. */
  async stop(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    clearInterval(this.flushTimer);
    clearInterval(this.progressTimer);
    await Promise.all(
      [...this.partitions.values()].map((s) => this.locked(s, () => this.flush(s)).catch(() => undefined)),
    );
    await this.writeProgress().catch(() => undefined);
    for (const s of this.partitions.values()) s.owned = false;
    await this.log.close();
  }

  async assigned(list: Parameters<LogConsumer['assigned']>[0]): Promise<void> {
    for (const s of this.partitions.values()) {
      s.owned = false;
      endFilling(s);
    }
    this.partitions.clear();
    this.troubles.clear();
    for (const a of list) {
      const spec = this.specs.get(a.topic);
      if (spec === undefined)
        throw new ShadowerError('CONFIG_INVALID', `assigned topic ${a.topic}, which is not configured`);
      if (a.pending !== undefined && a.pending.encoder !== ENCODER_VERSION)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `${a.topic}[${a.partition}] has an unfinished batch of encoder ${a.pending.encoder}; this version is ${ENCODER_VERSION}. Start the version that wrote it once, so that it can finish.`,
        );
      const next = Math.max(a.committed, a.pending?.to ?? 0);
      const progress = await this.store.progress(a);
      // What was counted of a topic that had this name before says nothing about this one.
      const counted = progress !== undefined && progress.topicId === (a.topicId ?? '') ? progress.counted : 0;
      if (next < counted)
        throw new ShadowerError(
          'LOG_REWOUND',
          `${a.topic}[${a.partition}] is to be read from offset ${next} on, and everything below ${counted} was counted: its position was set back, or the log was replaced by an older one. Stop all processors and set the partition's position to ${counted}. To count it anew on purpose, empty the database first.`,
        );
      const seen = new SeenIds(this.options.seenHorizonMs, this.options.seenCapacity);
      const now = a.pending?.at ?? this.clock();
      const { seenHorizonMs, seenCapacity } = this.options;
      await this.store.seenEventIds(a, a.committed, now - seenHorizonMs, seenCapacity, (id, at) => seen.add(id, at));
      this.partitions.set(keyOf(a), {
        tp: { topic: a.topic, partition: a.partition, ...(a.topicId !== undefined && { topicId: a.topicId }) },
        spec,
        committed: a.committed,
        position: a.committed,
        end: a.committed,
        from: a.committed,
        batch: undefined,
        replay: a.pending,
        epoch: a.epoch,
        seen,
        completeUntil: progress?.completeUntil ?? 0,
        logEnd: -1,
        owned: true,
        flushQueued: false,
        flushedInMs: 0,
        readAt: 0,
        endFilling: undefined,
        queue: Promise.resolve(),
      });
    }
  }

  async records(tp: TopicPartition, records: Records, end: number): Promise<void> {
    const s = this.partitions.get(keyOf(tp));
    if (s === undefined) return;
    await this.locked(s, async () => {
      // Lower than before where the log's tail turned out to hold nothing to deliver (aborted transactions).
      s.end = end;
      for (let i = 0; i < records.length; i++) {
        // While stopping, what was not taken in is left to the successor: its range would not be finished here.
        if (!s.owned || this.closing) return;
        const offset = records.offsets[i]!;
        if (offset < s.position) continue;
        if (s.replay !== undefined && offset >= s.replay.to) {
          s.position = s.replay.to;
          await this.flush(s);
        }
        if (s.batch === undefined) {
          if (this.isBehind(s) && s.replay === undefined) {
            s.endFilling = await this.filling.take();
            if (!s.owned || this.closing) return endFilling(s);
          }
          s.batch = this.openBatch(s.spec, s.tp, s.seen, s.replay?.at ?? this.clock());
        }
        s.batch.take(records, i);
        s.position = offset + 1;
        if (
          s.replay === undefined &&
          (s.batch.items >= this.options.maxBatchItems || s.batch.bytes >= this.options.maxBatchBytes)
        )
          await this.flush(s);
      }
      s.readAt = performance.now();
      if (s.replay !== undefined && s.position >= s.replay.to) await this.flush(s);
      if (s.replay === undefined && (this.isDue(s) || this.openBytes() > this.options.maxOpenBytes))
        await this.flush(s);
    });
  }

  /** Flushes every open batch now and waits for it. */
  async flushAll(): Promise<void> {
    await Promise.all([...this.partitions.values()].map((s) => this.locked(s, () => this.flush(s))));
  }

  /** Lag in records, over all partitions of this process. */
  lag(): number {
    let lag = 0;
    for (const s of this.partitions.values()) lag += Math.max(0, s.end - s.committed);
    return lag;
  }

  /** Records below the given ends that are not yet counted. */
  lagTo(ends: ReadonlyArray<TopicPartition & { end: number }>): number {
    let lag = 0;
    for (const e of ends) lag += Math.max(0, e.end - (this.partitions.get(keyOf(e))?.committed ?? e.end));
    return lag;
  }

  private flushDue(): void {
    for (const s of this.partitions.values()) {
      if (s.flushQueued || s.replay !== undefined || !this.isDue(s)) continue;
      s.flushQueued = true;
      const flush = async (): Promise<void> => {
        // What was due may have been flushed while this waited.
        if (this.isDue(s)) await this.flush(s);
      };
      void this.locked(s, flush)
        .catch(() => undefined)
        .finally(() => (s.flushQueued = false));
    }
  }

  private isDue(s: PartitionState): boolean {
    if (s.batch === undefined) return false;
    const { slowFlushIntervalMs, catchUpIntervalMs } = this.options;
    const flushIntervalMs = Math.max(
      this.options.flushIntervalMs,
      Math.min(slowFlushIntervalMs, PAUSE_PER_FLUSH * s.flushedInMs),
    );
    const waited = this.clock() - s.batch.at;
    // A clock that was set back does not tell how long the batch has waited; it may not wait until that has caught up.
    if (waited < 0) return true;
    if (waited < flushIntervalMs) return false;
    // One that is behind but gets nothing to read must not keep what it has, nor the others from filling theirs.
    const starved = performance.now() - s.readAt >= flushIntervalMs;
    return !this.isBehind(s) || waited >= catchUpIntervalMs || starved;
  }

  private isBehind(s: PartitionState): boolean {
    return s.end - s.position >= this.options.maxBatchItems / 4;
  }

  private openBytes(): number {
    let bytes = 0;
    for (const s of this.partitions.values()) bytes += s.batch?.bytes ?? 0;
    return bytes;
  }

  private locked<T>(s: PartitionState, work: () => Promise<T>): Promise<T> {
    const run = s.queue.then(work);
    s.queue = run.catch(() => undefined);
    return run;
  }

  private async flush(s: PartitionState): Promise<void> {
    const batch = s.batch;
    if (!s.owned) return;
    if (batch === undefined && s.replay === undefined) return;
    // A recorded range is written whole or not at all. One that was not read again yet (a stop right after a crash) stays
    // recorded, for the successor.
    if (s.replay !== undefined && s.position < s.replay.to) return;
    const started = this.clock();
    const begun = performance.now();
    const range: OffsetRange = {
      ...(s.replay ?? this.rangeOf(s, batch!)),
      epoch: s.epoch,
    };
    try {
      const digest = batch?.digest();
      if (range.digest !== undefined && digest === undefined)
        throw new ShadowerError(
          'LOG_GAP',
          `offsets ${range.from} to ${range.to} of ${range.topic}[${range.partition}] were being written when a process died, and the log has none of their records any more`,
        );
      if (range.digest !== undefined && range.digest !== digest)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `offsets ${range.from} to ${range.to} of ${range.topic}[${range.partition}] were being written when a process died, and this version judges them differently (${digest} instead of ${range.digest}). Start the version that was running once, so that it can finish.`,
        );
      if (s.replay === undefined) await this.untilLogAnswers(s, () => this.log.recordIntent(range));
      const written = await this.writing.take();
      endFilling(s);
      try {
        const blocks = s.owned && batch ? batch.blocks() : [];
        // Last, and before the commit: the store is never behind the log in what it says was counted (see `assigned`).
        await this.insertAll(s, [...blocks, this.progressOf([s], this.sureNow(), () => range.to)], range);
      } finally {
        written();
      }
      if (!s.owned) return;
      await this.untilLogAnswers(s, () => this.log.commit(range));
    } catch (e) {
      // The partition is another's now. The batch is spoilt for this run (its ids are noted as seen); the range is
      // handed out again by the log, to us or to whoever owns it.
      s.owned = false;
      s.batch = undefined;
      endFilling(s);
      if (!(e instanceof ShadowerError && e.code === 'LOG_FENCED')) this.troubles.set(keyOf(s.tp), e as Error);
      throw e;
    }
    if (!s.owned) return;
    s.flushedInMs = performance.now() - begun;
    s.committed = range.to;
    s.from = range.to;
    s.position = Math.max(s.position, range.to);
    s.batch = undefined;
    s.replay = undefined;
    // What is unread was appended after the last record that was read; one clock that runs ahead must not hide that.
    this.advance(s, batch === undefined ? -Infinity : Math.min(batch.maxEventTime, batch.lastAppended));
    this.observer.flushed?.(s.tp, range, batch?.outcomes() ?? [], (this.clock() - started) / 1000);
    this.observer.seen?.(s.tp, s.seen.size, s.seen.shortenedTo);
    batch?.release?.();
  }

  /** What is to be recorded for an open batch. */
  private rangeOf(s: PartitionState, batch: OpenBatch): OffsetRange {
    return {
      ...s.tp,
      from: s.from,
      to: s.position,
      at: batch.at,
      encoder: ENCODER_VERSION,
      digest: batch.digest(),
      mark: this.marked!.at,
    };
  }

  private backoff(attempt: number): Promise<void> {
    const wait = Math.min(this.options.retryMaxMs, this.options.retryMinMs * 2 ** Math.min(attempt - 1, 20));
    return new Promise((r) => setTimeout(r, wait).unref());
  }

  /** Repeats while the log is away; any other refusal means that the partition is not ours. */
  private async untilLogAnswers(s: PartitionState, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; s.owned; attempt++) {
      try {
        return await work();
      } catch (e) {
        const away = e instanceof ShadowerError && e.code === 'LOG_UNAVAILABLE';
        if (!away || (this.closing && attempt > 3)) throw e;
        await this.backoff(attempt);
      }
    }
  }

  /** Inserts with backoff until every block is in, or the partition is no longer ours. */
  private async insertAll(s: PartitionState, blocks: readonly Block[], range: OffsetRange): Promise<void> {
    const queue = [...blocks];
    const token = tokenOf(range);
    const worker = async (): Promise<void> => {
      for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
        for (let attempt = 1; ; attempt++) {
          if (!s.owned) return;
          try {
            if (s.replay !== undefined || attempt > 1) await this.checkRemembered(block.table, range);
            await this.store.insert(block, token);
            break;
          } catch (e) {
            const code = e instanceof ShadowerError ? e.code : undefined;
            const unavailable = code === 'STORE_UNAVAILABLE';
            this.observer.storeFailed?.(s.tp, e as Error, attempt);
            if (code === 'STORE_UNSAFE') throw e;
            // Anything else (a schema that does not fit, say) will not heal by itself; stopping is not an excuse to lose the range.
            if (!unavailable) this.troubles.set(keyOf(s.tp), e as Error);
            if (this.closing && attempt > 3) throw e;
            await this.backoff(attempt);
          }
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.options.insertConcurrency, queue.length) }, worker));
    this.troubles.delete(keyOf(s.tp));
  }

  /**
   * Before anything that may be in the table already is sent again: refuses where its token may be forgotten.
   * @throws ShadowerError STORE_UNSAFE, or STORE_UNAVAILABLE where the store cannot be asked
   */
  private async checkRemembered(table: string, range: OffsetRange): Promise<void> {
    try {
      if (range.mark === undefined)
        throw new ShadowerError('STORE_UNSAFE', 'the release that recorded it noted no mark of the store');
      await this.store.remembers(table, range.mark);
    } catch (e) {
      if (!(e instanceof ShadowerError && e.code === 'STORE_UNSAFE')) throw e;
      throw new ShadowerError(
        'STORE_UNSAFE',
        `offsets ${range.from} to ${range.to} of ${range.topic}[${range.partition}] may be in ${table} already, and it may have forgotten them: ${e.detail}. Sent again they could be counted twice. How to go on: docs/guarantee.md, "Beyond the deduplication window".`,
        { cause: e },
      );
    }
  }

  private async takeMark(): Promise<void> {
    const measured = performance.now();
    const at = this.sureNow();
    await this.store.mark(at);
    this.marked = { at, measured };
  }

  private async readStoreClock(): Promise<void> {
    const at = await this.store.now();
    this.storeClock = { at, measured: performance.now() };
  }

  /**
   * The present that may be told to readers: of this process' clock and the store's the one that is behind, since a clock
   * that is ahead would call complete what has not happened yet. In between, the store's goes on by a clock that cannot be set.
   */
  private sureNow(): number {
    const { at, measured } = this.storeClock;
    return Math.floor(Math.min(this.clock(), at + performance.now() - measured));
  }

  /** Moves `completeUntil`, which never goes back. */
  private advance(s: PartitionState, readUntil: number): void {
    const now = this.sureNow();
    const caughtUp = s.batch === undefined && s.committed >= s.end;
    const until = (caughtUp ? now : Math.min(readUntil, now)) - this.options.completeGraceMs;
    if (until > s.completeUntil) s.completeUntil = until;
    this.observer.progressed?.(s.tp, s.committed, s.end, s.completeUntil);
  }

  /** Progress rows of partitions, one each. */
  private progressOf(of: readonly PartitionState[], now: number, counted: (s: PartitionState) => number): Block {
    const row = (f: (s: PartitionState) => unknown): unknown[] => of.map(f);
    return {
      table: 'progress_log',
      rows: of.length,
      columns: [
        { name: 'topic', type: 'LowCardinality(String)', values: row((s) => s.tp.topic) },
        { name: 'part', type: 'UInt32', values: row((s) => s.tp.partition) },
        { name: 'committed', type: 'Int64', values: row(counted) },
        { name: 'end', type: 'Int64', values: row((s) => s.end) },
        { name: 'complete_until', type: "DateTime64(3, 'UTC')", values: row((s) => s.completeUntil) },
        { name: 'updated_at', type: "DateTime64(3, 'UTC')", values: row(() => now) },
        { name: 'topic_id', type: 'String', values: row((s) => s.tp.topicId ?? '') },
        { name: 'written_at', type: "DateTime('UTC')", values: row(() => Math.floor(now / 1000)) },
      ],
    };
  }

  /** Asks the log how far it goes, and writes one progress row per partition. */
  private async writeProgress(): Promise<void> {
    if (this.partitions.size === 0) return;
    let ends: ReadonlyArray<TopicPartition & { end: number }>;
    try {
      ends = await this.log.endOffsets();
    } catch {
      return; // Without the end nothing can be called complete; the rows then age, and readers see it.
    }
    // Where the store is away its clock is reckoned on, and the row below does not come in either.
    await this.readStoreClock().catch(() => undefined);
    // An older mark only makes a retry be refused sooner.
    if (performance.now() - this.marked!.measured >= this.options.markIntervalMs)
      await this.takeMark().catch(() => undefined);
    const now = this.sureNow();
    for (const e of ends) {
      const s = this.partitions.get(keyOf(e));
      if (s === undefined || !s.owned) continue;
      if (e.end !== s.logEnd) s.end = Math.max(s.end, (s.logEnd = e.end));
      this.advance(s, -Infinity);
    }
    const own = [...this.partitions.values()].filter((s) => s.owned);
    if (own.length === 0) return;
    try {
      await this.store.writeProgress(this.progressOf(own, now, (s) => s.committed));
    } catch (e) {
      this.observer.storeFailed?.(own[0]!.tp, e as Error, 1);
    }
  }
}
