/**
 * Health models → SQL. A score is 100 minus the points its terms lose, over the terms whose value is known; a gate caps
 * it. Nothing known of the required terms means no score. The same expressions serve the score of a range, of each step
 * of its trend and of the period before, so the three cannot disagree.
 */
import type { HealthModel, HealthTerm } from '../domains/define';

const clamp01 = (x: string): string => `least(1, greatest(0, ${x}))`;
const value = (t: HealthTerm): string => `term_${t.name}`;
const share = (t: HealthTerm): string => clamp01(`(${value(t)} - ${t.good}) / ${t.bad - t.good}`);
/** Points of its own weight that the term loses; NULL when its value is unknown. */
const lost = (t: HealthTerm): string => `(${t.weight} * ${share(t)})`;
const known = (t: HealthTerm): string => `if(isNull(${value(t)}), 0, ${t.weight})`;
const sum = (xs: string[]): string => (xs.length === 0 ? '0' : xs.join(' + '));

/** Columns `term_<name>`: the value of each term. For the SELECT list over the domain's per-entity columns. */
export const termValues = (m: HealthModel): string =>
  m.terms.map((t) => `CAST(${t.value} AS Nullable(Float64)) AS ${value(t)}`).join(',\n  ');

/** Score 0–100 over `term_*` columns; NULL when a required term's value is unknown. */
export function scoreSql(m: HealthModel): string {
  const weight = `(${sum(m.terms.map(known))})`;
  const points = `(${sum(m.terms.map((t) => `coalesce(${lost(t)}, 0)`))})`;
  const gates = m.terms
    .filter((t) => t.gate !== undefined)
    .map((t) => `if(coalesce(${value(t)}, 0) > ${t.gate!.above}, ${t.gate!.cap}, 100)`);
  const unknown = m.terms.filter((t) => t.required).map((t) => `isNull(${value(t)})`);
  return `if(${unknown.length === 0 ? `${weight} = 0` : unknown.join(' OR ')}, NULL, least(${['100 - 100 * ' + points + ' / ' + weight, ...gates].join(', ')}))`;
}

/** Status of a score: unknown, offline, healthy, degraded or critical. */
export const statusSql = (m: HealthModel, score: string): string =>
  `multiIf(isNull(${score}), 'unknown', ${m.offline}, 'offline', ${score} >= ${m.statuses.healthy}, 'healthy', ${score} >= ${m.statuses.degraded}, 'degraded', 'critical')`;

/**
 * Confidence 0–1 in a score made of `calls` observations: 1 minus the width of the 95 % Wilson interval of the failure
 * rate (Wilson 1927), so it says how far the most telling term could be off by chance.
 */
export const confidenceSql = (calls: string, failures: string): string => {
  const p = `(${failures} / ${calls})`;
  return `if(${calls} = 0, 0, 1 - 2 * 1.96 / (1 + 3.8416 / ${calls}) * sqrt(${p} * (1 - ${p}) / ${calls} + 0.9604 / (${calls} * ${calls})))`;
};

/** Term rows as an array of tuples for ARRAY JOIN: (name, title, weight, value, unit, target, points lost, status, gate). */
export function termRowsSql(m: HealthModel): string {
  const weight = `(${sum(m.terms.map(known))})`;
  const rows = m.terms.map((t) => {
    const points = `if(isNull(${value(t)}), NULL, 100 * ${lost(t)} / ${weight})`;
    const status = `multiIf(isNull(${value(t)}), 'unknown', ${share(t)} <= 0, 'ok', ${share(t)} >= 1, 'bad', 'warn')`;
    const gate = t.gate === undefined ? 'NULL' : `if(coalesce(${value(t)}, 0) > ${t.gate.above}, ${t.gate.cap}, NULL)`;
    return `('${t.name}', '${t.title}', ${t.weight}, ${value(t)}, '${t.unit}', toFloat64(${t.good}), ${points}, ${status}, CAST(${gate} AS Nullable(Float64)))`;
  });
  return `[${rows.join(',\n    ')}]`;
}

/** Whether a term loses points, for "since when"; name → condition. */
export const breachesSql = (m: HealthModel): { name: string; breached: string }[] =>
  m.terms.map((t) => ({ name: t.name, breached: `coalesce(${share(t)}, 0) > 0` }));
