/**
 * Aggregation of events into rollup rows. Rows are kept at the finest grain while a batch is open and merged into the
 * coarser ones when it is flushed, so an event is touched once per rollup. The order of rows is the order of the records, so
 * the same records give the same bytes; sums are exact, so the same events in any order and grouping merge to the same rows.
 */
import { GRAINS, type Dimension, type Grain, type Measure } from '../domains/define';
import { allRollups, type RollupSource } from '../vocabulary/edges';
import { rollupTables } from '../catalog/tables';
import type { Domain } from '../domains/define';
import { exact, sumScale } from '../vocabulary/exact';
import { bucketOf } from '../vocabulary/histogram';
import type { Block } from './ports';
import type { ValidEvent } from './validate';

interface Row {
  workspace: string;
  /** Start of the window, seconds since the epoch. */
  t: number;
  dimensions: string[];
  /** Plain measures and the sum, count and maximum of histograms, in column order. */
  numbers: (number | null)[];
  histograms: Map<number, number>[];
  /** When the newest of its events was written, seconds; 0 where `blocks` says it for all. */
  writtenAt: number;
}

interface Plan {
  source: RollupSource;
  dimensions: ((e: never) => string)[];
  measures: PlannedMeasure[];
}
interface PlannedMeasure extends Measure<never> {
  /** Values of sums are rounded to multiples of 1 / scale; see vocabulary/exact.ts. Integers need no rounding. */
  scale: number;
}

const SEPARATOR = '\u001f';

const add = (a: number | null, b: number): number => (a ?? 0) + b;
const max = (a: number | null, b: number): number => (a === null || b > a ? b : a);
const min = (a: number | null, b: number): number => (a === null || b < a ? b : a);

function emptyNumbers(measures: Measure<never>[]): (number | null)[] {
  return measures.flatMap((m) =>
    m.kind === 'histogram' ? [0, 0, null] : m.kind === 'max' || m.kind === 'min' ? [null] : [0],
  );
}

/** Open windows of one batch for all rollups of the domains. */
export class Windows {
  private readonly rows: Map<string, Row>[];

  constructor(private readonly plans: WindowPlans) {
    this.rows = plans.all.map(() => new Map());
  }

  /** Number of rows at the finest grains. */
  get size(): number {
    return this.rows.reduce((n, rows) => n + rows.size, 0);
  }

  /** `writtenAt` in seconds, where the events of one `Windows` were not all written at the same time. */
  add(event: ValidEvent, writtenAt = 0): void {
    for (const index of this.plans.byEvent.get(event.type) ?? []) {
      for (const rowOf of this.plans.all[index]!.source.sources.get(event.type)!) {
        const input = rowOf(event as never) as never;
        if (input !== null) this.count(index, event, input, writtenAt);
      }
    }
  }

  /** Adds one row's input to its window. */
  private count(index: number, event: ValidEvent, input: never, writtenAt: number): void {
    const plan = this.plans.all[index]!;
    const finest = GRAINS[this.plans.grains[index]![0]!];
    const t = Math.floor(event.time / 1000 / finest) * finest;
    const dimensions = plan.dimensions.map((d) => d(input));
    const key = `${t}${SEPARATOR}${event.workspace}${SEPARATOR}${dimensions.join(SEPARATOR)}`;
    let row = this.rows[index]!.get(key);
    if (row === undefined) {
      const histograms = plan.measures.filter((m) => m.kind === 'histogram').map(() => new Map<number, number>());
      row = { workspace: event.workspace, t, dimensions, numbers: emptyNumbers(plan.measures), histograms, writtenAt };
      this.rows[index]!.set(key, row);
    }
    if (writtenAt > row.writtenAt) row.writtenAt = writtenAt;
    let n = 0;
    let h = 0;
    for (const m of plan.measures) {
      const v = m.value(input);
      if (v === undefined || v === null) {
        n += m.kind === 'histogram' ? 3 : 1;
        if (m.kind === 'histogram') h++;
        continue;
      }
      if (m.kind === 'histogram') {
        const b = bucketOf(v);
        row.histograms[h]!.set(b, (row.histograms[h]!.get(b) ?? 0) + 1);
        row.numbers[n] = add(row.numbers[n]!, exact(v, m.scale));
        row.numbers[n + 1] = add(row.numbers[n + 1]!, 1);
        row.numbers[n + 2] = max(row.numbers[n + 2]!, v);
        n += 3;
        h++;
      } else {
        row.numbers[n] =
          m.kind === 'max'
            ? max(row.numbers[n]!, v)
            : m.kind === 'min'
              ? min(row.numbers[n]!, v)
              : add(row.numbers[n]!, m.kind === 'count' || m.integer ? v : exact(v, m.scale));
        n++;
      }
    }
  }

