/**
 * The ports of the pipeline. `pipeline/` talks to these and to nothing else; each has a real adapter and an in-memory
 * twin, and both pass the same contract tests (`*.contract.ts` beside the adapters).
 *
 * The invariant they carry (docs/guarantee.md): a batch is a recorded offset range of one partition; a retry of it is
 * byte-identical; every insert made for it carries a deduplication token made of that range.
 */

import type { ColumnValues } from './columns';
import type { Records } from './records';

/** One partition of one topic. */
export interface TopicPartition {
  topic: string;
  partition: number;
}

/** A record as the log holds it. `value` is null for a tombstone. Offsets grow, and may have gaps. */
export interface LogRecord {
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  /** Log append or producer time, milliseconds since the epoch. */
  timestamp: number;
  headers: Readonly<Record<string, string>>;
}

/** How a topic's records are to be decoded. */
export type Encoding = 'event_json' | 'otlp_json' | 'otlp_proto' | 'otlp';

/** What the producer side appends. `key` chooses the partition where the log has several. */
export interface NewRecord {
  key: Buffer | null;
  value: Buffer;
  headers?: Readonly<Record<string, string>>;
}

/** A half-open offset range [from, to) of one partition that is about to be, or has been, inserted. */
export interface OffsetRange extends TopicPartition {
  from: number;
  to: number;
  /** Milliseconds since the epoch at which the range was first flushed; a replay uses the same value. */
  at: number;
  /** Version of the encoder that built the blocks; a replay by another version must build the same bytes or refuse. */
  encoder: number;
  /**
   * Fingerprint of what became of each record of the range (see `Batch.digest`): a replay that judges differently, after an
   * upgrade say, is refused before it writes anything.
   */
  digest?: string;
  /** Identity of the topic the offsets belong to, where the log has one: a topic made anew starts again at 0. */
  topicId?: string;
  /** The store's mark (see `Store.mark`) that was taken last before the range was first written. */
  mark?: number;
  /** The assignment it belongs to, as given to `assigned`; where set, the log refuses a range of another assignment. */
  epoch?: number;
}

/**
 * Durable, replayable, partitioned log: Kafka, or the journal on disk in embedded mode.
 * The consumer is called with contiguous batches per partition, never two at once for the same partition.
 */
export interface EventLog {
  /** Resolves when the records are durable. Rejects with LOG_UNAVAILABLE otherwise; a rejected append may still land. */
  append(topic: string, records: readonly NewRecord[]): Promise<void>;
  /** Starts consuming; resolves when the first assignment is in place. */
  consume(consumer: LogConsumer): Promise<void>;
  /**
   * Durably notes that `range` is about to be inserted. Must be refused (throw) when this process no longer owns
   * the partition, so that a zombie cannot go on.
   */
  recordIntent(range: OffsetRange): Promise<void>;
  /** Durably moves the committed position to `range.to` and clears the intent. Refused like recordIntent. */
  commit(range: OffsetRange): Promise<void>;
  /** Next offsets to be written (end of log) per partition, for lag. */
  endOffsets(): Promise<ReadonlyArray<TopicPartition & { end: number }>>;
  /** Stops consuming, then releases everything. */
  close(): Promise<void>;
}

/** What the log calls. A thrown error stops the consumption of that partition and is retried by the log with backoff. */
export interface LogConsumer {
  /**
   * Called at each assignment with the committed position and, where a flush was cut short, the pending intent.
   * State held for partitions not in the list must be dropped, and flushes of earlier assignments be given up.
   * Every `records` call of earlier assignments has ended before. `epoch` names the assignment (see OffsetRange).
   */
  assigned(
    partitions: ReadonlyArray<
      TopicPartition & { committed: number; pending?: OffsetRange; epoch?: number; topicId?: string }
    >,
  ): Promise<void>;
  /**
   * Records in offset order. `end` is the log's end offset as known: the consumer is caught up when it holds everything
   * below it. `records` is empty where only `end` is news (the rest of the log turned out to hold nothing to deliver).
   * After a throw the same batch comes again: offsets that were already taken in must be skipped.
   */
  records(tp: TopicPartition, records: Records, end: number): Promise<void>;
}

/** Column-wise block for one table. All columns have the same length. */
export interface Block {
  table: string;
  columns: ReadonlyArray<BlockColumn>;
  rows: number;
}
export interface BlockColumn {
  name: string;
  /** ClickHouse type as declared in the DDL, aggregate wrappers left out (e.g. `Map(Int16, UInt64)`). */
  type: string;
  values: ColumnValues;
}

export interface PartitionProgress {
  /** Position below which everything of the partition was counted. */
  counted: number;
  /** Identity of the topic that `counted` belongs to; '' where the log has none. */
  topicId: string;
  /** Time (ms) until which the partition was known to be complete. */
  completeUntil: number;
}

/** Where blocks go: ClickHouse, or memory. */
export interface Store {
  /** Throws STORE_UNSAFE or STORE_SCHEMA when the guarantee or the schema does not hold. */
  check(): Promise<void>;
  /**
   * Inserts one block synchronously, at most once per (table, token) within the deduplication window.
   * Rejects with STORE_UNAVAILABLE when the outcome is unknown; calling again with the same token is then safe.
   */
  insert(block: Block, token: string): Promise<void>;
  /**
   * Hands over the newest `limit` event ids stored for a partition since `since` (ms), oldest first: those at offsets below
   * `before`, and all of a topic of the same name with another identity.
   */
  seenEventIds(
    tp: TopicPartition & { topicId?: string },
    before: number,
    since: number,
    limit: number,
    take: (id: string, at: number) => void,
  ): Promise<void>;
  /** The store's own clock, milliseconds since the epoch. Rejects with STORE_UNAVAILABLE. */
  now(): Promise<number>;
  /**
   * Notes how much each table has taken so far, under the name `at` (milliseconds by the store's clock), so that
   * `remembers` can tell what came after. Rejects with STORE_UNAVAILABLE.
   */
  mark(at: number): Promise<void>;
  /**
   * Resolves while a block that was inserted after `mark` would still be recognised by its token. Rejects with STORE_UNSAFE
   * where the table has taken nearly as much since as it remembers, or where that cannot be told.
   */
  remembers(table: string, mark: number): Promise<void>;
  /** The newest word on a partition, whatever the identity of its topic; undefined if there is none. */
  progress(tp: TopicPartition): Promise<PartitionProgress | undefined>;
  /** Notes progress; a row replaces the partition's earlier one, so this needs no token. */
  writeProgress(block: Block): Promise<void>;
  close(): Promise<void>;
}

/** Structured log, as pino has it: fields first, then the message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Wall clock, so that tests can hold it. Milliseconds since the epoch. */
export type Clock = () => number;
