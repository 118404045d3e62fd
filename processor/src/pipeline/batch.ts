/** One open batch: an offset range of one partition that becomes a set of blocks. */
import { ENVELOPE_FIELDS, fieldColumns, rawTable, type ColumnDef } from '../catalog/tables';
import type { Domain } from '../domains/define';
import { createDecoder, type DeadLetter, type Item, type TopicSpec, type TraceDecoder } from './decode';
import type { Block, LogRecord, TopicPartition } from './ports';
import type { Records } from './records';
import type { SeenIds } from './seen';
import type { ValidEvent } from './validate';
import { Windows, WindowPlans } from './window';
import { columnsOf, Ledger, rowsBlock, type Outcome } from './ledger';

/** A batch being filled: what the pipeline needs of one, whoever decodes and aggregates. */
export interface OpenBatch {
  /** When it was opened, milliseconds; the clock of everything in it. */
  readonly at: number;
  /** Items (events, dead letters, ignored spans) in it, and bytes of their records. */
  readonly items: number;
  readonly bytes: number;
  /** Latest event time, milliseconds; −Infinity of none. */
  readonly maxEventTime: number;
  /** When the last record was appended to its log, milliseconds. */
  readonly lastAppended: number;
  /** Takes in record i. Never throws on bad input: that becomes a dead letter. */
  take(records: Records, i: number): void;
  /** Counts per outcome and reason, for metrics. */
  outcomes(): { outcome: Outcome; reason: string; items: number }[];
  /** Fingerprint of what became of every record: equal exactly when two runs judged alike. */
  digest(): string;
  /** The blocks, in a fixed order. They stay as they are until `release`. */
  blocks(): Block[];
  /** The batch is done with: its memory may be used again. */
  release?(): void;
}
/** `topicId`: identity of the topic, where the log has one. */
export type BatchOpener = (
  spec: TopicSpec,
  tp: TopicPartition & { topicId?: string },
  seen: SeenIds,
  at: number,
) => OpenBatch;

export interface TimeLimits {
  /** Events older than this are dead letters; milliseconds, Infinity for no limit. */
  latenessMs: number;
  /** Events further ahead of the clock than this are dead letters; milliseconds. */
  futureMs: number;
}

/** First and last time, milliseconds, that a rollup's window can begin at (ClickHouse DateTime), whatever the limits say. */
export const EARLIEST = 0;
export const LATEST = 0xffff_ffff * 1000;

/** Whether an event of `time` is too late for a batch opened at `at`, milliseconds. */
export const isLate = (time: number, at: number, { latenessMs }: TimeLimits): boolean =>
  at - time > latenessMs || time < EARLIEST;
/** Whether it is too far ahead. */
export const isEarly = (time: number, at: number, { futureMs }: TimeLimits): boolean =>
  time - at > futureMs || time > LATEST;

/** The dead letter of an event whose time is outside the limits. */
export function outOfTime(event: ValidEvent, idx: number, late: boolean, at: number): DeadLetter {
  const why = late ? 'older than the declared lateness' : 'ahead of the clock';
  return {
    workspace: event.workspace,
    idx,
    code: late ? 'EVENT_TOO_LATE' : 'EVENT_IN_FUTURE',
    reason: `${new Date(event.time).toISOString()} is ${why} (processed ${new Date(at).toISOString()})`,
    payload: Buffer.from(JSON.stringify(event)),
  };
}

interface RawRows {
  columns: ColumnDef[];
  /** Names of the event's own fields, in column order. */
  fields: string[];
  table: string;
}

/** Per-domain facts that batches need; made once. */
export class BatchPlans {
  readonly raw = new Map<string, RawRows>();
  constructor(
    domains: readonly Domain[],
    readonly windows: WindowPlans,
  ) {
    for (const def of domains.flatMap((d) => d.events)) {
      if (def.rawRetentionDays === 0) continue;
      const table = rawTable(def);
      this.raw.set(def.type, {
        columns: table.columns,
        fields: fieldColumns(def).map((c) => c.name),
        table: table.name,
      });
    }
  }
}

export const TIME_LIMITS: TimeLimits = { latenessMs: 7 * 86_400_000, futureMs: 10 * 60_000 };

const isNullable = (c: ColumnDef): boolean => c.type.startsWith('Nullable');

export class Batch {
  /** Items (events, dead letters, ignored spans) in the batch. */
  items = 0;
  /** Bytes of record values in the batch. */
  bytes = 0;
  /** Latest event time seen, milliseconds; −Infinity of none. */
  maxEventTime = -Infinity;
  /** When the last record was appended to its log, milliseconds. */
  lastAppended = -Infinity;
  private readonly windows: Windows;
  private readonly rawRows = new Map<string, unknown[][]>();
  private readonly ids: unknown[][] = [];
  private readonly ledger: Ledger;

