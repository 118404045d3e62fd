/** The `Store` port on ClickHouse. */
import type { Domain } from '../domains/define';
import { allTables, systemTables } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import { ShadowerError } from '../errors';
import type { Block, PartitionProgress, Store, TopicPartition } from '../pipeline/ports';
import type { ClickHouse } from './client';
import { DEDUPLICATION_WINDOW, UNCONDITIONAL, quoteString, settingsSql } from './ddl';
import { encodeNative } from './native';

/** Smallest window under which a retry still meets its first attempt. */
const MIN_WINDOW = 1000;
/** Shortest memory of a replicated table, seconds; ClickHouse's own default may be an hour. */
const MIN_SECONDS = 86_400;

/** Share of a window, in parts or in time, up to which a table is trusted to remember. */
const TRUSTED_SHARE = 0.9;

/** What a table remembers of its inserts, from its CREATE statement. */
function memoryOf(sql: string): { parts: number; replicated: boolean; seconds: number } {
  const replicated = sql.includes('Replicated');
  const parts = /(?:non_)?replicated_deduplication_window = (\d+)/.exec(sql)?.[1];
  const seconds = /replicated_deduplication_window_seconds = (\d+)/.exec(sql)?.[1];
  return {
    parts: Number(parts ?? (replicated ? DEDUPLICATION_WINDOW : 0)),
    replicated,
    seconds: Number(seconds ?? 0),
  };
}

/** Tables in which a row that comes again takes the place of the first. */
const REPLACING = new Set(systemTables.filter((t) => t.engine === 'ReplacingMergeTree').map((t) => t.name));

/** Seconds after which a claim in the table `maintenance` that was not renewed has ended. */
export const CLAIM_SECONDS = 60;

export class ClickHouseStore implements Store {
  constructor(
    private readonly ch: ClickHouse,
    private readonly domains: readonly Domain[],
  ) {}

  /** Refuses to run on a schema that is not this version's, whose tables do not deduplicate, or beside a rebuild. */
  async check(): Promise<void> {
    await this.checkSchema();
    await this.checkMaintenance();
  }

