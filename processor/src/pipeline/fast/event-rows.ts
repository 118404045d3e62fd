/**
 * Events of one type in one generation of the fast path: the scanner's slots, the view of them that the declarations'
 * functions read, and the columns of raw rows.
 */
import { rawTable, type ColumnDef } from '../../catalog/tables';
import type { EventDef } from '../../domains/define';
import type { ColumnValues } from '../columns';
import type { Block, TopicPartition } from '../ports';
import type { ValidEvent } from '../validate';
import { Doubles, Octets, Words } from './growing';
import { HASH_PRIME, HASH_SEED } from './interner';
import { layoutOf, type EventLayout } from './layout';
import { MISSING_FLAG, Scanner } from './scanner';
import { dictionary, type RollupPlan } from './rollup-rows';

/** One way in which an event feeds a rollup. */
export interface Feed {
  /** Index of the rollup among all. */
  index: number;
  plan: RollupPlan;
  /** What the rollup's functions read; null is no row. */
  rowOf: (event: never) => unknown;
}

export class EventType {
  readonly layout: EventLayout;
  readonly scanner: Scanner;
  /** Reads the slots as if they were an event's properties; one object for all events, so nothing may keep it. */
  readonly view: Record<string, unknown>;
  /** Bytes that the text slots point into. */
  source: Buffer = Buffer.alloc(0);
  readonly table: { name: string; columns: readonly ColumnDef[] } | undefined;
  readonly eventIdSlot: number;
  /** `<workspace>␟<type>␟` per interned workspace: how an event id begins in the set of those seen. */
  private readonly idPrefixes: (Uint8Array | undefined)[] = [];
  private scratch = Buffer.allocUnsafe(4096);

  constructor(
    readonly def: EventDef,
    readonly feeds: readonly Feed[],
  ) {
    this.layout = layoutOf(def);
    this.scanner = new Scanner(this.layout);
    this.eventIdSlot = this.layout.fields.find((f) => f.name === 'event_id')!.slot;
    this.view = this.makeView();
    if (def.rawRetentionDays > 0) this.table = rawTable(def);
  }

  private makeView(): Record<string, unknown> {
    const view: Record<string, unknown> = {};
    const { words, numbers, flags, textStarts, textEnds, interners } = this.scanner;
    const read: Record<string, (slot: number) => () => unknown> = {
      type: () => () => this.def.type,
      time: () => () => this.scanner.time,
      word: (slot) => {
        const { strings } = interners[slot]!;
        return () => (words[slot] === 0 ? undefined : strings[words[slot]!]);
      },
      text: (slot) => () =>
        textStarts[slot]! < 0 ? undefined : this.source.toString('utf8', textStarts[slot], textEnds[slot]),
      number: (slot) => () => {
        const v = numbers[slot]!;
        return v !== v ? undefined : v;
      },
      flag: (slot) => () => (flags[slot] === MISSING_FLAG ? undefined : flags[slot] === 1),
    };
    for (const f of this.layout.fields)
      Object.defineProperty(view, f.name, { enumerable: true, get: read[f.kind]!(f.slot) });
    return view;
  }

  /** Fills the slots from an event that the plain path has read. */
  load(event: ValidEvent): void {
    const s = this.scanner;
    s.clear();
    let used = 0;
    for (const f of this.layout.fields) {
      const v = event[f.name];
      if (v === undefined || v === null) continue;
      switch (f.kind) {
        case 'time':
          s.time = v as number;
          break;
        case 'word':
          s.words[f.slot] = s.interners[f.slot]!.ofString(v as string);
          break;
        case 'number':
          s.numbers[f.slot] = v as number;
          break;
        case 'flag':
          s.flags[f.slot] = v === true ? 1 : 0;
          break;
        case 'text': {
          const text = v as string;
          if (used + text.length * 3 > this.scratch.length) {
            const next = Buffer.allocUnsafe((used + text.length * 3) * 2);
            this.scratch.copy(next, 0, 0, used);
            this.scratch = next;
          }
          s.textStarts[f.slot] = used;
          used += this.scratch.write(text, used, 'utf8');
          s.textEnds[f.slot] = used;
        }
      }
    }
    this.source = this.scratch;
  }

