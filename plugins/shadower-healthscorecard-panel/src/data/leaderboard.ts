import { type EntityScore } from './model';

export interface Place {
  /** 1 for the best score; equal scores share a place. Null for unknown scores: they have none. */
  rank: number | null;
  /** Places gained since the previous period among those known in both; null where that is not known. */
  gained: number | null;
}

/** Places by score, whatever the order in which they are shown. */
export function places(entities: readonly EntityScore[]): Map<EntityScore, Place> {
  const now = ranks(entities, (e) => e.score);
  // Who is new would push others down without their having changed.
  const both = entities.filter((e) => e.score !== null && e.previous !== null);
  const then = ranks(both, (e) => e.previous);
  const since = ranks(both, (e) => e.score);
  return new Map(
    entities.map((e) => {
      const before = then.get(e);
      return [e, { rank: now.get(e) ?? null, gained: before === undefined ? null : before - since.get(e)! }];
    })
  );
}

function ranks(entities: readonly EntityScore[], score: (e: EntityScore) => number | null): Map<EntityScore, number> {
  const sorted = entities.filter((e) => score(e) !== null).sort((a, b) => score(b)! - score(a)!);
  const out = new Map<EntityScore, number>();
  sorted.forEach((e, i) => {
    const tied = i > 0 && score(sorted[i - 1]) === score(e);
    out.set(e, tied ? out.get(sorted[i - 1])! : i + 1);
  });
  return out;
}
