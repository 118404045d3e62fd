import { type EntityScore, type Term } from './model';

export interface Mover {
  term: Term;
  /** Points lost now. */
  lost: number;
  /** Points lost more (positive) or fewer (negative) than in the previous period; null where that is not known. */
  delta: number | null;
  /** The term left `ok` inside the shown range. */
  fresh: boolean;
}

export interface Movement {
  /** `change`: terms ordered by how much they moved the score. `lost`: the source has no previous points, so by points lost now. */
  basis: 'change' | 'lost';
  movers: Mover[];
  /**
   * Points of the score's change that no term's difference accounts for: a cap that came or went, or terms that are
   * unknown in one of the periods. Null where the basis is not `change`, the change is unknown, or nothing is left.
   */
  rest: number | null;
}

/** Differences in points below this are rounding. */
const NOISE = 0.05;

/**
 * The terms that explain a score: by their change in points where the source has the previous period's, else by points
 * lost now. Terms whose loss is unknown explain nothing and are left out.
 */
export function whatMoved(
  entity: Pick<EntityScore, 'terms' | 'change'>,
  range: { from: number; to: number },
  limit = 3
): Movement {
  const known = entity.terms.flatMap((term): Mover[] => {
    if (term.pointsLost === null) {
      return [];
    }
    const delta = term.previousPointsLost === null ? null : term.pointsLost - term.previousPointsLost;
    const fresh =
      term.since !== null &&
      term.since >= range.from &&
      term.since <= range.to &&
      (term.status === 'bad' || term.status === 'warn');
    return [{ term, lost: term.pointsLost, delta, fresh }];
  });

  const moved = known.filter((m) => m.delta !== null && Math.abs(m.delta) >= NOISE);
  if (moved.length > 0) {
    // What pushed in the direction of the score's change comes first.
    const sign = (entity.change ?? 0) > 0 ? -1 : 1;
    moved.sort((a, b) => sign * (b.delta! - a.delta!) || b.lost - a.lost);
    const terms = moved.reduce((sum, m) => sum - m.delta!, 0);
    const rest = entity.change === null ? null : entity.change - terms;
    return {
      basis: 'change',
      movers: moved.slice(0, limit),
      rest: rest === null || Math.abs(rest) < NOISE * known.length + NOISE ? null : rest,
    };
  }
  const losing = known.filter((m) => m.lost > 0).sort((a, b) => b.lost - a.lost || Number(b.fresh) - Number(a.fresh));
  return { basis: 'lost', movers: losing.slice(0, limit), rest: null };
}
