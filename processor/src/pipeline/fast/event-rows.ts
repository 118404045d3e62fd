/**
 * Events of one type in one generation of the fast path: the scanner's slots, the view of them that the declarations'
 * functions read, and the columns of raw rows.
 */
import { rawTable, type ColumnDef } from '../../catalog/tables';
import type { EventDef } from '../../domains/define';
import type { ColumnValues } from '../columns';
import type { Block, TopicPartition } from '../ports';
import type { ValidEvent } from '../validate';
import { Octets } from './growing';
import { HASH_PRIME, HASH_SEED } from './interner';
import { layoutOf, type EventLayout, type FieldKind } from './layout';
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

  /**
   * Accessors written out with their slots, which the engine inlines into the declarations' functions. Own and enumerable,
   * so that the view can be spread and listed like the event it stands for.
   */
  private makeView(): Record<string, unknown> {
    const read: Record<FieldKind, (slot: number) => string> = {
      type: () => 'return type;',
      time: () => 'return scanner.time;',
      word: (i) => `const id = words[${i}]; return id === 0 ? undefined : interners[${i}].strings[id];`,
      text: (i) => `return textStarts[${i}] < 0 ? undefined : text(textStarts[${i}], textEnds[${i}]);`,
      number: (i) => `const v = numbers[${i}]; return v !== v ? undefined : v;`,
      flag: (i) => `const v = flags[${i}]; return v === ${MISSING_FLAG} ? undefined : v === 1;`,
    };
    const accessors = this.layout.fields.map((f) => `get ${JSON.stringify(f.name)}() { ${read[f.kind](f.slot)} }`);
    const body = `const { words, numbers, flags, textStarts, textEnds, interners } = scanner;\nreturn { ${accessors.join(',\n')} };`;
    const make = new Function('scanner', 'type', 'text', body) as (...args: unknown[]) => Record<string, unknown>;
    const text = (start: number, end: number): string => this.source.toString('utf8', start, end);
    return make(this.scanner, this.def.type, text);
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

/** Raw rows of one type in one batch. Words, numbers and flags are kept row by row, which is cheaper to append to. */
export class RawRows {
  rows = 0;
  private room = 256;
  private words: Uint32Array;
  /** The event's numbers, then its time, offset and position inside the record. */
  private numbers: Float64Array;
  private flags: Uint8Array;
  private readonly texts: Octets[];
  private readonly wordCount: number;
  private readonly numberCount: number;
  private readonly flagCount: number;

  constructor(private readonly type: EventType) {
    const { counts } = type.layout;
    this.wordCount = counts.word;
    this.numberCount = counts.number + 3;
    this.flagCount = counts.flag;
    this.words = new Uint32Array(this.room * this.wordCount);
    this.numbers = new Float64Array(this.room * this.numberCount);
    this.flags = new Uint8Array(this.room * this.flagCount);
    this.texts = Array.from({ length: counts.text }, () => new Octets());
  }

  reset(): void {
    this.rows = 0;
    for (const t of this.texts) t.length = 0;
  }

  private grow(): void {
    this.room *= 2;
    const { words, numbers, flags } = this;
    this.words = new Uint32Array(this.room * this.wordCount);
    this.numbers = new Float64Array(this.room * this.numberCount);
    this.flags = new Uint8Array(this.room * this.flagCount);
    this.words.set(words);
    this.numbers.set(numbers);
    this.flags.set(flags);
  }

  /** Appends the event at hand. */
  push(offset: number, idx: number): void {
    if (this.rows === this.room) this.grow();
    const { scanner: s, source } = this.type;
    const { wordCount, numberCount, flagCount } = this;
    const row = this.rows++;
    let at = row * wordCount;
    for (let i = 0; i < wordCount; i++) this.words[at++] = s.words[i]!;
    at = row * flagCount;
    for (let i = 0; i < flagCount; i++) this.flags[at++] = s.flags[i]!;
    at = row * numberCount;
    for (let i = 0; i < numberCount - 3; i++) this.numbers[at++] = s.numbers[i]!;
    this.numbers[at] = s.time;
    this.numbers[at + 1] = offset;
    this.numbers[at + 2] = idx;
    for (let i = 0; i < this.texts.length; i++) {
      const start = s.textStarts[i]!;
      if (start < 0) this.texts[i]!.push(0);
      else {
        this.texts[i]!.pushLength(s.textEnds[i]! - start);
        this.texts[i]!.append(source, start, s.textEnds[i]!);
      }
    }
  }

  private column<T extends Float64Array | Uint32Array | Uint8Array>(from: T, into: T, width: number, k: number): T {
    for (let r = 0, at = k; r < this.rows; r++, at += width) into[r] = from[at]!;
    return into;
  }
  private number(k: number): Float64Array {
    return this.column(this.numbers, new Float64Array(this.rows), this.numberCount, k);
  }

  block(tp: TopicPartition, writtenAt: number): Block {
    const { layout, scanner, table } = this.type;
    const byName = new Map<string, ColumnValues>([
      ['t', this.number(layout.counts.number)],
      ['topic', { kind: 'constant', value: tp.topic }],
      ['part', { kind: 'constant', value: tp.partition }],
      ['off', this.number(layout.counts.number + 1)],
      ['idx', this.number(layout.counts.number + 2)],
      ['written_at', { kind: 'constant', value: writtenAt }],
    ]);
    for (const f of layout.fields) {
      if (f.kind === 'word') {
        const keys = this.column(this.words, new Uint32Array(this.rows), this.wordCount, f.slot);
        byName.set(f.name, dictionary(keys, scanner.interners[f.slot]!.strings));
      } else if (f.kind === 'number') byName.set(f.name, this.number(f.slot));
      else if (f.kind === 'flag')
        byName.set(f.name, this.column(this.flags, new Uint8Array(this.rows), this.flagCount, f.slot));
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
