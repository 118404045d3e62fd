import React, { useId } from 'react';
import { CoreApp, type QueryEditorProps } from '@grafana/data';
import { Field, InlineSwitch, RadioButtonGroup, Stack } from '@grafana/ui';
import { type DataSource } from '../datasource';
import { t } from '../i18n';
import { migrateQuery } from '../migrate';
import { type CatalogQuery, type QueryMode, SCHEMA_VERSION, type ShadowerJsonData, type ShadowerQuery } from '../types';
import { CatalogEditor } from './CatalogEditor';
import { LogsEditor } from './LogsEditor';
import { SqlEditor } from './SqlEditor';

type Props = QueryEditorProps<DataSource, ShadowerQuery, ShadowerJsonData> & {
  accept?: (q: CatalogQuery) => boolean;
};

const CATALOG = 'catalog';
const forPanels = (q: CatalogQuery) => q.kind !== 'values';

/** Asks by the catalog, in SQL, or for log lines. Each mode keeps what was entered while another one is looked at. */
export function QueryEditor({ datasource, query: saved, onChange, onRunQuery, range, app, accept = forPanels }: Props) {
  const query = migrateQuery(saved);
  const liveId = useId();
  const edit = (next: Partial<ShadowerQuery>) => onChange({ ...query, ...next, schemaVersion: SCHEMA_VERSION });
  const change = (next: Partial<ShadowerQuery>) => {
    edit(next);
    onRunQuery();
  };
  const judged = app === CoreApp.UnifiedAlerting || app === CoreApp.CloudAlerting;
  return (
    <Stack direction="column" gap={2}>
      <Stack direction="row" gap={2} alignItems="center" wrap="wrap">
        <Field noMargin>
          <RadioButtonGroup<QueryMode | typeof CATALOG>
            size="sm"
            aria-label={t('mode.label', 'Mode')}
            value={query.mode ?? CATALOG}
            options={[
              { value: CATALOG, label: t('mode.catalog', 'Catalog') },
              { value: 'sql', label: t('mode.sql', 'SQL') },
              // Lines cannot be judged by a rule.
              ...(judged ? [] : [{ value: 'logs' as const, label: t('mode.logs', 'Logs') }]),
            ]}
            onChange={(mode) => change({ mode: mode === CATALOG ? undefined : mode })}
          />
        </Field>
        {(app === CoreApp.PanelEditor || app === CoreApp.Dashboard) && (
          <InlineSwitch
            id={liveId}
            label={t('live.label', 'Live')}
            showLabel
            transparent
            value={query.live ?? false}
            onChange={(event) => change({ live: event.currentTarget.checked || undefined })}
          />
        )}
      </Stack>
      {query.mode === 'sql' && <SqlEditor datasource={datasource} query={query} edit={edit} change={change} />}
      {query.mode === 'logs' && <LogsEditor datasource={datasource} query={query} range={range} change={change} />}
      {query.mode === undefined && (
        <CatalogEditor datasource={datasource} query={query} range={range} accept={accept} change={change} />
      )}
    </Stack>
  );
}
