import { compareTerms } from './compare';
import { places } from './leaderboard';
import { matrixColumns, sortByTerm, termHeat } from './matrix';
import { type EntityScore, type Term, unknownEntity } from './model';
import { whatMoved } from './moved';
import { sortEntities } from './sort';

const term = (id: string, more: Partial<Term> = {}): Term => ({
  id,
  title: id,
  weight: 50,
  value: 1,
  unit: null,
  target: null,
  pointsLost: 0,
  previousPointsLost: null,
  status: 'ok',
  since: null,
  gate: null,
  rule: null,
  evidence: null,
  cells: [],
  exemption: null,
  ...more,
});
const entity = (name: string, score: number | null, more: Partial<EntityScore> = {}): EntityScore => ({
  ...unknownEntity(name, name, null),
  score,
  ...more,
});

describe('the matrix', () => {
  const a = entity('a', 1, { terms: [term('x', { pointsLost: 10, status: 'warn' }), term('y')] });
  const b = entity('b', 2, { terms: [term('y', { pointsLost: 30, status: 'bad' })] });
  const c = entity('c', 3, { terms: [term('x', { pointsLost: null, value: null, status: 'unknown' })] });

  it('has a column per term, those that cost most first', () => {
    expect(matrixColumns([a, b, c])).toEqual([
      { id: 'y', title: 'y', lost: 30 },
      { id: 'x', title: 'x', lost: 10 },
    ]);
  });

  it('heats by the share of the weight, and not at all where nobody knows', () => {
    expect([a.terms[0], a.terms[1], b.terms[0], c.terms[0]].map(termHeat)).toEqual([0.2, 0, 0.6, null]);
    expect(termHeat(term('z', { weight: null, pointsLost: null, status: 'bad' }))).toBe(1);
  });

  it('sorts by a term: worst, then unknown, then without it', () => {
    expect(sortByTerm([b, c, a], 'x').map((e) => e.entity)).toEqual(['a', 'c', 'b']);
  });
});

describe('the leaderboard', () => {
  const of = (list: EntityScore[]) => [...places(list).values()].map((p) => [p.rank, p.gained]);

  it('ranks by score; equal scores share a place, unknown ones have none', () => {
    const scores = [90, 80, 90, null, 10].map((s, i) => entity(String(i), s));
    expect(of(scores).map(([rank]) => rank)).toEqual([1, 3, 1, null, 4]);
  });

  it('counts places gained among those known in both periods', () => {
    expect(of([entity('a', 90, { previous: 50 }), entity('b', 80, { previous: 70 }), entity('new', 99)])).toEqual([
      [2, 1],
      [3, -1],
      [1, null],
    ]);
  });

  it('never puts the unknown first', () => {
    const list = [entity('u', null), entity('b', 10), entity('a', 90)];
    expect(sortEntities(list, 'best').map((e) => e.entity)).toEqual(['a', 'b', 'u']);
  });
});

it('compares terms, the largest difference first, the incomparable last', () => {
  const a = entity('a', 1, { terms: [term('same'), term('more', { pointsLost: 5 }), term('mine')] });
  const b = entity('b', 1, { terms: [term('more', { pointsLost: 25 }), term('same'), term('yours')] });
  expect(compareTerms(a, b).map((r) => [r.id, r.difference])).toEqual([
    ['more', 20],
    ['same', 0],
    ['mine', null],
    ['yours', null],
  ]);
});

describe('what no term accounts for', () => {
  const range = { from: 0, to: 1 };
  const terms = [
    term('e', { pointsLost: 40, previousPointsLost: 2 }),
    term('p', { pointsLost: 12.5, previousPointsLost: 5 }),
  ];

  it('is what a cap took', () => {
    // 93 before; 47.5 by the terms now, capped at 40.
    expect(whatMoved({ terms, change: -53 }, range).rest).toBeCloseTo(-7.5);
  });

  it('is nothing where the differences add up, or the change is unknown', () => {
    expect(whatMoved({ terms, change: -45.5 }, range).rest).toBeNull();
    expect(whatMoved({ terms, change: null }, range).rest).toBeNull();
  });
});
