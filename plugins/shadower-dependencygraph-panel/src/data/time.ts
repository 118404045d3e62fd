import { type DataFrame, FieldType } from '@grafana/data';
import type { Columns } from './frames';
import type { History } from './model';

/** Columns worth a sparkline, in the order they are shown. */
const HISTORY = ['score', 'rate', 'error_rate', 'p95_ms'];

/** The distinct times that the rows of frames have, ascending, in milliseconds. */
export function timesOf(frames: DataFrame[]): number[] {
  const times = new Set<number>();
  for (const frame of frames) {
    const field = frame.fields.find((f) => f.type === FieldType.time && /^time(stamp)?$/i.test(f.name.trim()));
    for (const value of field?.values ?? []) {
      if (typeof value === 'number' && Number.isFinite(value)) {
        times.add(value);
      }
    }
  }
  return [...times].sort((a, b) => a - b);
}

/** Rows at a time, and the last row of every thing that has none there. */
export interface Slice {
  rows: number[];
  absent: Set<number>;
}

/**
 * The rows to read of a frame whose rows have times: those at `at`; for things without one, their nearest earlier row (else
 * their first), so that the same things are drawn at every time and nothing moves while scrubbing.
 */
export function sliceAt(columns: Columns, rows: number[], at: number, keyOf: (row: number) => string): Slice {
  const present = new Set<string>();
  const here: number[] = [];
  for (const row of rows) {
    const time = columns.time(row);
    if (time === undefined || time === at) {
      here.push(row);
      present.add(keyOf(row));
    }
  }
  const others = new Map<string, { row: number; time: number }>();
  for (const row of rows) {
    const key = keyOf(row);
    const time = columns.time(row) ?? at;
    const best = others.get(key);
    const better =
      best === undefined || (time < at ? best.time > at || time > best.time : best.time > at && time < best.time);
    if (!present.has(key) && better) {
      others.set(key, { row, time });
    }
  }
  const absent = new Set([...others.values()].map(({ row }) => row));
  return { rows: [...here, ...absent], absent };
}

/** The values of one thing over time, a series for each column that has any. */
export function historyOf(
  sources: Array<{ columns: Columns; keyOf: (row: number) => string }>,
  id: string,
  times: readonly number[]
): History[] {
  const index = new Map(times.map((time, i) => [time, i]));
  return HISTORY.flatMap((name) => {
    for (const { columns, keyOf } of sources) {
      if (!columns.has(name)) {
        continue;
      }
      const values = new Array<number | null>(times.length).fill(null);
      let any = false;
      for (let row = 0; row < columns.frame.length; row++) {
        const i = index.get(columns.time(row) ?? NaN);
        const value = i === undefined || keyOf(row) !== id ? undefined : columns.number(name, row);
        if (i !== undefined && value !== undefined) {
          values[i] = value;
          any = true;
        }
      }
      if (any) {
        return [{ label: columns.label(name), values, format: (value: number) => columns.format(name, value) }];
      }
    }
    return [];
  });
}
