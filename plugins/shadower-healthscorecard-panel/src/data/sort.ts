import { type SortBy } from '../types';
import { type EntityScore, STATUSES, type Status } from './model';

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
const byName = (a: EntityScore, b: EntityScore) =>
  collator.compare(a.entity, b.entity) || collator.compare(a.key, b.key);

/** Ascending, with null at the end. */
const nullLast = (a: number | null, b: number | null) =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

const ORDER: Record<SortBy, (a: EntityScore, b: EntityScore) => number> = {
  worst: (a, b) =>
    STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) || nullLast(a.score, b.score) || byName(a, b),
  // What is not known is not the best, however good it may be.
  best: (a, b) =>
    (a.score === null || b.score === null ? nullLast(a.score, b.score) : b.score - a.score) || byName(a, b),
  confidence: (a, b) => nullLast(a.confidence, b.confidence) || byName(a, b),
  name: byName,
  // The steepest fall first.
  change: (a, b) => nullLast(a.change, b.change) || byName(a, b),
};

export function sortEntities(entities: readonly EntityScore[], by: SortBy): EntityScore[] {
  return [...entities].sort(ORDER[by]);
}

export interface EntityFilter {
  /** Part of the name or kind, in any case. */
  search: string;
  /** Empty means all. */
  statuses: ReadonlySet<Status>;
}

export function filterEntities(entities: readonly EntityScore[], { search, statuses }: EntityFilter): EntityScore[] {
  const needle = search.trim().toLowerCase();
  return entities.filter(
    (e) =>
      (statuses.size === 0 || statuses.has(e.status)) &&
      (needle === '' || e.entity.toLowerCase().includes(needle) || (e.kind ?? '').toLowerCase().includes(needle))
  );
}
