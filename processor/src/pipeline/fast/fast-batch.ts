/**
 * Batches by the fast path: records are scanned into typed slots and go from there into columns, without an object per
 * event. What the scanner declines is decoded by the plain path and joins the same columns at its place, so the blocks are
 * byte for byte those of `plainBatches` (fast-batch.test.ts).
 */
import type { Domain } from '../../domains/define';
import { allRollups } from '../../vocabulary/edges';
import { isEarly, isLate, outOfTime, TIME_LIMITS, type BatchOpener, type OpenBatch, type TimeLimits } from '../batch';
import {
  createDecoder,
  DECODE_LIMITS,
  WORKSPACE_HEADER,
  type Decoder,
  type Item,
  type TopicSpec,
  type TraceDecoder,
} from '../decode';
import { columnsOf, Ledger, type Account, type Outcome } from '../ledger';
import type { Block, TopicPartition } from '../ports';
import type { Records } from '../records';
import type { SeenIds } from '../seen';
import { EventType, RawRows, type Feed } from './event-rows';
import { Doubles, Octets } from './growing';
import { layoutOf, type EventLayout } from './layout';
import { RollupPlan, RollupRows } from './rollup-rows';

/** Distinct values, their bytes, and series after which a new generation starts, so that memory stays bounded. */
const MAX_DISTINCT = 500_000;
const MAX_DISTINCT_BYTES = 32 * 1024 * 1024;
const MAX_TUPLES = 200_000;
/** Emptied batches that are kept for their memory. */
const MAX_POOLED = 4;

/** Everything that outlives a batch and grows with what is seen: interned values and series. Replaced as a whole. */
class Generation {
  readonly rollups: RollupPlan[];
  readonly types = new Map<string, EventType>();
  readonly pool: Columns[] = [];

  constructor(domains: readonly Domain[], layouts: readonly EventLayout[]) {
    const sources = allRollups(domains);
    this.rollups = sources.map((s) => new RollupPlan(s));
    for (const layout of layouts) {
      const { type } = layout.def;
      const feeds = sources.flatMap((s, index): Feed[] =>
        (s.sources.get(type) ?? []).map((rowOf) => ({ index, plan: this.rollups[index]!, rowOf })),
      );
      this.types.set(type, new EventType(layout, feeds));
    }
  }

  get full(): boolean {
    let [values, bytes] = [0, 0];
    for (const t of this.types.values()) {
      const { distinct } = t;
      values += distinct.values;
      bytes += distinct.bytes;
    }
    const tuples = this.rollups.reduce((n, r) => n + r.tuples.count, 0);
    return values > MAX_DISTINCT || bytes > MAX_DISTINCT_BYTES || tuples > MAX_TUPLES;
  }
}

/** The columns of a batch; used again when it is done. */
class Columns {
  readonly raw = new Map<string, RawRows>();
  /** Types in the order in which they came, which is the order of the blocks. */
  readonly order: string[] = [];
  readonly rollups: RollupRows[];
  readonly ids = new Octets();
  readonly idOffsets = new Doubles();

  constructor(readonly generation: Generation) {
    this.rollups = generation.rollups.map((plan) => new RollupRows(plan));
  }

  reset(): void {
    for (const r of this.raw.values()) r.reset();
    this.order.length = 0;
    for (const r of this.rollups) r.reset();
    this.ids.length = 0;
    this.idOffsets.length = 0;
  }
}

class FastBatch implements OpenBatch {
  items = 0;
  bytes = 0;
  maxEventTime = -Infinity;
  lastAppended = -Infinity;
  private readonly ledger: Ledger;
  private readonly writtenAt: number;
  private readonly expected: EventType | undefined;
  /** All events are of one type with a raw table, so that their ids need not be kept a second time. */
  private readonly idsInRaw: boolean;
  /** Accounts of the expected type's used and repeated events, by interned workspace. */
  private readonly used: (Account | undefined)[] = [];
  private readonly repeated: (Account | undefined)[] = [];

  constructor(
    private readonly columns: Columns,
    private readonly decode: Decoder,
    private readonly spec: TopicSpec,
    private readonly tp: TopicPartition & { topicId?: string },
    private readonly seen: SeenIds,
    private readonly limits: TimeLimits,
    readonly at: number,
  ) {
    this.writtenAt = Math.floor(at / 1000);
    this.ledger = new Ledger(tp, this.writtenAt);
    const type = spec.encoding === 'event_json' ? columns.generation.types.get(spec.type ?? '') : undefined;
    this.expected = type?.layout.scannable === true ? type : undefined;
    this.idsInRaw = this.expected?.table !== undefined;
  }

  take(records: Records, i: number): void {
    const start = records.valueStarts[i]!;
    const end = records.valueEnds[i]!;
    const offset = records.offsets[i]!;
    const length = start < 0 ? 0 : end - start;
    this.bytes += length;
    this.lastAppended = records.timestamps[i]!;
    this.ledger.record(offset);
    const type = this.expected;
    if (type !== undefined && length > 0 && length <= DECODE_LIMITS.maxRecordBytes && this.scan(type, records, i)) {
      this.items++;
      this.event(type, offset, 0, this.used, this.repeated);
      return;
    }
    const record = records.at(i);
    for (const item of this.decode(this.spec, record)) {
      this.items++;
      this.item(item, offset, record.timestamp);
    }
  }

  /** True when the record is a valid event within the time limits; its values are in the type's slots. */
  private scan(type: EventType, records: Records, i: number): boolean {
    const s = type.scanner;
    if (!s.scan(records.data, records.valueStarts[i]!, records.valueEnds[i]!)) return false;
    if (s.workspace === 0) {
      const workspace = records.headers(i)[WORKSPACE_HEADER] ?? this.spec.workspace ?? '';
      const id = s.workspaces.validString(workspace);
      if (id < 0) return false;
      s.workspace = id;
    }
    type.source = records.data;
    // The plain path words the dead letter of what is too late or too early.
    return !isLate(s.time, this.at, this.limits) && !isEarly(s.time, this.at, this.limits);
  }

