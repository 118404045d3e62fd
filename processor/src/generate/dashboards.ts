/**
 * Dashboards from their declarations, in the classic schema, which Grafana 12 and 13 import. None names a datasource:
 * the variable `ds` picks one, so a dashboard works in any Grafana that has the plugin.
 */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { Catalog, CatalogPart, CatalogQuery } from '../catalog/types';
import type { AlertDef, DashboardDef, Domain, PanelDef, VariableDef } from '../domains/define';
import {
  DATASOURCE_TYPE,
  GRAPH_PANEL_TYPE,
  QUERY_SCHEMA_VERSION,
  SCORECARD_PANEL_TYPE,
  TAG,
  dashboardUid,
} from './names';

type CatalogColumn = CatalogPart['columns'][number];
interface Override {
  matcher: sdk.MatcherConfig;
  properties: sdk.DynamicConfigValue[];
}

const ref: common.DataSourceRef = { type: DATASOURCE_TYPE, uid: '${ds}' };

/** What a panel's target, an alert rule's query and a variable's query have in common. */
export function queryModel(q: {
  query: string;
  params?: Readonly<Record<string, readonly string[]>>;
  columns?: readonly string[];
  part?: string;
}): Record<string, unknown> {
  return {
    schemaVersion: QUERY_SCHEMA_VERSION,
    query: q.query,
    ...(q.params === undefined ? {} : { params: q.params }),
    ...(q.columns === undefined ? {} : { columns: q.columns }),
    ...(q.part === undefined ? {} : { part: q.part }),
  };
}

const target = (p: PanelDef): Builder<Dataquery> => ({
  build: () => ({ refId: 'A', datasource: ref, ...queryModel(p) }) as unknown as Dataquery,
});

