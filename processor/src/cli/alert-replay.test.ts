import { reduceSeries, replay, type Evaluation, type Point } from './alert-replay';

const MINUTE = 60_000;
const rule = { reduce: 'last', condition: { op: 'gt', value: 5 }, forSeconds: 120 } as const;
const points = (...values: (number | null)[]): Point[] => values.map((value, i) => ({ time: i * MINUTE, value }));
/** One evaluation a minute; a number is the one series' value, 'none' no series at all, 'error' no answer. */
const timeline = (...values: (number | null | 'none' | 'error')[]): Evaluation[] =>
  values.map((v, i) =>
    v === 'error'
      ? { time: i * MINUTE, unknown: 'STORE_UNAVAILABLE' }
      : { time: i * MINUTE, series: v === 'none' ? new Map() : new Map([['a', points(v)]]) },
  );

it('reduces as the rule file says', () => {
  expect(reduceSeries(points(1, 4, null), 'last')).toBe(4);
  expect(reduceSeries(points(1, 4, null), 'max')).toBe(4);
  expect(reduceSeries(points(1, 4, null), 'min')).toBe(1);
  expect(reduceSeries(points(1, 4, null), 'mean')).toBe(2.5);
  expect(reduceSeries(points(1, 4, null), 'sum')).toBeNull();
  expect(reduceSeries(points(1, 4), 'sum')).toBe(5);
  expect(reduceSeries(points(null), 'last')).toBeNull();
});

it('fires once the condition has held long enough, and resolves when it ends', () => {
  const { episodes, evaluations, unknown } = replay(rule, timeline(1, 6, 7, 9, 8, 5, 6, 1));
  expect(episodes).toEqual([
    { series: 'a', pendingSince: 1 * MINUTE, firedAt: 3 * MINUTE, resolvedAt: 5 * MINUTE, worst: 9 },
  ]);
  expect({ evaluations, unknown }).toEqual({ evaluations: 8, unknown: {} });
});

it('says that it still fires at the end', () =>
  expect(replay(rule, timeline(6, 6, 6)).episodes).toEqual([
    { series: 'a', pendingSince: 0, firedAt: 2 * MINUTE, resolvedAt: null, worst: 6 },
  ]));

it('fires at once when nothing has to hold, and looks downwards too', () => {
  const down = { ...rule, condition: { op: 'lt', value: 5 }, forSeconds: 0 } as const;
  expect(replay(down, timeline(6, 4, 3, 6)).episodes).toMatchObject([
    { firedAt: MINUTE, resolvedAt: 3 * MINUTE, worst: 3 },
  ]);
});

it('neither fires nor resolves on what is unknown, and counts it', () => {
  const { episodes, unknown } = replay(rule, timeline(6, null, 'error', 6, 1));
  expect(episodes).toMatchObject([{ pendingSince: 0, firedAt: 3 * MINUTE, resolvedAt: 4 * MINUTE }]);
  expect(unknown).toEqual({ 'unknown value': 1, STORE_UNAVAILABLE: 1 });
});

it('resolves a series that is gone after two evaluations, and tells no data from fine', () => {
  expect(replay(rule, timeline(6, 6, 6, 'none', 'none'))).toMatchObject({
    episodes: [{ resolvedAt: 4 * MINUTE }],
    unknown: { 'no data': 2 },
  });
  expect(replay({ ...rule, absence: 'fine' }, timeline('none', 'none')).unknown).toEqual({});
});

it('keeps series apart', () => {
  const both = (a: number, b: number, i: number): Evaluation => ({
    time: i * MINUTE,
    series: new Map([
      ['a', points(a)],
      ['b', points(b)],
    ]),
  });
  const { episodes } = replay({ ...rule, forSeconds: 0 }, [both(6, 1, 0), both(1, 7, 1), both(1, 1, 2)]);
  expect(episodes.map((e) => [e.series, e.firedAt])).toEqual([
    ['a', 0],
    ['b', MINUTE],
  ]);
});
