/** Rows as a table for a terminal, and single values for people. */

export type Cell = string | number | boolean | null | undefined;

/** A value with its Grafana unit, shortened for a terminal; null is shown as unknown. */
export function formatCell(v: unknown, unit?: string): string {
  if (v === null || v === undefined) return '–';
  if (typeof v !== 'number') return typeof v === 'object' ? JSON.stringify(v) : String(v);
  switch (unit) {
    case 'percentunit':
      return `${(v * 100).toFixed(2)} %`;
    case 'ms':
      return `${v >= 100 ? v.toFixed(0) : v.toPrecision(3)} ms`;
    case 'reqps':
      return `${v.toPrecision(3)} /s`;
    case 'currencyUSD':
      return `$${v.toFixed(4)}`;
    default:
      return Number.isInteger(v) ? String(v) : v.toPrecision(4);
  }
}

export function table(
  columns: readonly { name: string; unit?: string }[],
  rows: readonly Record<string, unknown>[],
): string {
  const cells = rows.map((r) => columns.map((c) => formatCell(r[c.name], c.unit)));
  const widths = columns.map((c, i) => Math.min(60, Math.max(c.name.length, ...cells.map((r) => r[i]!.length))));
  const isNumber = columns.map((c) => rows.some((r) => typeof r[c.name] === 'number'));
  const line = (values: readonly string[]): string =>
    values
      .map((v, i) => {
        const cut = v.length > widths[i]! ? `${v.slice(0, widths[i]! - 1)}…` : v;
        return isNumber[i] ? cut.padStart(widths[i]!) : cut.padEnd(widths[i]!);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((c) => c.name)), line(widths.map((w) => '─'.repeat(w))), ...cells.map(line)].join('\n');
}