/** Column name as a heading: `error_rate` → `Error rate`, `p95_ms` → `p95`; the unit is shown with the values. */
export function heading(column: string): string {
  const words = column.replace(/_(ms|seconds|bytes)$/, '').replaceAll('_', ' ');
  return /^p\d+$/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

/** How a column of a table is as wide as it has to be: text shares what numbers and times leave. */
function widthOf(column: CatalogColumn): sdk.DynamicConfigValue[] {
  switch (column.type) {
    case 'string':
      return [property('custom.minWidth', 110), property('custom.filterable', true)];
    case 'time':
      return [property('custom.width', 170)];
    default:
      return [property('custom.width', 100)];
  }
}

/** Decimals where values stand in columns below each other; charts choose their own. */
function decimalsOf(unit: string | undefined): number | undefined {
  switch (unit) {
    case 'percentunit':
    case 'reqps':
      return 2;
    case 'ms':
      return 1;
    default:
      return undefined;
  }
}

const property = (id: string, value: unknown): sdk.DynamicConfigValue => ({ id, value });
const byName = (name: string, properties: sdk.DynamicConfigValue[]): Override => ({
  matcher: { id: 'byName', options: name },
  properties,
});

/** The alert rule that watches a column, if any: its limit is drawn where the column is shown. */
const watching = (alerts: readonly AlertDef[], query: string, column: string): AlertDef | undefined =>
  alerts.find((a) => (a.shownBy ?? a.query) === query && a.column === column);

function limitSteps(a: AlertDef, fine = 'transparent'): sdk.Threshold[] {
  const limit = a.condition.value;
  return a.condition.op === 'gt'
    ? [
        { value: null, color: fine },
        { value: limit, color: 'red' },
      ]
    : [
        { value: null, color: 'red' },
        { value: limit, color: fine },
      ];
}

/** Parameter → variable, for parameters that are bound to exactly one variable. */
function boundVariables(p: PanelDef): [param: string, variable: string][] {
  return Object.entries(p.params ?? {}).flatMap(([param, values]): [string, string][] => {
    const variable = values.length === 1 ? /^\$(\w+)$/.exec(values[0]!)?.[1] : undefined;
    return variable === undefined ? [] : [[param, variable]];
  });
}

/** Link to the same dashboard with `variable` set to one value, everything else kept. */
const drillDown = (d: DashboardDef, variable: VariableDef, value: string): Record<string, unknown> => ({
  title: `Only this ${variable.label.toLowerCase()}`,
  url: `/d/${dashboardUid(d.name)}?\${ds:queryparam}&\${__url_time_range}&var-${variable.name}=\${${value}:percentencode}`,
});

interface Context {
  dashboard: DashboardDef;
  query: CatalogQuery;
  part: CatalogPart;
  /** The columns that are shown, in catalog order. */
  columns: CatalogColumn[];
  alerts: readonly AlertDef[];
}

/**
 * Columns whose values a variable of the dashboard can take, by column name. In a scorecard, entities stand in
 * `entity`; in a graph, their names in `title`.
 */
function drillDowns(c: Context, p: PanelDef, field: (column: string) => string): Map<string, Record<string, unknown>> {
  const links = new Map<string, Record<string, unknown>>();
  for (const [param, name] of boundVariables(p)) {
    const variable = c.dashboard.variables.find((v) => v.name === name);
    if (variable === undefined) continue;
    const column = p.kind === 'scorecard' ? 'entity' : p.kind === 'graph' ? 'title' : param;
    if (c.part.columns.some((x) => x.name === column && x.type === 'string'))
      links.set(column, drillDown(c.dashboard, variable, field(column)));
  }
  return links;
}

const measuresOf = (columns: readonly CatalogColumn[]): CatalogColumn[] =>
  columns.filter((c) => c.type !== 'time' && c.role !== 'dimension');
const dimensionsOf = (columns: readonly CatalogColumn[]): CatalogColumn[] =>
  columns.filter((c) => c.role === 'dimension');

/** Legend text of a series: its labels, and the measure where there are several. */
function seriesName(c: Context): string {
  const labels = dimensionsOf(c.part.columns).map((d) => `\${__field.labels.${d.name}}`);
  const measure = measuresOf(c.columns).length > 1 ? ['${__field.name}'] : [];
  return [...labels, ...measure].join(' · ');
}

const thresholds = (steps: sdk.Threshold[]): sdk.ThresholdsConfigBuilder =>
  new sdk.ThresholdsConfigBuilder().mode(sdk.ThresholdsMode.Absolute).steps(steps);

function timeseriesPanel(c: Context, p: PanelDef): Builder<sdk.Panel> {
  const measures = measuresOf(c.columns);
  const panel = new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Auto)
    // A gap is a step without data; joining it would show a value that was not measured.
    .spanNulls(false)
    .axisSoftMin(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
  const only = measures.length === 1 ? measures[0] : undefined;
  const unit = p.unit ?? only?.unit;
  if (unit !== undefined) panel.unit(unit);
  const alert = only === undefined ? undefined : watching(c.alerts, p.query, only.name);
  if (p.thresholds !== undefined || alert !== undefined)
    panel
      .thresholds(thresholds(p.thresholds ?? limitSteps(alert!)))
      .thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(
          p.thresholds === undefined ? common.GraphThresholdsStyleMode.Dashed : common.GraphThresholdsStyleMode.Line,
        ),
      );
  const links = [...drillDowns(c, p, (column) => `__field.labels.${column}`).values()];
  const overrides: Override[] = only === undefined ? measures.map((m) => byName(m.name, unitProperties(m))) : [];
  overrides.push({
    matcher: { id: 'byType', options: 'number' },
    properties: [property('displayName', seriesName(c)), ...(links.length > 0 ? [property('links', links)] : [])],
  });
  return panel.overrides(overrides);
}

const unitProperties = (column: CatalogColumn): sdk.DynamicConfigValue[] =>
  column.unit === undefined ? [] : [property('unit', column.unit)];

