/**
 * The catalog as it is stored in ClickHouse (table `catalog`, column `json`) and read by the Go backend, the query
 * editor and the HTTP API. It is written by `shadower migrate`, so it always describes the schema that is there.
 */
import type { Column, QueryKind } from '../domains/define';

export interface Catalog {
  /** Shape of this document. A reader refuses a version it does not know. */
  version: 1;
  /** Version of the schema the views were made from (hash of all declarations). */
  schema: string;
  domains: { name: string; title: string; description: string }[];
  queries: CatalogQuery[];
  /** Views that say how far the data go (columns in docs/architecture.md). */
  system: { progress: string; coverage: string };
}

export interface CatalogQuery {
  name: string;
  domain: string;
  kind: QueryKind;
  title: string;
  description: string;
  cacheSeconds: number;
  /** Table name (without grain) in the coverage view; null for queries over raw events. */
  rollup: string | null;
  params: { name: string; type: 'string[]'; description: string; values: string | null }[];
  parts: CatalogPart[];
}

export interface CatalogPart {
  name: string;
  columns: ({ name: string } & Column)[];
  /** One view per grain, finest first. `seconds` is 0 for raw. */
  views: { grain: string; seconds: number; view: string }[];
  /** View parameters to be bound, of: workspace, from, to, step and the query's own. */
  args: string[];
}
