import React, { useId, useMemo } from 'react';
import { Combobox, Field } from '@grafana/ui';
import { queryOptions } from '../catalog';
import { t } from '../i18n';
import { type Catalog, type CatalogQuery } from '../types';

interface Props {
  catalog?: Catalog;
  value: string;
  error?: string;
  accept: (q: CatalogQuery) => boolean;
  onChange: (name: string) => void;
}

/** Searchable list of queries, grouped by domain. */
export function QueryPicker({ catalog, value, error, accept, onChange }: Props) {
  const id = useId();
  const options = useMemo(() => (catalog ? queryOptions(catalog, accept) : []), [catalog, accept]);
  const chosen = catalog?.queries.find((q) => q.name === value);
  return (
    <Field
      label={t('query.label', 'Query')}
      description={chosen?.description}
      htmlFor={id}
      invalid={Boolean(error)}
      error={error}
      noMargin
    >
      <Combobox
        // Mounted anew once there is a catalog: the self-sizing input of Grafana 12.4 keeps showing its spinner otherwise.
        key={catalog ? 'ready' : 'loading'}
        id={id}
        aria-label={t('query.label', 'Query')}
        options={options}
        // A query that the catalog does not know is still shown by its name.
        value={value ? { value, label: chosen?.title ?? value } : null}
        placeholder={catalog ? t('query.choose', 'Choose a query') : t('query.loading', 'Loading the catalog')}
        loading={!catalog}
        width="auto"
        minWidth={40}
        invalid={Boolean(error)}
        onChange={(option) => onChange(option.value)}
      />
    </Field>
  );
}
