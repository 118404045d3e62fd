/**
 * Table definitions → ClickHouse DDL, for one server or, with a cluster name, for a replicated and sharded cluster.
 *
 * On a cluster everybody, the processor too, speaks to the distributed tables. A row's shard follows from the row alone, and
 * an insert is carried to the shards synchronously and with its token, so a retry meets its first attempt shard by shard;
 * the cluster must have `internal_replication`, and its shards and weights must not change while a batch is in flight.
 * The statements are tested as text; no test here runs them on a cluster.
 */
import type { ColumnDef, TableDef } from '../catalog/tables';

export interface DdlOptions {
  database: string;
  /** Cluster name: every table becomes `<name>_local` (replicated) with a distributed table over it. */
  cluster?: string;
}

/**
 * Inserts remembered per table. A retry is safe while its first attempt is among them; see docs/guarantee.md.
 */
export const DEDUPLICATION_WINDOW = 10_000;

export const quoteName = (name: string): string => `\`${name.replace(/[`\\]/g, '\\$&')}\``;
export const quoteString = (s: string): string => `'${s.replace(/['\\]/g, '\\$&')}'`;

export const columnType = (c: ColumnDef): string =>
  c.aggregate === undefined ? c.type : `SimpleAggregateFunction(${c.aggregate}, ${c.type})`;
export const columnSql = (c: ColumnDef): string =>
  `${quoteName(c.name)} ${columnType(c)} COMMENT ${quoteString(c.description)}`;
export const onCluster = (o: DdlOptions): string =>
  o.cluster === undefined ? '' : ` ON CLUSTER ${quoteName(o.cluster)}`;

/** Name of the table that holds the data. */
export const storageTable = (t: TableDef, o: DdlOptions): string =>
  o.cluster === undefined ? t.name : `${t.name}_local`;

export const ttlSql = (t: TableDef): string =>
  t.retentionDays === 0 ? '' : `written_at + INTERVAL ${t.retentionDays} DAY`;

function engine(t: TableDef, o: DdlOptions): string {
  const version = t.engine === 'ReplacingMergeTree' ? 'updated_at' : '';
  if (o.cluster === undefined) return `${t.engine}(${version})`;
  const path = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;
  return `Replicated${t.engine}(${path}${version === '' ? '' : `, ${version}`})`;
}

/** Seconds that a replicated table remembers an insert: longer than an outage that a retry has to survive. */
export const DEDUPLICATION_SECONDS = 7 * 86_400;

/** Settings under which a table remembers its inserts. */
export const deduplicationSettings = (o: DdlOptions): Record<string, number> =>
  o.cluster === undefined
    ? { non_replicated_deduplication_window: DEDUPLICATION_WINDOW }
    : {
        replicated_deduplication_window: DEDUPLICATION_WINDOW,
        replicated_deduplication_window_seconds: DEDUPLICATION_SECONDS,
      };
export const settingsSql = (settings: Record<string, number>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');

/** Settings of an insert that needs no token, because its rows replace or repeat each other harmlessly. */
export const UNCONDITIONAL: Record<string, number> = {
  insert_deduplicate: 0,
  async_insert: 0,
  insert_distributed_sync: 1,
};

/** What a row's shard is made of: all of its key but time, so that a series, and a partition's progress, stays together. */
function shardingKey(t: TableDef): string {
  const keys = t.orderBy.filter((c) => c !== 't' && c !== 'off');
  return `cityHash64(${(keys.length === 1 && keys[0] === 'workspace' ? t.orderBy : keys).map(quoteName).join(', ')})`;
}

/** Statements that create the table where it is missing: what holds the data and, on a cluster, the distributed table over it. */
export function createTable(t: TableDef, o: DdlOptions): string[] {
  const local = `${quoteName(o.database)}.${quoteName(storageTable(t, o))}`;
  const ttl = ttlSql(t);
  const statements = [
    [
      `CREATE TABLE IF NOT EXISTS ${local}${onCluster(o)} (`,
      t.columns.map((c) => `  ${columnSql(c)}`).join(',\n'),
      `) ENGINE = ${engine(t, o)}`,
      `PARTITION BY ${t.partitionBy}`,
      `ORDER BY (${t.orderBy.map(quoteName).join(', ')})`,
      ...(ttl === '' ? [] : [`TTL ${ttl}`]),
      `SETTINGS ${settingsSql(deduplicationSettings(o))}`,
      `COMMENT ${quoteString(t.description)}`,
    ].join('\n'),
  ];
  if (o.cluster !== undefined) {
    statements.push(
      `CREATE TABLE IF NOT EXISTS ${quoteName(o.database)}.${quoteName(t.name)}${onCluster(o)} AS ${local} ENGINE = Distributed(${quoteName(o.cluster)}, ${quoteName(o.database)}, ${quoteName(storageTable(t, o))}, ${shardingKey(t)})`,
    );
  }
  return statements;
}
