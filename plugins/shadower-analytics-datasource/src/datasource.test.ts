import { CoreApp, type DataFrame, type DataSourceInstanceSettings, FieldType, toDataFrame } from '@grafana/data';
import { setTemplateSrv } from '@grafana/runtime';
import { DataSource } from './datasource';
import { catalog } from './testing/catalog';
import { type ShadowerJsonData, type ShadowerQuery } from './types';
import { toChoices } from './variables';

const settings = {
  id: 1,
  uid: 'u',
  type: 't',
  name: 'n',
  jsonData: {},
} as DataSourceInstanceSettings<ShadowerJsonData>;

beforeEach(() =>
  setTemplateSrv({
    getVariables: () => [],
    replace: (target = '', _scoped, format) =>
      target === '$name' && typeof format === 'function' ? String(format(['stripe', 'paypal'])) : target,
    containsTemplate: () => false,
    updateTimeRange: () => undefined,
  })
);

describe('DataSource', () => {
  it('starts with an empty query of the current version', () =>
    expect(new DataSource(settings).getDefaultQuery(CoreApp.Explore)).toEqual({ schemaVersion: 2, query: '' }));

  it('does not run queries without a name or that are hidden', () => {
    const ds = new DataSource(settings);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 2, query: '' })).toBe(false);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 2, query: 'x', hide: true })).toBe(false);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 2, query: 'x' })).toBe(true);
  });

  it('expands variables in parameters only', () => {
    const query = { refId: 'A', schemaVersion: 2 as const, query: '$name', params: { integration: ['$name'] } };
    expect(new DataSource(settings).applyTemplateVariables(query, {})).toEqual({
      ...query,
      params: { integration: ['stripe', 'paypal'] },
    });
  });

  it('expands variables in filters and SQL, and leaves the macros to the backend', () => {
    const query = {
      refId: 'A',
      schemaVersion: 2 as const,
      query: '',
      mode: 'sql' as const,
      sql: '$name',
      filters: [{ key: 'integration', operator: '=', values: ['$name'] }],
    };
    const expanded = new DataSource(settings).applyTemplateVariables(query, {});
    expect(expanded.filters).toEqual([{ key: 'integration', operator: '=|', values: ['stripe', 'paypal'] }]);
    expect(expanded.sql).toBe("'stripe', 'paypal'");
    expect(new DataSource(settings).applyTemplateVariables({ ...query, sql: '$__timeFilter(t)' }, {}).sql).toBe(
      '$__timeFilter(t)'
    );
  });

  it('migrates what older versions saved before it runs', () => {
    const saved = { refId: 'A', schemaVersion: 1, query: 'x' } as unknown as ShadowerQuery;
    expect(new DataSource(settings).applyTemplateVariables(saved, {}).schemaVersion).toBe(2);
  });

  it("passes the dashboard's ad hoc filters on, and makes them the query's own for Explore", () => {
    const query = { refId: 'A', schemaVersion: 2 as const, query: 'integration_calls' };
    const adHoc = [{ key: 'integration', operator: '=|', value: 'a', values: ['a', 'b'] }];
    const ds = new DataSource(settings);
    const filter = { key: 'integration', operator: '=|', values: ['a', 'b'] };
    expect(ds.applyTemplateVariables(query, {}, adHoc).adHoc).toEqual([filter]);
    const [inExplore] = ds.interpolateVariablesInQueries([query], {}, adHoc);
    expect(inExplore).toMatchObject({ filters: [filter] });
    expect(inExplore).not.toHaveProperty('adHoc');
  });

  it('offers as keys what the queries of the dashboard can be narrowed down by', async () => {
    const ds = new DataSource(settings);
    jest.spyOn(ds, 'getCatalog').mockResolvedValue(catalog);
    const values = jest
      .spyOn(ds, 'getFilterValues')
      .mockResolvedValue({ values: [{ value: 'stripe' }], truncated: false });
    const queries = [{ refId: 'A', schemaVersion: 2 as const, query: 'integration_calls' }];
    expect((await ds.getTagKeys({ filters: [], queries })).map((k) => k.text)).toEqual(['endpoint', 'integration']);
    expect((await ds.getTagKeys()).map((k) => k.text)).toContain('source');
    expect(await ds.getTagValues({ key: 'integration', filters: [], queries })).toEqual([
      { text: 'stripe', value: 'stripe' },
    ]);
    expect(values).toHaveBeenCalledWith({ query: 'integration_calls', key: 'integration' }, undefined);
    expect(await ds.getTagValues({ key: 'nothing', filters: [] })).toEqual([]);
  });

  it('reads the catalog once, and again after a failure', async () => {
    const ds = new DataSource(settings);
    const get = jest.spyOn(ds, 'getResource').mockRejectedValueOnce(new Error('down')).mockResolvedValue(catalog);
    await expect(ds.getCatalog()).rejects.toThrow('down');
    await expect(ds.getCatalog()).resolves.toBe(catalog);
    await ds.getCatalog();
    expect(get).toHaveBeenCalledTimes(2);
  });

  it('asks for values with the other parameters, variables expanded, empty lists left out', async () => {
    const ds = new DataSource(settings);
    const get = jest.spyOn(ds, 'getResource').mockResolvedValue({ values: [], truncated: false });
    await ds.getValues('integration_endpoints', { integration: ['$name'], endpoint: [] });
    expect(get).toHaveBeenCalledWith(
      'values',
      { query: 'integration_endpoints', param_integration: ['stripe', 'paypal'] },
      expect.objectContaining({ showErrorAlert: false })
    );
  });
});

describe('toChoices', () => {
  const frame = (fields: Record<string, Array<string | null>>): DataFrame =>
    toDataFrame({ fields: Object.entries(fields).map(([name, values]) => ({ name, type: FieldType.string, values })) });

  it('takes the column value', () =>
    expect(toChoices([frame({ value: ['a', 'b'] })])).toEqual([
      { text: 'a', value: 'a' },
      { text: 'b', value: 'b' },
    ]));
  it('shows labels where there are some', () =>
    expect(toChoices([frame({ value: ['a', 'b'], label: ['Alpha', null] })])).toEqual([
      { text: 'Alpha', value: 'a' },
      { text: 'b', value: 'b' },
    ]));
  it('has no choices for no frames', () => expect(toChoices([])).toEqual([]));
});

describe('annotations', () => {
  const { annotations } = new DataSource(settings);
  const target = { refId: 'Anno', schemaVersion: 2 as const, query: 'intake_dead_letters' };
  const base = { name: 'x', enable: true, iconColor: 'red' };

  it('asks what is saved, of whatever version', () => {
    const saved = { ...base, target: { ...target, schemaVersion: 1 } };
    const prepared = annotations?.prepareAnnotation?.(saved);
    expect(annotations?.prepareQuery?.(prepared!)).toEqual(target);
  });
  it('asks nothing before a query is chosen', () => {
    const prepared = annotations?.prepareAnnotation?.(base);
    expect(annotations?.prepareQuery?.(prepared!)).toBeUndefined();
  });
});
