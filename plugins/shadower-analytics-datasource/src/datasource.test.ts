import { CoreApp, type DataFrame, type DataSourceInstanceSettings, FieldType, toDataFrame } from '@grafana/data';
import { setTemplateSrv } from '@grafana/runtime';
import { DataSource } from './datasource';
import { catalog } from './testing/catalog';
import { type ShadowerJsonData } from './types';
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
    expect(new DataSource(settings).getDefaultQuery(CoreApp.Explore)).toEqual({ schemaVersion: 1, query: '' }));

  it('does not run queries without a name or that are hidden', () => {
    const ds = new DataSource(settings);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 1, query: '' })).toBe(false);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 1, query: 'x', hide: true })).toBe(false);
    expect(ds.filterQuery({ refId: 'A', schemaVersion: 1, query: 'x' })).toBe(true);
  });

  it('expands variables in parameters only', () => {
    const query = { refId: 'A', schemaVersion: 1 as const, query: '$name', params: { integration: ['$name'] } };
    expect(new DataSource(settings).applyTemplateVariables(query, {})).toEqual({
      ...query,
      params: { integration: ['stripe', 'paypal'] },
    });
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
      { showErrorAlert: false }
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
