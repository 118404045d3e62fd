/** Panels from their declarations: one builder per kind, each around Grafana's own panel or one of ours. */
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as text from '@grafana/grafana-foundation-sdk/text';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { Catalog, CatalogPart, CatalogQuery } from '../catalog/types';
import type {
  AlertDef,
  DashboardDef,
  ColumnStyle as Style,
  PanelDef,
  QueryPanelDef,
  QueryPanelKind,
  TextPanelDef,
  Thresholds,
  ValueMappings,
} from '../domains/define';
import { declaredLinks, ofRow, ofSeries, onlyThis, type FieldReference, type Link, type PanelLinks } from './links';
import { GRAPH_PANEL_TYPE, SCORECARD_PANEL_TYPE } from './names';
import { ref, target } from './query';

type CatalogColumn = CatalogPart['columns'][number];
interface Override {
  matcher: sdk.MatcherConfig;
  properties: sdk.DynamicConfigValue[];
}

/** Everything that panels are built from, apart from their own declarations. */
export interface Surroundings {
  catalog: Catalog;
  dashboards: readonly DashboardDef[];
  alerts: readonly AlertDef[];
}

interface Context {
  dashboard: DashboardDef;
  panel: QueryPanelDef;
  query: CatalogQuery;
  part: CatalogPart;
  /** The columns that are shown, in catalog order. */
  columns: CatalogColumn[];
  alerts: readonly AlertDef[];
  dashboards: readonly DashboardDef[];
}

// ---------------------------------------------------------------- what kinds of panel share

