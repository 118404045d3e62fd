/**
 * Findings: what a domain says is wrong, since when, with the figures that show it and what to do. One shape for all, so
 * that they can be put together, listed, alerted on and drawn as annotations. A part of a domain declares its findings
 * with `findings()` and the domain puts them together with `allFindings()`.
 */
import type { Column, QueryDef, SqlContext } from '../domains/define';

/** Worst first. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

const columns = (entity: Entity): Record<string, Column> => ({
  time: { type: 'time', description: 'Since when: start of the first step that shows it' },
  ended: { type: 'time', description: 'Start of the first step that is fine again; empty while there was none' },
  [entity.column]: { type: 'string', role: 'dimension', description: entity.description },
  kind: { type: 'string', role: 'dimension', description: 'Kind of finding' },
  severity: { type: 'string', role: 'dimension', description: 'critical, warning or info' },
  title: { type: 'string', description: 'What is wrong, in one line' },
  evidence: { type: 'string', description: 'The figures that show it' },
  action: { type: 'string', description: 'What to look at or to do' },
  value: { type: 'number', role: 'measure', description: 'Observed; unknown if empty' },
  expected: { type: 'number', role: 'measure', description: 'Limit or expectation that it is compared with' },
  unit: { type: 'string', description: 'Unit of value and expected' },
});

/** ClickHouse types, so that findings of different queries can be put below each other. */
const TYPES: Record<string, string> = {
  time: "DateTime64(3, 'UTC')",
  ended: "Nullable(DateTime64(3, 'UTC'))",
  value: 'Nullable(Float64)',
  expected: 'Nullable(Float64)',
};

/** What the findings are about: its column, which is also the parameter that filters it. */
export interface Entity {
  column: string;
  description: string;
}

const ORDER = `ORDER BY indexOf([${SEVERITIES.map((x) => `'${x}'`).join(', ')}], severity), isNotNull(ended), time DESC, title`;

type Declared = Pick<QueryDef, 'name' | 'title' | 'description' | 'rollup' | 'params'> & { entity: Entity };

const define = ({ entity, ...q }: Declared, sql: (s: SqlContext, list: string) => string): QueryDef => {
  const shape = columns(entity);
  const list = Object.keys(shape)
    .map((name) => `CAST(x.${name}, '${(TYPES[name] ?? 'String').replaceAll("'", "\\'")}') AS ${name}`)
    .join(', ');
  return {
    ...q,
    kind: 'table',
    cache: 'systemMetrics',
    parts: { main: { columns: shape, sql: (s) => `${sql(s, list)}\n${ORDER}` } },
  };
};

/**
 * A query of findings. Each of `selects` is a SELECT of all columns of the shape, by name and in any order and numeric
 * type: time, ended, the entity's column, kind, severity, title, evidence, action, value, expected, unit. It must not use
 * `s.bucket` (a table has no step; `s.trendStep` does).
 */
export const findings = (q: Declared & { selects: (s: SqlContext) => string[] }): QueryDef => {
  const { selects, ...rest } = q;
  return define(rest, (s, list) => {
    const union = selects(s).map((select) => `SELECT ${list} FROM (${select}) AS x`);
    return `SELECT * FROM (\n${union.join('\nUNION ALL\n')}\n)`;
  });
};

/** All findings of the queries named, which are declared before it with the same parameters. */
export const allFindings = (q: Declared & { of: readonly string[] }): QueryDef => {
  const { of, ...rest } = q;
  return findings({ ...rest, selects: (s) => of.map((name) => `SELECT * FROM ${s.query(name)}`) });
};

/**
 * Runs of steps in which a condition holds, as a relation with the columns `keys`, `time` (start of the first step),
 * `ended` (start of the first step after it in which it does not hold; NULL while there was none), `steps` (how many) and
 * `aggregates`. A step without a row ends nothing: nothing is known of it.
 * @param rows relation with `time`, the keys, and what `bad` and the aggregates read
 * @param bad condition over `rows`, 0 or 1; NULL (unknown) neither begins nor ends a run
 * @param aggregates name → aggregate expression over the rows of the run; names must differ from columns of `rows`
 */
export function runs(
  rows: string,
  keys: readonly string[],
  bad: string,
  aggregates: Readonly<Record<string, string>> = {},
): string {
  const by = keys.join(', ');
  const shown = Object.entries(aggregates).map(([name, sql]) => `, ${sql} AS ${name}`);
  return `(
  SELECT ${by}, min(r.time) AS time, if(r.next_good = toDateTime64(0, 3, 'UTC'), NULL, r.next_good) AS ended, count() AS steps${shown.join('')}
  FROM (
    SELECT *, minIf(q.time, NOT q.is_bad) OVER (PARTITION BY ${by} ORDER BY q.time ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_good
    FROM (SELECT *, ${bad} AS is_bad FROM ${rows}) AS q WHERE isNotNull(q.is_bad)) AS r
  WHERE r.is_bad
  GROUP BY ${by}, r.next_good)`;
}

/** `$` in `format` stands for the value. */
const shown = (x: string, format: string): string => `ifNull(${format.replaceAll('$', () => `(${x})`)}, 'unknown')`;
/** Values as text inside evidence and titles: expressions of type String, "unknown" for NULL. */
export const say = {
  /** 0.0234 → 2.3 %; a value too small for the decimals is not shown as 0. */
  percent: (x: string): string =>
    shown(x, `concat(if($ > 0 AND $ < 0.0005, '<0.1', toString(round(100 * $, 1))), ' %')`),
  ms: (x: string): string =>
    shown(x, `if($ >= 10000, concat(toString(round($ / 1000, 1)), ' s'), concat(toString(round($, 1)), ' ms'))`),
  /** Seconds as the largest unit that fits, one decimal. */
  duration: (x: string): string =>
    shown(
      x,
      `multiIf($ >= 172800, concat(toString(round($ / 86400, 1)), ' days'), $ >= 5400, concat(toString(round($ / 3600, 1)), ' h'), $ >= 90, concat(toString(round($ / 60, 1)), ' min'), concat(toString(round($, 1)), ' s'))`,
    ),
  count: (x: string): string => shown(x, 'toString(toInt64(round$))'),
  number: (x: string, digits = 2): string => shown(x, `toString(round($, ${digits}))`),
};
