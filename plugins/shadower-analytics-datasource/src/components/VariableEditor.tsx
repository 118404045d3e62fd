import React from 'react';
import { type QueryEditorProps } from '@grafana/data';
import { Stack } from '@grafana/ui';
import { findFaults } from '../catalog';
import { type DataSource } from '../datasource';
import { migrateQuery } from '../migrate';
import { type CatalogQuery, SCHEMA_VERSION, type ShadowerJsonData, type ShadowerQuery } from '../types';
import { LoadError } from './LoadError';
import { ParamField } from './ParamField';
import { QueryPicker } from './QueryPicker';
import { useCatalog } from './useCatalog';

type Props = QueryEditorProps<DataSource, ShadowerQuery, ShadowerJsonData>;

const forVariables = (q: CatalogQuery) => q.kind === 'values';

/** Chooses what a template variable lists; parameters may hold other variables, which chains them. */
export function VariableEditor({ datasource, query: saved, onChange, range }: Props) {
  const query = migrateQuery(saved);
  const { catalog, error } = useCatalog(datasource);
  if (error) {
    return <LoadError error={error} />;
  }
  const change = (next: Partial<ShadowerQuery>) =>
    onChange({ ...query, ...next, refId: query.refId || 'variable', schemaVersion: SCHEMA_VERSION });
  const definition = catalog?.queries.find((q) => q.name === query.query);
  return (
    <Stack direction="column" gap={2}>
      <QueryPicker
        catalog={catalog}
        value={query.query ?? ''}
        error={catalog ? findFaults(query, catalog).query : undefined}
        accept={forVariables}
        onChange={(name) => change({ query: name, params: {} })}
      />
      {catalog &&
        definition?.params.map((param) => (
          <ParamField
            key={param.name}
            datasource={datasource}
            catalog={catalog}
            param={param}
            query={query}
            range={range}
            onChange={(values) => change({ params: { ...query.params, [param.name]: values } })}
          />
        ))}
    </Stack>
  );
}
