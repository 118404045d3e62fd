/** The domains' queries → parameterised views and the catalog that describes them. */
import { createHash } from 'node:crypto';
import {
  CACHE_SECONDS,
  GRAINS,
  type Domain,
  type Grain,
  type QueryDef,
  type RollupDef,
  type SqlContext,
} from '../domains/define';
import { quantileSql } from '../vocabulary/histogram';
import { allRollups } from '../vocabulary/edges';
import { allTables, rawTableName, rollupTableName, systemRollups } from './tables';
import type { Catalog, CatalogPart, CatalogQuery } from './types';

export interface ViewDef {
  name: string;
  sql: string;
}

export const viewName = (query: string, part: string, grain: string): string => `${query}__${part}__${grain}`;

const FROM = "{from:DateTime64(3, 'UTC')}";
const TO = "{to:DateTime64(3, 'UTC')}";

/** Types of the arguments every view may have; a query's own parameters are lists of strings. */
export const ARGUMENT_TYPES: Record<string, string> = {
  workspace: 'String',
  from: "DateTime64(3, 'UTC')",
  to: "DateTime64(3, 'UTC')",
  step: 'UInt32',
};
export const argumentType = (name: string): string => ARGUMENT_TYPES[name] ?? 'Array(String)';

type Rollup = Pick<RollupDef<never>, 'name' | 'retentionDays'>;

function context(
  database: string,
  rollups: ReadonlyMap<string, Rollup>,
  queries: ReadonlyMap<string, QueryDef>,
  tables: ReadonlySet<string>,
  q: QueryDef,
  grain: Grain | 'raw',
): SqlContext {
  const seconds = grain === 'raw' ? 1 : GRAINS[grain];
  return {
    grain,
    grainSeconds: seconds,
    table(name, at = grain) {
      const isRollup = rollups.has(name);
      if (isRollup && at === 'raw') throw new Error(`query ${q.name}: rollup ${name} has no raw grain`);
      const table = isRollup ? rollupTableName(name, at as Grain) : name.includes('.') ? rawTableName(name) : name;
      if (!tables.has(table)) throw new Error(`query ${q.name} reads ${name}, but there is no table ${table}`);
      return `${database}.${table}`;
    },
    from: FROM,
    to: TO,
    scope: `workspace = {workspace:String} AND t >= ${FROM} AND t < ${TO}`,
    previousScope: `workspace = {workspace:String} AND t >= ${FROM} - toIntervalMillisecond(dateDiff('millisecond', ${FROM}, ${TO})) AND t < ${FROM}`,
    bucket: `toDateTime64(intDiv(toUnixTimestamp(t), {step:UInt32}) * {step:UInt32}, 3, 'UTC')`,
    trendStep: `(intDiv(dateDiff('second', ${FROM}, ${TO}) + ${60 * seconds - 1}, ${60 * seconds}) * ${seconds})`,
    seconds: `(dateDiff('millisecond', ${FROM}, ${TO}) / 1000)`,
    filter: (param, column = param) => `(empty({${param}:Array(String)}) OR has({${param}:Array(String)}, ${column}))`,
    quantile: quantileSql,
    names: callOf(database, 'entity_names', ['workspace']),
    query(name, part = 'main') {
      const other = queries.get(name);
      if (other === undefined) throw new Error(`query ${q.name} uses unknown query ${name}`);
      return callOf(
        database,
        viewName(name, part, other.rollup === undefined ? 'raw' : grain),
        argsOf(context(database, rollups, queries, tables, other, grain), other, part),
      );
    },
  };
}

const sqlOf = (s: SqlContext, q: QueryDef, part: string): string => {
  const p = q.parts[part];
  if (p === undefined) throw new Error(`query ${q.name} has no part ${part}`);
  return p.sql(s).trim();
};