function statPanel(c: Context, p: PanelDef): Builder<sdk.Panel> {
  const measures = measuresOf(c.columns);
  const panel = new stat.PanelBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    // Unknown is not zero.
    .noValue('unknown')
    .thresholds(thresholds(p.thresholds ?? [{ value: null, color: 'text' }]));
  if (p.unit !== undefined) panel.unit(p.unit);
  const links = [...drillDowns(c, p, (column) => `__field.labels.${column}`).values()];
  const overrides = p.unit === undefined ? measures.map((m) => byName(m.name, unitProperties(m))) : [];
  overrides.push({
    matcher: { id: 'byType', options: 'number' },
    properties: [property('displayName', seriesName(c)), ...(links.length > 0 ? [property('links', links)] : [])],
  });
  return panel.overrides(overrides.filter((o) => o.properties.length > 0));
}

function tablePanel(c: Context, p: PanelDef): Builder<sdk.Panel> {
  const panel = new table.PanelBuilder().showHeader(true).cellHeight(common.TableCellHeight.Sm);
  if (p.unit !== undefined) panel.unit(p.unit);
  if (p.thresholds !== undefined) panel.thresholds(thresholds(p.thresholds));
  const links = drillDowns(c, p, (column) => `__data.fields.${column}`);
  return panel.overrides(
    c.columns.map((column) => {
      const alert = watching(c.alerts, p.query, column.name);
      const decimals = decimalsOf(column.unit);
      const link = links.get(column.name);
      return byName(column.name, [
        property('displayName', heading(column.name)),
        property('description', column.description),
        ...widthOf(column),
        ...unitProperties(column),
        ...(decimals === undefined ? [] : [property('decimals', decimals)]),
        ...(alert === undefined
          ? []
          : [
              property('thresholds', { mode: 'absolute', steps: limitSteps(alert, 'text') }),
              property('custom.cellOptions', { type: 'color-text' }),
            ]),
        ...(link === undefined ? [] : [property('links', [link])]),
      ]);
    }),
  );
}

/** Our own panels take units and roles from the frames; only the links depend on the dashboard. */
function customPanel(type: string, c: Context, p: PanelDef): Builder<sdk.Panel> {
  const links = drillDowns(c, p, (column) => `__data.fields.${column}`);
  return new sdk.PanelBuilder()
    .type(type)
    .options({})
    .overrides([...links].map(([column, link]) => byName(column, [property('links', [link])])));
}

const PANELS: Record<PanelDef['kind'], (c: Context, p: PanelDef) => Builder<sdk.Panel>> = {
  timeseries: timeseriesPanel,
  stat: statPanel,
  table: tablePanel,
  graph: (c, p) => customPanel(GRAPH_PANEL_TYPE, c, p),
  scorecard: (c, p) => customPanel(SCORECARD_PANEL_TYPE, c, p),
};

/** Kinds of query that a kind of panel can draw. */
const DRAWS: Record<PanelDef['kind'], readonly CatalogQuery['kind'][]> = {
  timeseries: ['timeseries'],
  stat: ['timeseries', 'table', 'scorecard'],
  table: ['table', 'timeseries', 'graph', 'scorecard'],
  graph: ['graph'],
  scorecard: ['scorecard'],
};

/** Checks a panel against the catalog and gathers what drawing it needs. Throws on a declaration that cannot work. */
function contextOf(d: DashboardDef, p: PanelDef, catalog: Catalog, alerts: readonly AlertDef[]): Context {
  const where = `dashboard ${d.name}, panel "${p.title}"`;
  const query = catalog.queries.find((q) => q.name === p.query);
  if (query === undefined) throw new Error(`${where}: there is no query ${p.query}`);
  if (!DRAWS[p.kind].includes(query.kind))
    throw new Error(`${where}: a ${p.kind} panel cannot draw the ${query.kind} query ${p.query}`);
  const part = p.part === undefined ? query.parts[0] : query.parts.find((x) => x.name === p.part);
  if (part === undefined) throw new Error(`${where}: query ${p.query} has no part ${p.part}`);
  for (const column of p.columns ?? [])
    if (!part.columns.some((c) => c.name === column))
      throw new Error(`${where}: query ${p.query} has no column ${column}`);
  for (const [param, values] of Object.entries(p.params ?? {})) {
    if (!query.params.some((x) => x.name === param))
      throw new Error(`${where}: query ${p.query} has no parameter ${param}`);
    for (const v of values)
      if (v.startsWith('$') && !d.variables.some((x) => `$${x.name}` === v))
        throw new Error(`${where}: there is no variable ${v}`);
  }
  const columns = part.columns.filter((c) => p.columns === undefined || p.columns.includes(c.name));
  return { dashboard: d, query, part, columns, alerts };
}

