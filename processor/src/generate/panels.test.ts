/** What each kind of panel becomes in Grafana's JSON, and which declarations are refused because they would mislead. */
import { buildViews } from '../catalog/views';
import type { DashboardDef, Domain, PanelDef, QueryDef, QueryPanelDef } from '../domains/define';
import { buildDashboard, layout } from './dashboards';
import { parcelDomain } from './testing/parcel';

interface Panel {
  id: number;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: {
    defaults: Record<string, unknown>;
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[];
  };
  options: Record<string, unknown>;
  transformations?: unknown[];
  links?: { title: string; url: string }[];
  panels?: Panel[];
  targets?: unknown[];
}
interface Dashboard {
  panels: Panel[];
  time: { from: string };
  annotations: { list: unknown[] };
  links: { title: string; tags: string[]; asDropdown: boolean; includeVars: boolean; keepTime: boolean }[];
  templating: { list: Record<string, unknown>[] };
}

const dimension = (description: string) => ({ type: 'string', role: 'dimension', description }) as const;
const measure = (unit: string) => ({ type: 'number', role: 'measure', unit, description: 'm' }) as const;
const table = (name: string, dimensions: string[], measures: string[]): QueryDef => ({
  name,
  kind: 'table',
  title: name,
  description: name,
  cache: 'systemMetrics',
  rollup: 'parcel_deliveries',
  params: { parcel: { type: 'string[]', description: 'Parcels', values: 'parcel_names' } },
  parts: {
    main: {
      columns: {
        ...Object.fromEntries(dimensions.map((d) => [d, dimension(d)])),
        ...Object.fromEntries(measures.map((m) => [m, measure('bytes')])),
      },
      sql: (s) =>
        `SELECT ${[...dimensions, ...measures].map((c) => `parcel AS ${c}`).join(', ')} FROM ${s.table('parcel_deliveries')} WHERE ${s.scope} AND ${s.filter('parcel')}`,
    },
  },
});

const parcel = parcelDomain();
const plain = parcel.dashboards[0]!;
const detail: DashboardDef = {
  ...plain,
  name: 'parcel-detail',
  variables: [
    { name: 'parcel', label: 'Parcel', query: 'parcel_names' },
    { name: 'place', label: 'Place', query: 'parcel_names' },
  ],
};
const base: Domain = {
  ...parcel,
  queries: [
    ...parcel.queries,
    table('parcel_sizes', ['parcel'], ['bytes', 'largest']),
    table('parcel_places', ['parcel', 'place'], ['bytes']),
    {
      ...table('parcel_places_of', [], []),
      kind: 'values',
      parts: {
        main: {
          columns: { value: dimension('v') },
          sql: (s) =>
            `SELECT parcel AS value FROM ${s.table('parcel_deliveries')} WHERE ${s.scope} AND ${s.filter('parcel')}`,
        },
      },
    },
  ],
};

function build(d: Partial<DashboardDef>): Dashboard {
  const dashboard = { ...plain, ...d };
  const all = [{ ...base, dashboards: [dashboard, detail] }];
  return buildDashboard(dashboard, buildViews(all, 'shadower').catalog, all) as unknown as Dashboard;
}
const one = (p: Partial<QueryPanelDef> | PanelDef): Panel =>
  build({
    rows: [
      {
        title: 'r',
        panels: [{ title: 'p', description: 'd', kind: 'table', query: 'parcel_sizes', w: 8, h: 8, ...p } as PanelDef],
      },
    ],
  }).panels[1]!;
const propertyOf = (p: Panel, field: string, id: string): unknown =>
  p.fieldConfig.overrides.find((o) => o.matcher.options === field)?.properties.find((x) => x.id === id)?.value;

