/**
 * What an alert rule would have done, evaluation by evaluation, as Grafana does it: reduce each series over the window,
 * compare, hold the condition for a while, fire, resolve. Knows no clock and no store, so that a past range can be replayed.
 */
import type { AlertDef } from '../domains/define';

/** One point of a series; null is unknown. */
export interface Point {
  /** Milliseconds since the epoch. */
  time: number;
  value: number | null;
}
/** The series of one evaluation by their labels; `unknown` when it could not be judged (an error, an answer cut off). */
export type Evaluation =
  { time: number; series: ReadonlyMap<string, readonly Point[]> } | { time: number; unknown: string };

export interface Episode {
  series: string;
  /** First evaluation at which the condition held, at which the rule fired, and at which it ended; milliseconds. */
  pendingSince: number;
  firedAt: number;
  /** null: still firing at the end of what was replayed. */
  resolvedAt: number | null;
  /** Value furthest beyond the threshold while it held. */
  worst: number;
}
export interface Replay {
  episodes: Episode[];
  evaluations: number;
  /** Evaluations that were no verdict, by reason. Never counted as fine. */
  unknown: Record<string, number>;
}

/** Grafana keeps the state of a series that is gone for this many evaluations, then resolves it. */
const MISSING_EVALUATIONS = 2;

/**
 * One number for a series, as the rule's reduce expression makes it (processor/src/generate/alerts.ts): unknown points are
 * left out, but make a sum unknown, which would be too small without them. null is unknown.
 */
export function reduceSeries(points: readonly Point[], how: AlertDef['reduce']): number | null {
  const known = points.flatMap((p) => (p.value === null ? [] : [p.value]));
  if (known.length === 0 || (how === 'sum' && known.length < points.length)) return null;
  switch (how) {
    case 'last':
      return known.at(-1)!;
    case 'max':
      return Math.max(...known);
    case 'min':
      return Math.min(...known);
    case 'sum':
      return known.reduce((a, b) => a + b, 0);
    case 'mean':
      return known.reduce((a, b) => a + b, 0) / known.length;
  }
}

interface State {
  since: number;
  firedAt: number | null;
  worst: number;
  missing: number;
}

/** Replays evaluations in the order of their times. */
export function replay(
  rule: Pick<AlertDef, 'reduce' | 'condition' | 'forSeconds' | 'absence'>,
  all: Iterable<Evaluation>,
): Replay {
  const { op, value: threshold } = rule.condition;
  const beyond = (v: number): boolean => (op === 'gt' ? v > threshold : v < threshold);
  const out: Replay = { episodes: [], evaluations: 0, unknown: {} };
  const states = new Map<string, State>();
  const noVerdict = (why: string): void => void (out.unknown[why] = (out.unknown[why] ?? 0) + 1);
  const end = (series: string, s: State, at: number | null): void => {
    states.delete(series);
    if (s.firedAt !== null)
      out.episodes.push({ series, pendingSince: s.since, firedAt: s.firedAt, resolvedAt: at, worst: s.worst });
  };
  for (const e of all) {
    out.evaluations++;
    if ('unknown' in e) {
      // The rule is in the state Error; its series keep theirs.
      noVerdict(e.unknown);
      continue;
    }
    if (e.series.size === 0 && rule.absence !== 'fine') noVerdict('no data');
    for (const [series, points] of e.series) {
      const v = reduceSeries(points, rule.reduce);
      const s = states.get(series);
      if (v === null) {
        noVerdict('unknown value');
        continue;
      }
      if (!beyond(v)) {
        if (s !== undefined) end(series, s, e.time);
        continue;
      }
      const now = s ?? { since: e.time, firedAt: null, worst: v, missing: 0 };
      now.missing = 0;
      now.worst = op === 'gt' ? Math.max(now.worst, v) : Math.min(now.worst, v);
      if (now.firedAt === null && e.time - now.since >= rule.forSeconds * 1000) now.firedAt = e.time;
      states.set(series, now);
    }
    for (const [series, s] of [...states])
      if (!e.series.has(series) && ++s.missing >= MISSING_EVALUATIONS) end(series, s, e.time);
  }
  for (const [series, s] of [...states]) end(series, s, null);
  out.episodes.sort((a, b) => a.firedAt - b.firedAt || a.series.localeCompare(b.series));
  return out;
}
