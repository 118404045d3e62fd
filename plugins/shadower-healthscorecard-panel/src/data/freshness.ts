import { type Scorecard } from './model';

/** Steps that may be missing at the end before the data counts as stale: the last bucket is often still open. */
const STALE_STEPS = 3;
const STALE_MIN_MS = 120_000;

/**
 * Age of the newest trend point against the end of the shown range (or now, if that is earlier), in milliseconds; null
 * while the data is as fresh as its own step promises, or when there is no trend to tell from.
 */
export function staleBy({ newest, step }: Pick<Scorecard, 'newest' | 'step'>, to: number, now: number): number | null {
  if (newest === null || step === null) {
    return null;
  }
  const age = Math.min(to, now) - newest;
  return age > Math.max(STALE_STEPS * step, STALE_MIN_MS) ? age : null;
}
