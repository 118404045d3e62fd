/**
 * Dashboards from their declarations, in the classic schema, which Grafana 12 and 13 import. None names a datasource:
 * the variable `ds` picks one, so a dashboard works in any Grafana that has the plugin.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import type { Catalog } from '../catalog/types';
import type { AnnotationDef, DashboardDef, Domain, PanelDef, VariableDef } from '../domains/define';
import { DATASOURCE_TYPE, TAG, dashboardUid } from './names';
import { buildPanel, checkParams, type Surroundings } from './panels';
import { queryModel, ref, target } from './query';

const ALL = { text: 'All', value: '$__all' };

/** Choices of a variable. The datasource takes "All" as "no filter", not as the list of all choices. */
function variable(d: DashboardDef, v: VariableDef, catalog: Catalog): Builder<sdk.VariableModel> {
  const where = `dashboard ${d.name}, variable ${v.name}`;
  const query = catalog.queries.find((q) => q.name === v.query);
  if (query?.kind !== 'values') throw new Error(`${where}: ${v.query} is no query of kind values`);
  // Grafana asks for the choices from first to last; a variable can only depend on those before it.
  checkParams(where, query, v.params, d.variables.slice(0, d.variables.indexOf(v)));
  const all = v.all ?? true;
  const multi = v.multi ?? true;
  const builder = new sdk.QueryVariableBuilder(v.name)
    .label(v.label)
    .description(v.description ?? query.description)
    .datasource(ref)
    .query({ refId: 'variable', ...queryModel({ query: v.query, params: v.params }) })
    .definition(v.query)
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.NaturalAsc)
    .multi(multi)
    .includeAll(all);
  if (v.default !== undefined) builder.current({ text: v.default, value: v.default });
  else if (all) builder.current(ALL);
  return builder;
}

/** Parts of an annotation → the column that has it. `ended` makes it a span. */
const MARK = { time: 'time', timeEnd: 'ended', title: 'title', text: 'evidence', tags: 'kind' } as const;

function annotation(d: DashboardDef, a: AnnotationDef, catalog: Catalog): Builder<sdk.AnnotationQuery> {
  const where = `dashboard ${d.name}, annotation ${a.name}`;
  const query = catalog.queries.find((q) => q.name === a.query);
  const has = (column: string): boolean => query?.parts[0]?.columns.some((c) => c.name === column) ?? false;
  if (query?.kind !== 'table' || !has(MARK.time) || !has(MARK.title))
    throw new Error(`${where}: ${a.query} is no table with the columns ${MARK.time} and ${MARK.title}`);
  checkParams(where, query, a.params, d.variables);
  const mappings = Object.entries(MARK).filter(([, column]) => has(column));
  const columns = mappings.map(([, column]) => column);
  return new sdk.AnnotationQueryBuilder()
    .name(a.name)
    .datasource(ref)
    .enable(true)
    .iconColor(a.color)
    .target(target({ ...a, columns }))
    .mappings(
      Object.fromEntries(
        mappings.map(([part, column]) => [
          part,
          new sdk.AnnotationEventFieldMappingBuilder().source(sdk.AnnotationEventFieldSource.Field).value(column),
        ]),
      ),
    );
}

interface PlacedPanel {
  id: number;
  panel: PanelDef;
  grid: sdk.GridPos;
}
interface PlacedRow {
  id: number;
  title: string;
  y: number;
  collapsed: boolean;
  panels: PlacedPanel[];
}

/**
 * Ids and places: rows below each other; in a row, each panel as far up and then as far left as it fits, so that two low ones
 * stack beside a high one. What lies in a collapsed row takes no room.
 */
export function layout(d: DashboardDef): PlacedRow[] {
  let id = 1;
  let y = 0;
  return d.rows.map((row): PlacedRow => {
    const placed: PlacedRow = { id: id++, title: row.title, y: y++, collapsed: row.collapsed ?? false, panels: [] };
    /** Where each of the 24 columns is free from. */
    const free = Array.from({ length: 24 }, () => y);
    for (const panel of row.panels) {
      const { w, h } = panel;
      const tops = free.slice(0, 25 - w).map((_, x) => Math.max(...free.slice(x, x + w)));
      const top = Math.min(...tops);
      const x = tops.indexOf(top);
      free.fill(top + h, x, x + w);
      placed.panels.push({ id: id++, panel, grid: { x, y: top, w, h } });
    }
    if (!placed.collapsed) y = Math.max(...free);
    return placed;
  });
}

/** Links to all dashboards that have `tags`, with the time range and the variables. */
const linkToTag = (title: string, tags: string[], menu: boolean): Builder<sdk.DashboardLink> =>
  new sdk.DashboardLinkBuilder(title)
    .type(sdk.DashboardLinkType.Dashboards)
    .tags(tags)
    .asDropdown(menu)
    .includeVars(true)
    .keepTime(true);

/** The dashboard as JSON. Throws where a declaration names something that the catalog does not have. */
export function buildDashboard(d: DashboardDef, catalog: Catalog, domains: readonly Domain[]): sdk.Dashboard {
  const surroundings: Surroundings = {
    catalog,
    dashboards: domains.flatMap((x) => x.dashboards),
    alerts: domains.flatMap((x) => x.alerts),
  };
  const builder = new sdk.DashboardBuilder(d.title)
    .uid(dashboardUid(d.name))
    .description(d.description)
    .tags([TAG, ...d.tags])
    .time({ from: d.from ?? 'now-1h', to: 'now' })
    .refresh('30s')
    // The minute that is still filling up would look like a drop at the right edge of every chart.
    .timepicker(new sdk.TimePickerBuilder().nowDelay('1m'))
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .withVariable(
      new sdk.DatasourceVariableBuilder('ds').label('Data source').type(DATASOURCE_TYPE).multi(false).includeAll(false),
    )
    .link(linkToTag('Shadower', [TAG], true));
  for (const { title, tags } of d.links ?? []) builder.link(linkToTag(title, tags, false));
  for (const v of d.variables) builder.withVariable(variable(d, v, catalog));
  for (const a of d.annotations ?? []) builder.annotation(annotation(d, a, catalog));
  for (const row of layout(d)) {
    const head = new sdk.RowBuilder(row.title).id(row.id).gridPos({ x: 0, y: row.y, w: 24, h: 1 });
    const panels = row.panels.map(({ id, panel, grid }): Builder<sdk.Panel> => {
      const built = buildPanel(d, panel, { id, gridPos: grid }, surroundings);
      return { build: () => built };
    });
    // Grafana keeps panels inside a row only while it is collapsed.
    if (row.collapsed) for (const p of panels) head.withPanel(p);
    builder.withRow(head);
    if (!row.collapsed) for (const p of panels) builder.withPanel(p);
  }
  const built = builder.build();
  // The SDK hides links and annotations in a menu unless told otherwise, and has no way to tell it.
  for (const link of [...(built.links ?? []), ...(built.annotations?.list ?? [])]) delete link.placement;
  return built;
}
