/**
 * The domain contract. A domain folder declares everything about its domain with these; schemas, DDL, views, catalog,
 * dashboards, alert rules and reference docs are derived from it (`npm run generate`).
 */
import { z } from 'zod';

// ---------------------------------------------------------------- time grains

export const GRAINS = { '1m': 60, '1h': 3600, '1d': 86400 } as const;
export type Grain = keyof typeof GRAINS;
export const GRAIN_NAMES = Object.keys(GRAINS) as Grain[];

// ---------------------------------------------------------------- event fields

/** Metadata every event field carries, kept in zod's registry so that the schema stays the one declaration. */
export interface FieldMeta {
  description: string;
  /** ClickHouse column type of the raw table. */
  column: string;
  /** Grafana unit id, where the field is a quantity. */
  unit?: string;
  [key: string]: unknown;
}

const meta = <T extends z.ZodType>(schema: T, m: FieldMeta): T => schema.meta(m) as T;

// Control characters separate the parts of keys inside the pipeline, so no part may hold one.
const identifier = () =>
  z
    .string()
    .min(1)
    .max(256)
    .regex(/^\P{Cc}+$/u, 'holds a control character');

/** Field builders. `.optional()` may follow each: a missing number is stored as NULL, a missing string as ''. */
export const field = {
  /** Identifier-like string: 1 to 256 characters, none of them a control character; dictionary-encoded. */
  name: (description: string) => meta(identifier(), { description, column: 'LowCardinality(String)' }),
  /** High-cardinality identifier, likewise. */
  id: (description: string) => meta(identifier(), { description, column: 'String' }),
  /** Free text up to `max` characters. */
  text: (description: string, max = 4096) => meta(z.string().max(max), { description, column: 'String' }),
  choice: <const V extends readonly [string, ...string[]]>(values: V, description: string) =>
    meta(z.enum(values), { description, column: 'LowCardinality(String)' }),
  /** Whole number ≥ 0. */
  count: (description: string, unit = 'short') =>
    meta(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER), { description, column: 'UInt64', unit }),
  /** Finite number within [min, max]. */
  number: (description: string, unit: string, min = 0, max = 1e15) =>
    meta(z.number().min(min).max(max), { description, column: 'Float64', unit }),
  flag: (description: string) => meta(z.boolean(), { description, column: 'Bool' }),
};

/** Fields that every event has. `time` is ISO 8601 with an offset, or milliseconds since the epoch. */
export const envelope = {
  type: z.string(),
  event_id: z.string().min(1).max(256).optional(),
  time: z.union([z.iso.datetime({ offset: true }), z.number().int().min(0).max(8.64e15)]),
  workspace: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
};

type PrivacyCategory = 'operational' | 'personal' | 'security' | 'financial';

export interface EventDef<S extends z.ZodRawShape = z.ZodRawShape> {
  /** `<domain>.<name>`; the Kafka topic is `<prefix>.<type>`, the raw table `raw_<domain>_<name>`. */
  type: string;
  title: string;
  description: string;
  privacy: PrivacyCategory;
  /** Days that raw events are kept, from insertion. 0 switches the raw table off. */
  rawRetentionDays: number;
  fields: S;
  /** The whole event: envelope and fields, unknown keys refused. */
  schema: z.ZodObject<typeof envelope & S>;
  example: z.input<z.ZodObject<typeof envelope & S>>;
}

/** An event after validation: `time` in milliseconds, optional fields still optional. */
export type EventOf<E> =
  E extends EventDef<infer S> ? Omit<z.output<z.ZodObject<typeof envelope & S>>, 'time'> & { time: number } : never;

export function event<const S extends z.ZodRawShape>(def: Omit<EventDef<S>, 'schema'>): EventDef<S> {
  return { ...def, schema: z.strictObject({ ...envelope, type: z.literal(def.type), ...def.fields }) as never };
}

// ---------------------------------------------------------------- rollups

export interface Dimension<E> {
  value: (e: E) => string;
  description: string;
}
/**
 * A mergeable measure. A value of undefined or null adds nothing. `histogram` keeps log-spaced buckets (relative
 * error ≤ 2 %), sum, count and maximum; every other kind is one column.
 */
