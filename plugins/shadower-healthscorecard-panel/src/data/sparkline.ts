import { type TrendScale } from '../types';
import { plural, t } from '../i18n';
import { type ScoreRange, type TrendPoint } from './model';

/** Smallest span of a `data` scale, in points: noise should not look like an incident. */
const MIN_SPAN = 5;

export function sparkRange(trend: readonly TrendPoint[], scale: TrendScale, full: ScoreRange): ScoreRange {
  const scores = trend.flatMap((p) => (p.score === null ? [] : [p.score]));
  if (scale === 'full' || scores.length === 0) {
    return full;
  }
  const low = scores.reduce((a, b) => Math.min(a, b));
  const high = scores.reduce((a, b) => Math.max(a, b));
  const pad = Math.max(0, MIN_SPAN - (high - low)) / 2;
  return { min: low - pad, max: high + pad };
}

/**
 * One SVG path through the points, in a box of `width` × `height`. Null scores and holes wider than one and a half
 * steps break the line; a point alone between two gaps is a dot (drawn by a round line cap).
 */
export function sparkPath(
  trend: readonly TrendPoint[],
  { width, height, range, step }: { width: number; height: number; range: ScoreRange; step: number | null }
): string {
  if (trend.length === 0) {
    return '';
  }
  const start = trend[0].time;
  const span = Math.max(1, trend[trend.length - 1].time - start);
  const round = (n: number) => Math.round(n * 10) / 10;
  let path = '';
  let previous: number | null = null;
  let alone = false;
  for (const { time, score } of trend) {
    if (score === null) {
      path += alone ? 'h0' : '';
      alone = false;
      previous = null;
      continue;
    }
    const x = round(((time - start) / span) * width);
    const y = round(height - ((score - range.min) / (range.max - range.min)) * height);
    if (previous === null || (step !== null && time - previous > step * 1.5)) {
      path += `${alone ? 'h0' : ''}M${x} ${y}`;
      alone = true;
    } else {
      path += `L${x} ${y}`;
      alone = false;
    }
    previous = time;
  }
  return path + (alone ? 'h0' : '');
}

/** What the line shows, in words, for people who do not see it. */
export function describeTrend(trend: readonly TrendPoint[], format: (score: number) => string): string {
  const known = trend.filter((p): p is { time: number; score: number } => p.score !== null);
  if (known.length === 0) {
    return t('trend.none', 'Trend: no known scores');
  }
  const low = known.reduce((a, b) => (b.score < a.score ? b : a));
  const gaps = trend.length - known.length;
  const line = t('trend.line', 'Trend: from {{first}} to {{last}}, lowest {{lowest}}', {
    first: format(known[0].score),
    last: format(known[known.length - 1].score),
    lowest: format(low.score),
  });
  return gaps === 0
    ? line
    : `${line}, ${plural('trend.gaps', trend.length, 'unknown at {{gaps}} of {{count}} point', 'unknown at {{gaps}} of {{count}} points', { gaps })}`;
}