describe('kinds of panel', () => {
  it('a pie has a slice per row, however many there are', () => {
    const p = one({ kind: 'piechart', columns: ['parcel', 'bytes'] });
    expect(p.type).toBe('piechart');
    // Grafana's default is to drop what comes after 25 rows, and to show shares of the rest.
    expect(p.options.reduceOptions).toMatchObject({ values: true, limit: 10_000 });
    expect(propertyOf(p, 'bytes', 'unit')).toBe('bytes');
  });

  it('bar charts stand on their one dimension, bar gauges have a bar per row', () => {
    const bars = one({ kind: 'barchart', draw: 'stacked', styles: { bytes: { color: 'red' } } });
    expect(bars.options).toMatchObject({ xField: 'parcel', stacking: 'normal' });
    expect(propertyOf(bars, 'bytes', 'color')).toEqual({ mode: 'fixed', fixedColor: 'red' });
    expect(propertyOf(bars, 'largest', 'displayName')).toBe('Largest');
    const gauges = one({ kind: 'bargauge', columns: ['parcel', 'bytes'], unit: 'short' });
    expect(gauges.options.reduceOptions).toMatchObject({ values: true, limit: 10_000 });
    expect(gauges.fieldConfig.defaults).toMatchObject({ unit: 'short', min: 0, noValue: 'unknown' });
  });

  it('a heatmap has a row per series, a state timeline breaks where there are no data', () => {
    const heat = one({ kind: 'heatmap', query: 'parcel_deliveries', columns: ['p95_ms'] });
    expect(heat.options).toMatchObject({ calculate: false, cellValues: { unit: 'ms' } });
    const states = one({
      kind: 'state-timeline',
      query: 'parcel_deliveries',
      columns: ['p95_ms'],
      thresholds: [
        { value: null, color: 'red' },
        { value: 0.95, color: 'green' },
      ],
      mappings: { '0': { text: 'none', color: 'gray' }, null: { text: 'unknown', color: 'gray' } },
    });
    expect(states.fieldConfig.defaults).toMatchObject({
      // By thresholds, Grafana would merge states that lie between two of them.
      color: { mode: 'fixed' },
      custom: { spanNulls: false },
      thresholds: {
        steps: [
          { value: null, color: 'red' },
          { value: 0.95, color: 'green' },
        ],
      },
      mappings: [
        { type: 'value', options: { '0': { text: 'none', color: 'gray', index: 0 } } },
        { type: 'special', options: { match: 'null', result: { text: 'unknown', color: 'gray', index: 1 } } },
      ],
    });
  });

  it('bars of a time series may stand on each other; lines are the default', () => {
    const custom = (draw?: 'bars' | 'stacked') =>
      one({ kind: 'timeseries', query: 'parcel_deliveries', draw }).fieldConfig.defaults.custom;
    expect(custom()).not.toHaveProperty('drawStyle');
    expect(custom('bars')).toMatchObject({ drawStyle: 'bars' });
    expect(custom('stacked')).toMatchObject({ drawStyle: 'bars', stacking: { mode: 'normal' } });
  });

  it('a text panel asks for nothing', () => {
    const p = one({ kind: 'text', title: 't', description: 'd', content: '# Read me', w: 4, h: 4 });
    expect(p).toMatchObject({ type: 'text', options: { mode: 'markdown', content: '# Read me' } });
    expect(p.targets).toBeUndefined();
  });

  it('cells look as declared', () => {
    const p = one({
      styles: { bytes: { cell: 'color-background', thresholds: [{ value: null, color: 'green' }] } },
    });
    expect(propertyOf(p, 'bytes', 'custom.cellOptions')).toEqual({ type: 'color-background' });
    expect(propertyOf(p, 'bytes', 'thresholds')).toEqual({
      mode: 'absolute',
      steps: [{ value: null, color: 'green' }],
    });
  });

  it('a pivot makes a matrix in which a missing pair is unknown', () => {
    const pivot = { rows: 'parcel', columns: 'place', value: 'bytes' };
    const p = one({ query: 'parcel_places', pivot, thresholds: [{ value: null, color: 'red' }] });
    expect(p.transformations).toEqual([
      {
        id: 'groupingToMatrix',
        options: { rowField: 'parcel', columnField: 'place', valueField: 'bytes', emptyValue: 'null' },
      },
    ]);
    expect(propertyOf(p, 'parcel\\place', 'displayName')).toBe('Parcel');
    expect(propertyOf(p, 'number', 'unit')).toBe('bytes');
    expect(one({ kind: 'barchart', query: 'parcel_places', pivot }).options.xField).toBe('parcel\\place');
  });

  it.each<[string, Partial<QueryPanelDef>, string]>([
    ['a pie of two measures', { kind: 'piechart' }, 'shows one measure'],
    [
      'bars whose rows differ in two columns',
      { kind: 'barchart', query: 'parcel_places' },
      'one dimension, or a pivot',
    ],
    ['bars without their dimension', { kind: 'barchart', columns: ['bytes'] }, 'one dimension, or a pivot'],
    [
      'a pivot in which rows would overwrite each other',
      { query: 'parcel_places', pivot: { rows: 'parcel', columns: 'bytes', value: 'bytes' } },
      'leaves out the dimension place',
    ],
    ['a pivot of what is not shown', { pivot: { rows: 'parcel', columns: 'x', value: 'bytes' } }, 'has no column x'],
    [
      'a pivot of a pie',
      { kind: 'piechart', columns: ['bytes'], pivot: { rows: 'parcel', columns: 'x', value: 'y' } },
      'no pivot',
    ],
    ['a pie of a time series', { kind: 'piechart', query: 'parcel_deliveries' }, 'cannot draw the timeseries query'],
    ['looks of a column that is not shown', { columns: ['bytes'], styles: { largest: {} } }, 'styles name largest'],
  ])('%s is refused', (_name, p, message) => {
    expect(() => one(p)).toThrow(message);
  });
});