  /** The same for whoever writes no events. */
  async checkSchema(): Promise<void> {
    const { catalog } = buildViews(this.domains, this.ch.database);
    const tables = await this.ch.rows<{ name: string; create_table_query: string }>(
      'SELECT name, create_table_query FROM system.tables WHERE database = {db:String}',
      { db: this.ch.database },
    );
    const ddl = new Map(tables.map((t) => [t.name, t.create_table_query]));
    if (!ddl.has('catalog'))
      throw new ShadowerError('STORE_SCHEMA', `database ${this.ch.database} has no catalog; run "shadower migrate"`);
    const [stored] = await this.ch.rows<{ schema: string }>(
      `SELECT schema FROM ${this.ch.database}.catalog FINAL WHERE id = 1`,
    );
    if (stored?.schema !== catalog.schema)
      throw new ShadowerError(
        'STORE_SCHEMA',
        `schema ${stored?.schema ?? 'none'} is there, ${catalog.schema} is needed; run "shadower migrate"`,
      );
    for (const t of allTables(this.domains)) {
      const sql = ddl.get(`${t.name}_local`) ?? ddl.get(t.name);
      if (sql === undefined)
        throw new ShadowerError('STORE_SCHEMA', `table ${t.name} is missing; run "shadower migrate"`);
      const { parts, replicated, seconds } = memoryOf(sql);
      if (replicated && seconds < MIN_SECONDS)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `table ${t.name} remembers inserts for ${seconds} s, at least ${MIN_SECONDS} are needed; a retry after an outage could be counted twice. Run "shadower migrate".`,
        );
      if (parts < MIN_WINDOW)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `table ${t.name} remembers ${parts} inserts for deduplication, at least ${MIN_WINDOW} are needed; a retry could be counted twice. Run "shadower migrate".`,
        );
    }
  }

  /**
   * Refuses to write while rollups are being rebuilt: what came in meanwhile would be replaced by what raw held before.
   * @throws ShadowerError STORE_MAINTENANCE
   */
  private async checkMaintenance(): Promise<void> {
    const [running] = await this.ch.rows<{ owner: string; detail: string }>(
      `SELECT owner, detail FROM ${this.ch.database}.maintenance FINAL WHERE name = 'rebuild' AND state = 'running' AND updated_at > now64(3, 'UTC') - INTERVAL ${CLAIM_SECONDS} SECOND`,
    );
    if (running !== undefined)
      throw new ShadowerError(
        'STORE_MAINTENANCE',
        `"shadower rebuild" (${running.detail}) is running in process ${running.owner.split(' ').slice(0, 2).reverse().join(' on ')}; start when it has ended, or ${CLAIM_SECONDS} s after it was killed`,
      );
  }

  async insert(block: Block, token: string): Promise<void> {
    await this.send(block, { insert_deduplication_token: token });
  }

  async writeProgress(block: Block): Promise<void> {
    // No token: each row replaces the last, and equal rows are harmless.
    await this.send(block, { insert_deduplicate: 0 });
  }

  private async send(block: Block, settings: Record<string, string | number>): Promise<void> {
    await this.ch.insertNative(
      block.table,
      block.columns.map((c) => c.name),
      encodeNative(block),
      // One block per insert, synchronous, deduplicated: what the guarantee rests on, whatever the server's defaults are.
      {
        insert_deduplicate: 1,
        async_insert: 0,
        max_insert_block_size: 10_000_000,
        min_insert_block_size_rows: 10_000_000,
        min_insert_block_size_bytes: 1_000_000_000,
        max_insert_threads: 1,
        // The rows of a block differ in their keys already; merging them once more took a third of an insert.
        optimize_on_insert: 0,
        // A backfill may touch any number of months; refusing it would stop the partition for good.
        max_partitions_per_insert_block: 0,
        deduplicate_blocks_in_dependent_materialized_views: 1,
        insert_distributed_sync: 1,
        ...settings,
      },
    );
  }

  async seenEventIds(
    tp: TopicPartition & { topicId?: string },
    before: number,
    since: number,
    limit: number,
    take: (id: string, at: number) => void,
  ): Promise<void> {
    // Up to a million rows, so they are streamed.
    await this.ch.eachRow<[string, number]>(
      `SELECT id, at FROM (
         SELECT id, toUnixTimestamp(written_at) AS at, off, topic_id = {topicId:String} AS own FROM ${this.ch.database}.event_ids
         WHERE topic = {topic:String} AND part = {part:UInt32} AND (topic_id != {topicId:String} OR off < {before:Int64})
           AND written_at >= fromUnixTimestamp({since:UInt32})
         ORDER BY own DESC, off DESC LIMIT {limit:UInt64}) ORDER BY own, off`,
      {
        topic: tp.topic,
        part: tp.partition,
        topicId: tp.topicId ?? '',
        before,
        since: Math.max(0, Math.floor(since / 1000)),
        limit,
      },
      ([id, at]) => take(id, at * 1000),
    );
  }

  async now(): Promise<number> {
    const rows = await this.ch.rows<{ ms: string }>('SELECT toString(toUnixTimestamp64Milli(now64(3))) AS ms');
    return Number(rows[0]!.ms);
  }

  async mark(at: number): Promise<void> {
    // Every part that is inserted takes a block number of its table's, and merging keeps the highest. When a table's parts
    // have all expired, the numbers go on; so the last known one holds.
    const { database } = this.ch;
    await this.ch.command(
      `INSERT INTO ${database}.insert_marks (marked_at, subject, block, written_at) SETTINGS ${settingsSql(UNCONDITIONAL)}
       SELECT fromUnixTimestamp64Milli(${at}, 'UTC'), name, max(taken), now('UTC') FROM (
         SELECT table AS name, toUInt64(max(max_block_number)) AS taken FROM system.parts WHERE database = ${quoteString(database)} GROUP BY name
         UNION ALL
         SELECT subject, block FROM ${database}.insert_marks WHERE marked_at = (SELECT max(marked_at) FROM ${database}.insert_marks))
       GROUP BY name`,
    );
  }

  async remembers(table: string, mark: number): Promise<void> {
    if (REPLACING.has(table)) return;
    const [row] = (await this.ch.arrays(
      `SELECT
         (SELECT create_table_query FROM system.tables WHERE database = {db:String} AND name IN ({table:String}, {local:String}) ORDER BY name DESC LIMIT 1),
         (SELECT max(max_block_number) FROM system.parts WHERE database = {db:String} AND table = {table:String}),
         (SELECT (count(), minIf(block, subject = {table:String})) FROM ${this.ch.database}.insert_marks WHERE marked_at = fromUnixTimestamp64Milli({mark:Int64}, 'UTC')),
         toUnixTimestamp64Milli(now64(3)) - {mark:Int64}`,
      { db: this.ch.database, table, local: `${table}_local`, mark },
    )) as [string | null, number | null, [number, number], number][];
    const [sql, block, [marks, then], age] = row!;
    const { parts, replicated, seconds } = memoryOf(sql ?? '');
    const unsure = (detail: string): ShadowerError => new ShadowerError('STORE_UNSAFE', detail);
    if (replicated) {
      // Block numbers are counted per partition and replica there; that many parts within the time are not looked for.
      if (age > seconds * 1000 * TRUSTED_SHARE)
        throw unsure(`it remembers inserts for ${seconds} s, and this may be from ${Math.round(age / 1000)} s ago`);
      return;
    }
    if (marks === 0) throw unsure(`how much it has taken since ${new Date(mark).toISOString()} was not noted`);
    const taken = block ?? 0;
    // Fewer than then: the table was made anew and counts from 0, or all its parts have expired.
    const since = taken < then ? taken : taken - then;
    if (since > parts * TRUSTED_SHARE)
      throw unsure(`it has taken ${since} parts since ${new Date(mark).toISOString()} and remembers ${parts}`);
  }

  async progress(tp: TopicPartition): Promise<PartitionProgress | undefined> {
    const [row] = (await this.ch.arrays(
      `SELECT committed, topic_id, toUnixTimestamp64Milli(complete_until) FROM ${this.ch.database}.progress_log FINAL WHERE topic = {topic:String} AND part = {part:UInt32}`,
      { topic: tp.topic, part: tp.partition },
    )) as [number, string, number][];
    return row && { counted: row[0], topicId: row[1], completeUntil: row[2] };
  }

  async close(): Promise<void> {
    await this.ch.close();
  }
}
