import React, { useId } from 'react';
import { type QueryEditorProps } from '@grafana/data';
import { Alert, Combobox, Field, MultiCombobox, Stack } from '@grafana/ui';
import { choosableColumns, chosenPart, findFaults, unitName } from '../catalog';
import { type DataSource } from '../datasource';
import { type CatalogQuery, SCHEMA_VERSION, type ShadowerJsonData, type ShadowerQuery } from '../types';
import { NumberField } from './NumberField';
import { ParamField } from './ParamField';
import { QueryPicker } from './QueryPicker';
import { useCatalog } from './useCatalog';

type Props = QueryEditorProps<DataSource, ShadowerQuery, ShadowerJsonData>;

const WHOLE_ANSWER = '';
const forPanels = (q: CatalogQuery) => q.kind !== 'values';

/** Chooses one query of the catalog and what it should cover. */
export function QueryEditor({ datasource, query, onChange, onRunQuery, range }: Props) {
  const { catalog, error } = useCatalog(datasource);
  const ids = { part: useId(), columns: useId() };

  const change = (next: Partial<ShadowerQuery>) => {
    onChange({ ...query, ...next, schemaVersion: SCHEMA_VERSION });
    onRunQuery();
  };

  if (error) {
    return (
      <Alert severity="error" title="The catalog cannot be read">
        {error}
      </Alert>
    );
  }

  const definition = catalog?.queries.find((q) => q.name === query.query);
  const part = chosenPart(definition, query);
  const faults = catalog ? findFaults(query, catalog) : { params: {} };
  const stepped = definition?.kind === 'timeseries';

  return (
    <Stack direction="column" gap={2}>
      <QueryPicker
        catalog={catalog}
        value={query.query}
        error={faults.query}
        accept={forPanels}
        // Parameters of the same name mean the same thing everywhere, so they are kept; columns and parts are not.
        onChange={(name) => {
          const known = catalog?.queries.find((q) => q.name === name)?.params ?? [];
          const params = Object.entries(query.params ?? {}).filter(([key]) => known.some((p) => p.name === key));
          change({ query: name, params: Object.fromEntries(params), columns: undefined, part: undefined });
        }}
      />

      {catalog && definition && (
        <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
          {definition.params.map((param) => (
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
      )}

      {Object.entries(faults.params).map(([name, text]) => (
        <Alert
          key={name}
          severity="warning"
          title={text}
          buttonContent="Remove it"
          onRemove={() => {
            const { [name]: _, ...params } = query.params ?? {};
            change({ params });
          }}
        />
      ))}

      {definition && (
        <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
          {definition.parts.length > 1 && (
            <Field
              label="Part"
              description="The whole answer for graph and scorecard panels; one part for tables and alert rules."
              htmlFor={ids.part}
              invalid={Boolean(faults.part)}
              error={faults.part}
              noMargin
            >
              <Combobox
                id={ids.part}
                aria-label="Part"
                width={25}
                options={[
                  { value: WHOLE_ANSWER, label: 'Whole answer' },
                  ...definition.parts.map((p) => ({ value: p.name, label: p.name })),
                ]}
                value={query.part ?? WHOLE_ANSWER}
                onChange={(option) => change({ part: option.value || undefined, columns: undefined })}
              />
            </Field>
          )}
          {part && (
            <Field
              label={stepped ? 'Measures' : 'Columns'}
              description="Empty for all"
              htmlFor={ids.columns}
              invalid={Boolean(faults.columns)}
              error={faults.columns}
              noMargin
            >
              <MultiCombobox
                id={ids.columns}
                aria-label={stepped ? 'Measures' : 'Columns'}
                width="auto"
                minWidth={25}
                maxWidth={80}
                isClearable
                placeholder="All"
                options={choosableColumns(definition, part).map((c) => ({
                  value: c.name,
                  label: c.name,
                  description: [c.description, unitName(c.unit)].filter(Boolean).join(' · '),
                }))}
                value={(query.columns ?? []).map((c) => ({ value: c, label: c }))}
                onChange={(options) =>
                  change({ columns: options.length > 0 ? options.map((o) => o.value) : undefined })
                }
              />
            </Field>
          )}
          {stepped && (
            <NumberField
              label="Step"
              description="Distance of points"
              placeholder="Automatic"
              suffix="s"
              value={query.stepSeconds}
              error={faults.step}
              onChange={(stepSeconds) => change({ stepSeconds })}
            />
          )}
          <NumberField
            label="Row limit"
            description="Most rows per part"
            placeholder="Datasource"
            value={query.limit}
            error={faults.limit}
            onChange={(limit) => change({ limit })}
          />
        </Stack>
      )}
    </Stack>
  );
}
