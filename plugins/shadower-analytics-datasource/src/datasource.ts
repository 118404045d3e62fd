import {
  type AdHocVariableFilter,
  type CoreApp,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { merge, type Observable } from 'rxjs';
import { map } from 'rxjs/operators';
import { annotationSupport } from './annotations';
import { filterKeys } from './catalog';
import { expandFilters, expandParams, expandSql } from './expand';
import { canBeLive, liveQuery } from './live';
import { migrateQuery } from './migrate';
import {
  type Catalog,
  SCHEMA_VERSION,
  type ShadowerJsonData,
  type ShadowerQuery,
  type SqlSchema,
  type Suggestions,
} from './types';
import { VariableSupport } from './variables';

/** How long the editor uses a catalog before it asks again; the backend keeps one for as long. */
const CATALOG_TTL_MS = 60_000;
/** Editors show by themselves what came of a request. */
const SILENT = { showErrorAlert: false, showSuccessAlert: false };

export class DataSource extends DataSourceWithBackend<ShadowerQuery, ShadowerJsonData> {
  private readonly kept = new Map<string, { at: number; value: Promise<unknown> }>();

  constructor(instanceSettings: DataSourceInstanceSettings<ShadowerJsonData>) {
    super(instanceSettings);
    this.variables = new VariableSupport(this);
    this.annotations = annotationSupport;
  }

  getDefaultQuery(_app: CoreApp): Partial<ShadowerQuery> {
    return { schemaVersion: SCHEMA_VERSION, query: '' };
  }

  query(request: DataQueryRequest<ShadowerQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map(migrateQuery);
    const isLive = (q: ShadowerQuery) => Boolean(q.live) && this.filterQuery(q) && canBeLive(request);
    const live = targets.filter(isLive);
    const polled = { ...request, targets: targets.filter((q) => !isLive(q)) };
    if (live.length === 0) {
      return super.query(polled);
    }
    const streams = live.map((q) => liveQuery(this.liveSource(), q, request));
    const rest = super.query(polled).pipe(map((response) => ({ ...response, key: 'polled' })));
    return merge(...streams, ...(polled.targets.length > 0 ? [rest] : []));
  }

  private liveSource() {
    return {
      uid: this.uid,
      poll: (request: DataQueryRequest<ShadowerQuery>) => super.query(request),
      open: (query: ShadowerQuery, request: DataQueryRequest<ShadowerQuery>) => {
        const {
          refId: _refId,
          datasource: _datasource,
          hide: _hide,
          key: _key,
          ...model
        } = this.applyTemplateVariables(query, request.scopedVars, request.filters);
        return this.postResource<{ path: string; data: unknown }>(
          'stream',
          {
            query: model,
            rangeMs: request.range.to.valueOf() - request.range.from.valueOf(),
            intervalMs: Math.round(request.intervalMs),
            maxDataPoints: request.maxDataPoints ?? 0,
          },
          SILENT
        );
      },
    };
  }

  /** A query without a name has nothing to ask; the editor says so. */
  filterQuery(query: ShadowerQuery): boolean {
    if (query.hide) {
      return false;
    }
    return Boolean(query.mode === 'sql' ? query.sql?.trim() : query.mode === 'logs' ? query.table : query.query);
  }

  applyTemplateVariables(
    saved: ShadowerQuery,
    scopedVars: ScopedVars,
    adHoc: AdHocVariableFilter[] = []
  ): ShadowerQuery {
    const templates = getTemplateSrv();
    const query = migrateQuery(saved);
    const filters = adHoc.map((f) => ({ key: f.key, operator: f.operator, values: f.values ?? [f.value] }));
    return {
      ...query,
      params: expandParams(query.params, templates, scopedVars),
      filters: expandFilters(query.filters, templates, scopedVars),
      adHoc: filters.length > 0 && query.mode !== 'sql' ? expandFilters(filters, templates, scopedVars) : undefined,
      sql: expandSql(query.sql, templates, scopedVars),
      search: query.search && templates.replace(query.search, scopedVars),
    };
  }

  interpolateVariablesInQueries(
    queries: ShadowerQuery[],
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): ShadowerQuery[] {
    // Ad hoc filters become the query's own, since Explore has no dashboard to take them from.
    return queries.map((q) => {
      const { adHoc, ...rest } = this.applyTemplateVariables(q, scopedVars, filters);
      return {
        ...rest,
        filters: adHoc ? [...(rest.filters ?? []), ...adHoc] : rest.filters,
        datasource: this.getRef(),
      };
    });
  }

  getQueryDisplayText(query: ShadowerQuery): string {
    if (query.mode === 'sql') {
      return query.sql ?? '';
    }
    return [query.table ?? query.query, query.part, ...(query.columns ?? [])].filter(Boolean).join(' ');
  }

  /** Keys of ad hoc filters: what the dashboard's queries of this datasource can be narrowed down by. */
  async getTagKeys(options?: DataSourceGetTagKeysOptions<ShadowerQuery>): Promise<MetricFindValue[]> {
    const catalog = await this.getCatalog();
    const asked = (options?.queries ?? []).map((q) => q.query).filter(Boolean);
    const keys = catalog.queries
      .filter((q) => asked.length === 0 || asked.includes(q.name))
      .flatMap((q) => filterKeys(q));
    return [...new Set(keys)].sort().map((text) => ({ text, value: text }));
  }

  async getTagValues(options: DataSourceGetTagValuesOptions<ShadowerQuery>): Promise<MetricFindValue[]> {
    const catalog = await this.getCatalog();
    const asked = (options.queries ?? []).map((q) => q.query).filter(Boolean);
    const able = catalog.queries.filter((q) => filterKeys(q).includes(options.key));
    const query = able.find((q) => asked.includes(q.name)) ?? able[0];
    if (!query) {
      return [];
    }
    const { values } = await this.getFilterValues({ query: query.name, key: options.key }, options.timeRange);
    return values.map((v) => ({ text: v.label || v.value, value: v.value }));
  }

  /** The catalog for the editors. Rejects with the backend's message. */
  getCatalog(): Promise<Catalog> {
    return this.keep('catalog');
  }

  /** Tables, columns and functions for SQL and logs. Rejects with the backend's message. */
  getSchema(): Promise<SqlSchema> {
    return this.keep('schema');
  }

  private keep<T>(path: string): Promise<T> {
    const now = Date.now();
    const kept = this.kept.get(path);
    if (kept && now - kept.at <= CATALOG_TTL_MS) {
      return kept.value as Promise<T>;
    }
    const value: Promise<T> = this.getResource<T>(path, undefined, SILENT);
    this.kept.set(path, { at: now, value });
    value.catch(() => {
      // A failed answer is not kept: the next editor asks again.
      if (this.kept.get(path)?.value === value) {
        this.kept.delete(path);
      }
    });
    return value;
  }

  /** What the fence says to a statement; empty when it may run. */
  async checkSql(sql: string): Promise<string> {
    const expanded = expandSql(sql, getTemplateSrv(), {});
    const answer = await this.postResource<{ message: string }>('check-sql', { sql: expanded }, SILENT);
    return answer.message;
  }

  /** Values of a dimension of a query, or of a column of a table of events. */
  getFilterValues(
    of: { key: string } & ({ query: string } | { table: string }),
    range?: TimeRange
  ): Promise<Suggestions> {
    return this.getResource<Suggestions>('filter-values', { ...of, ...span(range) }, SILENT);
  }

  /** Choices of a `values` query, fenced by the other parameters chosen so far. */
  getValues(query: string, params: Record<string, string[]>, range?: TimeRange): Promise<Suggestions> {
    const expanded = expandParams(params, getTemplateSrv(), {});
    const args: Record<string, string | number | string[]> = { query, ...span(range) };
    for (const [name, values] of Object.entries(expanded ?? {})) {
      if (values.length > 0) {
        args[`param_${name}`] = values;
      }
    }
    return this.getResource<Suggestions>('values', args, SILENT);
  }
}

const span = (range?: TimeRange): { from?: number; to?: number } =>
  range ? { from: range.from.valueOf(), to: range.to.valueOf() } : {};
