/** Runs catalog queries: a name, a workspace and a range in, rows by part out. Holds no SQL but the call of a view. */
import { ClickHouseError } from '@clickhouse/client';
import type { Catalog, CatalogPart, CatalogQuery } from '../catalog/types';
import { callOf } from '../catalog/views';
import { ClickHouse, storeError, type ClickHouseConfig } from '../clickhouse/client';
import type { Column, QueryAnswer } from '../domains/define';
import { ShadowerError } from '../errors';
import type { Clock } from '../pipeline/ports';
import { resolveGrain, type Resolution } from './grain';

export interface QueryLimits {
  /** Rows of one part at most; what is beyond is cut off, and said so in `meta.truncated`. */
  maxRows: number;
  /** Time one part's SELECT may take on the server, seconds. */
  maxSeconds: number;
  /** Memory one part's SELECT may take on the server, bytes. */
  maxMemoryBytes: number;
  /** Points of a series when the caller names neither step, interval nor number. */
  defaultPoints: number;
  /** Values in one parameter. */
  maxParamValues: number;
}
export const QUERY_LIMITS: QueryLimits = {
  maxRows: 50_000,
  maxSeconds: 30,
  maxMemoryBytes: 2 * 1024 ** 3,
  defaultPoints: 500,
  maxParamValues: 1000,
};

export interface QueryRunnerConfig {
  clickhouse: ClickHouseConfig;
  limits?: Partial<QueryLimits>;
  clock?: Clock;
}

export interface QueryArgs {
  workspace: string;
  params?: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Seconds. */
  step?: number;
  intervalMs?: number;
  maxDataPoints?: number;
  /** Columns wanted; all by default. */
  columns?: readonly string[];
  /** One part of the query; all by default. */
  part?: string;
  limit?: number;
  /** Judges only complete steps: refuses (QUERY_INCOMPLETE, QUERY_LIMIT) where a panel would show a notice. */
  forAlert?: boolean;
  /** Gives up waiting for the answer, and with it the query. */
  signal?: AbortSignal;
}

export interface QueryRunner {
  /**
   * Throws QUERY_UNKNOWN, QUERY_BAD_PARAM, QUERY_TIMEOUT, QUERY_LIMIT, QUERY_INCOMPLETE, STORE_SCHEMA or
   * STORE_UNAVAILABLE.
   */
  run(name: string, args: QueryArgs): Promise<QueryAnswer>;
  /** The catalog as the database has it; at most 30 s old. */
  catalog(): Promise<Catalog>;
  close(): Promise<void>;
}

const CACHE_MS = 30_000;
/** Beyond it the processor is silent, and "complete until" says nothing about now. */
const PROGRESS_STALE_MS = 120_000;
/** Range of DateTime64 that every ClickHouse version reads. */
const MAX_TIME = Date.UTC(2200, 0, 1);

interface Progress {
  completeUntil: number;
  updatedAt: number;
}

/** Keeps one value for a while; callers that come meanwhile wait for the same request. A failure is not kept. */
function cached<T>(load: () => Promise<T>, clock: Clock): () => Promise<T> {
  let value: Promise<T> | undefined;
  let at = 0;
  return () => {
    if (value !== undefined && clock() - at < CACHE_MS) return value;
    at = clock();
    const loading = load();
    value = loading;
    loading.catch(() => {
      if (value === loading) value = undefined;
    });
    return loading;
  };
}

/** Server errors by which a SELECT ends at a limit of ours. */
function queryError(e: unknown, limits: QueryLimits): ShadowerError {
  if (e instanceof ClickHouseError) {
    if (e.code === '159' || e.code === '160')
      return new ShadowerError(
        'QUERY_TIMEOUT',
        `more than ${limits.maxSeconds} s; take a shorter range or a longer step`,
        { cause: e },
      );
    if (e.code === '241')
      return new ShadowerError(
        'QUERY_LIMIT',
        'the query needs more memory than it may take; take a shorter range or a longer step',
        { cause: e },
      );
    if (e.code === '60' || e.code === '81')
      return new ShadowerError('STORE_SCHEMA', `${e.message.slice(0, 300)}; run shadower migrate`, { cause: e });
  }
  if (e instanceof Error && e.message === 'Timeout error.')
    return new ShadowerError('QUERY_TIMEOUT', `no answer within ${limits.maxSeconds + 5} s`, { cause: e });
  return storeError(e);
}

const quote = (name: string): string => `\`${name.replace(/`/g, '``')}\``;
const timestamp = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** The value as the catalog types it: ClickHouse's comparisons are UInt8, and 64-bit numbers may come quoted. */
function plain(value: unknown, column: Column): unknown {
  if (value === null || value === undefined) return null;
  if (column.type === 'boolean') return typeof value === 'number' ? value !== 0 : value;
  if (column.type === 'number')
    return typeof value === 'string' ? Number(value) : typeof value === 'boolean' ? Number(value) : value;
  return value;
}