  private item(item: Item, offset: number, timestamp: number): void {
    if (item.kind === 'ignored') return this.ledger.count(this.ledger.account(item.workspace, 'ignored', item.reason));
    if (item.kind === 'dead_letter') return this.ledger.deadLetter(offset, timestamp, item.letter);
    const { event, idx } = item;
    const late = isLate(event.time, this.at, this.limits);
    if (late || isEarly(event.time, this.at, this.limits))
      return this.ledger.deadLetter(offset, timestamp, outOfTime(event, idx, late, this.at));
    const type = this.columns.generation.types.get(event.type)!;
    type.load(event);
    if (type === this.expected) this.event(type, offset, idx, this.used, this.repeated);
    else this.event(type, offset, idx, [], []);
  }

  private event(
    type: EventType,
    offset: number,
    idx: number,
    used: (Account | undefined)[],
    repeated: (Account | undefined)[],
  ): void {
    const s = type.scanner;
    const { workspace: id } = s;
    const workspace = s.workspaces.strings[id]!;
    if (!this.firstOfItsId(type, offset)) {
      this.ledger.count((repeated[id] ??= this.ledger.account(workspace, 'duplicate', type.def.type)));
      return;
    }
    this.ledger.count((used[id] ??= this.ledger.account(workspace, 'used', type.def.type)));
    const { time } = s;
    if (time > this.maxEventTime) this.maxEventTime = time;
    const { feeds, view } = type;
    if (feeds.length > 0) {
      const hash = type.hash();
      const seconds = time / 1000;
      for (let k = 0; k < feeds.length; k++) {
        const feed = feeds[k]!;
        const input = feed.rowOf(view as never);
        if (input === null) continue;
        const { plan } = feed;
        const t = Math.floor(seconds / plan.finest) * plan.finest;
        plan.add(this.columns.rollups[feed.index]!, input, workspace, t, hash);
      }
    }
    if (type.table !== undefined) this.rawRows(type).push(offset, idx);
  }

  private rawRows(type: EventType): RawRows {
    const name = type.def.type;
    let rows = this.columns.raw.get(name);
    if (rows === undefined) this.columns.raw.set(name, (rows = new RawRows(type)));
    if (rows.rows === 0) this.columns.order.push(name);
    return rows;
  }

  /** Notes the event's id, if it has one; false when it was seen before. */
  private firstOfItsId(type: EventType, offset: number): boolean {
    const start = type.scanner.textStarts[type.eventIdSlot]!;
    if (start < 0) return true;
    const end = type.scanner.textEnds[type.eventIdSlot]!;
    const id = type.wholeId(start, end);
    // In whole seconds, as the store keeps it, so that a successor that reads them back decides alike.
    if (!this.seen.addBytes(id.bytes, 0, id.length, this.writtenAt * 1000)) return false;
    if (!this.idsInRaw) {
      const { ids, idOffsets } = this.columns;
      ids.pushLength(id.length);
      ids.append(id.bytes, 0, id.length);
      idOffsets.push(offset);
    }
    return true;
  }

  outcomes(): { outcome: Outcome; reason: string; items: number }[] {
    return this.ledger.outcomes();
  }

  digest(): string {
    return this.ledger.digest();
  }

  blocks(): Block[] {
    const { columns, tp, writtenAt } = this;
    const blocks = columns.order.map((name) => columns.raw.get(name)!.block(tp, writtenAt));
    const letters = this.ledger.letterBlock();
    if (letters !== undefined) blocks.push(letters);
    for (const r of columns.rollups) blocks.push(...r.blocks(writtenAt));
    const accounts = this.ledger.accountBlock();
    if (accounts !== undefined) blocks.push(accounts);
    const ids = this.idBlock();
    if (ids !== undefined) blocks.push(ids);
    return blocks;
  }

  private idBlock(): Block | undefined {
    const raw = this.idsInRaw ? this.columns.raw.get(this.expected!.def.type) : undefined;
    const { ids, offsets } = raw?.ids() ?? { ids: this.columns.ids, offsets: this.columns.idOffsets.view() };
    const rows = offsets.length;
    if (rows === 0) return undefined;
    const values = {
      topic: { kind: 'constant', value: this.tp.topic },
      part: { kind: 'constant', value: this.tp.partition },
      off: offsets,
      topic_id: { kind: 'constant', value: this.tp.topicId ?? '' },
      id: { kind: 'strings', data: ids.view(), length: rows },
      written_at: { kind: 'constant', value: this.writtenAt },
    } as const;
    const columns = columnsOf('event_ids').map(({ name, type }) => ({
      name,
      type,
      values: values[name as keyof typeof values],
    }));
    return { table: 'event_ids', rows, columns };
  }

  release(): void {
    this.columns.reset();
    const { pool } = this.columns.generation;
    if (pool.length < MAX_POOLED) pool.push(this.columns);
  }
}

export function fastBatches(domains: readonly Domain[], decodeTraces: TraceDecoder, limits = TIME_LIMITS): BatchOpener {
  const decode = createDecoder(domains, decodeTraces);
  const layouts = domains.flatMap((d) => d.events).map(layoutOf);
  let generation = new Generation(domains, layouts);
  return (spec, tp, seen, at) => {
    if (generation.full) generation = new Generation(domains, layouts);
    const columns = generation.pool.pop() ?? new Columns(generation);
    return new FastBatch(columns, decode, spec, tp, seen, limits, at);
  };
}
