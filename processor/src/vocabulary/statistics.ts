/** Statistical tests as ClickHouse expressions, so that "rising" or "differs" in one view means the same in all. */

/** Two-sided 5 % point of the normal distribution. */
export const Z_95 = 1.96;
/** Below this many values the normal approximation of Mann–Kendall does not hold. */
export const TREND_MIN_VALUES = 8;

/**
 * Z of the Mann–Kendall test for a monotonic trend (Mann 1945, Kendall 1975), with the variance corrected for ties and
 * the correction for continuity: S = Σ_{i<j} sign(y_j − y_i), Var = (n(n−1)(2n+5) − Σ_ties t(t−1)(2t+5)) / 18,
 * Z = (S ∓ 1) / √Var. NULL of fewer than eight values; 0 if all are equal. Time O(n²): give it tens of values.
 * It asks for independent values: a daily rhythm inside the range may look like a trend.
 * @param y expression: array of numbers in time order
 */
export function mannKendallZ(y: string): string {
  const s = `arraySum((v, i) -> arraySum(w -> toInt64(sign(w - v)), arraySlice(mk_y, i + 1)), mk_y, arrayEnumerate(mk_y))`;
  const same = 'arrayCount(w -> w = v, mk_y)';
  // Σ over groups of t(t−1)(2t+5) is Σ over elements of (t−1)(2t+5).
  const ties = `arraySum(v -> (${same} - 1) * (2 * ${same} + 5), mk_y)`;
  const variance = `(length(mk_y) * (length(mk_y) - 1) * (2 * length(mk_y) + 5) - ${ties}) / 18`;
  // A lambda binds the array once, however long its expression is.
  return `arrayMap(mk_y -> if(length(mk_y) < ${TREND_MIN_VALUES}, NULL, arrayMap((s, v) -> if(v <= 0 OR s = 0, 0., (s - sign(s)) / sqrt(v)), [${s}], [${variance}])[1]), [arrayMap(x -> toFloat64(x), ${y})])[1]`;
}

/** Class of a trend by its Z: `increasing`, `stable`, `decreasing` (two-sided, 5 %) or `unknown`. */
export const trendClass = (z: string): string =>
  `multiIf(isNull(${z}), 'unknown', ${z} > ${Z_95}, 'increasing', ${z} < -${Z_95}, 'decreasing', 'stable')`;

/** What `trendClass` says, for descriptions. */
export const TREND_TEST = `Mann–Kendall on the counts of about 60 equal steps of the range (hours of a day), two-sided 5 %; unknown below ${TREND_MIN_VALUES} steps`;

/**
 * Bound of the 95 % interval of a proportion of `k` in `n` (Wilson 1927); NULL of nothing.
 * @param side -1 for the lower bound, 1 for the upper
 */
export function wilson(k: string, n: string, side: -1 | 1): string {
  const z2 = Z_95 * Z_95;
  const p = `(${k}) / (${n})`;
  return `if((${n}) = 0, NULL, (${p} + ${z2 / 2} / (${n}) ${side < 0 ? '-' : '+'} ${Z_95} * sqrt(${p} * (1 - ${p}) / (${n}) + ${z2 / 4} / ((${n}) * (${n})))) / (1 + ${z2} / (${n})))`;
}

/** Z of the test that two proportions are equal, pooled; NULL where one has no observations or both are 0 or 1. */
export function twoProportionsZ(k1: string, n1: string, k2: string, n2: string): string {
  const pooled = `((${k1} + ${k2}) / (${n1} + ${n2}))`;
  return `if(${n1} = 0 OR ${n2} = 0 OR ${k1} + ${k2} = 0 OR ${k1} + ${k2} = ${n1} + ${n2}, NULL, (${k1} / ${n1} - ${k2} / ${n2}) / sqrt(${pooled} * (1 - ${pooled}) * (1 / ${n1} + 1 / ${n2})))`;
}
