/**
 * Events of one type in one generation of the fast path: the scanner's slots, the view of them that the declarations'
 * functions read, and the columns of raw rows.
 */
import { rawTable, type ColumnDef } from '../../catalog/tables';
import type { EventDef } from '../../domains/define';
import { eachString, type ColumnValues } from '../columns';
import type { Block, TopicPartition } from '../ports';
import type { ValidEvent } from '../validate';
import { LazyDoubles, LazyOctets, LazyWords, Octets } from './growing';
import { HASH_PRIME, HASH_SEED } from './interner';
import type { EventLayout, FieldKind } from './layout';
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
  readonly def: EventDef;
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
  private readonly whole = { bytes: new Uint8Array(1024), length: 0 };
  private wholeWorkspace = -1;
  private prefixLength = 0;

  constructor(
    readonly layout: EventLayout,
    readonly feeds: readonly Feed[],
  ) {
    const { def } = layout;
    this.def = def;
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

  /** The id at `source[start, end)` with its prefix, in a buffer that the next call overwrites. */
  wholeId(start: number, end: number): { bytes: Uint8Array; length: number } {
    const { workspace } = this.scanner;
    const whole = this.whole;
    if (workspace !== this.wholeWorkspace) {
      const prefix = this.idPrefix(workspace);
      whole.bytes.set(prefix);
      this.prefixLength = prefix.length;
      this.wholeWorkspace = workspace;
    }
    whole.length = this.prefixLength + end - start;
    if (whole.length > whole.bytes.length) {
      const next = new Uint8Array(whole.length * 2);
      next.set(whole.bytes);
      whole.bytes = next;
    }
    const { bytes } = whole;
    for (let from = start, to = this.prefixLength; from < end; from++, to++) bytes[to] = this.source[from]!;
    return whole;
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
  private readonly words: LazyWords[];
  private readonly numbers: LazyDoubles[];
  private readonly flags: LazyOctets[];
  private readonly texts: Octets[];
  private readonly t = new LazyDoubles();
  private readonly offsets = new LazyDoubles();
  private readonly idx = new LazyDoubles();

  constructor(private readonly type: EventType) {
    const { counts } = type.layout;
    const many = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);
    this.words = many(counts.word, () => new LazyWords());
    this.numbers = many(counts.number, () => new LazyDoubles());
    this.flags = many(counts.flag, () => new LazyOctets());
    this.texts = many(counts.text, () => new Octets());
  }

  get rows(): number {
    return this.t.length;
  }

  reset(): void {
    for (const c of [...this.words, ...this.numbers, ...this.flags, this.t, this.offsets, this.idx]) c.reset();
    for (const t of this.texts) t.length = 0;
  }

  /** Appends the event at hand. */
  push(offset: number, idx: number): void {
    const { scanner: s, source } = this.type;
    const { words, numbers, flags, texts } = this;
    for (let i = 0; i < words.length; i++) words[i]!.push(s.words[i]!);
    for (let i = 0; i < numbers.length; i++) numbers[i]!.push(s.numbers[i]!);
    for (let i = 0; i < flags.length; i++) flags[i]!.push(s.flags[i]!);
    this.t.push(s.time);
    this.offsets.push(offset);
    this.idx.push(idx);
    for (let i = 0; i < texts.length; i++) {
      const start = s.textStarts[i]!;
      const text = texts[i]!;
      if (start < 0) text.push(0);
      else {
        text.pushLength(s.textEnds[i]! - start);
        text.append(source, start, s.textEnds[i]!);
      }
    }
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
      if (f.kind === 'word') {
        const column = this.words[f.slot]!;
        const { strings } = scanner.interners[f.slot]!;
        const { constant } = column;
        byName.set(
          f.name,
          constant === undefined ? dictionary(column.view(), strings) : { kind: 'constant', value: strings[constant]! },
        );
      } else if (f.kind === 'number') byName.set(f.name, this.numbers[f.slot]!.view());
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

  /** The ids of its events as the table `event_ids` has them: their bytes, and the offsets of the events that have one. */
  ids(): { ids: Octets; offsets: Float64Array } {
    const { scanner, eventIdSlot } = this.type;
    const workspaces = this.words[scanner.workspaceSlot]!;
    const from = this.texts[eventIdSlot]!.view();
    const ids = new Octets();
    ids.room(from.length + this.rows * 32);
    const offsets = new Float64Array(this.rows);
    let n = 0;
    eachString({ data: from, length: this.rows }, (start, end, row) => {
      // No event id is empty, so an empty one is a missing one.
      if (start === end) return;
      const prefix = this.type.idPrefix(workspaces.at(row));
      ids.pushLength(prefix.length + end - start);
      ids.append(prefix, 0, prefix.length);
      ids.append(from, start, end);
      offsets[n++] = this.offsets.at(row);
    });
    return { ids, offsets: offsets.subarray(0, n) };
  }
}