describe('links', () => {
  const keeping = '/d/shadower-parcel-detail?${ds:queryparam}&${__url_time_range}';

  it('carry the time range, the datasource, what both dashboards have, and what was clicked', () => {
    const p = one({
      query: 'parcel_places',
      params: { parcel: ['$parcel'] },
      links: [
        { title: 'Detail', dashboard: 'parcel-detail' },
        { title: 'Place', dashboard: 'parcel-detail', variables: { place: 'place' } },
        { title: 'Both', dashboard: 'parcel-detail', variables: { place: 'place', parcel: 'parcel' }, column: 'bytes' },
      ],
    });
    expect(p.links).toEqual([{ title: 'Detail', url: `${keeping}&\${parcel:queryparam}` }]);
    const place = 'var-place=${__data.fields.place:percentencode}';
    expect(propertyOf(p, 'place', 'links')).toEqual([
      { title: 'Place', url: `${keeping}&\${parcel:queryparam}&${place}` },
    ]);
    expect(propertyOf(p, 'bytes', 'links')).toEqual([
      { title: 'Both', url: `${keeping}&${place}&var-parcel=\${__data.fields.parcel:percentencode}` },
    ]);
    expect(propertyOf(p, 'parcel', 'links')).toEqual([
      {
        title: 'Only this parcel',
        url: '/d/shadower-parcels?${ds:queryparam}&${__url_time_range}&var-parcel=${__data.fields.parcel:percentencode}',
      },
    ]);
  });

  it('of a chart hang on its values', () => {
    const link = { title: 'Detail', dashboard: 'parcel-detail', variables: { parcel: 'parcel' } };
    const url = (reference: string) => `${keeping}&var-parcel=\${${reference}:percentencode}`;
    const series = one({ kind: 'timeseries', query: 'parcel_deliveries', columns: ['p95_ms'], links: [link] });
    expect(propertyOf(series, 'number', 'links')).toEqual([{ title: 'Detail', url: url('__field.labels.parcel') }]);
    const slices = one({ kind: 'piechart', columns: ['parcel', 'bytes'], links: [link] });
    expect(propertyOf(slices, 'bytes', 'links')).toEqual([{ title: 'Detail', url: url('__data.fields.parcel') }]);
    const matrix = one({
      query: 'parcel_places',
      pivot: { rows: 'parcel', columns: 'place', value: 'bytes' },
      links: [link],
    });
    expect(propertyOf(matrix, 'parcel\\place', 'links')).toEqual([{ title: 'Detail', url: url('__value.raw') }]);
  });

  it.each([
    [{ dashboard: 'nowhere' }, 'there is no dashboard nowhere'],
    [{ dashboard: 'parcel-detail', variables: { x: 'parcel' } }, 'has no variable x'],
    [{ dashboard: 'parcel-detail', variables: { parcel: 'x' } }, 'the panel has no column x'],
  ])('%j is refused', (link, message) => {
    expect(() => one({ links: [{ title: 'l', ...link }] })).toThrow(message);
  });

  it('of a dashboard lead to all with the tags', () => {
    const { links } = build({ links: [{ title: 'Parcels', tags: ['parcel'] }] });
    expect(links).toEqual([
      expect.objectContaining({ tags: ['shadower'], asDropdown: true }),
      expect.objectContaining({
        title: 'Parcels',
        tags: ['parcel'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
      }),
    ]);
  });
});

describe('variables', () => {
  it('take defaults, may hold one value, and depend on those before them', () => {
    const { templating } = build({
      variables: [
        { name: 'parcel', label: 'Parcel', query: 'parcel_names', multi: false, all: false },
        { name: 'place', label: 'Place', query: 'parcel_places_of', params: { parcel: ['$parcel'] }, default: 'here' },
      ],
    });
    const [, first, second] = templating.list;
    expect(first).toMatchObject({ multi: false, includeAll: false, description: 'Names of parcels.' });
    expect(first).not.toHaveProperty('current.value', '$__all');
    expect(second).toMatchObject({
      multi: true,
      includeAll: true,
      current: { text: 'here', value: 'here' },
      query: { query: 'parcel_places_of', params: { parcel: ['$parcel'] } },
    });
  });

  it('that depend on one after them, or on a parameter that there is not, are refused', () => {
    const chained = { name: 'place', label: 'Place', query: 'parcel_places_of', params: { parcel: ['$parcel'] } };
    const variables = [chained, { name: 'parcel', label: 'Parcel', query: 'parcel_names' }];
    expect(() => build({ variables })).toThrow('there is no variable $parcel');
    expect(() => build({ variables: [{ ...chained, params: { x: [] } }] })).toThrow('has no parameter x');
    expect(() => build({ variables: [{ ...chained, query: 'parcel_sizes' }] })).toThrow('no query of kind values');
  });
});

describe('annotations', () => {
  const changes: QueryDef = {
    ...table('parcel_changes', [], []),
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 't' },
          ended: { type: 'time', description: 'e' },
          title: { type: 'string', description: 'x' },
          other: { type: 'string', description: 'o' },
        },
        sql: (s) => `SELECT t FROM ${s.table('parcel_deliveries')} WHERE ${s.scope} AND ${s.filter('parcel')}`,
      },
    },
  };
  const mark = { name: 'Changes', query: 'parcel_changes', params: { parcel: ['$parcel'] }, color: 'blue' };
  const withMark = (a: typeof mark): Dashboard => {
    const dashboard = { ...plain, annotations: [a] };
    const all = [{ ...base, queries: [...base.queries, changes], dashboards: [dashboard, detail] }];
    return buildDashboard(dashboard, buildViews(all, 'shadower').catalog, all) as unknown as Dashboard;
  };

  it('take their parts from the columns that the query has', () => {
    expect(withMark(mark).annotations.list).toEqual([
      expect.objectContaining({
        name: 'Changes',
        enable: true,
        iconColor: 'blue',
        target: expect.objectContaining({
          query: 'parcel_changes',
          columns: ['time', 'ended', 'title'],
          params: { parcel: ['$parcel'] },
        }),
        mappings: {
          time: { source: 'field', value: 'time' },
          timeEnd: { source: 'field', value: 'ended' },
          title: { source: 'field', value: 'title' },
        },
      }),
    ]);
  });

  it('of what has no time or no title are refused', () => {
    expect(() => withMark({ ...mark, query: 'parcel_sizes' })).toThrow('no table with the columns time and title');
    expect(() => withMark({ ...mark, params: { parcel: ['$x'] } })).toThrow('there is no variable $x');
  });
});