export interface Measure<E> {
  kind: 'count' | 'sum' | 'max' | 'min' | 'histogram';
  value: (e: E) => number | null | undefined;
  unit: string;
  description: string;
  /** Every value is a whole number, so the column can be one and adds up exactly. */
  integer?: true;
  /**
   * Values that enter a sum (or a histogram's sum) are rounded to multiples of 2^-resolution, so that sums are exact and
   * independent of the order of addition up to 2^(53-resolution). 14 where the unit is `ms`, 30 for currencies, else 20.
   */
  resolution?: number;
}
export interface RollupDef<E = never> {
  /** Table name without grain suffix, prefixed with the domain's name. */
  name: string;
  title: string;
  event: string;
  where?: (e: E) => boolean;
  dimensions: Readonly<Record<string, Dimension<E>>>;
  measures: Readonly<Record<string, Measure<E>>>;
  retentionDays: Readonly<Record<Grain, number>>;
}

export const DEFAULT_RETENTION: Record<Grain, number> = { '1m': 30, '1h': 400, '1d': 1500 };

export function rollup<S extends z.ZodRawShape>(
  event: EventDef<S>,
  def: Omit<RollupDef<EventOf<EventDef<S>>>, 'event' | 'retentionDays'> & { retentionDays?: Record<Grain, number> },
): RollupDef<never> {
  return { retentionDays: DEFAULT_RETENTION, ...def, event: event.type } as unknown as RollupDef<never>;
}

// ---------------------------------------------------------------- queries

type ColumnType = 'time' | 'string' | 'number' | 'boolean';
export interface Column {
  type: ColumnType;
  /** Grafana unit id (`ms`, `percentunit`, `reqps`, `short`, `bytes`, `currencyUSD` …). */
  unit?: string;
  description: string;
  /** A dimension becomes a label of a series; a measure a value. `time` has neither. */
  role?: 'dimension' | 'measure';
  /** Fixed colour for `arc__*` columns of graph nodes. */
  color?: string;
}

interface QueryParam {
  description: string;
  /** Every parameter is a list of strings; empty means all. */
  type: 'string[]';
  /** Query of kind `values` that lists the choices. */
  values?: string;
}

/** What a definition may ask for while its SQL is written, once per grain. */
export interface SqlContext {
  grain: Grain | 'raw';
  grainSeconds: number;
  /**
   * `db.table_<grain>` of a rollup (at this or a named grain), the raw table of an event type, or a system table.
   * Throws where there is no such table.
   */
  table(name: string, grain?: Grain | 'raw'): string;
  /** The range's ends as expressions. */
  from: string;
  to: string;
  /** Rows of this workspace with `from <= t < to`; the standard fence, required in every view. */
  scope: string;
  /** The same for the period of equal length before. */
  previousScope: string;
  /** Length of the range in seconds. */
  seconds: string;
  /** Step of about 60 points over the range, in seconds, a multiple of the grain; for views that have no `step`. */
  trendStep: string;
  /** Start of the step that `t` lies in, as DateTime64(3,'UTC'). */
  bucket: string;
  /** `param` is empty or has `column`. */
  filter(param: string, column?: string): string;
  /** Quantile of a merged histogram expression; NULL when it is empty. */
  quantile(q: number, histogram: string, max?: string): string;
  /** The view that resolves aliases: columns kind, alias, entity. */
  names: string;
  /** Call of another query's part with the same workspace, range, step and parameters. */
  query(name: string, part?: string): string;
}

export interface QueryPart {
  columns: Readonly<Record<string, Column>>;
  sql: (s: SqlContext) => string;
}

/**
 * timeseries: `time`, dimensions, measures. table: any columns. graph: parts `nodes` and `edges`.
 * scorecard: parts `scores`, `terms`, `trend`. values: one column `value` (and optional `label`).
 */
export type QueryKind = 'timeseries' | 'table' | 'graph' | 'scorecard' | 'values';

/** Cache classes and their seconds, from the unified-analytics document §5. Alert rules are never served from a cache. */
export const CACHE_SECONDS = {
  userAnalytics: 300,
  systemMetrics: 60,
  mlPerformance: 600,
  correlations: 1800,
  insights: 900,
} as const;
type CacheClass = keyof typeof CACHE_SECONDS;

