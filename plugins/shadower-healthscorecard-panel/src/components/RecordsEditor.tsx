import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2, type StandardEditorProps } from '@grafana/data';
import { Button, Field, IconButton, Input, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';

export interface RecordColumn {
  key: string;
  label: string;
  placeholder?: string;
  type?: 'text' | 'datetime-local';
}

/** What the option that uses the editor sets. */
export interface RecordsSettings {
  columns: RecordColumn[];
  add: string;
}

type Rows = Array<Record<string, string>>;

/** Options editor of a list of small records, each a few texts. */
export function RecordsEditor({ value, onChange, item, id }: StandardEditorProps<Rows, RecordsSettings>) {
  const styles = useStyles2(getStyles);
  const { columns = [], add = '' } = item.settings ?? {};
  const rows = value ?? [];
  const set = (at: number, key: string, text: string) =>
    onChange(rows.map((row, i) => (i === at ? { ...row, [key]: text } : row)));
  return (
    <div className={styles.list}>
      {rows.map((row, at) => (
        <div key={at} className={styles.record} role="group" aria-label={`${item.name} ${at + 1}`}>
          {columns.map(({ key, label, placeholder, type = 'text' }) => (
            <Field key={key} label={label} noMargin>
              <Input
                id={`${id ?? item.id}-${at}-${key}`}
                type={type}
                value={row[key] ?? ''}
                placeholder={placeholder}
                onChange={(event) => set(at, key, event.currentTarget.value)}
              />
            </Field>
          ))}
          <IconButton
            name="trash-alt"
            tooltip={t('records.remove', 'Remove')}
            onClick={() => onChange(rows.filter((_, i) => i !== at))}
          />
        </div>
      ))}
      <Button
        size="sm"
        variant="secondary"
        icon="plus"
        onClick={() => onChange([...rows, Object.fromEntries(columns.map(({ key }) => [key, '']))])}
      >
        {add}
      </Button>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), alignItems: 'flex-start' }),
  record: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(1),
    width: '100%',
    padding: theme.spacing(1),
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
  }),
});
