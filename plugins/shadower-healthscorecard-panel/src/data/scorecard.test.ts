import { type DataFrame, FieldType, ThresholdsMode, toDataFrame } from '@grafana/data';
import { buildScorecard } from './scorecard';
import { sampleFrames } from './sample';

const NOW = Date.UTC(2026, 0, 15, 12);
const frame = (name: string | undefined, fields: Record<string, unknown[]>, extra: Partial<DataFrame> = {}) => ({
  ...toDataFrame({
    name,
    fields: Object.entries(fields).map(([field, values]) => ({
      name: field,
      type:
        field === 'time'
          ? FieldType.time
          : values.every((v) => typeof v === 'string')
            ? FieldType.string
            : FieldType.number,
      values,
    })),
  }),
  ...extra,
});
const only = (series: DataFrame[]) => buildScorecard(series).entities[0];

describe('the contract', () => {
  const { entities, notices } = buildScorecard(sampleFrames(NOW));
  const by = (name: string) => entities.find((e) => e.entity === name)!;

  it('joins scores, terms and trend', () => {
    expect(notices).toEqual([]);
    expect(entities.map((e) => e.entity)).toEqual(['payments-api', 'catalogue', 'mail-gateway', 'search']);
    const e = by('payments-api');
    expect(e).toMatchObject({
      kind: 'service',
      score: 40,
      status: 'critical',
      previous: 93,
      change: -53,
      calls: 18230,
    });
    expect(e.terms.map((t) => t.id)).toEqual(['error_rate', 'p95', 'availability']);
    expect(e.terms[0]).toMatchObject({
      weight: 40,
      value: 0.14,
      unit: 'percentunit',
      target: 0.01,
      status: 'bad',
      gate: 40,
    });
    expect(e.trend).toHaveLength(10);
  });

  it('names the term that caps the score', () => {
    expect(by('payments-api').cap).toMatchObject({ at: 40, term: { id: 'error_rate' } });
    expect(by('catalogue').cap).toBeNull();
  });

  it('keeps unknown unknown', () => {
    const e = by('mail-gateway');
    expect(e).toMatchObject({ score: null, status: 'unknown', change: null, reason: 'No calls in the time range.' });
    expect(e.terms[0]).toMatchObject({ value: null, pointsLost: null, status: 'unknown' });
    expect(e.trend.filter((p) => p.score === null)).toHaveLength(7);
  });
});

describe('unknown', () => {
  it.each([null, undefined, NaN, Infinity, '', 'n/a', {}, -3, 101])('%p is no score and never healthy', (score) => {
    const e = only([frame('scores', { entity: ['a'], score: [score], status: ['healthy'] })]);
    expect(e).toMatchObject({ score: null, status: 'unknown' });
    expect(e.reason).toBeTruthy();
  });

  it('keeps a bad status that comes without a score', () => {
    expect(only([frame('scores', { entity: ['a'], score: [null], status: ['offline'] })])).toMatchObject({
      score: null,
      status: 'offline',
    });
  });

  it('does not call a term ok that nobody measured', () => {
    const e = only([
      frame('scores', { entity: ['a'], score: [90] }),
      frame('terms', { entity: ['a'], term: ['x'], value: [null], points_lost: [null], status: ['ok'] }),
    ]);
    expect(e.terms[0].status).toBe('unknown');
  });

  it('makes an entity with terms only an unknown one', () => {
    expect(only([frame('terms', { entity: ['a'], term: ['x'], points_lost: [3] })])).toMatchObject({
      entity: 'a',
      score: null,
      status: 'unknown',
    });
  });
});

describe('status', () => {
  const withThresholds = (score: number, steps: number[], mode = ThresholdsMode.Absolute, max?: number) => {
    const f = frame('scores', { entity: ['a'], score: [score] });
    f.fields[1].config = {
      max,
      thresholds: { mode, steps: [-Infinity, ...steps].map((value) => ({ value, color: 'blue' })) },
    };
    return only([f]).status;
  };

  it('comes from the default bands where the data has none', () => {
    const status = (score: number) => only([frame('scores', { entity: ['a'], score: [score] })]).status;
    expect([59.9, 60, 79.9, 80, 0, 100].map(status)).toEqual([
      'critical',
      'degraded',
      'degraded',
      'healthy',
      'critical',
      'healthy',
    ]);
  });

  it("comes from the field's thresholds, whatever their colours and number", () => {
    expect([40, 55, 95].map((s) => withThresholds(s, [50, 90]))).toEqual(['critical', 'degraded', 'healthy']);
    expect([40, 55].map((s) => withThresholds(s, [50]))).toEqual(['critical', 'healthy']);
    expect([1, 4].map((s) => withThresholds(s, [70], ThresholdsMode.Percentage, 5))).toEqual(['critical', 'healthy']);
  });

  it('understands the words of other tools, and says which it does not', () => {
    const { entities, notices } = buildScorecard([
      frame('scores', { entity: ['a', 'b', 'c'], score: [1, 2, 3], status: ['OK', 'Warning', 'sideways'] }),
    ]);
    expect(entities.map((e) => e.status)).toEqual(['healthy', 'degraded', 'unknown']);
    expect(notices.join()).toContain('sideways');
  });
});

