/**
 * The choice of grain and step (docs/architecture.md, "Grain."). The Go backend has the same rule; `grain-cases.json` is
 * run by both.
 */
import type { CatalogPart } from '../catalog/types';
import type { QueryKind } from '../domains/define';
import { ShadowerError } from '../errors';

export type GrainView = CatalogPart['views'][number];

export interface GrainInput {
  kind: QueryKind;
  /** The part's views, finest first. */
  views: readonly GrainView[];
  /** How far back each grain reaches, milliseconds since the epoch; a grain without data is missing. */
  oldest: ReadonlyMap<string, number>;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Wanted distance of points in milliseconds, and their wanted number at most; 0 sets no bound. */
  intervalMs: number;
  maxDataPoints: number;
  /** Step chosen by the caller, in seconds; 0 leaves it to the range. */
  stepSeconds: number;
  /** Clamps the range to `completeUntil`, so that a rule never judges a half-filled step. */
  forAlert: boolean;
  /** Milliseconds since the epoch; null when unknown. */
  completeUntil: number | null;
}

export interface Resolution {
  view: GrainView;
  /** Seconds. */
  step: number;
  /** Aligned range, milliseconds since the epoch. */
  from: number;
  to: number;
}

/** Fits the views' UInt32 argument with room to spare: ten years. */
const MAX_STEP = 3650 * 86400;

/** Length of a grain in seconds; raw events are aligned to seconds. */
const unit = (v: GrainView): number => (v.seconds === 0 ? 1 : v.seconds);
const floor = (ms: number, step: number): number => Math.floor(ms / step) * step;
const stamp = (ms: number): string => new Date(ms).toISOString();

/**
 * Chooses grain and step. Throws QUERY_BAD_PARAM for an empty range or a step that is too long, QUERY_INCOMPLETE when an
 * alert rule's range holds nothing complete.
 */
export function resolveGrain(q: GrainInput): Resolution {
  if (!(q.from < q.to))
    throw new ShadowerError(
      'QUERY_BAD_PARAM',
      `the time range is empty: it starts at ${stamp(q.from)} and ends at ${stamp(q.to)}`,
    );
  if (q.views.length === 0)
    throw new ShadowerError('STORE_SCHEMA', 'the query has no view in the catalog; run shadower migrate');

  const stepped = q.kind === 'timeseries';
  let wanted = q.intervalMs;
  if (q.stepSeconds > 0) wanted = q.stepSeconds * 1000;
  else if (q.maxDataPoints > 0) wanted = Math.max(wanted, Math.ceil((q.to - q.from) / q.maxDataPoints));

  let chosen = q.views[0]!;
  for (const v of q.views) {
    const length = unit(v) * 1000;
    if (stepped ? length <= wanted : q.to - q.from >= 24 * length) chosen = v;
  }

  // A grain that does not reach back to the start of the range yields to a coarser one that does reach further.
  for (const next of q.views.slice(q.views.indexOf(chosen) + 1)) {
    const reach = q.oldest.get(chosen.grain);
    if (reach !== undefined && reach <= q.from) break;
    const further = q.oldest.get(next.grain);
    if (further === undefined) continue;
    // Wider windows start earlier by nature; only a whole window earlier is further back.
    if (reach !== undefined && further >= floor(reach, unit(next) * 1000)) continue;
    chosen = next;
  }

  const grain = unit(chosen);
  const step = stepped ? Math.max(1, Math.ceil(Math.ceil(wanted / 1000) / grain)) * grain : grain;
  if (step > MAX_STEP)
    throw new ShadowerError('QUERY_BAD_PARAM', `a step of ${step} seconds is too long; the longest is ${MAX_STEP}`);
  const ms = step * 1000;
  const from = floor(q.from, ms);
  if (!q.forAlert) return { view: chosen, step, from, to: floor(q.to + ms - 1, ms) };

  if (q.completeUntil === null)
    throw new ShadowerError(
      'QUERY_INCOMPLETE',
      'it is not known how far the data are complete, so an alert rule cannot judge them; check that the processor runs',
    );
  const to = floor(Math.min(q.to, q.completeUntil), ms);
  if (to <= from)
    throw new ShadowerError(
      'QUERY_INCOMPLETE',
      `the range from ${stamp(q.from)} to ${stamp(q.to)} holds no complete step of ${step} s: the data are complete until ${stamp(q.completeUntil)}; make the rule's range longer, or check the processor's lag`,
    );
  return { view: chosen, step, from, to };
}
