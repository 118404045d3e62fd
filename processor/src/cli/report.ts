/** What long work tells a person: progress while it runs (on stderr), and what came of it. */
import type { WindowDifference } from '../repair/staging';
import type { LoadProgress, LoadReport } from './load';

/** A line that is rewritten on a terminal, and repeated every five seconds elsewhere. */
export function progressLine(what: string): (p: LoadProgress) => void {
  let last = 0;
  let ended = false;
  return (p) => {
    const now = Date.now();
    const every = process.stderr.isTTY ? 100 : 5000;
    const whole = p.bytes >= p.totalBytes;
    if (ended || (now - last < every && !whole)) return;
    ended = whole;
    last = now;
    const share = p.totalBytes === 0 ? 100 : Math.min(100, (100 * p.bytes) / p.totalBytes);
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${what}: ${share.toFixed(0)} %${process.stderr.isTTY ? (share >= 100 ? '\n' : '') : '\n'}`,
    );
  };
}

export function describeLoad(r: LoadReport): string {
  const lines = [`Loaded ${r.lines} lines: ${r.accepted} events or spans taken in, ${r.refused} refused.`];
  if (r.from !== undefined && r.to !== undefined)
    lines.push(`Their times: ${new Date(r.from).toISOString()} to ${new Date(r.to).toISOString()}.`);
  for (const x of r.refusals.slice(0, 10)) lines.push(`  line ${x.line}: ${x.code}: ${x.reason}`);
  if (r.refusals.length > 10) lines.push(`  … and ${r.refused - 10} more`);
  if (r.truncated !== undefined)
    lines.push(`INPUT_TRUNCATED: the file is cut off: ${r.truncated}. Everything before it was sent.`);
  return lines.join('\n');
}

/** Writes what is going on to stderr: every step, and of what repeats once in a second. */
export function stepLine(): (text: string, step?: boolean) => void {
  let last = 0;
  return (text, step = false) => {
    const now = Date.now();
    if (!step && now - last < 1000) return;
    last = now;
    process.stderr.write(`${text}\n`);
  };
}

const SHOWN = 50;

/** What differs, by table and window. */
export function describeDifferences(differences: readonly WindowDifference[]): string {
  if (differences.length === 0) return 'Every row of the rollups was already what raw says.';
  const lines = differences
    .slice(0, SHOWN)
    .map(
      (d) =>
        `  ${d.table}, window ${new Date(d.t * 1000).toISOString()}, workspace ${d.workspace}: ${d.missing} rows missing, ${d.unexpected} too many, ${d.wrong} with other values`,
    );
  const rest = differences.length - lines.length;
  return [
    `${differences.length} windows were not what raw says:`,
    ...lines,
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ].join('\n');
}
