/**
 * Tables beside the rollup tables, in which rows are recomputed: to be compared with what is there, or to take its place.
 *
 * What is there is never edited. A staging table gets the rest of each affected partition (hard links, then a mutation that
 * leaves out the rebuilt days) and the recomputed rows, and then takes the partition's place by REPLACE PARTITION: one
 * atomic step per partition, also for a server that is killed in it. So at every moment each partition is either as it was
 * or rebuilt whole, and running the same again ends the same.
 */
import type { ClickHouse } from '../clickhouse/client';
import { createTable, onCluster, quoteName, storageTable, type DdlOptions } from '../clickhouse/ddl';
import type { ClickHouseStore } from '../clickhouse/store';
import { GRAINS } from '../domains/define';
import { ShadowerError } from '../errors';
import type { Block } from '../pipeline/ports';
import { windowsIn, type RollupTable, type Scope } from './scope';

/** Rows of one window that are not what the raw events say. */
export interface WindowDifference {
  table: string;
  /** Start of the window, seconds. */
  t: number;
  workspace: string;
  /** Rows that are missing, that nothing in raw accounts for, and that have other values. */
  missing: number;
  unexpected: number;
  wrong: number;
}

const ATTEMPTS = 5;
/** Differences that are listed per table and comparison; more are cut off by the caller's limit anyway. */
const LISTED = 1000;
/** Rows of both sides that are compared in one query; bounds its memory. One hour (or day) with more is compared whole. */
const COMPARED_ROWS = 500_000;

export class Staging {
  private sequence = 0;

  constructor(
    private readonly ch: ClickHouse,
    private readonly store: ClickHouseStore,
    private readonly scope: Scope,
    /** End of the staging tables' names. */
    private readonly suffix: 'rebuild' | 'check',
    private readonly run: string,
    private readonly o: DdlOptions,
  ) {}

  private staged = (t: RollupTable): RollupTable => ({ ...t, name: `${t.name}_${this.suffix}` });
  private local = (t: RollupTable): string => `${quoteName(this.o.database)}.${quoteName(storageTable(t, this.o))}`;

  /** Makes the staging tables, empty. What an earlier run left is dropped. */
  async create(): Promise<void> {
    await this.drop();
    for (const t of this.scope.tables) {
      const staged = this.staged(t);
      // Partitions can only be exchanged between tables of the same structure, undeclared columns included.
      if (this.o.cluster === undefined) await this.ch.command(`CREATE TABLE ${this.local(staged)} AS ${this.local(t)}`);
      else for (const sql of createTable(staged, this.o)) await this.ch.command(sql);
    }
  }

  async drop(): Promise<void> {
    for (const t of this.scope.tables) {
      const staged = this.staged(t);
      const names = this.o.cluster === undefined ? [staged.name] : [staged.name, storageTable(staged, this.o)];
      for (const name of names)
        await this.ch.command(
          `DROP TABLE IF EXISTS ${quoteName(this.o.database)}.${quoteName(name)}${onCluster(this.o)} SYNC`,
        );
    }
  }

