import React, { useId } from 'react';
import { Combobox, Field, Stack } from '@grafana/ui';
import { t } from '../i18n';
import { NumberField } from './NumberField';

type Top = { n: number; by: string };

interface Props {
  measures: string[];
  value: Top | undefined;
  error?: string;
  onChange: (top: Top | undefined) => void;
}

/** Keeps the largest series or rows; without a number there is no such choice. */
export function TopField({ measures, value, error, onChange }: Props) {
  const id = useId();
  const by = value?.by ?? measures[0] ?? '';
  return (
    <Stack direction="row" gap={1} alignItems="flex-start">
      <NumberField
        label={t('top.label', 'Largest')}
        description={t('top.description', 'Only so many series or rows')}
        placeholder={t('editor.all', 'All')}
        max={1000}
        value={value?.n}
        onChange={(n) => onChange(n ? { n, by } : undefined)}
      />
      {value && (
        <Field
          label={t('top.by', 'by')}
          description={t('top.byDescription', 'Measure')}
          htmlFor={id}
          invalid={Boolean(error)}
          error={error}
          noMargin
        >
          <Combobox
            id={id}
            width={20}
            options={measures.map((m) => ({ value: m, label: m }))}
            value={by}
            onChange={(option) => onChange({ n: value.n, by: option.value })}
          />
        </Field>
      )}
    </Stack>
  );
}
