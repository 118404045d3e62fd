import React, { useCallback, useId } from 'react';
import { type TimeRange } from '@grafana/data';
import { Combobox, Field, Input, Stack } from '@grafana/ui';
import { type DataSource } from '../datasource';
import { t } from '../i18n';
import { type ShadowerQuery } from '../types';
import { FilterList } from './FilterList';
import { LoadError } from './LoadError';
import { NumberField } from './NumberField';
import { useLoaded } from './useLoaded';

interface Props {
  datasource: DataSource;
  query: ShadowerQuery;
  range?: TimeRange;
  change: (next: Partial<ShadowerQuery>) => void;
}

/** Chooses a table of events and which of its lines are wanted. */
export function LogsEditor({ datasource, query, range, change }: Props) {
  const ids = { table: useId(), search: useId() };
  const { value: schema, error } = useLoaded(useCallback(() => datasource.getSchema(), [datasource]));
  if (error) {
    return <LoadError error={error} />;
  }
  const tables = schema?.tables.filter((x) => x.events) ?? [];
  const table = tables.find((x) => x.name === query.table);
  const keys = table?.columns.filter((c) => c.name !== 'workspace' && /String/.test(c.type)).map((c) => c.name) ?? [];
  const unknown = schema !== undefined && Boolean(query.table) && table === undefined;
  return (
    <Stack direction="column" gap={2}>
      <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
        <Field
          label={t('logs.table', 'Events')}
          description={t('logs.tableDescription', 'Raw events, dead letters, findings')}
          htmlFor={ids.table}
          invalid={unknown}
          error={t('logs.unknown', 'There is no such table of events.')}
          noMargin
        >
          <Combobox
            key={schema ? 'ready' : 'loading'}
            id={ids.table}
            width={40}
            loading={!schema}
            placeholder={t('logs.choose', 'Choose events')}
            options={tables.map((x) => ({ value: x.name, label: x.name }))}
            value={query.table ?? null}
            onChange={(option) => change({ table: option.value, filters: undefined })}
          />
        </Field>
        <Field
          label={t('logs.search', 'Line contains')}
          description={t('logs.searchDescription', 'In whatever case')}
          htmlFor={ids.search}
          noMargin
        >
          <Input
            id={ids.search}
            width={40}
            defaultValue={query.search ?? ''}
            onBlur={(event) => change({ search: event.currentTarget.value || undefined })}
          />
        </Field>
        <NumberField
          label={t('logs.limit', 'Lines')}
          description={t('logs.limitDescription', 'The newest')}
          placeholder="1000"
          value={query.limit}
          onChange={(limit) => change({ limit })}
        />
      </Stack>
      {table && (
        <FilterList
          filters={query.filters ?? []}
          keys={keys}
          faults={{}}
          loadValues={(key) => datasource.getFilterValues({ table: table.name, key }, range)}
          onChange={(filters) => change({ filters })}
        />
      )}
    </Stack>
  );
}
