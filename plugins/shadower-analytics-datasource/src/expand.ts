import { type ScopedVars } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';
import { type Filter } from './types';

/** What Grafana holds for "All". */
const ALL = '$__all';
const WHOLE_VARIABLE = /^(?:\$(\w+)|\$\{(\w+)(?:\.[^:}]+)?(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\])$/;

/**
 * Expands template variables inside parameter lists: a multi-value variable becomes all its values, and "All" an empty
 * list, which means all there is (also what appeared since the variable was loaded). What cannot be resolved stays as
 * it is, and the backend refuses it.
 */
export function expandParams(
  params: Record<string, string[]> | undefined,
  templates: TemplateSrv,
  scopedVars: ScopedVars
): Record<string, string[]> | undefined {
  if (!params) {
    return undefined;
  }
  return Object.fromEntries(
    Object.entries(params).map(([name, values]) => [name, expandValues(values, templates, scopedVars)])
  );
}

/** Filters with their variables expanded; one that picks all of its dimension is left out. */
export function expandFilters(
  filters: Filter[] | undefined,
  templates: TemplateSrv,
  scopedVars: ScopedVars
): Filter[] | undefined {
  return filters
    ?.map((f) => {
      const values = expandValues(f.values, templates, scopedVars);
      // Several values of one variable turn "is" into "is one of".
      const operator = values.length > 1 && (f.operator === '=' || f.operator === '!=') ? `${f.operator}|` : f.operator;
      return { key: f.key, operator, values };
    })
    .filter((f) => f.values.length > 0);
}

/** Values as SQL writes them: 'a', 'b'. */
export const asSql = (value: unknown): string =>
  (Array.isArray(value) ? value : [value])
    .map((v) => `'${String(v).replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`)
    .join(', ');

/** SQL with the dashboard's variables written as quoted texts; $__ macros are left to the backend. */
export function expandSql(sql: string | undefined, templates: TemplateSrv, scopedVars: ScopedVars): string | undefined {
  if (sql === undefined) {
    return undefined;
  }
  // Grafana has texts for some names of our macros (such as 1m for $__interval), which are hidden from it here.
  const hidden = sql.replace(/\$__/g, '\u0001__');
  return templates.replace(hidden, scopedVars, asSql).replace(/\u0001__/g, '$__');
}

function expandValues(values: string[], templates: TemplateSrv, scopedVars: ScopedVars): string[] {
  const out: string[] = [];
  for (const value of values) {
    if (value === ALL || isAll(value, templates, scopedVars)) {
      return [];
    }
    out.push(...expandValue(value, templates, scopedVars));
  }
  return out.includes(ALL) ? [] : [...new Set(out)];
}

function isAll(value: string, templates: TemplateSrv, scopedVars: ScopedVars): boolean {
  const match = WHOLE_VARIABLE.exec(value);
  const name = match?.[1] ?? match?.[2] ?? match?.[3];
  if (!name || scopedVars[name] !== undefined) {
    return false;
  }
  const variable = templates.getVariables().find((v) => v.name === name);
  // A custom "All" value was chosen by the dashboard's author and is sent as it is.
  if (!variable || !('current' in variable) || ('allValue' in variable && variable.allValue)) {
    return false;
  }
  const current = variable.current;
  const chosen: unknown = current && 'value' in current ? current.value : undefined;
  return chosen === ALL || (Array.isArray(chosen) && chosen.includes(ALL));
}

/** One entry: a lone variable gives its values, a text around variables is replaced once for each combination. */
function expandValue(value: string, templates: TemplateSrv, scopedVars: ScopedVars): string[] {
  const lists: string[][] = [];
  const marked = templates.replace(value, scopedVars, (v: unknown) => {
    lists.push((Array.isArray(v) ? v : [v]).filter((x) => x !== undefined && x !== null).map(String));
    return `\u0000${lists.length - 1}\u0000`;
  });
  if (lists.length === 0) {
    return [marked];
  }
  return lists.reduce<string[]>(
    (texts, list, i) => texts.flatMap((text) => list.map((item) => text.split(`\u0000${i}\u0000`).join(item))),
    [marked]
  );
}
