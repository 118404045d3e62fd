import { type ComboboxOption } from '@grafana/ui';
import { getValueFormats } from '@grafana/data';
import { t } from './i18n';
import { type Catalog, type CatalogColumn, type CatalogPart, type CatalogQuery, type ShadowerQuery } from './types';

/** Queries as options, grouped by domain in the catalog's order. */
export function queryOptions(catalog: Catalog, accept: (q: CatalogQuery) => boolean): Array<ComboboxOption<string>> {
  const titles = new Map(catalog.domains.map((d) => [d.name, d.title]));
  const order = new Map(catalog.domains.map((d, i) => [d.name, i]));
  return catalog.queries
    .filter(accept)
    .sort((a, b) => (order.get(a.domain) ?? order.size) - (order.get(b.domain) ?? order.size))
    .map((q) => ({
      value: q.name,
      label: q.title,
      description: q.description,
      group: titles.get(q.domain) ?? q.domain,
    }));
}

/** The part whose columns can be chosen: the picked one, or the only one. */
export function chosenPart(definition: CatalogQuery | undefined, query: ShadowerQuery): CatalogPart | undefined {
  if (!definition) {
    return undefined;
  }
  if (query.part) {
    return definition.parts.find((p) => p.name === query.part);
  }
  return definition.parts.length === 1 ? definition.parts[0] : undefined;
}

/** Columns worth choosing: of a time series just its measures, since time and dimensions always come along. */
export function choosableColumns(definition: CatalogQuery, part: CatalogPart): CatalogColumn[] {
  return definition.kind === 'timeseries'
    ? part.columns.filter((c) => c.type !== 'time' && c.role !== 'dimension')
    : part.columns;
}

/** What a query can be filtered by: its parameters, and the texts that tell its rows or series apart (as in the backend). */
export function filterKeys(definition: CatalogQuery): string[] {
  const columns = definition.parts.length === 1 ? definition.parts[0].columns : [];
  const dimensions = columns.filter(
    (c) => c.type === 'string' && (definition.kind === 'table' || c.role === 'dimension')
  );
  return [...new Set([...definition.params, ...dimensions].map((x) => x.name))].sort();
}

let unitNames: Map<string, string> | undefined;

/** Grafana's name of a unit, such as "milliseconds (ms)"; the id itself where Grafana has none. */
export function unitName(id: string | undefined): string {
  if (!id || id === 'none') {
    return '';
  }
  if (!unitNames) {
    const found = getValueFormats().flatMap((category) => category.submenu);
    unitNames = new Map(found.map((unit) => [unit.value, unit.text]));
  }
  return unitNames.get(id) ?? id;
}

/** What is wrong with a query, as far as the catalog can tell. The backend checks again. */
export interface Faults {
  query?: string;
  part?: string;
  columns?: string;
  params: Record<string, string>;
  step?: string;
  limit?: string;
  filters: Record<number, string>;
  top?: string;
}

export function findFaults(query: ShadowerQuery, catalog: Catalog): Faults {
  const faults: Faults = { params: {}, filters: {} };
  const definition = catalog.queries.find((q) => q.name === query.query);
  if (!query.query) {
    return faults;
  }
  if (!definition) {
    faults.query = t('fault.query', 'There is no query "{{name}}" in this datasource. Choose another one.', {
      name: query.query,
    });
    return faults;
  }
  if (query.part && !definition.parts.some((p) => p.name === query.part)) {
    faults.part = t('fault.part', 'This query has no part "{{name}}".', { name: query.part });
  }
  const part = chosenPart(definition, query);
  const unknown = (query.columns ?? []).filter((c) => part && !part.columns.some((known) => known.name === c));
  if (unknown.length > 0) {
    faults.columns = t('fault.columns', 'This query has no column {{names}}.', { names: unknown.join(', ') });
  }
  for (const name of Object.keys(query.params ?? {})) {
    if (!definition.params.some((p) => p.name === name)) {
      faults.params[name] = t('fault.param', 'This query has no parameter "{{name}}".', { name });
    }
  }
  if (query.stepSeconds !== undefined && !(Number.isInteger(query.stepSeconds) && query.stepSeconds >= 0)) {
    faults.step = t('fault.step', 'A whole number of seconds, or empty for automatic.');
  }
  if (query.limit !== undefined && !(Number.isInteger(query.limit) && query.limit >= 0)) {
    faults.limit = t('fault.limit', "A whole number of rows, or empty for the datasource's limit.");
  }
  const keys = filterKeys(definition);
  (query.filters ?? []).forEach((f, i) => {
    if (f.key && !keys.includes(f.key)) {
      faults.filters[i] = t('fault.filter', 'This query cannot be filtered by "{{key}}"; it has {{keys}}.', {
        key: f.key,
        keys: keys.join(', '),
      });
    }
  });
  if (query.top && part && !part.columns.some((c) => c.name === query.top?.by && c.type === 'number')) {
    faults.top = t('fault.top', 'This query has no measure "{{name}}".', { name: query.top.by });
  }
  return faults;
}

/** The message inside whatever a failed request throws. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    if ('data' in error && typeof error.data === 'object' && error.data !== null && 'message' in error.data) {
      return String(error.data.message);
    }
    if ('message' in error) {
      return String(error.message);
    }
  }
  return String(error);
}
