import { type EntityScore, type Term } from './model';

export interface ComparedTerm {
  id: string;
  title: string;
  a: Term | null;
  b: Term | null;
  /** Points that `b` loses more (positive) or fewer than `a`; null where one of them is unknown. */
  difference: number | null;
}

/** Both entities' terms side by side, the largest difference first, then what cannot be compared. */
export function compareTerms(a: EntityScore, b: EntityScore): ComparedTerm[] {
  const ids = [...new Set([...a.terms, ...b.terms].map((t) => t.id))];
  const rows = ids.map((id): ComparedTerm => {
    const of = (e: EntityScore) => e.terms.find((t) => t.id === id) ?? null;
    const [x, y] = [of(a), of(b)];
    const known = x !== null && y !== null && x.pointsLost !== null && y.pointsLost !== null;
    return {
      id,
      title: (x ?? y)!.title,
      a: x,
      b: y,
      difference: known ? y.pointsLost! - x.pointsLost! : null,
    };
  });
  const size = (row: ComparedTerm) => (row.difference === null ? -1 : Math.abs(row.difference));
  return rows.sort((x, y) => size(y) - size(x));
}