export interface QueryDef {
  /** `<domain>_<what>`; also the prefix of the views. */
  name: string;
  kind: QueryKind;
  title: string;
  description: string;
  cache: CacheClass;
  /** Rollup that decides which grains exist; left out for queries over raw tables. */
  rollup?: string;
  params?: Readonly<Record<string, QueryParam>>;
  parts: Readonly<Record<string, QueryPart>>;
}

// ---------------------------------------------------------------- health

/**
 * One term of a health score. `value` is an expression over the columns that the domain's query gives the model per
 * entity; NULL means unknown. A term loses nothing at `good`, its whole weight at `bad`, linear between.
 */
export interface HealthTerm {
  name: string;
  title: string;
  weight: number;
  value: string;
  unit: string;
  good: number;
  bad: number;
  /** While the value is above (for bad > good) this, the score cannot exceed the cap. */
  gate?: { above: number; cap: number };
  /** Whether not knowing the value makes the score less certain. */
  required: boolean;
  /** What may follow while the term loses points; one sentence for whoever is paged. */
  risk?: string;
  /** What to do about it, and how much work that is. */
  remedy?: { action: string; effort: 'low' | 'medium' | 'high' };
  /** What the value can be checked against: a query, its column, and its parameter that takes the entity's name. */
  evidence?: { query: string; column: string; filter: string };
}
export interface HealthModel {
  terms: readonly HealthTerm[];
  /** Lowest scores of the statuses; below `degraded` is critical. */
  statuses: { healthy: number; degraded: number };
  /** Condition under which the entity is offline rather than critical. */
  offline: string;
}

// ---------------------------------------------------------------- alerts, dashboards, routes

export interface AlertDef {
  /** Stable; part of the rule's uid. */
  name: string;
  title: string;
  query: string;
  /** Query whose panel shows the column, where that is another one. */
  shownBy?: string;
  params?: Record<string, string[]>;
  column: string;
  /** Reduction of each series over the window before it is compared. */
  reduce: 'last' | 'max' | 'mean' | 'min' | 'sum';
  condition: { op: 'gt' | 'lt'; value: number };
  /** Length of the window, the step of its points and how long the condition must hold, in seconds. */
  windowSeconds: number;
  stepSeconds: number;
  forSeconds: number;
  severity: 'critical' | 'warning' | 'info';
  /** What it means that there is no series at all: unknown (the default, state NoData) or that all is well. */
  absence?: 'unknown' | 'fine';
  summary: string;
  /** What to look at and what to do, markdown. */
  runbook: string;
  dashboard: string;
}

/** Steps of colour: each from its `value` up; the first has `null`. */
export type Thresholds = readonly { value: number | null; color: string }[];
/** Text and colour that stand for a value (of a state, a class, a status). */
export type ValueMappings = Readonly<Record<string, { text?: string; color: string }>>;

/**
 * A way from here to another dashboard of ours. It carries the time range, the datasource, and whatever variables both
 * dashboards have. With `variables` it is a link on values: those variables get the value of a column of what was clicked.
 */
export interface LinkDef {
  title: string;
  /** Name of the dashboard. */
  dashboard: string;
  /** Variable of that dashboard → column of this panel. Left out, the link stands in the panel's head. */
  variables?: Readonly<Record<string, string>>;
  /** Column of a table that is clicked; left out, it is the first of those in `variables`. Charts link from every value. */
  column?: string;
}

/** How a column of a table, or (`color`, `thresholds`, `mappings`) a series of a chart looks. */
export interface ColumnStyle {
  cell?: 'color-text' | 'color-background' | 'gauge';
  /** Of long text: broken into lines. */
  wrap?: true;
  /** Pixels; left out, text shares what is left. */
  width?: number;
  color?: string;
  thresholds?: Thresholds;
  mappings?: ValueMappings;
}

interface PanelBase {
  title: string;
  description: string;
  /** Grid width (of 24) and height. */
  w: number;
  h: number;
  /** Options of Grafana's panel that are set over what the generator chooses. */
  options?: Record<string, unknown>;
}
/** Kinds of panel that draw a query (docs/adding-a-domain.md says what of). */
export type QueryPanelKind =
  | 'timeseries'
  | 'stat'
  | 'table'
  | 'piechart'
  | 'barchart'
  | 'bargauge'
  | 'heatmap'
  | 'state-timeline'
  | 'graph'
  | 'scorecard';
