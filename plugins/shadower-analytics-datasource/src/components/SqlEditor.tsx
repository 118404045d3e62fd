import React, { useCallback, useEffect, useState } from 'react';
import { CodeEditor, Field, RadioButtonGroup, Stack, Text } from '@grafana/ui';
import { messageOf } from '../catalog';
import { type DataSource } from '../datasource';
import { t } from '../i18n';
import { suggestionsFor } from '../sqlSuggestions';
import { type ShadowerQuery, type SqlFormat } from '../types';
import { LoadError } from './LoadError';
import { useCatalog } from './useCatalog';
import { useLoaded } from './useLoaded';

interface Props {
  datasource: DataSource;
  query: ShadowerQuery;
  edit: (next: Partial<ShadowerQuery>) => void;
  change: (next: Partial<ShadowerQuery>) => void;
}

const HEIGHT = 180;

/** SQL over the tables of the workspace, judged as it is left; the backend judges it again and holds the fence. */
export function SqlEditor({ datasource, query, edit, change }: Props) {
  const { value: schema, error } = useLoaded(useCallback(() => datasource.getSchema(), [datasource]));
  const { catalog } = useCatalog(datasource);
  const [verdict, setVerdict] = useState<string>();
  const sql = query.sql ?? '';

  useEffect(() => {
    let current = true;
    const judged = sql.trim() === '' ? Promise.resolve('') : datasource.checkSql(sql);
    judged.then(
      (message) => current && setVerdict(message || undefined),
      (failure: unknown) => current && setVerdict(messageOf(failure))
    );
    return () => {
      current = false;
    };
  }, [datasource, sql]);

  if (error) {
    return <LoadError error={error} />;
  }
  return (
    <Stack direction="column" gap={1}>
      <Field label={t('sql.format', 'Format')} noMargin>
        <RadioButtonGroup<SqlFormat>
          size="sm"
          value={query.format ?? 'table'}
          options={[
            { value: 'table', label: t('sql.table', 'Table') },
            { value: 'timeseries', label: t('sql.timeseries', 'Time series') },
            { value: 'logs', label: t('sql.logs', 'Logs') },
          ]}
          onChange={(format) => change({ format: format === 'table' ? undefined : format })}
        />
      </Field>
      <Field invalid={Boolean(verdict)} error={verdict} noMargin>
        <CodeEditor
          // Monaco keeps the suggestions it was made with.
          key={schema && catalog ? 'ready' : 'loading'}
          language="sql"
          height={HEIGHT}
          showMiniMap={false}
          showLineNumbers
          value={sql}
          getSuggestions={() => suggestionsFor(schema, catalog)}
          onBlur={(next) => next !== sql && change({ sql: next })}
          onSave={(next) => change({ sql: next })}
          onChange={(next) => edit({ sql: next })}
        />
      </Field>
      <Text variant="bodySmall" color="secondary">
        {t(
          'sql.help',
          'Tables hold this workspace only. $__timeFilter(t), $__timeInterval(t), $__interval (seconds), $__fromTime, $__toTime, $__workspace, FROM $__query(name). Alert rules need $__timeFilter or $__toTime.'
        )}
      </Text>
    </Stack>
  );
}
