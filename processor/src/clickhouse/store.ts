/** The `Store` port on ClickHouse. */
import type { Domain } from '../domains/define';
import { allTables } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import { ShadowerError } from '../errors';
import type { Block, Store, TopicPartition } from '../pipeline/ports';
import type { ClickHouse } from './client';
import { DEDUPLICATION_WINDOW } from './ddl';
import { encodeNative } from './native';

/** Smallest window under which a retry still meets its first attempt. */
const MIN_WINDOW = 1000;
/** Shortest memory of a replicated table, seconds; ClickHouse's own default may be an hour. */
const MIN_SECONDS = 86_400;

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
      const window = Number(
        /(?:non_)?replicated_deduplication_window = (\d+)/.exec(sql)?.[1] ??
          (sql.includes('Replicated') ? DEDUPLICATION_WINDOW : 0),
      );
      const seconds = Number(/replicated_deduplication_window_seconds = (\d+)/.exec(sql)?.[1] ?? 0);
      if (sql.includes('Replicated') && seconds < MIN_SECONDS)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `table ${t.name} remembers inserts for ${seconds} s, at least ${MIN_SECONDS} are needed; a retry after an outage could be counted twice. Run "shadower migrate".`,
        );
      if (window < MIN_WINDOW)
        throw new ShadowerError(
          'STORE_UNSAFE',
          `table ${t.name} remembers ${window} inserts for deduplication, at least ${MIN_WINDOW} are needed; a retry could be counted twice. Run "shadower migrate".`,
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

  async completeUntil(tp: TopicPartition): Promise<number> {
    const rows = await this.ch.rows<{ ms: string | number }>(
      `SELECT toString(toUnixTimestamp64Milli(complete_until)) AS ms FROM ${this.ch.database}.progress_log FINAL WHERE topic = {topic:String} AND part = {part:UInt32}`,
      { topic: tp.topic, part: tp.partition },
    );
    return Number(rows[0]?.ms ?? 0);
  }

  async counted(tp: TopicPartition, topicId = ''): Promise<number> {
    const rows = await this.ch.rows<{ committed: string | number }>(
      `SELECT toString(committed) AS committed FROM ${this.ch.database}.progress_log FINAL WHERE topic = {topic:String} AND part = {part:UInt32} AND topic_id = {topicId:String}`,
      { topic: tp.topic, part: tp.partition, topicId },
    );
    return Number(rows[0]?.committed ?? 0);
  }

  async close(): Promise<void> {
    await this.ch.close();
  }
}
