import React, { useId } from 'react';
import { getTemplateSrv } from '@grafana/runtime';
import { Button, Combobox, type ComboboxOption, Field, IconButton, MultiCombobox, Stack } from '@grafana/ui';
import { t } from '../i18n';
import { type Filter, type Suggestions } from '../types';

interface Props {
  filters: Filter[];
  keys: string[];
  faults: Record<number, string>;
  loadValues: (key: string) => Promise<Suggestions>;
  onChange: (filters: Filter[] | undefined) => void;
}

const operators = (): Array<ComboboxOption<string>> => [
  { value: '=|', label: '=', description: t('filter.in', 'is one of') },
  { value: '!=|', label: '≠', description: t('filter.notIn', 'is none of') },
  { value: '=~', label: '=~', description: t('filter.matches', 'matches the regular expression') },
  { value: '!~', label: '!~', description: t('filter.matchesNot', 'does not match the regular expression') },
];

/** Conditions on dimensions; all must hold. */
export function FilterList({ filters, keys, faults, loadValues, onChange }: Props) {
  const id = useId();
  const set = (at: number, next: Partial<Filter>) =>
    onChange(filters.map((f, i) => (i === at ? { ...f, ...next } : f)));
  const options = (key: string) => async (input: string) => {
    const variables = getTemplateSrv()
      .getVariables()
      .map((v) => ({
        value: `$${v.name}`,
        label: `$${v.name}`,
        description: t('editor.variable', 'Template variable'),
      }));
    const found = await loadValues(key).then(
      (s) => s.values,
      () => []
    );
    const wanted = input.toLowerCase();
    return [...variables, ...found.map((v) => ({ value: v.value, label: v.label || v.value }))].filter((o) =>
      o.label.toLowerCase().includes(wanted)
    );
  };
  if (keys.length === 0) {
    return null;
  }
  return (
    <Stack direction="column" gap={1}>
      {filters.map((f, i) => (
        <Stack key={i} direction="row" gap={1} alignItems="flex-start" wrap="wrap">
          <Field invalid={Boolean(faults[i])} error={faults[i]} noMargin>
            <Combobox
              id={`${id}-key-${i}`}
              aria-label={t('filter.key', 'Filter by')}
              width={24}
              options={keys.map((k) => ({ value: k, label: k }))}
              value={f.key}
              onChange={(option) => set(i, { key: option.value, values: [] })}
            />
          </Field>
          <Combobox
            id={`${id}-operator-${i}`}
            aria-label={t('filter.operator', 'Operator')}
            width={10}
            options={operators()}
            value={f.operator}
            onChange={(option) =>
              // A regular expression is one value.
              set(i, { operator: option.value, values: option.value.endsWith('~') ? f.values.slice(0, 1) : f.values })
            }
          />
          <MultiCombobox
            id={`${id}-values-${i}`}
            aria-label={t('filter.values', 'Values')}
            width="auto"
            minWidth={25}
            maxWidth={80}
            createCustomValue
            options={options(f.key)}
            value={f.values.map((v) => ({ value: v, label: v }))}
            onChange={(chosen) => {
              const values = chosen.map((o) => o.value);
              set(i, { values: f.operator.endsWith('~') ? values.slice(-1) : values });
            }}
          />
          <IconButton
            name="trash-alt"
            tooltip={t('filter.remove', 'Remove the filter')}
            onClick={() => onChange(filters.length > 1 ? filters.filter((_, k) => k !== i) : undefined)}
          />
        </Stack>
      ))}
      <div>
        <Button
          size="sm"
          variant="secondary"
          fill="outline"
          icon="plus"
          onClick={() => onChange([...filters, { key: keys[0] ?? '', operator: '=|', values: [] }])}
        >
          {t('filter.add', 'Filter')}
        </Button>
      </div>
    </Stack>
  );
}
