import { type EntityScore, type Term } from './model';

/** A column of the matrix: a term that at least one entity has. */
export interface MatrixColumn {
  id: string;
  title: string;
  /** Points that the term costs all entities together. */
  lost: number;
}

/** The terms of all entities, those that cost most first. */
export function matrixColumns(entities: readonly EntityScore[]): MatrixColumn[] {
  const columns = new Map<string, MatrixColumn & { weight: number }>();
  for (const { terms } of entities) {
    for (const { id, title, pointsLost, weight } of terms) {
      const column = columns.get(id) ?? { id, title, lost: 0, weight: 0 };
      column.lost += pointsLost ?? 0;
      column.weight = Math.max(column.weight, weight ?? 0);
      columns.set(id, column);
    }
  }
  return [...columns.values()]
    .sort((a, b) => b.lost - a.lost || b.weight - a.weight)
    .map(({ id, title, lost }) => ({ id, title, lost }));
}

/** How bad a term is, 0 (costs nothing) to 1 (costs all it can); null where nobody knows. */
export function termHeat(term: Term): number | null {
  if (term.status === 'unknown') {
    return null;
  }
  if (term.pointsLost !== null && term.weight !== null && term.weight > 0) {
    return Math.min(1, Math.max(0, term.pointsLost / term.weight));
  }
  return { ok: 0, warn: 0.5, bad: 1 }[term.status];
}

/** The worst in this term first, then what is unknown, then what does not have the term; `sorted` breaks ties. */
export function sortByTerm(sorted: readonly EntityScore[], id: string): EntityScore[] {
  const rank = (e: EntityScore): number => {
    const term = e.terms.find((x) => x.id === id);
    return term === undefined ? -2 : (termHeat(term) ?? -1);
  };
  const ranks = new Map(sorted.map((e) => [e, rank(e)]));
  return [...sorted].sort((a, b) => ranks.get(b)! - ranks.get(a)!);
}