/** Choices of a variable. The datasource takes "All" as "no filter", not as the list of all choices. */
function variable(v: VariableDef, catalog: Catalog): Builder<sdk.VariableModel> {
  if (catalog.queries.find((q) => q.name === v.query)?.kind !== 'values')
    throw new Error(`variable ${v.name}: ${v.query} is no query of kind values`);
  return new sdk.QueryVariableBuilder(v.name)
    .label(v.label)
    .datasource(ref)
    .query({ refId: 'variable', ...queryModel({ query: v.query }) })
    .definition(v.query)
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' });
}

export interface PlacedPanel {
  id: number;
  panel: PanelDef;
  grid: sdk.GridPos;
}
export interface PlacedRow {
  id: number;
  title: string;
  y: number;
  panels: PlacedPanel[];
}

/** Ids and places: rows below each other, panels from left to right, broken where 24 columns are full. */
export function layout(d: DashboardDef): PlacedRow[] {
  let id = 1;
  let y = 0;
  return d.rows.map((row): PlacedRow => {
    const placed: PlacedRow = { id: id++, title: row.title, y: y++, panels: [] };
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      if (x + panel.w > 24) {
        x = 0;
        y += height;
        height = 0;
      }
      placed.panels.push({ id: id++, panel, grid: { x, y, w: panel.w, h: panel.h } });
      x += panel.w;
      height = Math.max(height, panel.h);
    }
    y += height;
    return placed;
  });
}

/** The dashboard as JSON. Throws where a declaration names something that the catalog does not have. */
export function buildDashboard(d: DashboardDef, catalog: Catalog, domains: readonly Domain[]): sdk.Dashboard {
  const alerts = domains.flatMap((x) => x.alerts);
  const builder = new sdk.DashboardBuilder(d.title)
    .uid(dashboardUid(d.name))
    .description(d.description)
    .tags([TAG, ...d.tags])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    // The minute that is still filling up would look like a drop at the right edge of every chart.
    .timepicker(new sdk.TimePickerBuilder().nowDelay('1m'))
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .withVariable(
      new sdk.DatasourceVariableBuilder('ds').label('Data source').type(DATASOURCE_TYPE).multi(false).includeAll(false),
    )
    .link(
      new sdk.DashboardLinkBuilder('Shadower')
        .type(sdk.DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    );
  for (const v of d.variables) builder.withVariable(variable(v, catalog));
  for (const row of layout(d)) {
    builder.withRow(new sdk.RowBuilder(row.title).id(row.id).gridPos({ x: 0, y: row.y, w: 24, h: 1 }));
    for (const { id, panel: p, grid } of row.panels) {
      const built = PANELS[p.kind](contextOf(d, p, catalog, alerts), p).build();
      builder.withPanel({
        build: () => ({
          ...built,
          id,
          title: p.title,
          description: p.description,
          datasource: ref,
          gridPos: grid,
          targets: [target(p).build()],
          options: { ...(built.options as object), ...p.options },
        }),
      });
    }
  }
  const built = builder.build();
  // The SDK hides the link in a menu unless told otherwise, and has no way to tell it.
  for (const link of built.links ?? []) delete link.placement;
  return built;
}
