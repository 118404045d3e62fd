/**
 * Rows of one rollup in one batch, in typed arrays. Does what `Windows` does with a map of objects, in the same order
 * and with the same additions, so that both make the same bytes.
 */
import { GRAINS, type Dimension, type Grain, type Measure } from '../../domains/define';
import type { RollupSource } from '../../vocabulary/edges';
import { rollupTables } from '../../catalog/tables';
import { exact, sumScale } from '../../vocabulary/exact';
import { bucketOf } from '../../vocabulary/histogram';
import type { ColumnValues, PackedWords } from '../columns';
import type { Block, BlockColumn } from '../ports';
import { Doubles, Words } from './growing';
import { noted, packed, tally, type Counted } from './histograms';
import { Tuples } from './tuples';

type How = 'sum' | 'max' | 'min';

/** Adds one input to its row. `t`: start of the window, seconds. `hash`: of the event's words. */
type Add = (into: RollupRows, input: unknown, workspace: string, t: number, hash: number) => void;

/** What is fixed about a rollup; its tuples live as long as it does. */
export class RollupPlan {
  readonly tuples: Tuples;
  readonly grains: { grain: Grain; table: string; columns: readonly { name: string; type: string }[] }[];
  /** How each plain number merges, in column order: measures, and sum, count and maximum of histograms. */
  readonly numbers: How[];
  /** Values that a new row begins with. */
  readonly first: Float64Array;
  readonly measures: Measure<never>[];
  readonly histograms: number;
  readonly finest: number;
  readonly add: Add;

  constructor(readonly source: Pick<RollupSource, 'rollup'>) {
    const { rollup } = source;
    const dimensions = Object.values(rollup.dimensions as Record<string, Dimension<never>>).map((d) => d.value);
    this.tuples = new Tuples(dimensions.length);
    this.grains = rollupTables(rollup).map((t) => ({ grain: t.grain, table: t.name, columns: t.columns }));
    this.finest = this.grains.length === 0 ? 60 : GRAINS[this.grains[0]!.grain];
    this.measures = Object.values(rollup.measures as Record<string, Measure<never>>);
    this.numbers = this.measures.flatMap((m): How[] =>
      m.kind === 'histogram' ? ['sum', 'sum', 'max'] : [m.kind === 'max' || m.kind === 'min' ? m.kind : 'sum'],
    );
    this.first = Float64Array.from(this.numbers, (how) => (how === 'sum' ? 0 : NaN));
    this.histograms = this.measures.filter((m) => m.kind === 'histogram').length;
    this.add = compileAdd(dimensions, this.measures);
  }
}

/**
 * The inner loop, written out for one rollup (as ajv compiles validators): every dimension and measure gets a call site of its own, which the engine
 * can inline; a loop over closures could not be. Made of the declarations' shapes only, never of data.
 */
function compileAdd(dimensions: readonly unknown[], measures: readonly Measure<never>[]): Add {
  const stride = dimensions.length + 1;
  const numbers = measures.reduce((n, m) => n + (m.kind === 'histogram' ? 3 : 1), 0);
  const lines: string[] = [];
  dimensions.forEach((_, i) => lines.push(`const d${i} = dimensions${i}(input);`));
  lines.push(
    'const T = into.plan.tuples;',
    'let tuple = T.predictor[hash & T.mask] - 1;',
    'const S = T.strings;',
    `const at = tuple * ${stride};`,
    `if (tuple < 0 || S[at] !== workspace${dimensions.map((_, i) => ` || S[at + ${i + 1}] !== d${i}`).join('')})`,
    `  tuple = T.find(hash, [workspace${dimensions.map((_, i) => `, d${i}`).join('')}]);`,
    'const row = into.row(tuple, t);',
    `const base = row * ${numbers};`,
    'const N = into.values;',
    'let v;',
  );
  let n = 0;
  let h = 0;
  measures.forEach((m, i) => {
    const at = `N[base + ${n}]`;
    lines.push(`v = measure${i}(input);`, 'if (v !== undefined && v !== null) {');
    if (m.kind === 'histogram') {
      lines.push(
        `into.noteBucket(${h}, row, bucketOf(v));`,
        `${at} += exact(v, ${sumScale(m)});`,
        `N[base + ${n + 1}] += 1;`,
        `if (!(v <= N[base + ${n + 2}])) N[base + ${n + 2}] = v;`,
      );
      h++;
      n += 3;
    } else {
      if (m.kind === 'max') lines.push(`if (!(v <= ${at})) ${at} = v;`);
      else if (m.kind === 'min') lines.push(`if (!(v >= ${at})) ${at} = v;`);
      else if (m.kind === 'count' || m.integer) lines.push(`${at} += v;`);
      else lines.push(`${at} += exact(v, ${sumScale(m)});`);
      n++;
    }
    lines.push('}');
  });
  const names = [...dimensions.map((_, i) => `dimensions${i}`), ...measures.map((_, i) => `measure${i}`)];
  const body = `return function add(into, input, workspace, t, hash) {\n${lines.join('\n')}\n};`;
  const make = new Function(...names, 'bucketOf', 'exact', body) as (...args: unknown[]) => Add;
  return make(...dimensions, ...measures.map((m) => m.value), bucketOf, exact);
}