  /** Puts a block of a rollup table into its staging table; counts once, however often it has to be sent. */
  async insert(block: Block): Promise<void> {
    const token = `${this.suffix}:${this.run}:${this.sequence++}`;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.store.insert({ ...block, table: `${block.table}_${this.suffix}` }, token);
      } catch (e) {
        if (!(e instanceof ShadowerError && e.code === 'STORE_UNAVAILABLE') || attempt >= ATTEMPTS) throw e;
        await new Promise((r) => setTimeout(r, 200 * 2 ** attempt));
      }
    }
  }

  /** Ids of the partitions that the scope touches and that the table, or what was made to replace it, has. */
  async partitions(t: RollupTable): Promise<string[]> {
    const { from, to } = this.scope;
    const of = (seconds: number): string =>
      `(SELECT ${t.partitionBy} FROM (SELECT toDateTime(${Math.min(seconds, 0xffff_ffff)}, 'UTC') AS t))`;
    const ids = (name: string): string =>
      `SELECT DISTINCT _partition_id AS id FROM ${quoteName(this.o.database)}.${quoteName(name)} WHERE ${t.partitionBy} BETWEEN ${of(from)} AND ${of(to - 1)}`;
    const rows = await this.ch.rows<{ id: string }>(
      `SELECT DISTINCT id FROM (${ids(t.name)} UNION ALL ${ids(this.staged(t).name)}) ORDER BY id`,
    );
    return rows.map((r) => r.id);
  }

  /** Fills the staging tables with what lies in the touched partitions beyond the scope, and must stay. */
  async keepTheRest(): Promise<void> {
    const inside = windowsIn(this.scope.from, this.scope.to);
    for (const t of this.scope.tables) {
      const target = `ALTER TABLE ${this.local(this.staged(t))}${onCluster(this.o)}`;
      for (const id of await this.partitions(t)) {
        const [rows] = (await this.ch.arrays(
          `SELECT countIf(NOT (${inside})), countIf(${inside}) FROM ${quoteName(this.o.database)}.${quoteName(t.name)} WHERE _partition_id = {id:String}`,
          { id },
        )) as [number, number][];
        const [rest, rebuilt] = rows!;
        if (rest === 0) continue;
        await this.ch.command(`${target} ATTACH PARTITION ID '${id}' FROM ${this.local(t)}`);
        if (rebuilt > 0)
          await this.ch.command(`${target} DELETE IN PARTITION ID '${id}' WHERE ${inside} SETTINGS mutations_sync = 2`);
      }
    }
  }

  /** Puts one partition in its place. Atomic; the staging table keeps what it has. */
  async replace(t: RollupTable, partition: string): Promise<void> {
    await this.ch.command(
      `ALTER TABLE ${this.local(t)}${onCluster(this.o)} REPLACE PARTITION ID '${partition}' FROM ${this.local(this.staged(t))}`,
    );
  }

  /**
   * Compares the scope's windows with what was recomputed, every column of every row after merging, `written_at` included.
   * Rows that something was written into at `settledBefore` (seconds) or later, and windows that end after it, are left
   * out: they may have changed since raw was read.
   */
  async compare(settledBefore = Infinity): Promise<WindowDifference[]> {
    const found: WindowDifference[] = [];
    for (const t of this.scope.tables) {
      const end = Math.min(this.scope.to, settledBefore - GRAINS[t.grain] + 1);
      for (const [at, until] of await this.chunks(t)) {
        if (at >= end || found.length >= LISTED) break;
        found.push(...(await this.compareWindows(t, at, Math.min(until, end), settledBefore)));
      }
    }
    return found;
  }

  /** Ranges of windows, seconds, that together hold all rows of both sides and each not many of them. */
  private async chunks(t: RollupTable): Promise<[number, number][]> {
    const seconds = Math.max(GRAINS['1h'], GRAINS[t.grain]);
    const side = (name: string): string =>
      `SELECT intDiv(toUnixTimestamp(t), ${seconds}) * ${seconds} AS at, count() AS n FROM ${quoteName(this.o.database)}.${quoteName(name)} WHERE ${windowsIn(this.scope.from, this.scope.to)} GROUP BY at`;
    const rows = (await this.ch.arrays(
      `SELECT at, sum(n) FROM (${side(t.name)} UNION ALL ${side(this.staged(t).name)}) GROUP BY at ORDER BY at`,
    )) as [number, number][];
    const chunks: [number, number][] = [];
    let held = Infinity;
    for (const [at, n] of rows) {
      if (held + n > COMPARED_ROWS) {
        chunks.push([at, at + seconds]);
        held = n;
      } else {
        chunks[chunks.length - 1]![1] = at + seconds;
        held += n;
      }
    }
    return chunks;
  }

  private async compareWindows(
    t: RollupTable,
    from: number,
    to: number,
    settledBefore: number,
  ): Promise<WindowDifference[]> {
    const keys = t.orderBy.map(quoteName).join(', ');
    const values = t.columns.filter((c) => !t.orderBy.includes(c.name)).map((c) => quoteName(c.name));
    const side = (name: string, staged: 0 | 1): string =>
      `SELECT ${keys}, toUInt8(${staged}) AS staged, sipHash128(formatRow('RowBinary', ${values.join(', ')})) AS digest, written_at FROM ${quoteName(this.o.database)}.${quoteName(name)} FINAL WHERE ${windowsIn(from, to)}`;
    const settled =
      settledBefore === Infinity ? '' : ` AND max(written_at) < toDateTime(${Math.floor(settledBefore)}, 'UTC')`;
    const rows = await this.ch.arrays(
      `SELECT toUnixTimestamp(t) AS start, workspace, countIf(live = 0), countIf(live = 1 AND sides = 1), countIf(sides = 2) FROM (
         SELECT ${keys}, count() AS sides, countIf(staged = 0) AS live
         FROM (${side(t.name, 0)} UNION ALL ${side(`${t.name}_${this.suffix}`, 1)})
         GROUP BY ${keys} HAVING (sides != 2 OR uniqExact(digest) != 1)${settled})
       GROUP BY t, workspace ORDER BY t, workspace LIMIT ${LISTED}`,
    );
    return (rows as [number, string, number, number, number][]).map(
      ([start, workspace, missing, unexpected, wrong]) => ({
        table: t.name,
        t: start,
        workspace,
        missing,
        unexpected,
        wrong,
      }),
    );
  }
}
