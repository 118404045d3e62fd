import React, { useCallback, useId, useState } from 'react';
import { type TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { type ComboboxOption, Field, MultiCombobox } from '@grafana/ui';
import { messageOf } from '../catalog';
import { type DataSource } from '../datasource';
import { t } from '../i18n';
import { type Catalog, type CatalogParam, type ShadowerQuery } from '../types';

interface Props {
  datasource: DataSource;
  catalog: Catalog;
  param: CatalogParam;
  query: ShadowerQuery;
  range?: TimeRange;
  onChange: (values: string[]) => void;
}

/** One parameter: values that there are, template variables, or whatever is typed. Nothing chosen means all. */
export function ParamField({ datasource, catalog, param, query, range, onChange }: Props) {
  const id = useId();
  const [problem, setProblem] = useState<string>();
  const values = query.params?.[param.name] ?? [];

  const loadOptions = useCallback(
    async (input: string): Promise<Array<ComboboxOption<string>>> => {
      const variables = getTemplateSrv()
        .getVariables()
        .map((v) => ({
          value: `$${v.name}`,
          label: `$${v.name}`,
          description: t('editor.variable', 'Template variable'),
        }));
      let found: Array<ComboboxOption<string>> = [];
      const source = catalog.queries.find((q) => q.name === param.values);
      if (source) {
        // What the other parameters already narrow down narrows the suggestions too.
        const others = Object.entries(query.params ?? {}).filter(
          ([name]) => name !== param.name && source.params.some((p) => p.name === name)
        );
        try {
          const answer = await datasource.getValues(source.name, Object.fromEntries(others), range);
          found = answer.values.map((v) => ({ value: v.value, label: v.label || v.value }));
          setProblem(
            answer.truncated
              ? t('param.more', 'There are more values than are listed; type the one you want.')
              : undefined
          );
        } catch (error) {
          setProblem(t('param.failed', 'Values cannot be listed: {{why}}', { why: messageOf(error) }));
        }
      }
      const wanted = input.toLowerCase();
      return [...variables, ...found].filter((o) => `${o.label} ${o.value}`.toLowerCase().includes(wanted));
    },
    [catalog, datasource, param, query.params, range]
  );

  return (
    <Field label={param.name} description={problem ?? param.description} htmlFor={id} noMargin>
      <MultiCombobox
        id={id}
        aria-label={param.name}
        options={loadOptions}
        value={values.map((value) => ({ value, label: value }))}
        placeholder={t('editor.all', 'All')}
        createCustomValue
        isClearable
        width="auto"
        minWidth={25}
        maxWidth={80}
        onChange={(options) => onChange(options.map((o) => o.value))}
      />
    </Field>
  );
}
