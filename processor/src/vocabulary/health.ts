/**
 * Health models → SQL. A score is 100 minus the points its terms lose, over the terms whose value is known; a gate caps
 * it. Nothing known of the required terms means no score. The same expressions serve the score of a range, of each step
 * of its trend and of the period before, so the three cannot disagree. A domain gives the model and one SELECT per
 * entity (`Scorecard`); `scorecardParts` makes the query's parts of them.
 */
import type { Column, HealthModel, HealthTerm, QueryPart, SqlContext } from '../domains/define';

const text = (x: string): string => `'${x.replace(/[\\']/g, '\\$&')}'`;
const clamp01 = (x: string): string => `least(1, greatest(0, ${x}))`;
const value = (t: HealthTerm): string => `term_${t.name}`;
const share = (t: HealthTerm): string => clamp01(`(${value(t)} - ${t.good}) / ${t.bad - t.good}`);
/** Points of its own weight that the term loses; NULL when its value is unknown. */
const lost = (t: HealthTerm): string => `(${t.weight} * ${share(t)})`;
const known = (t: HealthTerm): string => `if(isNull(${value(t)}), 0, ${t.weight})`;
const sum = (xs: string[]): string => (xs.length === 0 ? '0' : xs.join(' + '));

/** Columns `term_<name>`: the value of each term. For the SELECT list over the domain's per-entity columns. */
const termValues = (m: HealthModel): string =>
  m.terms.map((t) => `CAST(${t.value} AS Nullable(Float64)) AS ${value(t)}`).join(',\n  ');

/** Score 0–100 over `term_*` columns; NULL when a required term's value is unknown. */
function scoreSql(m: HealthModel): string {
  const weight = `(${sum(m.terms.map(known))})`;
  const points = `(${sum(m.terms.map((t) => `coalesce(${lost(t)}, 0)`))})`;
  const gates = m.terms
    .filter((t) => t.gate !== undefined)
    .map((t) => `if(coalesce(${value(t)}, 0) > ${t.gate!.above}, ${t.gate!.cap}, 100)`);
  const unknown = m.terms.filter((t) => t.required).map((t) => `isNull(${value(t)})`);
  return `if(${unknown.length === 0 ? `${weight} = 0` : unknown.join(' OR ')}, NULL, least(${['100 - 100 * ' + points + ' / ' + weight, ...gates].join(', ')}))`;
}

/** Status of a score: unknown, offline, healthy, degraded or critical. */
const statusSql = (m: HealthModel, score: string): string =>
  `multiIf(isNull(${score}), 'unknown', ${m.offline}, 'offline', ${score} >= ${m.statuses.healthy}, 'healthy', ${score} >= ${m.statuses.degraded}, 'degraded', 'critical')`;

/**
 * Confidence 0–1 in a score made of `calls` observations: 1 minus the width of the 95 % Wilson interval of the failure
 * rate (Wilson 1927), so it says how far the most telling term could be off by chance.
 */
const confidenceSql = (calls: string, failures: string): string => {
  const p = `(${failures} / ${calls})`;
  return `if(${calls} = 0, 0, 1 - 2 * 1.96 / (1 + 3.8416 / ${calls}) * sqrt(${p} * (1 - ${p}) / ${calls} + 0.9604 / (${calls} * ${calls})))`;
};

/** Term rows as an array of tuples for ARRAY JOIN: (name, title, weight, value, unit, target, points lost, status, gate). */
function termRowsSql(m: HealthModel): string {
  const weight = `(${sum(m.terms.map(known))})`;
  const rows = m.terms.map((t) => {
    const points = `if(isNull(${value(t)}), NULL, 100 * ${lost(t)} / ${weight})`;
    const status = `multiIf(isNull(${value(t)}), 'unknown', ${share(t)} <= 0, 'ok', ${share(t)} >= 1, 'bad', 'warn')`;
    const gate = t.gate === undefined ? 'NULL' : `if(coalesce(${value(t)}, 0) > ${t.gate.above}, ${t.gate.cap}, NULL)`;
    return `(${text(t.name)}, ${text(t.title)}, ${t.weight}, ${value(t)}, ${text(t.unit)}, toFloat64(${t.good}), ${points}, ${status}, CAST(${gate} AS Nullable(Float64)))`;
  });
  return `[${rows.join(',\n    ')}]`;
}

/** Whether a term loses points, for "since when"; name → condition. */
const breachesSql = (m: HealthModel): { name: string; breached: string }[] =>
  m.terms.map((t) => ({ name: t.name, breached: `coalesce(${share(t)}, 0) > 0` }));

/** What a scorecard is made of, apart from its model. */
export interface Scorecard {
  model: HealthModel;
  /** What an entity is, e.g. "Integration". */
  entity: string;
  /**
   * SELECT of the columns that the model is written over, one row per entity and `time`: `time` (the expression
   * given), `entity`, `kind`, and whatever the terms, `offline`, `observations`, `failures` and `columns` name.
   */
  input(s: SqlContext, scope: string, time: string): string;
  /** Expressions over the input: how many observations there were, and how many of them failed. For the confidence. */
  observations: string;
  failures: string;
  /** What `scores` shows beside the score: expressions over the input, NULL (or 0 for a count) where there are no data. */
  columns: Readonly<Record<string, Column & { value: string }>>;
}