  constructor(
    private readonly plans: BatchPlans,
    private readonly tp: TopicPartition & { topicId?: string },
    private readonly seen: SeenIds,
    private readonly limits: TimeLimits,
    /** When the batch was opened, milliseconds; the clock of everything in it. */
    readonly at: number,
  ) {
    this.windows = new Windows(plans.windows);
    this.ledger = new Ledger(tp, this.writtenAt);
  }

  add(record: LogRecord, items: readonly Item[]): void {
    this.bytes += record.value?.length ?? 0;
    this.lastAppended = record.timestamp;
    this.ledger.record(record.offset);
    for (const item of items) {
      this.items++;
      if (item.kind === 'ignored') this.count(item.workspace, 'ignored', item.reason);
      else if (item.kind === 'dead_letter') this.ledger.deadLetter(record.offset, record.timestamp, item.letter);
      else this.event(record, item.idx, item.event);
    }
  }

  private event(record: LogRecord, idx: number, event: ValidEvent): void {
    const late = isLate(event.time, this.at, this.limits);
    if (late || isEarly(event.time, this.at, this.limits)) {
      this.ledger.deadLetter(record.offset, record.timestamp, outOfTime(event, idx, late, this.at));
      return;
    }
    if (event.event_id !== undefined) {
      // Of its type: of one span, several domains may make an event each, all with the span's id.
      const id = `${event.workspace}\u001f${event.type}\u001f${event.event_id}`;
      // In whole seconds, as the store keeps it, so that a successor that reads them back decides alike.
      if (!this.seen.add(id, this.writtenAt * 1000)) {
        this.count(event.workspace, 'duplicate', event.type);
        return;
      }
      this.ids.push([this.tp.topic, this.tp.partition, record.offset, this.tp.topicId ?? '', id, this.writtenAt]);
    }
    this.count(event.workspace, 'used', event.type);
    if (event.time > this.maxEventTime) this.maxEventTime = event.time;
    this.windows.add(event);
    const raw = this.plans.raw.get(event.type);
    if (raw === undefined) return;
    const rows = this.rawRows.get(event.type) ?? [];
    if (rows.length === 0) this.rawRows.set(event.type, rows);
    const offset = ENVELOPE_FIELDS.length - 1;
    rows.push([
      event.workspace,
      event.time,
      event.event_id ?? '',
      ...raw.fields.map((f, i) => event[f] ?? (isNullable(raw.columns[offset + i]!) ? null : '')),
      this.tp.topic,
      this.tp.partition,
      record.offset,
      idx,
      this.writtenAt,
    ]);
  }

  private count(workspace: string, outcome: Outcome, reason: string): void {
    this.ledger.count(this.ledger.account(workspace, outcome, reason));
  }

  private get writtenAt(): number {
    return Math.floor(this.at / 1000);
  }

  /** Counts per outcome and reason, for metrics. */
  outcomes(): { outcome: Outcome; reason: string; items: number }[] {
    return this.ledger.outcomes();
  }

  digest(): string {
    return this.ledger.digest();
  }

  /** The batch's blocks, in a fixed order; the ids come last, so that they never outrun what they stand for. */
  blocks(): Block[] {
    const blocks: Block[] = [];
    for (const [type, rows] of this.rawRows) {
      const raw = this.plans.raw.get(type)!;
      blocks.push(rowsBlock(raw.table, raw.columns, rows));
    }
    const letters = this.ledger.letterBlock();
    if (letters !== undefined) blocks.push(letters);
    blocks.push(...this.windows.blocks(this.writtenAt));
    const accounts = this.ledger.accountBlock();
    if (accounts !== undefined) blocks.push(accounts);
    if (this.ids.length > 0) blocks.push(rowsBlock('event_ids', columnsOf('event_ids'), this.ids));
    return blocks;
  }
}

/**
 * Batches by the plain path: JSON.parse, the compiled validator, one object per event. It is the reference that the fast
 * path (fast/) is held to, block by block and byte by byte.
 */
export function plainBatches(
  domains: readonly Domain[],
  decodeTraces: TraceDecoder,
  limits = TIME_LIMITS,
): BatchOpener {
  const decode = createDecoder(domains, decodeTraces);
  const plans = new BatchPlans(domains, new WindowPlans(domains));
  return (spec, tp, seen, at) => {
    const batch = new Batch(plans, tp, seen, limits, at);
    return Object.assign(batch, {
      take(records: Records, i: number): void {
        const record = records.at(i);
        batch.add(record, decode(spec, record));
      },
    });
  };
}
