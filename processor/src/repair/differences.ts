/** What a reconciliation finds, in the same words for the command, the log, the metrics and the table. */

export const CHECKS = {
  positions: 'every offset below the committed one is accounted for, and none was given back',
  duplicates: 'no event and no dead letter is there twice',
  accounting: 'raw and dead letters hold as many rows as were counted',
  windows: 'rollups count what raw holds, window by window',
  grains: 'the windows of an hour (and a day) are the sum of their minutes (and hours)',
  recomputed: 'every row of the rollups is what raw says',
} as const;
export type Check = keyof typeof CHECKS;

export interface Difference {
  check: Check;
  /** Table, topic, or topic[partition]. */
  subject: string;
  /** '' where it concerns no single one. */
  workspace: string;
  /** When, seconds: event time for windows and grains, else time of processing. */
  from: number;
  to: number;
  /** How many rows, events or offsets there should be and are. */
  expected: number;
  found: number;
  detail: string;
}

export interface CheckResult {
  check: Check;
  /** What was compared: windows, minutes or partitions; 0 where nothing could be judged. */
  compared: number;
  differences: Difference[];
  /** Why something was left out. */
  skipped: string[];
}

export interface ReconcileReport {
  /** What was judged, milliseconds. Equal where nothing could be. */
  from: number;
  to: number;
  /** Until when all data are counted, milliseconds; null where no processor ever reported. */
  completeUntil: number | null;
  results: CheckResult[];
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '');

export const describe = (d: Difference): string =>
  `${d.check}: ${d.subject}${d.workspace === '' ? '' : `, workspace ${d.workspace}`}, ${time(d.from)} to ${time(d.to)}: ${d.expected} expected, ${d.found} found; ${d.detail}`;

export const differencesOf = (r: ReconcileReport): Difference[] => r.results.flatMap((x) => x.differences);
