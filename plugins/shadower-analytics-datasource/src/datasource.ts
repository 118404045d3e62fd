import { type CoreApp, type DataSourceInstanceSettings, type ScopedVars, type TimeRange } from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { expandParams } from './expand';
import { type Catalog, SCHEMA_VERSION, type ShadowerJsonData, type ShadowerQuery, type Suggestions } from './types';
import { VariableSupport } from './variables';

/** How long the editor uses a catalog before it asks again; the backend keeps one for as long. */
const CATALOG_TTL_MS = 60_000;

export class DataSource extends DataSourceWithBackend<ShadowerQuery, ShadowerJsonData> {
  private catalog?: { at: number; value: Promise<Catalog> };

  constructor(instanceSettings: DataSourceInstanceSettings<ShadowerJsonData>) {
    super(instanceSettings);
    this.variables = new VariableSupport(this);
  }

  getDefaultQuery(_app: CoreApp): Partial<ShadowerQuery> {
    return { schemaVersion: SCHEMA_VERSION, query: '' };
  }

  /** A query without a name has nothing to ask; the editor says so. */
  filterQuery(query: ShadowerQuery): boolean {
    return Boolean(query.query) && !query.hide;
  }

  applyTemplateVariables(query: ShadowerQuery, scopedVars: ScopedVars): ShadowerQuery {
    const templates = getTemplateSrv();
    return { ...query, params: expandParams(query.params, templates, scopedVars) };
  }

  getQueryDisplayText(query: ShadowerQuery): string {
    return [query.query, query.part, ...(query.columns ?? [])].filter(Boolean).join(' ');
  }

  /** The catalog for the editors. Rejects with the backend's message. */
  getCatalog(): Promise<Catalog> {
    const now = Date.now();
    if (!this.catalog || now - this.catalog.at > CATALOG_TTL_MS) {
      const value: Promise<Catalog> = this.getResource<Catalog>('catalog', undefined, { showErrorAlert: false });
      this.catalog = { at: now, value };
      value.catch(() => {
        // A failed answer is not kept: the next editor asks again.
        if (this.catalog?.value === value) {
          this.catalog = undefined;
        }
      });
    }
    return this.catalog.value;
  }

  /** Choices of a `values` query, fenced by the other parameters chosen so far. */
  getValues(query: string, params: Record<string, string[]>, range?: TimeRange): Promise<Suggestions> {
    const expanded = expandParams(params, getTemplateSrv(), {});
    const args: Record<string, string | number | string[]> = { query };
    if (range) {
      args.from = range.from.valueOf();
      args.to = range.to.valueOf();
    }
    for (const [name, values] of Object.entries(expanded ?? {})) {
      if (values.length > 0) {
        args[`param_${name}`] = values;
      }
    }
    return this.getResource<Suggestions>('values', args, { showErrorAlert: false });
  }
}