/** Column name as a heading: `error_rate` → `Error rate`, `p95_ms` → `p95`; the unit is shown with the values. */
function heading(column: string): string {
  const words = column.replace(/_(ms|seconds|bytes)$/, '').replaceAll('_', ' ');
  return /^p\d+$/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

const property = (id: string, value: unknown): sdk.DynamicConfigValue => ({ id, value });
const byName = (name: string, properties: sdk.DynamicConfigValue[]): Override => ({
  matcher: { id: 'byName', options: name },
  properties,
});
const allNumbers = (properties: sdk.DynamicConfigValue[]): Override => ({
  matcher: { id: 'byType', options: 'number' },
  properties,
});
const unitProperties = (column: CatalogColumn): sdk.DynamicConfigValue[] =>
  column.unit === undefined ? [] : [property('unit', column.unit)];

const measuresOf = (columns: readonly CatalogColumn[]): CatalogColumn[] =>
  columns.filter((c) => c.type !== 'time' && c.role !== 'dimension');
const dimensionsOf = (columns: readonly CatalogColumn[]): CatalogColumn[] =>
  columns.filter((c) => c.role === 'dimension');

const thresholds = (steps: Thresholds): sdk.ThresholdsConfigBuilder =>
  new sdk.ThresholdsConfigBuilder().mode(sdk.ThresholdsMode.Absolute).steps([...steps]);
const thresholdsProperty = (steps: Thresholds): sdk.DynamicConfigValue =>
  property('thresholds', { mode: 'absolute', steps });

/** Key `null` stands for a missing value. */
function valueMappings(mappings: ValueMappings): sdk.ValueMapping[] {
  return Object.entries(mappings).map(([value, result], index): sdk.ValueMapping => {
    const shown = { color: result.color, index, ...(result.text === undefined ? {} : { text: result.text }) };
    return value === 'null'
      ? { type: sdk.MappingType.SpecialValue, options: { match: sdk.SpecialValueMatch.Null, result: shown } }
      : { type: sdk.MappingType.ValueToText, options: { [value]: shown } };
  });
}

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
function boundVariables(p: QueryPanelDef): [param: string, variable: string][] {
  return Object.entries(p.params ?? {}).flatMap(([param, values]): [string, string][] => {
    const variable = values.length === 1 ? /^\$(\w+)$/.exec(values[0]!)?.[1] : undefined;
    return variable === undefined ? [] : [[param, variable]];
  });
}

/**
 * What is linked: declared links, and after them, on columns whose values a variable of the dashboard can take, "only
 * this". In a scorecard, entities stand in `entity`; in a graph, their names in `title`.
 */
function linksOf(c: Context, field: FieldReference): PanelLinks {
  const links = declaredLinks(
    c.dashboard,
    c.panel,
    c.dashboards,
    c.part.columns.map((x) => x.name),
    field,
  );
  for (const [param, name] of boundVariables(c.panel)) {
    const variable = c.dashboard.variables.find((v) => v.name === name);
    if (variable === undefined) continue;
    const column = c.panel.kind === 'scorecard' ? 'entity' : c.panel.kind === 'graph' ? 'title' : param;
    if (c.part.columns.some((x) => x.name === column && x.type === 'string'))
      links.columns.set(column, [...(links.columns.get(column) ?? []), onlyThis(c.dashboard, variable, field(column))]);
  }
  return links;
}

/** The links of all columns, for charts, which link from every value. */
const valueLinks = (c: Context, field: FieldReference): sdk.DynamicConfigValue[] => {
  const links: Link[] = [...linksOf(c, field).columns.values()].flat();
  return links.length === 0 ? [] : [property('links', links)];
};

/** Legend text of a series: its labels, and the measure where there are several. */
function seriesName(c: Context): string {
  const labels = dimensionsOf(c.part.columns).map((d) => `\${__field.labels.${d.name}}`);
  const measure = measuresOf(c.columns).length > 1 ? ['${__field.name}'] : [];
  return [...labels, ...measure].join(' · ');
}

/** Unit and declared looks of each measure, then what all series have. */
function seriesOverrides(c: Context, field: FieldReference): Override[] {
  const own = c.panel.unit === undefined;
  const single = measuresOf(c.columns).map((m) => {
    const style = c.panel.styles?.[m.name];
    return byName(m.name, [
      ...(own ? unitProperties(m) : []),
      ...(style?.color === undefined ? [] : [property('color', { mode: 'fixed', fixedColor: style.color })]),
      ...(style?.thresholds === undefined ? [] : [thresholdsProperty(style.thresholds)]),
      ...(style?.mappings === undefined ? [] : [property('mappings', valueMappings(style.mappings))]),
    ]);
  });
  return [...single, allNumbers([property('displayName', seriesName(c)), ...valueLinks(c, field)])].filter(
    (o) => o.properties.length > 0,
  );
}

/** Parts of the options that several of Grafana's panels have under the same names. */
const legend = () =>
  new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs([]);
const tooltip = () =>
  new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);

/** One value per row of a table. Grafana would drop all rows after the 25th in silence: the datasource has the limit. */
const everyRow = () => new common.ReduceDataOptionsBuilder().values(true).calcs([]).fields('').limit(10_000);

// ---------------------------------------------------------------- one builder per kind

const STACK = { mode: common.StackingMode.Normal, group: 'A' };

function timeseriesPanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const measures = measuresOf(c.columns);
  const bars = p.draw === 'bars' || p.draw === 'stacked';
  const panel = new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(bars ? 70 : 8)
    .showPoints(bars ? common.VisibilityMode.Never : common.VisibilityMode.Auto)
    // A gap is a step without data; joining it would show a value that was not measured.
    .spanNulls(false)
    .axisSoftMin(0)
    .legend(legend())
    .tooltip(tooltip());
  if (bars) panel.drawStyle(common.GraphDrawStyle.Bars);
  if (p.draw === 'stacked') panel.stacking({ build: () => STACK });
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
  return panel.overrides(seriesOverrides(c, ofSeries));
}

function statPanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const panel = new stat.PanelBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    // Unknown is not zero.
    .noValue('unknown')
    .thresholds(thresholds(p.thresholds ?? [{ value: null, color: 'text' }]));
  if (p.mappings !== undefined) panel.mappings(valueMappings(p.mappings));
  if (p.unit !== undefined) panel.unit(p.unit);
  if (c.query.kind === 'timeseries') return panel.overrides(seriesOverrides(c, ofSeries));
  // A table's one row: each number under its own name.
  panel.graphMode(common.BigValueGraphMode.None);
  return panel.overrides(
    c.columns.map((m) => {
      const style = p.styles?.[m.name];
      return byName(m.name, [
        property('displayName', heading(m.name)),
        ...(p.unit === undefined ? unitProperties(m) : []),
        ...(style?.thresholds === undefined ? [] : [thresholdsProperty(style.thresholds)]),
        ...(style?.mappings === undefined ? [] : [property('mappings', valueMappings(style.mappings))]),
      ]);
    }),
  );
}

/** How a column of a table is as wide as it has to be: text shares what numbers and times leave. */
function widthOf(column: CatalogColumn, style: Style | undefined): sdk.DynamicConfigValue[] {
  if (style?.width !== undefined) return [property('custom.width', style.width)];
  switch (column.type) {
    case 'string':
      return [property('custom.minWidth', 110), property('custom.filterable', true)];
    case 'time':
      return [property('custom.width', 175)];
    default:
      // Room for the heading: some 8 pixels a letter.
      return [property('custom.width', Math.max(100, 20 + 8 * heading(column.name).length))];
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

/** Cells of one column: as declared, or coloured beyond the limit of the alert rule that watches it. */
function cellProperties(c: Context, column: CatalogColumn): sdk.DynamicConfigValue[] {
  const style = c.panel.styles?.[column.name];
  if (style !== undefined)
    return [
      ...(style.thresholds === undefined ? [] : [thresholdsProperty(style.thresholds)]),
      ...(style.mappings === undefined ? [] : [property('mappings', valueMappings(style.mappings))]),
      ...(style.color === undefined ? [] : [property('color', { mode: 'fixed', fixedColor: style.color })]),
      ...(style.cell === undefined && !style.wrap
        ? []
        : [property('custom.cellOptions', { type: style.cell ?? 'auto', ...(style.wrap ? { wrapText: true } : {}) })]),
    ];
  const alert = watching(c.alerts, c.panel.query, column.name);
  return alert === undefined
    ? []
    : [thresholdsProperty(limitSteps(alert, 'text')), property('custom.cellOptions', { type: 'color-text' })];
}

function tablePanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const panel = new table.PanelBuilder().showHeader(true).cellHeight(common.TableCellHeight.Sm);
  if (p.unit !== undefined) panel.unit(p.unit);
  if (p.thresholds !== undefined) panel.thresholds(thresholds(p.thresholds));
  if (p.mappings !== undefined) panel.mappings(valueMappings(p.mappings));
  if (p.pivot !== undefined) return panel.overrides(matrixOverrides(c, p.pivot));
  const links = linksOf(c, ofRow).columns;
  return panel.overrides(
    c.columns.map((column) => {
      const decimals = decimalsOf(column.unit);
      const link = links.get(column.name);
      return byName(column.name, [
        property('displayName', heading(column.name)),
        property('description', column.description),
        ...widthOf(column, p.styles?.[column.name]),
        ...unitProperties(column),
        ...(decimals === undefined ? [] : [property('decimals', decimals)]),
        ...cellProperties(c, column),
        ...(link === undefined ? [] : [property('links', link)]),
      ]);
    }),
  );
}

type Pivot = NonNullable<QueryPanelDef['pivot']>;
/** Name that Grafana gives the first column of a matrix. */
const matrixRows = (pivot: Pivot): string => `${pivot.rows}\\${pivot.columns}`;

/** Looks of a matrix: its columns are values, so only their type can be named. */
function matrixOverrides(c: Context, pivot: Pivot): Override[] {
  const value = c.columns.find((x) => x.name === pivot.value)!;
  const links = linksOf(c, () => '__value.raw').columns.get(pivot.rows);
  return [
    byName(matrixRows(pivot), [
      property('displayName', heading(pivot.rows)),
      property('custom.minWidth', 160),
      property('custom.cellOptions', { type: 'auto' }),
      ...(links === undefined ? [] : [property('links', links)]),
    ]),
    allNumbers([
      ...unitProperties(value),
      ...(c.panel.thresholds === undefined && c.panel.mappings === undefined
        ? []
        : [property('custom.cellOptions', { type: 'color-background' })]),
    ]),
  ];
}

const toMatrix = (pivot: Pivot): sdk.DataTransformerConfig => ({
  id: 'groupingToMatrix',
  // A pair that no row has is unknown, not an empty text, which would make the column one of texts.
  options: { rowField: pivot.rows, columnField: pivot.columns, valueField: pivot.value, emptyValue: 'null' },
});

/** Looks of the measures of a chart whose items are the rows of a table. */
function itemOverrides(c: Context): Override[] {
  const links = valueLinks(c, ofRow);
  return measuresOf(c.columns).map((m) => {
    const style = c.panel.styles?.[m.name];
    return byName(m.name, [
      ...(c.panel.unit === undefined ? unitProperties(m) : []),
      ...(measuresOf(c.columns).length > 1 || c.panel.kind === 'barchart'
        ? [property('displayName', heading(m.name))]
        : []),
      ...(style?.color === undefined ? [] : [property('color', { mode: 'fixed', fixedColor: style.color })]),
      ...(style?.thresholds === undefined ? [] : [thresholdsProperty(style.thresholds)]),
      ...links,
    ]);
  });
}

function piePanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const panel = new piechart.PanelBuilder()
    .pieType(piechart.PieChartType.Donut)
    .displayLabels([piechart.PieChartLabels.Percent])
    .reduceOptions(everyRow())
    .legend(
      new piechart.PieChartLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Right)
        .values([piechart.PieChartLegendValues.Value, piechart.PieChartLegendValues.Percent]),
    )
    .tooltip(tooltip());
  if (p.unit !== undefined) panel.unit(p.unit);
  if (p.mappings !== undefined) panel.mappings(valueMappings(p.mappings));
  return panel.overrides(itemOverrides(c));
}

function barchartPanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const panel = new barchart.PanelBuilder()
    .xField(p.pivot === undefined ? dimensionsOf(c.columns)[0]!.name : matrixRows(p.pivot))
    .showValue(common.VisibilityMode.Auto)
    .fillOpacity(80)
    .axisSoftMin(0)
    .stacking(p.draw === 'stacked' ? common.StackingMode.Normal : common.StackingMode.None)
    .xTickLabelMaxLength(24)
    .legend(legend().showLegend(measuresOf(c.columns).length > 1 || p.pivot !== undefined))
    .tooltip(tooltip());
  if (p.unit !== undefined) panel.unit(p.unit);
  if (p.thresholds !== undefined)
    panel
      .thresholds(thresholds(p.thresholds))
      .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Thresholds));
  if (p.pivot === undefined) return panel.overrides(itemOverrides(c));
  const value = c.columns.find((x) => x.name === p.pivot!.value)!;
  return panel.overrides([allNumbers(unitProperties(value))]);
}

function bargaugePanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const panel = new bargauge.PanelBuilder()
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .orientation(common.VizOrientation.Horizontal)
    .valueMode(common.BarGaugeValueMode.Color)
    .showUnfilled(true)
    .reduceOptions(everyRow())
    .noValue('unknown')
    .min(0)
    .thresholds(thresholds(p.thresholds ?? [{ value: null, color: 'blue' }]));
  if (p.unit !== undefined) panel.unit(p.unit);
  return panel.overrides(itemOverrides(c));
}

function heatmapPanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const measure = measuresOf(c.columns)[0]!;
  const unit = p.unit ?? measure.unit;
  const panel = new heatmap.PanelBuilder()
    // One row of cells per series.
    .calculate(false)
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('Oranges')
        .scale(heatmap.HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(64)
        .fill('dark-orange'),
    )
    .cellGap(1)
    .yAxis(new heatmap.YAxisConfigBuilder().axisPlacement(common.AxisPlacement.Left))
    .showLegend()
    .tooltip({ build: () => ({ mode: common.TooltipDisplayMode.Single, yHistogram: false, showColorScale: true }) });
  if (unit !== undefined) panel.cellValues(new heatmap.CellValuesBuilder().unit(unit));
  return panel.overrides([allNumbers([property('displayName', seriesName(c)), ...valueLinks(c, ofSeries)])]);
}

function stateTimelinePanel(c: Context, p: QueryPanelDef): Builder<sdk.Panel> {
  const only = measuresOf(c.columns)[0]!;
  const panel = new statetimeline.PanelBuilder()
    .showValue(common.VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.85)
    .fillOpacity(80)
    .lineWidth(0)
    // A step without data is a gap, not the state before it.
    .spanNulls(false)
    .legend(legend())
    .tooltip({ build: () => ({ mode: common.TooltipDisplayMode.Single, sort: common.SortOrder.None }) })
    // Grafana merges what lies between two thresholds into one state; mapped values are states of their own.
    .colorScheme(
      new sdk.FieldColorBuilder().mode(
        p.mappings === undefined ? sdk.FieldColorModeId.Thresholds : sdk.FieldColorModeId.Fixed,
      ),
    )
    .thresholds(thresholds(p.thresholds ?? [{ value: null, color: 'blue' }]));
  const unit = p.unit ?? only.unit;
  if (unit !== undefined) panel.unit(unit);
  if (p.mappings !== undefined) panel.mappings(valueMappings(p.mappings));
  return panel.overrides(seriesOverrides(c, ofSeries));
}

/** Our own panels take units and roles from the frames; only the links depend on the dashboard. */
function customPanel(type: string, c: Context): Builder<sdk.Panel> {
  const links = linksOf(c, ofRow).columns;
  return new sdk.PanelBuilder()
    .type(type)
    .options({})
    .overrides([...links].map(([column, link]) => byName(column, [property('links', link)])));
}

interface Kind {
  build: (c: Context, p: QueryPanelDef) => Builder<sdk.Panel>;
  /** Kinds of query that it can draw. */
  draws: readonly CatalogQuery['kind'][];
  /** Whether it shows one measure only. */
  oneMeasure?: true;
  /** Whether the rows of a table must differ in one column: others would stand beside each other under one name. */
  oneDimension?: true;
}

const KINDS: Record<QueryPanelKind, Kind> = {
  timeseries: { build: timeseriesPanel, draws: ['timeseries'] },
  stat: { build: statPanel, draws: ['timeseries', 'table', 'scorecard'] },
  table: { build: tablePanel, draws: ['table', 'timeseries', 'graph', 'scorecard'] },
  piechart: { build: piePanel, draws: ['table'], oneMeasure: true },
  barchart: { build: barchartPanel, draws: ['table'], oneDimension: true },
  bargauge: { build: bargaugePanel, draws: ['table'] },
  heatmap: { build: heatmapPanel, draws: ['timeseries'], oneMeasure: true },
  'state-timeline': { build: stateTimelinePanel, draws: ['timeseries'], oneMeasure: true },
  graph: { build: (c) => customPanel(GRAPH_PANEL_TYPE, c), draws: ['graph'] },
  scorecard: { build: (c) => customPanel(SCORECARD_PANEL_TYPE, c), draws: ['scorecard'] },
};

// ---------------------------------------------------------------- checks, and the panel