export interface QueryPanelDef extends PanelBase {
  kind: QueryPanelKind;
  query: string;
  part?: string;
  columns?: string[];
  params?: Record<string, string[]>;
  unit?: string;
  thresholds?: Thresholds;
  /** Text and colour of values, in all columns. */
  mappings?: ValueMappings;
  styles?: Readonly<Record<string, ColumnStyle>>;
  /** Of a timeseries panel: lines (the default), bars, or bars on top of each other. */
  draw?: 'lines' | 'bars' | 'stacked';
  /** Turns a table into a matrix: one row and one column per value of these columns. They must be all its dimensions. */
  pivot?: { rows: string; columns: string; value: string };
  links?: readonly LinkDef[];
}
export interface TextPanelDef extends PanelBase {
  kind: 'text';
  /** Markdown. */
  content: string;
}
export type PanelDef = QueryPanelDef | TextPanelDef;

/** A variable whose choices a query of kind `values` lists. */
export interface VariableDef {
  name: string;
  label: string;
  /** Left out, it is the query's. */
  description?: string;
  query: string;
  /** Parameters of that query; `$name` of a variable before this one chains them. */
  params?: Record<string, string[]>;
  /** Several values at a time (the default), and "All", which asks for no filter. */
  multi?: boolean;
  all?: boolean;
  /** First choice; left out, All, or the first there is. */
  default?: string;
}
/** Marks on all time axes of a dashboard: rows of a table with columns `time` and `title`, e.g. findings. */
export interface AnnotationDef {
  name: string;
  query: string;
  params?: Record<string, string[]>;
  color: string;
}
export interface DashboardDef {
  /** File name and uid suffix. */
  name: string;
  title: string;
  description: string;
  tags: string[];
  variables: VariableDef[];
  /** Time range that it opens with, back from now; the last hour if left out. */
  from?: string;
  /** Links to all dashboards that have these tags, beside the menu of all of ours. */
  links?: { title: string; tags: string[] }[];
  annotations?: AnnotationDef[];
  /** A collapsed row asks for nothing until it is opened. */
  rows: { title: string; panels: PanelDef[]; collapsed?: boolean }[];
}

interface RouteContext {
  /** Runs a catalog query inside the caller's workspace. */
  query(
    name: string,
    args: { params?: Record<string, string[]>; from: number; to: number; step?: number },
  ): Promise<QueryAnswer>;
  /** Runs the probes that are configured for an entity. Throws NOT_FOUND without any, RATE_LIMITED and BUSY beyond the limits. */
  probe(entity: string, suite: string): Promise<ProbeOutcome>;
  /** Appends events of the caller's workspace to the log; durable when it resolves. */
  append(events: readonly Record<string, unknown>[]): Promise<void>;
  now: number;
}
/** What a run of probes found: one result per test, one row of facts per target (`probe/runner.ts`). */
export interface ProbeOutcome {
  results: readonly {
    target: string;
    endpoint?: string;
    method: string;
    test_type: string;
    test_name: string;
    result: 'passed' | 'failed' | 'error' | 'skipped';
    duration_ms: number;
    code?: string;
    message?: string;
  }[];
  facts: readonly {
    target: string;
    ok: boolean;
    error_code?: string;
    dns_ms?: number;
    latency_ms?: number;
    tls_valid?: boolean;
    /** Seconds since the epoch. */
    tls_expires_at?: number;
  }[];
}
/** Rows by part, and how the numbers came about. */
export interface QueryAnswer {
  parts: Record<string, Record<string, unknown>[]>;
  meta: {
    query: string;
    grain: string;
    step: number;
    from: number;
    to: number;
    completeUntil: number | null;
    truncated: boolean;
  };
}
export interface RouteDef<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject> {
  method: 'GET' | 'POST';
  /** Fastify path with `:params`. */
  path: string;
  /** Scope that credentials need; `query` if left out. */
  scope?: 'query' | 'test';
  summary: string;
  params: P;
  querystring: Q;
  response: z.ZodType;
  handle(ctx: RouteContext, params: z.output<P>, query: z.output<Q>): Promise<unknown>;
}
export const route = <P extends z.ZodObject, Q extends z.ZodObject>(def: RouteDef<P, Q>): RouteDef =>
  def as unknown as RouteDef;

