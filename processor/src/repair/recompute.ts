/** Rollups out of raw events, by the code that makes them out of the stream. */
import type { ClickHouse } from '../clickhouse/client';
import type { Block } from '../pipeline/ports';
import { Windows } from '../pipeline/window';
import { RawEvents } from './raw-events';
import { DAY, dayOf, type Scope } from './scope';

/** Rows of raw held at a time, and open windows after which what there is goes out; both bound the memory. */
const PAGE_ROWS = 50_000;
const MAX_WINDOWS = 100_000;

export interface RecomputeOptions {
  pageRows?: number;
  maxWindows?: number;
  /** Called after each page: events so far, and the day being read. */
  progress?: (events: number, day: string) => void;
}

/**
 * Reads the scope's raw events and gives out blocks of rollup rows; rows of one window may come in several blocks and merge
 * to the whole. Returns the number of events. Rejects with STORE_UNAVAILABLE, and with whatever `out` rejects with.
 */
export async function recompute(
  ch: ClickHouse,
  scope: Scope,
  out: (block: Block) => Promise<void>,
  o: RecomputeOptions = {},
): Promise<number> {
  let events = 0;
  let windows = new Windows(scope.plans);
  const flush = async (): Promise<void> => {
    const full = windows;
    windows = new Windows(scope.plans);
    for (const block of full.blocks()) await out(block);
  };
  const readers = scope.events.map((def) => new RawEvents(ch, def, o.pageRows ?? PAGE_ROWS));
  const days = new Set<number>();
  for (const r of readers) for (const day of await r.days(scope.from, scope.to)) days.add(day);
  for (const day of [...days].sort((a, b) => a - b)) {
    for (const reader of readers) {
      for await (const page of reader.pages(day, day + DAY)) {
        for (const { event, writtenAt } of page) windows.add(event, writtenAt);
        events += page.length;
        o.progress?.(events, dayOf(day));
        if (windows.size >= (o.maxWindows ?? MAX_WINDOWS)) await flush();
      }
    }
    await flush();
  }
  return events;
}
