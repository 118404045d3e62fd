/**
 * The event log of embedded mode: an append-only, checksummed, fsynced log on local disk with one partition per topic.
 * One process per folder. Same port, same guarantee as Kafka, without replication.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadowerError } from '../errors';
import { assign, deliver, type LogHealth } from '../pipeline/delivery';
import type { Clock, EventLog, LogConsumer, Logger, NewRecord, OffsetRange, TopicPartition } from '../pipeline/ports';
import { notAssigned, RangeFence } from '../pipeline/range-fence';
import { Records } from '../pipeline/records';
import { FolderLock } from './lock';
import { TopicJournal } from './topic';

export interface JournalOptions {
  /** Folder of the journal; made if missing. */
  folder: string;
  /** Topics that can be appended to and are consumed. */
  topics: readonly string[];
  logger: Logger;
  /** Bytes of a segment file. Default 64 MiB. */
  segmentBytes?: number;
  /** Milliseconds that consumed segments are kept. Default 0. */
  retentionMs?: number;
  /** Bytes that may wait for the consumer, over all topics, before appends are refused. Default 2 GiB. */
  backlogBytes?: number;
  /** Called when a topic cannot be consumed any further (LOG_GAP …). */
  onError?: (error: ShadowerError, tp?: TopicPartition) => void;
  clock?: Clock;
}

const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
/** The folder is this process's alone, so there is one assignment per opening. */
const EPOCH = 1;

export class Journal implements EventLog {
  private readonly fences = new Map<string, RangeFence>();
  private readonly halted: (TopicPartition & { error: ShadowerError })[] = [];
  private readonly abort = new AbortController();
  private consuming?: Promise<unknown>;
  private state: LogHealth['state'] = 'idle';

  private constructor(
    private readonly o: JournalOptions,
    private readonly lock: FolderLock,
    private readonly topics: ReadonlyMap<string, TopicJournal>,
  ) {}

  /**
   * Locks the folder and recovers the log: a write that a crash cut short is removed with a log line. Rejects with
   * LOG_UNAVAILABLE (in use, not writable), LOG_GAP (acknowledged records damaged or gone) or CONFIG_INVALID.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    for (const topic of options.topics) {
      if (!TOPIC.test(topic)) throw new ShadowerError('CONFIG_INVALID', `"${topic}" is no topic name`);
    }
    let lock: FolderLock | undefined;
    const topics = new Map<string, TopicJournal>();
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      lock = await FolderLock.acquire(options.folder);
      for (const topic of new Set(options.topics)) {
        const { segmentBytes = 64 * 1024 * 1024, retentionMs = 0, logger, clock = Date.now } = options;
        const folder = join(options.folder, topic);
        topics.set(topic, await TopicJournal.open({ folder, topic, segmentBytes, retentionMs, logger, clock }));
      }
      return new Journal(options, lock, topics);
    } catch (e) {
      await Promise.all([...topics.values()].map((t) => t.close()));
      await lock?.release();
      if (e instanceof ShadowerError) throw e;
      const message = `cannot open the journal in ${options.folder}: ${(e as Error).message}`;
      throw new ShadowerError('LOG_UNAVAILABLE', message, { cause: e });
    }
  }

  /**
   * Resolves when the records are fsynced; concurrent appends share one fsync. Rejects with LOG_UNAVAILABLE (disk, or
   * `backlogBytes` reached), EVENT_TOO_LARGE (a record above 64 MiB) or CONFIG_INVALID (a topic it was not opened with).
   */
  async append(topic: string, records: readonly NewRecord[]): Promise<void> {
    const journal = this.topics.get(topic);
    if (!journal) throw new ShadowerError('CONFIG_INVALID', `the journal was not opened with the topic ${topic}`);
    if (this.state === 'closed') throw new ShadowerError('LOG_UNAVAILABLE', 'the journal is closed');
    this.lock.assertHeld();
    const { backlogBytes = 2 * 1024 ** 3 } = this.o;
    const backlog = [...this.topics.values()].reduce((sum, t) => sum + t.backlogBytes, 0);
    if (backlog >= backlogBytes) {
      const message = `${backlog} bytes wait to be processed (limit ${backlogBytes}); ClickHouse is away or too slow`;
      throw new ShadowerError('LOG_UNAVAILABLE', message);
    }
    await journal.append(records);
  }

