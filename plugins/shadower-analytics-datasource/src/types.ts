import { type DataQuery, type DataSourceJsonData } from '@grafana/data';

/** Version of the query model that is written today; the backend refuses others. */
export const SCHEMA_VERSION = 1;

/** A saved query. It says what is asked; formulas live in ClickHouse views, the workspace in the datasource. */
export interface ShadowerQuery extends DataQuery {
  schemaVersion: typeof SCHEMA_VERSION;
  query: string;
  /** Lists of values, or template variables; a missing or empty list means all. */
  params?: Record<string, string[]>;
  /** Measures (time series) or columns (tables); empty means all. */
  columns?: string[];
  /** One part of a graph or scorecard, as a table. */
  part?: string;
  /** Distance of points in seconds; 0 follows the time range. */
  stepSeconds?: number;
  /** Most rows per part; 0 is the datasource's limit. */
  limit?: number;
}

export interface ShadowerJsonData extends DataSourceJsonData {
  database?: string;
  workspace?: string;
  rowLimit?: number;
  timeoutSeconds?: number;
  maxConcurrentQueries?: number;
  responseLimitMiB?: number;
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