describe('rows', () => {
  const panel: PanelDef = { title: 'p', description: 'd', kind: 'table', query: 'parcel_sizes', w: 24, h: 5 };
  it('that are collapsed hold their panels and take no room', () => {
    const rows = [
      { title: 'a', panels: [panel], collapsed: true },
      { title: 'b', panels: [panel] },
    ];
    const { panels } = build({ rows });
    expect(panels.map((p) => [p.id, p.type, p.gridPos.y])).toEqual([
      [1, 'row', 0],
      [3, 'row', 1],
      [4, 'table', 2],
    ]);
    expect(panels[0]!.panels!.map((p) => [p.id, p.gridPos.y])).toEqual([[2, 1]]);
    expect(layout({ ...plain, rows }).map((r) => r.y)).toEqual([0, 1]);
  });

  it('a high panel has low ones stacked beside it', () => {
    const sized = (w: number, h: number): PanelDef => ({ ...panel, w, h });
    const rows = [{ title: 'a', panels: [sized(10, 14), sized(14, 7), sized(14, 7), sized(8, 8)] }];
    expect(layout({ ...plain, rows })[0]!.panels.map((p) => [p.grid.x, p.grid.y])).toEqual([
      [0, 1],
      [10, 1],
      [10, 8],
      [0, 15],
    ]);
  });

  it('time ranges open as declared', () => {
    expect(build({ from: 'now-30d' }).time.from).toBe('now-30d');
    expect(build({}).time.from).toBe('now-1h');
  });
});
