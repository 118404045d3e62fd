// @ts-check
/** Output: figures on stdout, the way there on stderr. */

/** A line about what is going on. */
export const say = (line = '') => void process.stderr.write(`${line}\n`);
export const print = (line = '') => void process.stdout.write(`${line}\n`);

export const round = (/** @type {number} */ x, /** @type {number} */ digits) =>
  Math.round(x * 10 ** digits) / 10 ** digits;

/** Nearest-rank quantile. */
export function quantile(/** @type {number[]} */ values, /** @type {number} */ p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
}
/** Median; of an even number of values, the mean of the middle two. */
export function median(/** @type {number[]} */ values) {
  const s = [...values].sort((a, b) => a - b);
  return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2;
}

/** Aligned columns: the first two to the left, the rest to the right. */
export function table(/** @type {string[]} */ head, /** @type {string[][]} */ rows, left = 2) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((r) => r[i].length)));
  return all
    .map((r) =>
      r
        .map((c, i) => (i < left ? c.padEnd(widths[i]) : c.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
