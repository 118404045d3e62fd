/** How generated files ask our datasource. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type * as common from '@grafana/grafana-foundation-sdk/common';
import { DATASOURCE_TYPE, QUERY_SCHEMA_VERSION } from './names';

/** The datasource that the dashboard's variable `ds` picks. */
export const ref: common.DataSourceRef = { type: DATASOURCE_TYPE, uid: '${ds}' };

interface Query {
  query: string;
  params?: Readonly<Record<string, readonly string[]>>;
  columns?: readonly string[];
  part?: string;
}

/** What a panel's target, an alert rule's query and a variable's query have in common. */
export function queryModel(q: Query): Record<string, unknown> {
  return {
    schemaVersion: QUERY_SCHEMA_VERSION,
    query: q.query,
    ...(q.params === undefined ? {} : { params: q.params }),
    ...(q.columns === undefined ? {} : { columns: q.columns }),
    ...(q.part === undefined ? {} : { part: q.part }),
  };
}

export const target = (q: Query): Builder<Dataquery> => ({
  build: () => ({ refId: 'A', datasource: ref, ...queryModel(q) }) as unknown as Dataquery,
});