/** Rows at one grain. */
interface Grained {
  count: number;
  t: Float64Array;
  tuples: Uint32Array;
  values: Float64Array;
  histograms: Counted[];
}

export class RollupRows {
  /** Plain numbers, row after row. */
  values = new Float64Array(256);
  private count = 0;
  private readonly t = new Doubles();
  private readonly rowTuples = new Words();
  private readonly noted: { rows: Words; buckets: Words }[];
  /** Per tuple: one above its newest row (0: none), and that row's window. */
  private newest = new Int32Array(256);
  private newestT = new Float64Array(256);
  /** Rows of tuples that have more than one window. */
  private readonly others = new Map<number, number>();

  constructor(readonly plan: RollupPlan) {
    this.noted = Array.from({ length: plan.histograms }, () => ({ rows: new Words(), buckets: new Words() }));
  }

  /** Empties it, keeping its memory. */
  reset(): void {
    this.count = 0;
    this.t.length = 0;
    this.rowTuples.length = 0;
    for (const h of this.noted) h.rows.length = h.buckets.length = 0;
    this.newest.fill(0);
    this.others.clear();
  }

  /** The row of a tuple's window that begins at `t` seconds, made if need be. */
  row(tuple: number, t: number): number {
    if (tuple >= this.newest.length) this.growTuples(tuple);
    const row = this.newest[tuple]! - 1;
    if (row >= 0 && this.newestT[tuple] === t) return row;
    return this.otherRow(tuple, t);
  }

  private otherRow(tuple: number, t: number): number {
    // Minutes since 1970 stay below 2^27 until 2225, tuples below 2^24.
    const key = tuple * 2 ** 27 + t / 60;
    let row = this.others.get(key);
    if (row === undefined) {
      row = this.count++;
      this.others.set(key, row);
      this.t.push(t);
      this.rowTuples.push(tuple);
      const n = this.plan.first.length;
      if (this.count * n > this.values.length) {
        const next = new Float64Array(Math.max(this.values.length * 2, this.count * n));
        next.set(this.values);
        this.values = next;
      }
      this.values.set(this.plan.first, row * n);
    }
    this.newest[tuple] = row + 1;
    this.newestT[tuple] = t;
    return row;
  }

  private growTuples(tuple: number): void {
    const size = Math.max(this.newest.length * 2, tuple + 1);
    const [newest, newestT] = [new Int32Array(size), new Float64Array(size)];
    newest.set(this.newest);
    newestT.set(this.newestT);
    [this.newest, this.newestT] = [newest, newestT];
  }

  noteBucket(histogram: number, row: number, bucket: number): void {
    const h = this.noted[histogram]!;
    h.rows.push(row);
    h.buckets.push(noted(bucket));
  }

