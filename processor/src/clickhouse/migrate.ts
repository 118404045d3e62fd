/**
 * Migrations converge: what is there is compared with what the declarations want, and the difference is applied. Running
 * it twice changes nothing the second time. All of it is planned, and refused, before the first statement is run. Nothing that holds data is dropped: a column that is no longer declared stays,
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
  deduplicationSettings,
  onCluster,
  quoteName,
  quoteString,
  settingsSql,
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
  UInt16: ['UInt32', 'UInt64', 'Int32', 'Int64'],
  UInt32: ['UInt64', 'Int64'],
  String: ['LowCardinality(String)'],
  'LowCardinality(String)': ['String'],
};
const canWiden = (from: string, to: string): boolean => {
  const inner = /^Nullable\((.+)\)$/.exec(from)?.[1];
  // What may be missing stays so: a number that may be missing becomes a wider one that may be.
  if (inner !== undefined) return (WIDER[inner] ?? []).some((wider) => to === `Nullable(${wider})`);
  const wider = [from, ...(WIDER[from] ?? [])];
  return wider.slice(1).includes(to) || wider.some((type) => to === `Nullable(${type})`);
};

interface LiveTable {
  name: string;
  engine: string;
  sorting_key: string;
  create_table_query: string;
}

function columnChanges(t: TableDef, table: string, live: ReadonlyMap<string, string>, o: DdlOptions): string[] {
  const target = `${quoteName(o.database)}.${quoteName(table)}`;
  return t.columns.flatMap((c: ColumnDef, i) => {
    const type = live.get(c.name);
    if (type === undefined) {
      const after = i === 0 ? 'FIRST' : `AFTER ${quoteName(t.columns[i - 1]!.name)}`;
      return [`ALTER TABLE ${target}${onCluster(o)} ADD COLUMN IF NOT EXISTS ${columnSql(c)} ${after}`];
    }
    if (type === columnType(c)) return [];
    // A later release has widened it: what this one writes fits, and a way back must not need a narrower column.
    if (!canWiden(type, columnType(c)) && canWiden(columnType(c), type)) return [];
    if (!canWiden(type, columnType(c)) || t.orderBy.includes(c.name))
      throw new ShadowerError(
        'STORE_SCHEMA',
        `column ${t.name}.${c.name} is ${type} and would have to become ${columnType(c)}, which is not a safe widening. Declare a new column instead.`,
      );
    return [`ALTER TABLE ${target}${onCluster(o)} MODIFY COLUMN ${columnSql(c)}`];
  });
}

/** Engine and key of a table cannot change in place. */
function refuseOtherTable(t: TableDef, live: LiveTable, o: DdlOptions): void {
  const engine = `${o.cluster === undefined ? '' : 'Replicated'}${t.engine}`;
  if (live.engine !== engine)
    throw new ShadowerError(
      'STORE_SCHEMA',
      live.engine === 'Distributed' || live.engine.startsWith('Replicated') || o.cluster !== undefined
        ? `table ${live.name} is ${live.engine}, ${engine} is needed: database ${o.database} was made ${o.cluster === undefined ? 'for a cluster; name the cluster' : 'for one server; give the cluster a database of its own'}.`
        : `table ${live.name} is ${live.engine}, ${engine} is needed. Rebuild it into a table of a new name.`,
    );
  const key = live.sorting_key.replace(/[`()]/g, '');
  if (key !== t.orderBy.join(', '))
    throw new ShadowerError(
      'STORE_SCHEMA',
      `${t.name} has the key (${key}) and needs (${t.orderBy.join(', ')}); a key cannot change in place. Rebuild the rollup into a table of a new name.`,
    );
}

/** Statements that bring one table to its definition. */
function tableChanges(
  t: TableDef,
  live: ReadonlyMap<string, LiveTable>,
  columnsOf: (table: string) => ReadonlyMap<string, string>,
  o: DdlOptions,
): string[] {
  const [create, distribute] = createTable(t, o);
  const statements: string[] = [];
  const storage = live.get(storageTable(t, o));
  if (storage === undefined) statements.push(create!);
  else {
    refuseOtherTable(t, storage, o);
    const target = `${quoteName(o.database)}.${quoteName(storage.name)}${onCluster(o)}`;
    statements.push(...columnChanges(t, storage.name, columnsOf(storage.name), o));
    const days = /TTL .*?(?:toIntervalDay\((\d+)\)|INTERVAL (\d+) DAY)/.exec(storage.create_table_query);
    const now = Number(days?.[1] ?? days?.[2] ?? 0);
    if (t.retentionDays > 0 && now !== t.retentionDays)
      statements.push(`ALTER TABLE ${target} MODIFY TTL ${ttlSql(t)}`);
    if (t.retentionDays === 0 && now !== 0) statements.push(`ALTER TABLE ${target} REMOVE TTL`);
    const missing = Object.entries(deduplicationSettings(o)).filter(
      ([name, value]) => !new RegExp(`\\b${name} = ${value}\\b`).test(storage.create_table_query),
    );
    if (missing.length > 0)
      statements.push(`ALTER TABLE ${target} MODIFY SETTING ${settingsSql(Object.fromEntries(missing))}`);
  }
  if (distribute !== undefined) {
    const over = live.get(t.name);
    if (over === undefined) statements.push(distribute);
    else if (over.engine !== 'Distributed')
      throw new ShadowerError(
        'STORE_SCHEMA',
        `table ${t.name} is ${over.engine}, Distributed is needed: database ${o.database} was made for one server; give the cluster a database of its own.`,
      );
    else statements.push(...columnChanges(t, over.name, columnsOf(over.name), o));
  }
  return statements;
}

const normal = (sql: string): string => sql.replace(/\s+/g, ' ').trim();

/** Brings the schema to what `domains` declare. Concurrent runs are harmless. */
export async function migrate(
  ch: ClickHouse,
  domains: readonly Domain[],
  options: Omit<DdlOptions, 'database'> = {},
): Promise<MigrationReport> {
  const o: DdlOptions = { ...options, database: ch.database };
  const database = quoteName(o.database);
  const plan: string[] = [];
  const databases = await ch.rows<{ n: string }>(
    'SELECT toString(count()) AS n FROM system.databases WHERE name = {db:String}',
    { db: o.database },
  );
  if (databases[0]?.n === '0') plan.push(`CREATE DATABASE IF NOT EXISTS ${database}${onCluster(o)}`);
  const columns = await ch.rows<{ table: string; name: string; type: string }>(
    'SELECT table, name, type FROM system.columns WHERE database = {db:String}',
    { db: o.database },
  );
  const tables = await ch.rows<LiveTable>(
    'SELECT name, engine, sorting_key, create_table_query FROM system.tables WHERE database = {db:String}',
    { db: o.database },
  );
  const live = new Map(tables.map((t) => [t.name, t]));
  const columnsOf = (table: string) => new Map(columns.filter((c) => c.table === table).map((c) => [c.name, c.type]));
  for (const t of allTables(domains)) plan.push(...tableChanges(t, live, columnsOf, o));

  const { views, catalog } = buildViews(domains, o.database);
  const [stored] = live.has('catalog')
    ? await ch.rows<{ schema: string }>(`SELECT schema FROM ${database}.catalog FINAL WHERE id = 1`)
    : [];
  // Views of queries that are gone would answer with old definitions.
  const wanted = new Set(views.map((v) => v.name));
  const stale = tables.filter((t) => t.engine === 'View' && t.name.includes('__') && !wanted.has(t.name));
  const viewsMissing = views.some((v) => !live.has(v.name));
  if (stored?.schema !== catalog.schema || viewsMissing)
    for (const v of views)
      plan.push(`CREATE OR REPLACE VIEW ${database}.${quoteName(v.name)}${onCluster(o)} AS ${v.sql}`);
  for (const t of stale) plan.push(`DROP VIEW IF EXISTS ${database}.${quoteName(t.name)}${onCluster(o)}`);
  // The catalog comes last: while it names another schema, the next run makes all views again.
  if (stored?.schema !== catalog.schema || viewsMissing)
    plan.push(
      `INSERT INTO ${database}.catalog (id, schema, json, updated_at, written_at)${o.cluster === undefined ? '' : ' SETTINGS insert_distributed_sync = 1'} VALUES (1, ${quoteString(catalog.schema)}, ${quoteString(JSON.stringify(catalog))}, now64(3), now())`,
    );
  for (const sql of plan) await ch.command(sql);
  return { statements: plan.map(normal), catalog };
}
