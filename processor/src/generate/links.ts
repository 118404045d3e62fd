/** Links between dashboards: they carry the time range, the datasource and the variables that both ends have. */
import type { DashboardDef, LinkDef, QueryPanelDef, VariableDef } from '../domains/define';
import { dashboardUid } from './names';

export interface Link {
  title: string;
  url: string;
}

/** How a panel names the value of a column of what was clicked, e.g. `__data.fields.x`. */
export type FieldReference = (column: string) => string;
export const ofRow: FieldReference = (column) => `__data.fields.${column}`;
export const ofSeries: FieldReference = (column) => `__field.labels.${column}`;

/** Url of `to`, with `values` (variable → reference) set and the other common variables as they are in `from`. */
function urlOf(from: DashboardDef, to: DashboardDef, values: Readonly<Record<string, string>>): string {
  const kept = to.variables.filter((v) => !(v.name in values) && from.variables.some((x) => x.name === v.name));
  return [
    `/d/${dashboardUid(to.name)}?\${ds:queryparam}&\${__url_time_range}`,
    ...kept.map((v) => `\${${v.name}:queryparam}`),
    ...Object.entries(values).map(([name, reference]) => `var-${name}=\${${reference}:percentencode}`),
  ].join('&');
}

/** Link to the same dashboard with one variable set to what was clicked, everything else kept. */
export const onlyThis = (d: DashboardDef, variable: VariableDef, reference: string): Link => ({
  title: `Only this ${variable.label.toLowerCase()}`,
  url: urlOf(d, d, { [variable.name]: reference }),
});

export interface PanelLinks {
  /** In the panel's head. */
  panel: Link[];
  /** Column that is clicked → links. */
  columns: Map<string, Link[]>;
}

/**
 * The declared links of a panel. Throws on a dashboard or variable that there is not, and on a column that is not among
 * `columns`.
 */
export function declaredLinks(
  d: DashboardDef,
  p: QueryPanelDef,
  dashboards: readonly DashboardDef[],
  columns: readonly string[],
  field: FieldReference,
): PanelLinks {
  const out: PanelLinks = { panel: [], columns: new Map() };
  for (const l of p.links ?? []) {
    const where = `dashboard ${d.name}, panel "${p.title}", link "${l.title}"`;
    const to = dashboards.find((x) => x.name === l.dashboard);
    if (to === undefined) throw new Error(`${where}: there is no dashboard ${l.dashboard}`);
    const variables = Object.entries(l.variables ?? {});
    for (const [name, column] of variables) {
      if (!to.variables.some((v) => v.name === name))
        throw new Error(`${where}: dashboard ${to.name} has no variable ${name}`);
      if (!columns.includes(column)) throw new Error(`${where}: the panel has no column ${column}`);
    }
    const link = {
      title: l.title,
      url: urlOf(d, to, Object.fromEntries(variables.map(([name, column]) => [name, field(column)]))),
    };
    const column = clicked(l);
    if (column === undefined) out.panel.push(link);
    else out.columns.set(column, [...(out.columns.get(column) ?? []), link]);
  }
  return out;
}

const clicked = (l: LinkDef): string | undefined => l.column ?? Object.values(l.variables ?? {})[0];