  /**
   * Resolves when the consumer has taken over the assignment, which is all topics, once. Rejects with an error of the
   * consumer that trying again does not mend.
   */
  async consume(consumer: LogConsumer): Promise<void> {
    if (this.state !== 'idle')
      throw new ShadowerError('INTERNAL', `consume was called on a journal that is ${this.state}`);
    this.state = 'assigning';
    const { logger, onError } = this.o;
    const signal = this.abort.signal;
    for (const [topic, journal] of this.topics) {
      const tp = { topic, partition: 0 };
      this.fences.set(topic, new RangeFence(tp, EPOCH, journal.committed, journal.pending));
    }
    const partitions = [...this.fences.values()].map(({ tp, committed, pending }) => ({
      ...tp,
      committed,
      epoch: EPOCH,
      ...(pending && { pending }),
    }));
    try {
      if (!(await assign(consumer, partitions, signal, logger))) return;
    } catch (e) {
      this.state = 'stopped';
      throw e;
    }
    this.state = 'consuming';
    this.consuming = Promise.all(
      [...this.topics].map(async ([topic, journal]) => {
        const tp = { topic, partition: 0 };
        const next = async () => {
          const records = await journal.next(signal);
          return records && { records: Records.of(records), end: journal.endOffset };
        };
        await deliver({ tp, consumer, next, signal, logger }).catch((e: unknown) => {
          const error =
            e instanceof ShadowerError
              ? e
              : new ShadowerError('LOG_UNAVAILABLE', `cannot read ${topic}: ${(e as Error).message}`, { cause: e });
          this.halted.push({ ...tp, error });
          logger.error({ ...tp, err: error }, 'A topic of the journal cannot be consumed any further');
          onError?.(error, tp);
        });
      }),
    );
  }

  /** Rejects with LOG_FENCED (stale range, folder taken over) or LOG_UNAVAILABLE (disk); then it may have been noted. */
  async recordIntent(range: OffsetRange): Promise<void> {
    const { fence, journal } = this.owned(range);
    fence.beginIntent(range);
    await journal.recordIntent(range);
  }

  /** Rejects with LOG_FENCED or LOG_UNAVAILABLE like recordIntent; calling again with the same range is safe. */
  async commit(range: OffsetRange): Promise<void> {
    const { fence, journal } = this.owned(range);
    fence.beginCommit(range);
    await journal.commit(range);
    fence.committedTo(range);
  }

  async endOffsets(): Promise<ReadonlyArray<TopicPartition & { end: number }>> {
    return [...this.topics].map(([topic, journal]) => ({ topic, partition: 0, end: journal.endOffset }));
  }

  /** How it fares. */
  health(): LogHealth {
    return { state: this.state, halted: [...this.halted] };
  }

  /** Bytes not yet committed, over all topics. */
  backlogBytes(): number {
    return [...this.topics.values()].reduce((sum, t) => sum + t.backlogBytes, 0);
  }

  /** Waits for the `records` call in progress (which may commit), then lets go of the folder. */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.abort.abort();
    await this.consuming;
    this.state = 'closed';
    for (const fence of this.fences.values()) fence.revoke();
    await Promise.all([...this.topics.values()].map((t) => t.close()));
    await this.lock.release();
  }

  private owned(range: OffsetRange): { fence: RangeFence; journal: TopicJournal } {
    this.lock.assertHeld();
    const fence = this.fences.get(range.topic);
    const journal = this.topics.get(range.topic);
    if (!fence || !journal || range.partition !== 0) throw notAssigned(range);
    return { fence, journal };
  }
}
