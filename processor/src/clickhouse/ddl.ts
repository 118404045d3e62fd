/** Table definitions → ClickHouse DDL, for one server or, with a cluster name, for a replicated and sharded cluster. */
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

/** Statements that create the table where it is missing. */
export function createTable(t: TableDef, o: DdlOptions): string[] {
  const local = `${quoteName(o.database)}.${quoteName(storageTable(t, o))}`;
  const window = o.cluster === undefined ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window';
  const ttl = ttlSql(t);
  const statements = [
    [
      `CREATE TABLE IF NOT EXISTS ${local}${onCluster(o)} (`,
      t.columns.map((c) => `  ${columnSql(c)}`).join(',\n'),
      `) ENGINE = ${engine(t, o)}`,
      `PARTITION BY ${t.partitionBy}`,
      `ORDER BY (${t.orderBy.map(quoteName).join(', ')})`,
      ...(ttl === '' ? [] : [`TTL ${ttl}`]),
      `SETTINGS ${window} = ${DEDUPLICATION_WINDOW}`,
      `COMMENT ${quoteString(t.description)}`,
    ].join('\n'),
  ];
  if (o.cluster !== undefined) {
    // A range's block must always meet the shard that saw it first, so the shard follows from the row alone.
    const key = t.orderBy.includes('workspace')
      ? 'cityHash64(workspace, ' + quoteName(t.orderBy.find((c) => c !== 'workspace' && c !== 't') ?? 't') + ')'
      : '0';
    statements.push(
      `CREATE TABLE IF NOT EXISTS ${quoteName(o.database)}.${quoteName(t.name)}${onCluster(o)} AS ${local} ENGINE = Distributed(${quoteName(o.cluster)}, ${quoteName(o.database)}, ${quoteName(storageTable(t, o))}, ${key})`,
    );
  }
  return statements;
}
