import { staleBy } from './freshness';
import { chooseView, heightOf, layoutGrid, layoutRows, stepRow, visibleRows } from './layout';
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
  rule: null,
  evidence: null,
  cells: [],
  exemption: null,
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
    expect(layout.columns).toBe(5);
    const rows = layoutRows([500], { ...layout, headingHeight: 0 });
    expect(rows).toHaveLength(100);
    expect(visibleRows(rows, 0, 400)).toEqual({ first: 0, last: 9 });
    expect(visibleRows(rows, 50 * layout.rowHeight, 400)).toEqual({ first: 47, last: 59 });
    expect(visibleRows(rows, 1e9, 400).last).toBe(99);
    expect(visibleRows([], 0, 400).last).toBe(-1);
  });

  it('puts groups below each other, and steps from row to row across their headings', () => {
    const rows = layoutRows([3, 2], { columns: 2, rowHeight: 10, headingHeight: 4 });
    expect(rows.map((r) => [r.top, r.heading ? 'heading' : `${r.from}-${r.to}`])).toEqual([
      [0, 'heading'],
      [4, '0-2'],
      [14, '2-3'],
      [24, 'heading'],
      [28, '3-5'],
    ]);
    expect(heightOf(rows)).toBe(38);
    expect(stepRow(rows, 1, 1)).toBe(2);
    expect(stepRow(rows, 2, 1)).toBe(3);
    expect(stepRow(rows, 4, -1)).toBe(2);
    expect(stepRow(rows, 0, -1)).toBe(0);
  });

  it('fills a wall with tiles as large as it allows, and never smaller than usual', () => {
    const wall = layoutGrid('fill', 6, { width: 1900, height: 1000 }, 8);
    expect(wall.zoom).toBeGreaterThan(2);
    expect(wall.columns).toBe(2);
    const rows = Math.ceil(6 / wall.columns);
    expect(rows * wall.rowHeight * wall.zoom).toBeCloseTo(1000 + 8 * wall.zoom);
    expect(layoutGrid('fill', 500, { width: 900, height: 400 }, 8)).toMatchObject({ size: 'small', zoom: 1 });
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
