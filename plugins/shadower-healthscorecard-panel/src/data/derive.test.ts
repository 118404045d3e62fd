import { staleBy } from './freshness';
import { chooseView, layoutGrid, visibleRows } from './layout';
import { type EntityScore, type Term } from './model';
import { whatMoved } from './moved';
import { filterEntities, sortEntities } from './sort';
import { describeTrend, sparkPath, sparkRange } from './sparkline';
import { summaryText } from './status';

const entity = (entity: string, score: number | null, status: EntityScore['status'], change: number | null = null) =>
  ({ key: entity, entity, kind: null, score, status, change, terms: [], trend: [] }) as unknown as EntityScore;
const term = (id: string, pointsLost: number | null, more: Partial<Term> = {}): Term => ({
  id,
  title: id,
  weight: 50,
  value: 1,
  unit: null,
  target: null,
  pointsLost,
  previousPointsLost: null,
  status: 'bad',
  since: null,
  gate: null,
  ...more,
});

const list = [
  entity('search 10', 97, 'healthy', -3),
  entity('mail', null, 'unknown'),
  entity('search 9', 99, 'healthy', 5),
  entity('pay', 40, 'critical', -53),
  entity('auth', 12, 'critical', -2),
  entity('shop', 70, 'degraded', 0),
  entity('ledger', null, 'offline'),
];

describe('order', () => {
  it.each([
    ['worst', ['ledger', 'auth', 'pay', 'shop', 'mail', 'search 10', 'search 9']],
    ['name', ['auth', 'ledger', 'mail', 'pay', 'search 9', 'search 10', 'shop']],
    ['change', ['pay', 'search 10', 'auth', 'shop', 'search 9', 'ledger', 'mail']],
  ] as const)('by %s', (by, names) => {
    expect(sortEntities(list, by).map((e) => e.entity)).toEqual(names);
  });

  it('filters by status and part of the name', () => {
    expect(filterEntities(list, { search: 'SEA', statuses: new Set() })).toHaveLength(2);
    expect(filterEntities(list, { search: '', statuses: new Set(['unknown', 'offline']) })).toHaveLength(2);
  });

  it('is counted worst first', () => {
    expect(summaryText(list)).toBe('1 offline, 2 critical, 1 degraded, 1 unknown, 2 healthy');
  });
});

describe('what moved', () => {
  const range = { from: 1000, to: 2000 };

  it('is what loses most where nothing is known of before', () => {
    const terms = [
      term('a', 2),
      term('b', 30, { since: 1500 }),
      term('c', null),
      term('d', 0),
      term('e', 5, { since: 10 }),
    ];
    const { basis, movers } = whatMoved({ terms, change: -9 }, range);
    expect(basis).toBe('lost');
    expect(movers.map((m) => [m.term.id, m.lost, m.delta, m.fresh])).toEqual([
      ['b', 30, null, true],
      ['e', 5, null, false],
      ['a', 2, null, false],
    ]);
  });

  it('is the difference where the previous points are known, in the direction of the change', () => {
    const terms = [
      term('steady', 40, { previousPointsLost: 40 }),
      term('worse', 12, { previousPointsLost: 2 }),
      term('better', 1, { previousPointsLost: 9 }),
    ];
    expect(whatMoved({ terms, change: -2 }, range).movers.map((m) => [m.term.id, m.delta])).toEqual([
      ['worse', 10],
      ['better', -8],
    ]);
    expect(whatMoved({ terms, change: 2 }, range).movers[0].term.id).toBe('better');
  });

  it('is nothing when nothing is lost', () => {
    expect(whatMoved({ terms: [term('a', 0)], change: 0 }, range).movers).toEqual([]);
  });
});

describe('sparkline', () => {
  const box = { width: 100, height: 10, range: { min: 0, max: 100 }, step: 10 };

  it('breaks at unknown scores and at holes, and dots a lone point', () => {
    const trend = [
      { time: 0, score: 0 },
      { time: 10, score: 100 },
      { time: 20, score: null },
      { time: 30, score: 50 },
      { time: 100, score: 50 },
    ];
    expect(sparkPath(trend, box)).toBe('M0 10L10 0M30 5h0M100 5h0');
    expect(sparkPath([], box)).toBe('');
    expect(sparkPath([{ time: 5, score: null }], box)).toBe('');
  });

  it('scales to its own values, but not to noise', () => {
    const trend = [
      { time: 0, score: 98 },
      { time: 1, score: 99 },
    ];
    expect(sparkRange(trend, 'full', { min: 0, max: 100 })).toEqual({ min: 0, max: 100 });
    expect(sparkRange(trend, 'data', { min: 0, max: 100 })).toEqual({ min: 96, max: 101 });
  });

  it('has words', () => {
    const trend = [
      { time: 0, score: 90 },
      { time: 1, score: null },
      { time: 2, score: 40 },
    ];
    expect(describeTrend(trend, String)).toBe('Trend: from 90 to 40, lowest 40, unknown at 1 of 3 points');
    expect(describeTrend([{ time: 1, score: null }], String)).toBe('Trend: no known scores');
  });
});

describe('layout', () => {
  it('draws cards while a few fit', () => {
    expect(chooseView('auto', 1, { width: 100, height: 60 }, 8)).toBe('card');
    expect(chooseView('auto', 4, { width: 900, height: 500 }, 8)).toBe('card');
    expect(chooseView('auto', 4, { width: 400, height: 200 }, 8)).toBe('grid');
    expect(chooseView('auto', 500, { width: 2000, height: 1000 }, 8)).toBe('grid');
    expect(chooseView('card', 500, { width: 100, height: 100 }, 8)).toBe('card');
  });

  it('draws only the rows in sight', () => {
    const layout = layoutGrid('small', 500, { width: 900, height: 400 }, 8);
    expect(layout).toMatchObject({ columns: 5, rows: 100 });
    expect(visibleRows(layout, 0, 400)).toEqual({ first: 0, last: 10 });
    expect(visibleRows(layout, 50 * layout.rowHeight, 400)).toEqual({ first: 47, last: 60 });
    expect(visibleRows(layout, 1e9, 400).last).toBe(99);
  });

  it('takes large tiles while all fit', () => {
    expect(layoutGrid('auto', 4, { width: 900, height: 400 }, 8).size).toBe('large');
    expect(layoutGrid('auto', 400, { width: 900, height: 400 }, 8).size).toBe('small');
  });
});

describe('freshness', () => {
  const MINUTE = 60_000;
  it('is judged by the own step, against the earlier of range end and now', () => {
    expect(staleBy({ newest: 0, step: MINUTE }, 2 * MINUTE, 1e12)).toBeNull();
    expect(staleBy({ newest: 0, step: MINUTE }, 10 * MINUTE, 1e12)).toBe(10 * MINUTE);
    expect(staleBy({ newest: 0, step: MINUTE }, 1e12, MINUTE)).toBeNull();
    expect(staleBy({ newest: 0, step: 60 * MINUTE }, 100 * MINUTE, 1e12)).toBeNull();
    expect(staleBy({ newest: null, step: null }, 1e12, 1e12)).toBeNull();
  });
});
