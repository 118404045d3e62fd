/** Raw rows → the events they were made of, in pages of bounded size. */
import type { z } from 'zod';
import { fieldColumns, rawTableName } from '../catalog/tables';
import type { EventDef } from '../domains/define';
import type { ClickHouse } from '../clickhouse/client';
import type { ValidEvent } from '../pipeline/validate';
import { DAY } from './scope';

export interface WrittenEvent {
  event: ValidEvent;
  /** Seconds. */
  writtenAt: number;
}

/** A part of a raw table that fits a page: a range of times (seconds), and of that one slice of several. */
interface Page {
  from: number;
  to: number;
  slice: number;
  slices: number;
}

const MINUTE = 60;

/** Condition for raw rows with from <= t < to, seconds. */
const timesIn = (from: number, to: number): string =>
  `t >= fromUnixTimestamp64Milli(toInt64(${from}000), 'UTC') AND t < fromUnixTimestamp64Milli(toInt64(${to}000), 'UTC')`;

export class RawEvents {
  private readonly table: string;
  private readonly fields: { name: string; optionalString: boolean; flag: boolean }[];

  constructor(
    private readonly ch: ClickHouse,
    private readonly def: EventDef,
    /** Most rows of a page. A millisecond of one partition that holds more makes a larger page. */
    private readonly pageRows: number,
  ) {
    this.table = `${ch.database}.${rawTableName(def.type)}`;
    this.fields = fieldColumns(def).map((c) => ({
      name: c.name,
      // A missing string is stored as ''. No field builder but text takes an empty one, and there both mean the same.
      optionalString: c.type.includes('String') && isOptional(def, c.name),
      flag: c.type.includes('Bool'),
    }));
  }

  /** Beginnings of the days with events in [from, to), seconds. */
  async days(from: number, to: number): Promise<number[]> {
    const rows = await this.ch.arrays(
      `SELECT DISTINCT intDiv(toUnixTimestamp64Milli(t), ${DAY}000) * ${DAY} AS day FROM ${this.table} WHERE ${timesIn(from, to)} ORDER BY day`,
    );
    return rows.map((r) => r[0] as number);
  }

  /** Events with from <= time < to, seconds, a page at a time; in no particular order. Rejects with STORE_UNAVAILABLE. */
  async *pages(from: number, to: number): AsyncGenerator<WrittenEvent[]> {
    for (const page of await this.plan(from, to)) yield await this.read(page);
  }

  private async plan(from: number, to: number): Promise<Page[]> {
    const minutes = (await this.ch.arrays(
      `SELECT intDiv(toUnixTimestamp64Milli(t), 60000) AS minute, count() FROM ${this.table} WHERE ${timesIn(from, to)} GROUP BY minute ORDER BY minute`,
    )) as [number, number][];
    const pages: Page[] = [];
    let rows = 0;
    for (const [minute, n] of minutes) {
      const start = minute * MINUTE;
      const last = pages[pages.length - 1];
      if (n > this.pageRows) {
        const slices = Math.ceil(n / this.pageRows);
        for (let slice = 0; slice < slices; slice++) pages.push({ from: start, to: start + MINUTE, slice, slices });
        rows = Infinity;
      } else if (last !== undefined && rows + n <= this.pageRows) {
        last.to = start + MINUTE;
        rows += n;
      } else {
        pages.push({ from: start, to: start + MINUTE, slice: 0, slices: 1 });
        rows = n;
      }
    }
    return pages;
  }

  private async read(p: Page): Promise<WrittenEvent[]> {
    const slice = p.slices === 1 ? '' : ` AND cityHash64(topic, part, off, idx) % ${p.slices} = ${p.slice}`;
    const columns = this.fields.map((f) => `\`${f.name}\``);
    const rows = await this.ch.arrays(
      `SELECT workspace, toUnixTimestamp64Milli(t), event_id, toUnixTimestamp(written_at)${columns.map((c) => `, ${c}`).join('')} FROM ${this.table} WHERE ${timesIn(p.from, p.to)}${slice}`,
    );
    return rows.map((row) => {
      const event: ValidEvent = { type: this.def.type, workspace: row[0] as string, time: row[1] as number };
      if (row[2] !== '') event.event_id = row[2] as string;
      this.fields.forEach((f, i) => {
        const v = row[4 + i];
        if (v === null || (f.optionalString && v === '')) return;
        event[f.name] = f.flag ? Boolean(v) : v;
      });
      return { event, writtenAt: row[3] as number };
    });
  }
}

/** Whether an event may lack the field. One with a default never does: the default is what was stored. */
function isOptional(def: EventDef, name: string): boolean {
  const absent = (def.fields as Record<string, z.ZodType>)[name]!.safeParse(undefined);
  return absent.success && absent.data === undefined;
}