/** Input and terms per entity over `scope`, and per `time` where that is not constant. */
const valued = (s: SqlContext, c: Scorecard, scope: string, time = s.from): string =>
  `(
    SELECT *, ${termValues(c.model)} FROM (${c.input(s, scope, time)}))`;

/** A table of `entity`, `kind`, `score`, `status`, `confidence` and the scorecard's columns over `scope`, to join. */
export const scored = (s: SqlContext, c: Scorecard, scope: string): string => `(
  SELECT entity, kind, score, status, confidence, ${Object.entries(c.columns)
    .map(([name, { value }]) => `${value} AS ${name}`)
    .join(', ')}
  FROM (
    SELECT *, ${scoreSql(c.model)} AS score, ${statusSql(c.model, 'score')} AS status, ${confidenceSql(c.observations, c.failures)} AS confidence
    FROM ${valued(s, c, scope)}))`;

/** Steps of the trend; the first may begin before the range, and is then shown at its start. */
const trendTime = (s: SqlContext): string =>
  `greatest(toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC'), ${s.from})`;

/** When each term began to lose points without a break until the end of the range: entity, term, since. */
function since(s: SqlContext, c: Scorecard): string {
  const flags = breachesSql(c.model).map((b) => `('${b.name}', ${b.breached})`);
  return `(
    SELECT entity, term, minIf(time, time > last_good) AS first_bad, max(breached AND time > last_good) AS is_bad FROM (
      SELECT entity, time, f.1 AS term, f.2 AS breached,
        maxIf(time, NOT f.2) OVER (PARTITION BY entity, f.1) AS last_good
      FROM ${valued(s, c, s.scope, trendTime(s))} ARRAY JOIN [${flags.join(', ')}] AS f)
    GROUP BY entity, term)`;
}

const points = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'none', description });

/** The parts of a query of kind `scorecard`. */
export function scorecardParts(c: Scorecard): Record<'scores' | 'terms' | 'trend', QueryPart> {
  const entity: Column = { type: 'string', role: 'dimension', description: c.entity };
  const shown = Object.entries(c.columns);
  return {
    scores: {
      columns: {
        entity,
        kind: { type: 'string', role: 'dimension', description: 'What it is' },
        score: points('Health, 0 to 100; unknown where a required term is'),
        status: { type: 'string', description: 'healthy, degraded, critical, offline or unknown' },
        confidence: {
          type: 'number',
          role: 'measure',
          unit: 'percentunit',
          description: '1 minus the width of the 95 % interval of the failure rate',
        },
        ...Object.fromEntries(shown.map(([name, { value: _, ...column }]) => [name, column])),
        previous_score: points('Score of the period of equal length before'),
        change: points('Points gained since then'),
      },
      // An entity that was seen in the period before and is not now is unknown, not gone.
      sql: (s) => `
SELECT coalesce(nullIf(a.entity, ''), b.entity) AS entity, coalesce(nullIf(a.kind, ''), b.kind) AS kind,
  a.score AS score, if(a.entity = '', 'unknown', a.status) AS status, if(a.entity = '', 0, a.confidence) AS confidence,
  ${shown.map(([name]) => `a.${name} AS ${name}, `).join('')}
  b.score AS previous_score, a.score - b.score AS change
FROM ${scored(s, c, s.scope)} AS a
FULL JOIN (SELECT entity, kind, ${scoreSql(c.model)} AS score FROM ${valued(s, c, s.previousScope)}) AS b ON a.entity = b.entity
ORDER BY score ASC NULLS FIRST, entity`,
    },
    terms: {
      columns: {
        entity,
        term: { type: 'string', role: 'dimension', description: 'Term of the score' },
        title: { type: 'string', description: 'What the term measures' },
        weight: points('Points the term can take'),
        value: { type: 'number', role: 'measure', description: 'Measured value; unknown if empty' },
        unit: { type: 'string', description: 'Unit of value and target' },
        target: { type: 'number', role: 'measure', description: 'Value up to which no points are lost' },
        points_lost: points('Points lost, scaled to the weights that are known'),
        status: { type: 'string', description: 'ok, warn, bad or unknown' },
        gate: points('Cap that the term puts on the score now'),
        since: { type: 'time', description: 'Start of the first step since which points are lost without a break' },
      },
      sql: (s) => `
SELECT x.entity AS entity, x.r.1 AS term, x.r.2 AS title, x.r.3 AS weight, x.r.4 AS value, x.r.5 AS unit, x.r.6 AS target,
  x.r.7 AS points_lost, x.r.8 AS status, x.r.9 AS gate, if(b.is_bad, toNullable(b.first_bad), NULL) AS since
FROM (SELECT entity, arrayJoin(${termRowsSql(c.model)}) AS r FROM ${valued(s, c, s.scope)}) AS x
LEFT JOIN ${since(s, c)} AS b ON b.entity = x.entity AND b.term = x.r.1
ORDER BY entity, points_lost DESC NULLS LAST, term`,
    },
    trend: {
      columns: { time: { type: 'time', description: 'Start of the step' }, entity, score: points('Health, 0 to 100') },
      sql: (s) => `
SELECT time, entity, ${scoreSql(c.model)} AS score FROM ${valued(s, c, s.scope, trendTime(s))} ORDER BY time, entity`,
    },
  };
}