function partsOf(query: CatalogQuery, name: string | undefined): CatalogPart[] {
  if (name === undefined) return query.parts;
  const part = query.parts.find((p) => p.name === name);
  if (part === undefined)
    throw new ShadowerError(
      'QUERY_BAD_PARAM',
      `${query.name} has no part ${name}; its parts: ${query.parts.map((p) => p.name).join(', ')}`,
    );
  return [part];
}

function checkParams(query: CatalogQuery, params: QueryArgs['params'], limits: QueryLimits): void {
  const known = query.params.map((p) => p.name);
  for (const [name, values] of Object.entries(params ?? {})) {
    if (!known.includes(name))
      throw new ShadowerError(
        'QUERY_BAD_PARAM',
        `${query.name} has no parameter ${name}; ${known.length > 0 ? `its parameters: ${known.join(', ')}` : 'it has none'}`,
      );
    if (!Array.isArray(values) || values.some((v) => typeof v !== 'string'))
      throw new ShadowerError('QUERY_BAD_PARAM', `${name} takes a list of strings`);
    if (values.some((v: string) => v.includes('\0')))
      throw new ShadowerError('QUERY_BAD_PARAM', `a value of ${name} holds a NUL character`);
    if (values.length > limits.maxParamValues)
      throw new ShadowerError(
        'QUERY_BAD_PARAM',
        `${name} has ${values.length} values; the limit is ${limits.maxParamValues}`,
      );
  }
}

/** Whole number within [min, max], or undefined; anything else is QUERY_BAD_PARAM. */
function whole(name: string, value: number | undefined, min: number, max: number): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return value;
  throw new ShadowerError('QUERY_BAD_PARAM', `${name} is ${value}; it takes a whole number from ${min} to ${max}`);
}