  /** One block per grain; none where there are no rows. `writtenAt` in seconds. */
  blocks(writtenAt: number): Block[] {
    if (this.count === 0) return [];
    let rows: Grained = {
      count: this.count,
      t: this.t.view(),
      tuples: this.rowTuples.view(),
      values: this.values,
      histograms: this.noted.map((h) => tally(h.rows.view(), h.buckets.view(), null, this.count)),
    };
    return this.plan.grains.map(({ grain, table, columns }, i) => {
      if (i > 0) rows = this.coarser(rows, GRAINS[grain]);
      return this.block(table, columns, rows, writtenAt);
    });
  }

  private coarser(from: Grained, seconds: number): Grained {
    const n = this.plan.first.length;
    const into = new Uint32Array(from.count);
    const t: number[] = [];
    const tuples: number[] = [];
    const seen = new Map<number, number>();
    for (let r = 0; r < from.count; r++) {
      const start = Math.floor(from.t[r]! / seconds) * seconds;
      const key = from.tuples[r]! * 2 ** 27 + start / 60;
      let row = seen.get(key);
      if (row === undefined) {
        seen.set(key, (row = t.length));
        t.push(start);
        tuples.push(from.tuples[r]!);
      }
      into[r] = row;
    }
    const values = new Float64Array(t.length * n);
    for (let row = 0; row < t.length; row++) values.set(this.plan.first, row * n);
    const how = this.plan.numbers;
    for (let r = 0; r < from.count; r++)
      for (let k = 0; k < n; k++) {
        const v = from.values[r * n + k]!;
        const at = into[r]! * n + k;
        if (how[k] === 'sum') values[at]! += v;
        else if (Number.isNaN(v)) continue;
        else if (how[k] === 'max' ? !(v <= values[at]!) : !(v >= values[at]!)) values[at] = v;
      }
    const histograms = from.histograms.map((h) =>
      tally(
        h.rows.map((r) => into[r]!),
        h.buckets,
        h.counts,
        t.length,
      ),
    );
    return { count: t.length, t: Float64Array.from(t), tuples: Uint32Array.from(tuples), values, histograms };
  }

  private block(
    table: string,
    columns: readonly { name: string; type: string }[],
    rows: Grained,
    writtenAt: number,
  ): Block {
    const { stride } = this.plan.tuples;
    const n = this.plan.first.length;
    const numbers = (k: number): Float64Array => {
      const out = new Float64Array(rows.count);
      for (let r = 0; r < rows.count; r++) out[r] = rows.values[r * n + k]!;
      return out;
    };
    const values: ColumnValues[] = [this.words(rows, 0), rows.t];
    for (let d = 1; d < stride; d++) values.push(this.words(rows, d));
    let k = 0;
    let h = 0;
    for (const m of this.plan.measures) {
      if (m.kind === 'histogram') {
        values.push(packed(rows.histograms[h++]!, rows.count), numbers(k), numbers(k + 1), numbers(k + 2));
        k += 3;
      } else values.push(numbers(k++));
    }
    values.push({ kind: 'constant', value: writtenAt });
    return {
      table,
      rows: rows.count,
      columns: columns.map((c, i): BlockColumn => ({ name: c.name, type: c.type, values: values[i]! })),
    };
  }

  /** One column of strings, its dictionary in the order in which the rows first use it. */
  private words(rows: Grained, column: number): PackedWords {
    const { keys, words, stride } = this.plan.tuples;
    const numbers = new Uint32Array(rows.count);
    for (let r = 0; r < rows.count; r++) numbers[r] = keys[rows.tuples[r]! * stride + column]!;
    return dictionary(numbers, words[column]!);
  }
}

/** Numbers into a long-lived list of words → a dictionary of what is used, in the order of first use. */
export function dictionary(numbers: Uint32Array, words: readonly string[]): PackedWords {
  const own = new Uint32Array(words.length);
  const used = [''];
  const keys = new Uint32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const w = numbers[i]!;
    if (w === 0) continue;
    let key = own[w]!;
    if (key === 0) own[w] = key = used.push(words[w]!) - 1;
    keys[i] = key;
  }
  return { kind: 'words', words: used, keys };
}