  /** Hash of all words of the event at hand: what rows it feeds is likely to be the same for equal ones. */
  hash(): number {
    const { words } = this.scanner;
    let h = HASH_SEED;
    for (let i = 0; i < words.length; i++) h = Math.imul(h ^ words[i]!, HASH_PRIME);
    h ^= h >>> 15;
    return Math.imul(h, 0x2c1b3c6d);
  }

  idPrefix(workspace: number): Uint8Array {
    return (this.idPrefixes[workspace] ??= Buffer.from(
      `${this.scanner.workspaces.strings[workspace]!}\u001f${this.def.type}\u001f`,
    ));
  }

  /** How much the interned values weigh. */
  get distinct(): { values: number; bytes: number } {
    let [values, bytes] = [0, 0];
    for (const i of this.scanner.interners) {
      values += i.size;
      bytes += i.byteLength;
    }
    return { values, bytes };
  }
}

/** Raw rows of one type in one batch. */
export class RawRows {
  private readonly words: Words[];
  private readonly numbers: Doubles[];
  private readonly flags: Octets[];
  private readonly texts: Octets[];
  private readonly t = new Doubles();
  private readonly offsets = new Doubles();
  private readonly idx = new Doubles();

  constructor(private readonly type: EventType) {
    const { counts } = type.layout;
    const many = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);
    this.words = many(counts.word, () => new Words());
    this.numbers = many(counts.number, () => new Doubles());
    this.flags = many(counts.flag, () => new Octets());
    this.texts = many(counts.text, () => new Octets());
  }

  get rows(): number {
    return this.t.length;
  }

  reset(): void {
    for (const c of [...this.words, ...this.numbers, ...this.flags, ...this.texts, this.t, this.offsets, this.idx])
      c.length = 0;
  }

  /** Appends the event at hand. */
  push(offset: number, idx: number): void {
    const { scanner: s, source } = this.type;
    for (let i = 0; i < this.words.length; i++) this.words[i]!.push(s.words[i]!);
    for (let i = 0; i < this.numbers.length; i++) this.numbers[i]!.push(s.numbers[i]!);
    for (let i = 0; i < this.flags.length; i++) this.flags[i]!.push(s.flags[i]!);
    for (let i = 0; i < this.texts.length; i++) {
      const start = s.textStarts[i]!;
      if (start < 0) this.texts[i]!.push(0);
      else {
        this.texts[i]!.pushLength(s.textEnds[i]! - start);
        this.texts[i]!.append(source, start, s.textEnds[i]!);
      }
    }
    this.t.push(s.time);
    this.offsets.push(offset);
    this.idx.push(idx);
  }

  block(tp: TopicPartition, writtenAt: number): Block {
    const { layout, scanner, table } = this.type;
    const byName = new Map<string, ColumnValues>([
      ['t', this.t.view()],
      ['topic', { kind: 'constant', value: tp.topic }],
      ['part', { kind: 'constant', value: tp.partition }],
      ['off', this.offsets.view()],
      ['idx', this.idx.view()],
      ['written_at', { kind: 'constant', value: writtenAt }],
    ]);
    for (const f of layout.fields) {
      if (f.kind === 'word')
        byName.set(f.name, dictionary(this.words[f.slot]!.view(), scanner.interners[f.slot]!.strings));
      else if (f.kind === 'number') byName.set(f.name, this.numbers[f.slot]!.view());
      else if (f.kind === 'flag') byName.set(f.name, this.flags[f.slot]!.view());
      else if (f.kind === 'text')
        byName.set(f.name, { kind: 'strings', data: this.texts[f.slot]!.view(), length: this.rows });
    }
    return {
      table: table!.name,
      rows: this.rows,
      columns: table!.columns.map((c) => ({ name: c.name, type: c.type, values: byName.get(c.name)! })),
    };
  }
}
