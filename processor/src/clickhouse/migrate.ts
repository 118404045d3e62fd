/**
 * Migrations converge: what is there is compared with what the declarations want, and the difference is applied. Running
 * it twice changes nothing the second time. Nothing that holds data is dropped: a column that is no longer declared stays,
 * and a type that cannot be widened safely is refused.
 */
import { allTables, type ColumnDef, type TableDef } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import type { Catalog } from '../catalog/types';
import type { Domain } from '../domains/define';
import { ShadowerError } from '../errors';
import type { ClickHouse } from './client';
import {
  columnSql,
  columnType,
  createTable,
  DEDUPLICATION_WINDOW,
  onCluster,
  quoteName,
  quoteString,
  storageTable,
  ttlSql,
  type DdlOptions,
} from './ddl';

export interface MigrationReport {
  /** Statements that were run, in order; empty when nothing had to change. */
  statements: string[];
  catalog: Catalog;
}

/** Widenings that lose nothing, from → to. */
const WIDER: Record<string, string[]> = {
  UInt8: ['UInt16', 'UInt32', 'UInt64', 'Int16', 'Int32', 'Int64'],
  UInt32: ['UInt64', 'Int64'],
  String: ['LowCardinality(String)'],
  'LowCardinality(String)': ['String'],
};
const canWiden = (from: string, to: string): boolean => to === `Nullable(${from})` || (WIDER[from] ?? []).includes(to);

interface LiveTable {
  name: string;
  create_table_query: string;
}

function columnChanges(t: TableDef, live: ReadonlyMap<string, string>, o: DdlOptions): string[] {
  const target = `${quoteName(o.database)}.${quoteName(storageTable(t, o))}`;
  return t.columns.flatMap((c: ColumnDef, i) => {
    const type = live.get(c.name);
    if (type === undefined) {
      const after = i === 0 ? 'FIRST' : `AFTER ${quoteName(t.columns[i - 1]!.name)}`;
      if (t.orderBy.includes(c.name))
        throw new ShadowerError(
          'STORE_SCHEMA',
          `${t.name} needs the new key column ${c.name}; a key cannot grow in place. Rebuild the rollup into a table of a new name.`,
        );
      return [`ALTER TABLE ${target}${onCluster(o)} ADD COLUMN IF NOT EXISTS ${columnSql(c)} ${after}`];
    }
    if (type === columnType(c)) return [];
    if (!canWiden(type, columnType(c)))
      throw new ShadowerError(
        'STORE_SCHEMA',
        `column ${t.name}.${c.name} is ${type} and would have to become ${columnType(c)}, which is not a safe widening. Declare a new column instead.`,
      );
    return [`ALTER TABLE ${target}${onCluster(o)} MODIFY COLUMN ${columnSql(c)}`];
  });
}

const normal = (sql: string): string => sql.replace(/\s+/g, ' ').trim();

/** Brings the schema to what `domains` declare. Concurrent runs are harmless. */
export async function migrate(
  ch: ClickHouse,
  domains: readonly Domain[],
  options: Omit<DdlOptions, 'database'> = {},
): Promise<MigrationReport> {
  const o: DdlOptions = { ...options, database: ch.database };
  const statements: string[] = [];
  const run = async (sql: string): Promise<void> => {
    await ch.command(sql);
    statements.push(sql);
  };
  const databases = await ch.rows<{ n: string }>(
    'SELECT toString(count()) AS n FROM system.databases WHERE name = {db:String}',
    { db: o.database },
  );
  if (databases[0]?.n === '0') await run(`CREATE DATABASE IF NOT EXISTS ${quoteName(o.database)}${onCluster(o)}`);
  const columns = await ch.rows<{ table: string; name: string; type: string }>(
    'SELECT table, name, type FROM system.columns WHERE database = {db:String}',
    { db: o.database },
  );
  const tables = await ch.rows<LiveTable>(
    'SELECT name, create_table_query FROM system.tables WHERE database = {db:String}',
    { db: o.database },
  );
  const live = new Map(tables.map((t) => [t.name, t]));

  for (const t of allTables(domains)) {
    const existing = live.get(storageTable(t, o));
    if (existing === undefined) {
      for (const sql of createTable(t, o)) await run(sql);
      continue;
    }
    const own = new Map(columns.filter((c) => c.table === existing.name).map((c) => [c.name, c.type]));
    for (const sql of columnChanges(t, own, o)) await run(sql);
    const target = `${quoteName(o.database)}.${quoteName(existing.name)}`;
    const days = /toIntervalDay\((\d+)\)|INTERVAL (\d+) DAY/.exec(existing.create_table_query);
    if (t.retentionDays > 0 && Number(days?.[1] ?? days?.[2]) !== t.retentionDays)
      await run(`ALTER TABLE ${target}${onCluster(o)} MODIFY TTL ${ttlSql(t)}`);
    const window = o.cluster === undefined ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window';
    if (!existing.create_table_query.includes(`${window} = ${DEDUPLICATION_WINDOW}`))
      await run(`ALTER TABLE ${target}${onCluster(o)} MODIFY SETTING ${window} = ${DEDUPLICATION_WINDOW}`);
  }

  const { views, catalog } = buildViews(domains, o.database);
  const [stored] = await ch.rows<{ schema: string; json: string }>(
    `SELECT schema, json FROM ${quoteName(o.database)}.catalog FINAL WHERE id = 1`,
  );
  const viewsMissing = views.some((v) => !live.has(v.name));
  if (stored?.schema !== catalog.schema || viewsMissing) {
    for (const v of views)
      await run(`CREATE OR REPLACE VIEW ${quoteName(o.database)}.${quoteName(v.name)}${onCluster(o)} AS ${v.sql}`);
    // Views of queries that are gone would answer with old definitions.
    const wanted = new Set(views.map((v) => v.name));
    for (const t of tables)
      if (t.name.includes('__') && !wanted.has(t.name) && /^CREATE VIEW/.test(t.create_table_query))
        await run(`DROP VIEW IF EXISTS ${quoteName(o.database)}.${quoteName(t.name)}${onCluster(o)}`);
    await run(
      `INSERT INTO ${quoteName(o.database)}.catalog (id, schema, json, updated_at, written_at) VALUES (1, ${quoteString(catalog.schema)}, ${quoteString(JSON.stringify(catalog))}, now64(3), now())`,
    );
  }
  return { statements: statements.map(normal), catalog };
}