describe('frames', () => {
  it('are recognised by refId', () => {
    const { entities } = buildScorecard([
      frame(undefined, { entity: ['a'], score: [50] }, { refId: 'scores' }),
      frame(undefined, { time: [NOW], entity: ['a'], score: [50] }, { refId: 'trend' }),
    ]);
    expect(entities).toHaveLength(1);
    expect(entities[0].trend).toHaveLength(1);
  });

  it('without names are recognised by their fields', () => {
    const { entities, notices } = buildScorecard([
      frame(undefined, { time: [NOW - 1000, NOW], entity: ['a', 'a'], score: [70, 72] }),
      frame(undefined, { entity: ['a'], score: [72] }),
      frame(undefined, { entity: ['a'], term: ['x'], points_lost: [28] }),
    ]);
    expect(notices).toEqual([]);
    expect(entities).toHaveLength(1);
    expect(entities[0]).toMatchObject({ score: 72, terms: [{ id: 'x' }], trend: [{ score: 70 }, { score: 72 }] });
  });

  it('in long form give the newest score and the trend', () => {
    const e = only([frame(undefined, { time: [NOW, NOW - 1000], entity: ['a', 'a'], score: [72, 70] })]);
    expect(e).toMatchObject({ score: 72, trend: [{ score: 70 }, { score: 72 }] });
  });

  it('of other tools work with one name and one number, or with chosen fields', () => {
    expect(only([frame(undefined, { team: ['a'], grade: [72] })])).toMatchObject({ entity: 'a', score: 72 });
    const odd = frame(undefined, { team: ['a'], grade: [72], size: [3], mood: ['bad'] });
    expect(buildScorecard([odd])).toMatchObject({ recognised: false, entities: [] });
    expect(
      buildScorecard([odd], { fields: { scores: { entity: 'team', score: 'grade', status: 'mood' } } }).entities[0]
    ).toMatchObject({ entity: 'a', score: 72, status: 'critical' });
  });

  it('of time series are an entity per series, with the last value as score', () => {
    const series = (service: string, values: Array<number | null>) =>
      toDataFrame({
        fields: [
          { name: 'time', type: FieldType.time, values: [NOW - 1000, NOW] },
          { name: 'health', type: FieldType.number, labels: { service }, values },
        ],
      });
    const { entities } = buildScorecard([series('a', [80, 90]), series('b', [80, null])]);
    expect(entities).toMatchObject([
      { entity: 'a', score: 90, status: 'healthy' },
      { entity: 'b', score: null, status: 'unknown' },
    ]);
  });

  it('of two queries stay apart', () => {
    const scores = (refId: string, score: number) => frame('scores', { entity: ['a'], score: [score] }, { refId });
    const terms = (refId: string, term: string) =>
      frame('terms', { entity: ['a'], term: [term], points_lost: [1] }, { refId });
    const { entities } = buildScorecard([scores('A', 10), terms('A', 'x'), scores('B', 20), terms('B', 'y')]);
    expect(entities.map((e) => [e.score, e.terms.map((t) => t.id)])).toEqual([
      [10, ['x']],
      [20, ['y']],
    ]);
  });

  it('that are garbage give notices, not exceptions', () => {
    const { entities, notices } = buildScorecard([
      frame('scores', { entity: ['a', null, 'a', 'b'], score: [71, 50, 12, 140], confidence: [7, 1, 1, 1] }),
      frame('terms', { entity: ['a', null], value: [Infinity, 1] }),
      frame('trend', { time: [NaN, 'x', NOW], entity: ['a', 'a', 'a'], score: [1, 2, 'z'] }),
      frame('weather', { rain: [1, 2] }),
      toDataFrame({ fields: [] }),
    ]);
    expect(entities.map((e) => [e.entity, e.score, e.confidence])).toEqual([
      ['a', 71, null],
      ['Row 2', 50, 1],
      ['b', null, 1],
    ]);
    expect(entities[0].terms).toMatchObject([{ id: 'Term 1', value: null, status: 'unknown' }]);
    expect(entities[0].trend).toEqual([{ time: NOW, score: null }]);
    const said = notices.join('\n');
    for (const part of [
      'weather',
      'term, points_lost',
      'repeats',
      'outside 0–100',
      'no entity name',
      'names no entity',
      'no valid time',
    ]) {
      expect(said).toContain(part);
    }
  });

  it('without a score field still show their entities, as unknown', () => {
    const { entities, notices } = buildScorecard([frame('scores', { entity: ['a'] })]);
    expect(entities).toMatchObject([{ score: null, status: 'unknown' }]);
    expect(notices.join()).toContain('no field for score');
  });

  it('that lack a chosen field are not guessed at', () => {
    const { entities, notices } = buildScorecard([frame('scores', { entity: ['a'], score: [3] })], {
      fields: { scores: { score: 'gone' } },
    });
    expect(entities[0].score).toBeNull();
    expect(notices.join()).toContain('"gone"');
  });

  it('may be none at all', () => {
    expect(buildScorecard([])).toMatchObject({ entities: [], notices: [], recognised: false });
  });
});