  /** One block per table that has rows. `writtenAt` in seconds, for events that were added without one. */
  blocks(writtenAt = 0): Block[] {
    const blocks: Block[] = [];
    this.plans.all.forEach((plan, index) => {
      let rows = this.rows[index]!;
      if (rows.size === 0) return;
      for (const [i, grain] of this.plans.grains[index]!.entries()) {
        if (i > 0) rows = coarser(plan, rows, GRAINS[grain]);
        blocks.push(this.block(index, grain, [...rows.values()], writtenAt));
      }
    });
    return blocks;
  }

  private block(index: number, grain: Grain, rows: Row[], writtenAt: number): Block {
    const table = this.plans.tables[index]!.get(grain)!;
    const plan = this.plans.all[index]!;
    const dims = plan.dimensions.length;
    const getters: ((r: Row) => unknown)[] = [(r) => r.workspace, (r) => r.t];
    for (let d = 0; d < dims; d++) getters.push((r) => r.dimensions[d]);
    let n = 0;
    let h = 0;
    for (const m of plan.measures) {
      if (m.kind === 'histogram') {
        const hi = h++;
        getters.push((r) => r.histograms[hi]);
        for (let k = 0; k < 3; k++) {
          const ni = n++;
          getters.push((r) => r.numbers[ni]);
        }
      } else {
        const ni = n++;
        getters.push((r) => r.numbers[ni]);
      }
    }
    getters.push((r) => Math.max(r.writtenAt, writtenAt));
    return {
      table: table.name,
      rows: rows.length,
      columns: table.columns.map((c, i) => ({ name: c.name, type: c.type, values: rows.map(getters[i]!) })),
    };
  }
}

function coarser(plan: Plan, rows: Map<string, Row>, seconds: number): Map<string, Row> {
  const out = new Map<string, Row>();
  for (const row of rows.values()) {
    const t = Math.floor(row.t / seconds) * seconds;
    const key = `${t}${SEPARATOR}${row.workspace}${SEPARATOR}${row.dimensions.join(SEPARATOR)}`;
    const into = out.get(key);
    if (into === undefined) {
      out.set(key, { ...row, t, numbers: [...row.numbers], histograms: row.histograms.map((x) => new Map(x)) });
      continue;
    }
    if (row.writtenAt > into.writtenAt) into.writtenAt = row.writtenAt;
    row.histograms.forEach((from, i) => {
      for (const [b, c] of from) into.histograms[i]!.set(b, (into.histograms[i]!.get(b) ?? 0) + c);
    });
    let n = 0;
    for (const m of plan.measures) {
      const kinds = m.kind === 'histogram' ? (['sum', 'sum', 'max'] as const) : [m.kind];
      for (const kind of kinds) {
        const v = row.numbers[n]!;
        if (v !== null)
          into.numbers[n] =
            kind === 'max'
              ? max(into.numbers[n]!, v)
              : kind === 'min'
                ? min(into.numbers[n]!, v)
                : add(into.numbers[n]!, v);
        n++;
      }
    }
  }
  return out;
}

/** How the declarations become windows; made once. */
export class WindowPlans {
  readonly all: Plan[];
  readonly grains: Grain[][];
  readonly tables: Map<Grain, { name: string; columns: { name: string; type: string }[] }>[];
  readonly byEvent = new Map<string, number[]>();

  constructor(domains: readonly Domain[]) {
    const sources = allRollups(domains);
    this.all = sources.map((source) => ({
      source,
      dimensions: Object.values(source.rollup.dimensions as Record<string, Dimension<never>>).map((d) => d.value),
      measures: Object.values(source.rollup.measures as Record<string, Measure<never>>).map((m) => ({
        ...m,
        scale: sumScale(m),
      })),
    }));
    this.tables = sources.map((s) => new Map(rollupTables(s.rollup).map((t) => [t.grain, t])));
    this.grains = this.tables.map((t) => [...t.keys()]);
    sources.forEach((s, index) => {
      for (const type of s.sources.keys()) this.byEvent.set(type, [...(this.byEvent.get(type) ?? []), index]);
    });
  }
}