export function createQueryRunner(config: QueryRunnerConfig): QueryRunner {
  const limits = { ...QUERY_LIMITS, ...config.limits };
  const clock = config.clock ?? Date.now;
  // The server ends a query by itself; the connection waits a little longer to hear about it.
  const clickhouse = new ClickHouse({
    ...config.clickhouse,
    timeoutMs: config.clickhouse.timeoutMs ?? (limits.maxSeconds + 5) * 1000,
  });
  const db = clickhouse.database;

  async function select<T>(query: string, params: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T[]> {
    try {
      // The client listens for the event only, and would run a query that was given up before it began.
      signal?.throwIfAborted();
      const result = await clickhouse.client.query({
        query,
        query_params: params,
        format: 'JSONEachRow',
        ...(signal ? { abort_signal: signal } : {}),
        clickhouse_settings: {
          // 2: reads only, and settings such as these may still be given.
          readonly: '2',
          max_execution_time: limits.maxSeconds,
          max_memory_usage: String(limits.maxMemoryBytes),
          output_format_json_quote_64bit_integers: 0,
          date_time_output_format: 'iso',
          wait_end_of_query: 1,
          cancel_http_readonly_queries_on_client_close: 1,
        },
      });
      return await result.json<T>();
    } catch (e) {
      if (signal?.aborted)
        throw new ShadowerError('QUERY_TIMEOUT', 'given up, since nobody waits for it any more', { cause: e });
      throw queryError(e, limits);
    }
  }

  const catalog = cached(async (): Promise<Catalog> => {
    const [row] = await select<{ json: string }>(`SELECT json FROM ${quote(db)}.catalog FINAL ORDER BY id LIMIT 1`);
    if (row === undefined) throw new ShadowerError('STORE_SCHEMA', `${db}.catalog is empty; run shadower migrate`);
    const value = JSON.parse(row.json) as Catalog;
    if (value.version !== 1)
      throw new ShadowerError(
        'STORE_SCHEMA',
        `the catalog has version ${String(value.version)}, this program reads version 1; update it`,
      );
    return value;
  }, clock);

  const coverage = cached(async (): Promise<Map<string, Map<string, number>>> => {
    const { system } = await catalog();
    const rows = await select<{ rollup: string; grain: string; oldest: string | null }>(
      `SELECT rollup, grain, oldest FROM ${quote(db)}.${quote(system.coverage)}`,
    );
    const result = new Map<string, Map<string, number>>();
    for (const r of rows) {
      if (r.oldest === null) continue;
      if (!result.has(r.rollup)) result.set(r.rollup, new Map());
      result.get(r.rollup)!.set(r.grain, Date.parse(r.oldest));
    }
    return result;
  }, clock);

  async function progress(signal: AbortSignal | undefined): Promise<Progress | undefined> {
    const { system } = await catalog();
    const [row] = await select<{ complete_until: string; updated_at: string }>(
      `SELECT complete_until, updated_at FROM ${quote(db)}.${quote(system.progress)}`,
      {},
      signal,
    );
    if (row === undefined) return undefined;
    const known = { completeUntil: Date.parse(row.complete_until), updatedAt: Date.parse(row.updated_at) };
    return known.completeUntil > 0 ? known : undefined;
  }

  async function readPart(
    part: CatalogPart,
    args: QueryArgs,
    r: Resolution,
    limit: number,
  ): Promise<{ rows: Record<string, unknown>[]; truncated: boolean }> {
    const view = part.views.find((v) => v.grain === r.view.grain);
    if (view === undefined)
      throw new ShadowerError(
        'STORE_SCHEMA',
        `part ${part.name} has no view of grain ${r.view.grain}; run shadower migrate`,
      );
    let columns = part.columns;
    if (args.columns !== undefined && args.columns.length > 0) {
      const unknown = args.columns.filter((c) => !part.columns.some((p) => p.name === c));
      if (unknown.length > 0)
        throw new ShadowerError(
          'QUERY_BAD_PARAM',
          `part ${part.name} has no column ${unknown.join(', ')}; its columns: ${part.columns.map((c) => c.name).join(', ')}`,
        );
      columns = part.columns.filter((c) => args.columns!.includes(c.name));
    }
    const values: Record<string, unknown> = {};
    for (const arg of part.args) {
      if (arg === 'workspace') values[arg] = args.workspace;
      else if (arg === 'from' || arg === 'to') values[arg] = timestamp(r[arg]);
      else if (arg === 'step') values[arg] = r.step;
      else values[arg] = args.params?.[arg] ?? [];
    }
    const list = columns.map((c) => quote(c.name)).join(', ');
    const rows = await select<Record<string, unknown>>(
      `SELECT ${list} FROM ${callOf(db, view.view, part.args)} LIMIT ${limit + 1}`,
      values,
      args.signal,
    );
    const truncated = rows.length > limit;
    if (truncated) rows.length = limit;
    for (const row of rows) for (const c of columns) row[c.name] = plain(row[c.name], c);
    return { rows, truncated };
  }

  return {
    catalog,
    async run(name, args) {
      const query = (await catalog()).queries.find((q) => q.name === name);
      if (query === undefined) throw new ShadowerError('QUERY_UNKNOWN', `${name}; GET /v1/catalog lists them`);
      checkParams(query, args.params, limits);
      const parts = partsOf(query, args.part);
      if (args.columns !== undefined && args.columns.length > 0 && parts.length > 1)
        throw new ShadowerError(
          'QUERY_BAD_PARAM',
          `columns go with one part; name one of ${parts.map((p) => p.name).join(', ')}`,
        );
      for (const [field, ms] of [
        ['from', args.from],
        ['to', args.to],
      ] as const)
        if (!Number.isFinite(ms) || ms < 0 || ms > MAX_TIME)
          throw new ShadowerError('QUERY_BAD_PARAM', `${field} lies outside 1970 to 2200`);
      const limit = whole('limit', args.limit, 1, limits.maxRows) ?? limits.maxRows;
      const step = whole('step', args.step, 1, 3650 * 86400) ?? 0;
      const intervalMs = whole('intervalMs', args.intervalMs, 0, Number.MAX_SAFE_INTEGER) ?? 0;
      const points =
        whole('maxDataPoints', args.maxDataPoints, 0, 1_000_000) ?? (intervalMs > 0 ? 0 : limits.defaultPoints);

      const [reach, known] = await Promise.all([query.rollup === null ? undefined : coverage(), progress(args.signal)]);
      if (args.forAlert && known !== undefined && clock() - known.updatedAt > PROGRESS_STALE_MS)
        throw new ShadowerError(
          'QUERY_INCOMPLETE',
          `the processor has been silent since ${new Date(known.updatedAt).toISOString()}, so an alert rule cannot judge the data; check that it runs`,
        );
      const r = resolveGrain({
        kind: query.kind,
        views: parts[0]!.views,
        oldest: (query.rollup !== null && reach?.get(query.rollup)) || new Map(),
        from: args.from,
        to: args.to,
        intervalMs,
        maxDataPoints: points,
        stepSeconds: step,
        forAlert: args.forAlert ?? false,
        completeUntil: known?.completeUntil ?? null,
      });
      const read = await Promise.all(parts.map((p) => readPart(p, args, r, limit)));
      const truncated = read.some((p) => p.truncated);
      if (truncated && args.forAlert)
        throw new ShadowerError(
          'QUERY_LIMIT',
          `more than ${limit} rows, and an alert rule must see all of them; narrow it with parameters`,
        );
      return {
        parts: Object.fromEntries(parts.map((p, i) => [p.name, read[i]!.rows])),
        meta: {
          query: name,
          grain: r.view.grain,
          step: r.step,
          from: r.from,
          to: r.to,
          completeUntil: known?.completeUntil ?? null,
          truncated,
        },
      };
    },
    close: () => clickhouse.close(),
  };
}