/** Names of the `{name:Type}` arguments in a view's text, in order of first use. */
function argsOf(s: SqlContext, q: QueryDef, part: string): string[] {
  return [...new Set([...sqlOf(s, q, part).matchAll(/\{(\w+):/g)].map((m) => m[1]!))];
}

/** `db.view(a={a:Type}, …)`: how a view is called with the arguments bound by name. */
export const callOf = (database: string, view: string, args: readonly string[]): string =>
  `${database}.${view}(${args.map((a) => `${a}={${a}:${argumentType(a)}}`).join(', ')})`;

/** Views that say how far the data go; no domain owns them. */
function systemViews(database: string, rollups: readonly Rollup[]): ViewDef[] {
  const coverage = rollups.flatMap((r) =>
    (Object.keys(GRAINS) as Grain[])
      .filter((g) => r.retentionDays[g] > 0)
      .map(
        (g) =>
          `SELECT '${r.name}' AS rollup, '${g}' AS grain, min(t) AS oldest, count() AS n FROM ${database}.${rollupTableName(r.name, g)}`,
      ),
  );
  return [
    {
      name: 'system_progress',
      // Rows of partitions that nobody has spoken for in a day belong to a topic that was taken out of service.
      sql: `SELECT min(p.complete_until) AS complete_until, min(p.updated_at) AS updated_at, sum(greatest(0, p.\`end\` - p.committed)) AS lag, count() AS partitions
FROM ${database}.progress_log AS p FINAL WHERE p.updated_at > now64(3, 'UTC') - INTERVAL 1 DAY HAVING partitions > 0`,
    },
    { name: 'system_coverage', sql: `SELECT rollup, grain, oldest FROM (${coverage.join(' UNION ALL ')}) WHERE n > 0` },
    {
      name: 'entity_names',
      // An alias that several entities answer to names none of them.
      sql: `SELECT a.kind AS kind, a.alias AS alias, any(a.entity) AS entity FROM ${database}.entity_aliases_1d AS a WHERE a.workspace = {workspace:String} GROUP BY a.kind, a.alias HAVING uniqExact(a.entity) = 1`,
    },
  ];
}

/** Everything readers need, in the order in which it must be created. */
export function buildViews(domains: readonly Domain[], database: string): { views: ViewDef[]; catalog: Catalog } {
  const rollupList: Rollup[] = [...allRollups(domains).map((r) => r.rollup), ...systemRollups];
  const rollups = new Map(rollupList.map((r) => [r.name, r]));
  const defs = new Map(domains.flatMap((d) => d.queries).map((q) => [q.name, q]));
  const declaredTables = allTables(domains);
  const tables = new Set(declaredTables.map((t) => t.name));
  const views = systemViews(database, rollupList);
  const queries: CatalogQuery[] = [];
  for (const d of domains) {
    for (const q of d.queries) {
      const rollup = q.rollup === undefined ? undefined : rollups.get(q.rollup);
      if (q.rollup !== undefined && rollup === undefined)
        throw new Error(`query ${q.name} names unknown rollup ${q.rollup}`);
      const grains: (Grain | 'raw')[] =
        rollup === undefined ? ['raw'] : (Object.keys(GRAINS) as Grain[]).filter((g) => rollup.retentionDays[g] > 0);
      const parts = Object.keys(q.parts).map((part): CatalogPart => {
        for (const grain of grains)
          views.push({
            name: viewName(q.name, part, grain),
            sql: sqlOf(context(database, rollups, defs, tables, q, grain), q, part),
          });
        const args = argsOf(context(database, rollups, defs, tables, q, grains[0]!), q, part);
        if (!args.includes('workspace')) throw new Error(`query ${q.name} part ${part} is not fenced to a workspace`);
        return {
          name: part,
          columns: Object.entries(q.parts[part]!.columns).map(([name, c]) => ({ name, ...c })),
          views: grains.map((g) => ({
            grain: g,
            seconds: g === 'raw' ? 0 : GRAINS[g],
            view: viewName(q.name, part, g),
          })),
          args,
        };
      });
      queries.push({
        name: q.name,
        domain: d.name,
        kind: q.kind,
        title: q.title,
        description: q.description,
        cacheSeconds: CACHE_SECONDS[q.cache],
        rollup: q.rollup ?? null,
        params: Object.entries(q.params ?? {}).map(([name, p]) => ({
          name,
          type: p.type,
          description: p.description,
          values: p.values ?? null,
        })),
        parts,
      });
    }
  }
  const declared = JSON.stringify([declaredTables, views, queries]);
  return {
    views,
    catalog: {
      version: 1,
      schema: createHash('sha256').update(declared).digest('hex').slice(0, 16),
      domains: domains.map(({ name, title, description }) => ({ name, title, description })),
      queries,
      system: { progress: 'system_progress', coverage: 'system_coverage' },
    },
  };
}
