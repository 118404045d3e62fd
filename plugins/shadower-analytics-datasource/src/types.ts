import { type DataQuery, type DataSourceJsonData } from '@grafana/data';

/** Version of the query model that is written today; older ones are migrated (migrate.ts), newer ones refused. */
export const SCHEMA_VERSION = 2;

/** How a question is asked; a query without a mode is of the catalog. */
export type QueryMode = 'sql' | 'logs';
export type SqlFormat = 'table' | 'timeseries' | 'logs';

/** = and != with one value, =| and !=| with several, =~ and !~ with a regular expression for the whole value. */
export interface Filter {
  key: string;
  operator: string;
  values: string[];
}

/** A saved query. It says what is asked; formulas live in ClickHouse views, the workspace in the datasource. */
export interface ShadowerQuery extends DataQuery {
  schemaVersion: typeof SCHEMA_VERSION;
  mode?: QueryMode;
  /** Name of a query of the catalog. */
  query: string;
  /** Lists of values, or template variables; a missing or empty list means all. */
  params?: Record<string, string[]>;
  filters?: Filter[];
  /** The dashboard's ad hoc filters; filled in when the query runs, never saved. */
  adHoc?: Filter[];
  /** Measures (time series) or columns (tables); empty means all. */
  columns?: string[];
  /** One part of a graph or scorecard, as a table. */
  part?: string;
  /** Distance of points in seconds; 0 follows the time range. */
  stepSeconds?: number;
  /** Most rows per part; 0 is the datasource's limit. */
  limit?: number;
  /** The series or rows with the largest values of a measure. */
  top?: { n: number; by: string };
  sql?: string;
  format?: SqlFormat;
  /** Table of events for logs, and a text that their lines must hold. */
  table?: string;
  search?: string;
  /** Streamed through Grafana Live instead of asked for at each refresh. */
  live?: boolean;
}

export interface ShadowerJsonData extends DataSourceJsonData {
  database?: string;
  workspace?: string;
  rowLimit?: number;
  timeoutSeconds?: number;
  maxConcurrentQueries?: number;
  responseLimitMiB?: number;
  /** Absent means on. */
  cache?: boolean;
  /** Absent means on. */
  logUser?: boolean;
  traceDatasourceUid?: string;
  traceDatasourceType?: string;
  traceUrl?: string;
  tlsSkipVerify?: boolean;
  tlsAuthWithCACert?: boolean;
  tlsAuth?: boolean;
  serverName?: string;
  enableSecureSocksProxy?: boolean;
}

export interface ShadowerSecureJsonData {
  password?: string;
  tlsCACert?: string;
  tlsClientCert?: string;
  tlsClientKey?: string;
}

export type QueryKind = 'timeseries' | 'table' | 'graph' | 'scorecard' | 'values';

export interface CatalogColumn {
  name: string;
  type: 'time' | 'string' | 'number' | 'boolean';
  unit?: string;
  description: string;
  role?: 'dimension' | 'measure';
}

export interface CatalogPart {
  name: string;
  columns: CatalogColumn[];
  views: Array<{ grain: string; seconds: number; view: string }>;
  args: string[];
}

export interface CatalogParam {
  name: string;
  description: string;
  /** Query of kind `values` that lists the choices. */
  values: string | null;
}

export interface CatalogQuery {
  name: string;
  domain: string;
  kind: QueryKind;
  title: string;
  description: string;
  params: CatalogParam[];
  parts: CatalogPart[];
}

/** What the backend answers at `/catalog`: just the fields that the editors read. */
export interface Catalog {
  version: number;
  schema: string;
  domains: Array<{ name: string; title: string; description: string }>;
  queries: CatalogQuery[];
}

/** What the backend answers at `/values`. */
export interface Suggestions {
  values: Array<{ value: string; label?: string }>;
  truncated: boolean;
}

/** What the backend answers at `/schema`. */
export interface SqlSchema {
  tables: Array<{ name: string; columns: Array<{ name: string; type: string }>; events: boolean }>;
  /** Functions that SQL may call, in lower case. */
  functions: string[];
}