function checkShape(c: Context, kind: Kind, where: string): void {
  const { panel: p, columns } = c;
  const numbers = measuresOf(columns).filter((x) => x.type === 'number');
  if (kind.oneMeasure && numbers.length !== 1)
    throw new Error(`${where}: a ${p.kind} panel shows one measure; choose one with columns`);
  const every = dimensionsOf(c.part.columns).map((x) => x.name);
  if (p.pivot !== undefined) {
    if (p.kind !== 'table' && p.kind !== 'barchart') throw new Error(`${where}: a ${p.kind} panel has no pivot`);
    for (const name of [p.pivot.rows, p.pivot.columns, p.pivot.value])
      if (!columns.some((x) => x.name === name)) throw new Error(`${where}: query ${p.query} has no column ${name}`);
    // Grafana keeps the last of several rows that fall into one cell, and says nothing.
    const left = every.filter((x) => x !== p.pivot!.rows && x !== p.pivot!.columns);
    if (left.length > 0) throw new Error(`${where}: the pivot leaves out the dimension ${left.join(', ')}`);
  } else if (kind.oneDimension && (every.length !== 1 || !columns.some((x) => x.name === every[0])))
    throw new Error(`${where}: a ${p.kind} panel needs a query with one dimension, or a pivot of two`);
  for (const name of Object.keys(p.styles ?? {}))
    if (!columns.some((x) => x.name === name)) throw new Error(`${where}: styles name ${name}, which is not shown`);
}

/** Parameters that the query has, with variables that the dashboard has. */
export function checkParams(
  where: string,
  query: CatalogQuery,
  params: Readonly<Record<string, readonly string[]>> | undefined,
  variables: readonly { name: string }[],
): void {
  for (const [param, values] of Object.entries(params ?? {})) {
    if (!query.params.some((x) => x.name === param))
      throw new Error(`${where}: query ${query.name} has no parameter ${param}`);
    for (const v of values)
      if (v.startsWith('$') && !variables.some((x) => `$${x.name}` === v))
        throw new Error(`${where}: there is no variable ${v}`);
  }
}

/** Checks a panel against the catalog and gathers what drawing it needs. Throws on a declaration that cannot work. */
function contextOf(d: DashboardDef, p: QueryPanelDef, s: Surroundings): Context {
  const where = `dashboard ${d.name}, panel "${p.title}"`;
  const kind = KINDS[p.kind];
  const query = s.catalog.queries.find((q) => q.name === p.query);
  if (query === undefined) throw new Error(`${where}: there is no query ${p.query}`);
  if (!kind.draws.includes(query.kind))
    throw new Error(`${where}: a ${p.kind} panel cannot draw the ${query.kind} query ${p.query}`);
  const part = p.part === undefined ? query.parts[0] : query.parts.find((x) => x.name === p.part);
  if (part === undefined) throw new Error(`${where}: query ${p.query} has no part ${p.part}`);
  for (const column of p.columns ?? [])
    if (!part.columns.some((c) => c.name === column))
      throw new Error(`${where}: query ${p.query} has no column ${column}`);
  checkParams(where, query, p.params, d.variables);
  const columns = part.columns.filter((c) => p.columns === undefined || p.columns.includes(c.name));
  const context = { dashboard: d, panel: p, query, part, columns, alerts: s.alerts, dashboards: s.dashboards };
  checkShape(context, kind, where);
  return context;
}

interface Place {
  id: number;
  gridPos: sdk.GridPos;
}

const textPanel = (p: TextPanelDef, place: Place): sdk.Panel => ({
  ...new text.PanelBuilder().mode(text.TextMode.Markdown).content(p.content).build(),
  ...place,
  title: p.title,
  description: p.description,
});

/** A panel as JSON. Throws where its declaration names something that there is not. */
export function buildPanel(d: DashboardDef, p: PanelDef, place: Place, s: Surroundings): sdk.Panel {
  if (p.kind === 'text') return textPanel(p, place);
  const context = contextOf(d, p, s);
  const built = KINDS[p.kind].build(context, p).build();
  const { panel: links } = linksOf(context, ofRow);
  return {
    ...built,
    ...place,
    title: p.title,
    description: p.description,
    datasource: ref,
    targets: [target(p).build()],
    options: { ...(built.options as object), ...p.options },
    ...(links.length === 0 ? {} : { links: links as sdk.DashboardLink[] }),
    ...(p.pivot === undefined ? {} : { transformations: [toMatrix(p.pivot)] }),
  };
}