// ---------------------------------------------------------------- OpenTelemetry spans

/** A span with its resource, attributes flattened to plain values. Times in milliseconds with fraction. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  startMs: number;
  endMs: number;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string;
  attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  resource: Readonly<Record<string, string | number | boolean | undefined>>;
  scope: string;
}
/** Either events of this domain, or the named reason why the span is none of its business. */
export type SpanMapping = (span: Span) => { events: Record<string, unknown>[] } | { ignored: string };

// ---------------------------------------------------------------- shared vocabulary

interface EntityRef {
  kind: string;
  id: string;
}
/** One observation of (or declaration about) an edge between two entities. */
export interface EdgeSource<E = never> {
  event: string;
  edge: (e: E) => null | {
    source: EntityRef;
    target: EntityRef;
    relation: string;
    origin: 'observed' | 'declared';
    calls?: number;
    errors?: number;
    latencyMs?: number;
    bytes?: number;
    criticality?: number;
  };
}
/** Another id under which an entity is known to its callers; resolved when queried. */
export interface AliasSource<E = never> {
  event: string;
  alias: (e: E) => null | { kind: string; alias: string; entity: string };
}
export const edgeFrom = <S extends z.ZodRawShape>(
  event: EventDef<S>,
  edge: EdgeSource<EventOf<EventDef<S>>>['edge'],
): EdgeSource => ({ event: event.type, edge }) as unknown as EdgeSource;
export const aliasFrom = <S extends z.ZodRawShape>(
  event: EventDef<S>,
  alias: AliasSource<EventOf<EventDef<S>>>['alias'],
): AliasSource => ({ event: event.type, alias }) as unknown as AliasSource;

// ---------------------------------------------------------------- demo data

/** Makes believable events for one moment; deterministic for a seed. `incident` is 0 (calm) to 1 (full incident). */
export interface DemoSource {
  /**
   * Events of the interval [from, to) in milliseconds. Put the time into the ids: `random` starts anew each second, so
   * that its numbers alone may come again.
   */
  events(from: number, to: number, random: () => number, incident: number): Record<string, unknown>[];
  /**
   * Facts of the days before `until`, sent once before the first interval: bills, inventories, what was found long ago. At most
   * DEMO_HISTORY_DAYS old.
   */
  history?(until: number, random: () => number): Record<string, unknown>[];
}
/** How old the facts of a demo may be; its intake takes them, whatever the lateness is set to. */
export const DEMO_HISTORY_DAYS = 150;

// ---------------------------------------------------------------- the domain

export interface Domain {
  name: string;
  title: string;
  description: string;
  events: readonly EventDef[];
  rollups: readonly RollupDef<never>[];
  edges?: readonly EdgeSource[];
  aliases?: readonly AliasSource[];
  queries: readonly QueryDef[];
  alerts: readonly AlertDef[];
  dashboards: readonly DashboardDef[];
  routes: readonly RouteDef[];
  spans?: SpanMapping;
  demo?: DemoSource;
}

export const domain = (d: Domain): Domain => d;

/** One topic of a domain that is too large for a single set of files: what a domain declares, without its name. */
export type DomainPart = Partial<Omit<Domain, 'name' | 'title' | 'description' | 'spans'>>;

/** A domain made of parts, each in a folder of its own. Their order is that of the catalog and of the dashboards. */
export function compose(
  d: Pick<Domain, 'name' | 'title' | 'description' | 'spans'>,
  parts: readonly DomainPart[],
): Domain {
  const all = <K extends keyof DomainPart>(key: K): NonNullable<DomainPart[K]>[] =>
    parts.flatMap((p) => (p[key] === undefined ? [] : [p[key]]));
  const demos = all('demo');
  return {
    ...d,
    events: all('events').flat(),
    rollups: all('rollups').flat(),
    edges: all('edges').flat(),
    aliases: all('aliases').flat(),
    queries: all('queries').flat(),
    alerts: all('alerts').flat(),
    dashboards: all('dashboards').flat(),
    routes: all('routes').flat(),
    demo: {
      events: (...args) => demos.flatMap((demo) => demo.events(...args)),
      history: (...args) => demos.flatMap((demo) => demo.history?.(...args) ?? []),
    },
  };
}
