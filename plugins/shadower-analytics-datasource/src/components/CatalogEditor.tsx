import React, { useId } from 'react';
import { type TimeRange } from '@grafana/data';
import { Alert, Combobox, Field, MultiCombobox, Stack } from '@grafana/ui';
import { choosableColumns, chosenPart, filterKeys, findFaults, unitName } from '../catalog';
import { type DataSource } from '../datasource';
import { t } from '../i18n';
import { type CatalogQuery, type ShadowerQuery } from '../types';
import { FilterList } from './FilterList';
import { LoadError } from './LoadError';
import { NumberField } from './NumberField';
import { ParamField } from './ParamField';
import { QueryPicker } from './QueryPicker';
import { TopField } from './TopField';
import { useCatalog } from './useCatalog';

interface Props {
  datasource: DataSource;
  query: ShadowerQuery;
  range?: TimeRange;
  accept: (q: CatalogQuery) => boolean;
  change: (next: Partial<ShadowerQuery>) => void;
}

const WHOLE_ANSWER = '';

/** Chooses one query of the catalog and what it should cover. */
export function CatalogEditor({ datasource, query, range, accept, change }: Props) {
  const { catalog, error } = useCatalog(datasource);
  const ids = { part: useId(), columns: useId() };
  if (error) {
    return <LoadError error={error} />;
  }
  const definition = catalog?.queries.find((q) => q.name === query.query);
  const part = chosenPart(definition, query);
  const faults = catalog ? findFaults(query, catalog) : { params: {}, filters: {} };
  const stepped = definition?.kind === 'timeseries';
  const columnsLabel = stepped ? t('columns.measures', 'Measures') : t('columns.columns', 'Columns');
  const measures = part?.columns.filter((x) => x.type === 'number' && x.role !== 'dimension') ?? [];

  return (
    <Stack direction="column" gap={2}>
      <QueryPicker
        catalog={catalog}
        value={query.query}
        error={faults.query}
        accept={accept}
        // Parameters of the same name mean the same thing everywhere, so they are kept; columns and parts are not.
        onChange={(name) => {
          const known = catalog?.queries.find((q) => q.name === name)?.params ?? [];
          const params = Object.entries(query.params ?? {}).filter(([key]) => known.some((p) => p.name === key));
          change({
            query: name,
            params: Object.fromEntries(params),
            columns: undefined,
            part: undefined,
            filters: undefined,
            top: undefined,
          });
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
          buttonContent={t('editor.remove', 'Remove it')}
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
              label={t('part.label', 'Part')}
              description={t(
                'part.description',
                'The whole answer for graph and scorecard panels; one part for tables and alert rules.'
              )}
              htmlFor={ids.part}
              invalid={Boolean(faults.part)}
              error={faults.part}
              noMargin
            >
              <Combobox
                id={ids.part}
                aria-label={t('part.label', 'Part')}
                width={25}
                options={[
                  { value: WHOLE_ANSWER, label: t('part.whole', 'Whole answer') },
                  ...definition.parts.map((p) => ({ value: p.name, label: p.name })),
                ]}
                value={query.part ?? WHOLE_ANSWER}
                onChange={(option) => change({ part: option.value || undefined, columns: undefined })}
              />
            </Field>
          )}
          {part && (
            <Field
              label={columnsLabel}
              description={t('columns.description', 'Empty for all')}
              htmlFor={ids.columns}
              invalid={Boolean(faults.columns)}
              error={faults.columns}
              noMargin
            >
              <MultiCombobox
                id={ids.columns}
                aria-label={columnsLabel}
                width="auto"
                minWidth={25}
                maxWidth={80}
                isClearable
                placeholder={t('editor.all', 'All')}
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
              label={t('step.label', 'Step')}
              description={t('step.description', 'Distance of points')}
              placeholder={t('step.automatic', 'Automatic')}
              suffix="s"
              value={query.stepSeconds}
              error={faults.step}
              onChange={(stepSeconds) => change({ stepSeconds })}
            />
          )}
          <NumberField
            label={t('limit.label', 'Row limit')}
            description={t('limit.description', 'Most rows per part')}
            placeholder={t('limit.datasource', 'Datasource')}
            value={query.limit}
            error={faults.limit}
            onChange={(limit) => change({ limit })}
          />
          {part && measures.length > 0 && (
            <TopField
              measures={measures.map((x) => x.name)}
              value={query.top}
              error={faults.top}
              onChange={(top) => change({ top })}
            />
          )}
        </Stack>
      )}
      {definition && (
        <FilterList
          filters={query.filters ?? []}
          keys={filterKeys(definition)}
          faults={faults.filters}
          loadValues={(key) => datasource.getFilterValues({ query: definition.name, key }, range)}
          onChange={(filters) => change({ filters })}
        />
      )}
    </Stack>
  );
}
