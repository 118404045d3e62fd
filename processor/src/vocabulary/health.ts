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
/** Points that the term loses, scaled to the weights that are known; NULL when its value is unknown. A column of `valued`. */
const lost = (t: HealthTerm): string => `lost_${t.name}`;
const known = (t: HealthTerm): string => `if(isNull(${value(t)}), 0, ${t.weight})`;
const sum = (xs: string[]): string => (xs.length === 0 ? '0' : xs.join(' + '));

/** Columns `term_<name>`: the value of each term. For the SELECT list over the domain's per-entity columns. */
const termValues = (m: HealthModel): string =>
  m.terms.map((t) => `CAST(${t.value} AS Nullable(Float64)) AS ${value(t)}`).join(',\n  ');

/** Score 0–100 over the columns of `valued`; NULL when a required term's value is unknown. */
function scoreSql(m: HealthModel): string {
  const points = `(${sum(m.terms.map((t) => `coalesce(${lost(t)}, 0)`))})`;
  const gates = m.terms
    .filter((t) => t.gate !== undefined)
    .map((t) => `if(coalesce(${value(t)}, 0) > ${t.gate!.above}, ${t.gate!.cap}, 100)`);
  const unknown = m.terms.filter((t) => t.required).map((t) => `isNull(${value(t)})`);
  return `if(${unknown.length === 0 ? 'known_weight = 0' : unknown.join(' OR ')}, NULL, least(${[`100 - ${points}`, ...gates].join(', ')}))`;
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

/** Priority of a remedy by the points it can bring back; a term whose gate caps the score now comes first. */
const PRIORITY = { high: 20, medium: 5 };

const nullable = (type: 'Float64' | 'String', x: string): string => `CAST(${x} AS Nullable(${type}))`;

const textOrEmpty = (x: string | undefined): string => text(x ?? '');
/** What a term row has of the model: literals, the same places in each. */
const literals = (t: HealthTerm): string =>
  `(${[
    text(t.name),
    text(t.title),
    t.weight,
    text(t.unit),
    `toFloat64(${t.good})`,
    t.gate?.above ?? 'NULL',
    t.gate?.cap ?? 'NULL',
    textOrEmpty(t.risk),
    textOrEmpty(t.remedy?.action),
    textOrEmpty(t.remedy?.effort),
    textOrEmpty(t.evidence?.query),
    textOrEmpty(t.evidence?.column),
    textOrEmpty(t.evidence?.filter),
  ].join(', ')})`;

/** Columns of a term row: expressions over `m` (the literals), `v` (value), `p` (points lost) and `x` (share of its points). */
const TERM_COLUMNS: Record<string, string> = (() => {
  const capped = '(coalesce(v > m.6, 0))';
  const whileLosing = (x: string): string => nullable('String', `if(coalesce(p, 0) > 0, ${x}, NULL)`);
  return {
    term: 'm.1',
    title: 'm.2',
    weight: 'm.3',
    value: 'v',
    unit: 'm.4',
    target: 'm.5',
    points_lost: 'p',
    status: `multiIf(isNull(v), 'unknown', x <= 0, 'ok', x >= 1, 'bad', 'warn')`,
    gate: nullable('Float64', `if(${capped}, m.7, NULL)`),
    gate_above: nullable('Float64', 'm.6'),
    gate_cap: nullable('Float64', 'm.7'),
    risk: whileLosing(`nullIf(m.8, '')`),
    severity: whileLosing(`multiIf(m.8 = '', NULL, ${capped}, 'critical', x >= 1, 'high', 'medium')`),
    mitigation: whileLosing(`nullIf(m.9, '')`),
    priority: whileLosing(
      `multiIf(m.9 = '', NULL, ${capped} OR p >= ${PRIORITY.high}, 'high', p >= ${PRIORITY.medium}, 'medium', 'low')`,
    ),
    effort: whileLosing(`nullIf(m.10, '')`),
    evidence_query: `nullIf(m.11, '')`,
    evidence_column: `nullIf(m.12, '')`,
    evidence_filter: `nullIf(m.13, '')`,
  };
})();

/** `entity` and the named columns of the term rows over `scope`; one row per entity and term. */
function termRows(s: SqlContext, c: Scorecard, scope: string, names = Object.keys(TERM_COLUMNS)): string {
  const rows = c.model.terms.map((t) => `(${literals(t)}, ${value(t)}, ${lost(t)}, ${share(t)})`);
  return `(
    SELECT entity, ${names.map((name) => `${TERM_COLUMNS[name]} AS ${name}`).join(', ')}
    FROM (SELECT entity, arrayJoin([
      ${rows.join(',\n      ')}]) AS r, r.1 AS m, r.2 AS v, r.3 AS p, r.4 AS x
    FROM ${valued(s, c, scope)}))`;
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

/**
 * Input, terms and points lost per entity over `scope`, and per `time` where that is not constant. In layers, so that what
 * is used more than once is a column: ClickHouse copies an alias to wherever it is named, and with it everything inside.
 */
const valued = (s: SqlContext, c: Scorecard, scope: string, time = s.from): string =>
  `(
    SELECT *, ${c.model.terms.map((t) => `if(isNull(${value(t)}), NULL, ${100 * t.weight} * ${share(t)} / known_weight) AS ${lost(t)}`).join(', ')}
    FROM (
      SELECT *, ${sum(c.model.terms.map(known))} AS known_weight
      FROM (SELECT *, ${termValues(c.model)} FROM (${c.input(s, scope, time)}))))`;

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
        previous_points_lost: points('Points lost in the period of equal length before'),
        status: { type: 'string', description: 'ok, warn, bad or unknown' },
        gate: points('Cap that the term puts on the score now'),
        gate_above: { type: 'number', role: 'measure', description: 'Value above which the term caps the score' },
        gate_cap: points('Cap that the term puts on the score while its value is above that'),
        since: { type: 'time', description: 'Start of the first step since which points are lost without a break' },
        risk: { type: 'string', description: 'What may follow while the term loses points' },
        severity: {
          type: 'string',
          description:
            'Of the risk: critical while the term caps the score, high when it lost all its points, else medium',
        },
        mitigation: { type: 'string', description: 'What to do about it' },
        priority: {
          type: 'string',
          description: `Of the mitigation: high from ${PRIORITY.high} points or a cap, medium from ${PRIORITY.medium}, else low`,
        },
        effort: { type: 'string', description: 'Of the mitigation: low, medium or high' },
        evidence_query: { type: 'string', description: 'Query that shows the value over time' },
        evidence_column: { type: 'string', description: 'Its column' },
        evidence_filter: { type: 'string', description: 'Its parameter that takes the entity' },
      },
      sql: (s) => `
SELECT x.entity AS entity, x.term AS term, x.title AS title, x.weight AS weight, x.value AS value, x.unit AS unit, x.target AS target,
  x.points_lost AS points_lost, p.points_before AS previous_points_lost, x.status AS status, x.gate AS gate, x.gate_above AS gate_above,
  x.gate_cap AS gate_cap, if(b.is_bad, toNullable(b.first_bad), NULL) AS since, x.risk AS risk, x.severity AS severity,
  x.mitigation AS mitigation, x.priority AS priority, x.effort AS effort, x.evidence_query AS evidence_query,
  x.evidence_column AS evidence_column, x.evidence_filter AS evidence_filter
FROM ${termRows(s, c, s.scope)} AS x
LEFT JOIN ${since(s, c)} AS b ON b.entity = x.entity AND b.term = x.term
LEFT JOIN (SELECT entity, term, points_lost AS points_before FROM ${termRows(s, c, s.previousScope, ['term', 'points_lost'])}) AS p ON p.entity = x.entity AND p.term = x.term
ORDER BY entity, points_lost DESC NULLS LAST, term`,
    },
    trend: {
      columns: { time: { type: 'time', description: 'Start of the step' }, entity, score: points('Health, 0 to 100') },
      sql: (s) => `
SELECT time, entity, ${scoreSql(c.model)} AS score FROM ${valued(s, c, s.scope, trendTime(s))} ORDER BY time, entity`,
    },
  };
}
