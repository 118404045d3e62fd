import { FieldType, toDataFrame } from '@grafana/data';
import { buildComposites, groupEntities, worstOf } from './composite';
import { type EntityScore, unknownEntity } from './model';
import { matcher } from './pattern';
import { buildScorecard } from './scorecard';

const entity = (name: string, score: number | null, more: Partial<EntityScore> = {}): EntityScore => ({
  ...unknownEntity(name, name, null),
  score,
  status: score === null ? 'unknown' : score < 60 ? 'critical' : score < 80 ? 'degraded' : 'healthy',
  ...more,
});
const healthy = entity('healthy', 95, { previous: 90, confidence: 0.2 });
const degraded = entity('degraded', 70, { previous: 88, confidence: 0.9 });
const unknown = entity('unknown', null);

describe('a composite', () => {
  it('is as bad as its worst member', () => {
    expect(worstOf('k', 'n', 'x', [healthy, degraded])).toMatchObject({
      score: 70,
      atMost: false,
      status: 'degraded',
      previous: 88,
      change: -18,
      confidence: 0.9,
      members: [{ entity: 'degraded' }, { entity: 'healthy' }],
    });
  });

  it('is not healthy while a member is unknown', () => {
    expect(worstOf('k', 'n', 'x', [healthy, unknown])).toMatchObject({
      score: null,
      status: 'unknown',
      change: null,
      reason: '1 of 2 members is unknown. The score is 95 at most.',
    });
  });

  it('has an upper bound where a member is worse than the unknown one seems', () => {
    expect(worstOf('k', 'n', 'x', [healthy, degraded, unknown])).toMatchObject({
      score: 70,
      atMost: true,
      status: 'degraded',
      change: null,
    });
  });

  it('of nothing is unknown', () => {
    expect(worstOf('k', 'n', 'x', [])).toMatchObject({ score: null, status: 'unknown', previous: null, change: null });
  });

  it('has a gap in its trend where any member has one', () => {
    const a = entity('a', 90, { trend: [1, 2, 3].map((time) => ({ time, score: 90 })) });
    const b = entity('b', 80, { trend: [1, 3].map((time) => ({ time, score: time === 3 ? null : 80 })) });
    expect(worstOf('k', 'n', 'x', [a, b]).trend).toEqual([
      { time: 1, score: 80 },
      { time: 2, score: null },
      { time: 3, score: null },
    ]);
  });
});

describe('declared composites', () => {
  it('take members by names and patterns', () => {
    const { composites, notices } = buildComposites([healthy, degraded], [{ name: 'Site', members: 'HEALTHY, deg*' }]);
    expect(composites).toMatchObject([{ entity: 'Site', score: 70, status: 'degraded' }]);
    expect(notices).toEqual([]);
  });

  it('that miss a member say so, and are not healthy', () => {
    const { composites, notices } = buildComposites([healthy], [{ name: 'Site', members: 'healthy, ghost' }]);
    expect(composites).toMatchObject([{ score: null, status: 'unknown', change: null }]);
    expect(notices).toEqual(['Composite "Site": Not in the data: ghost.']);
  });

  it('that are not finished are passed over', () => {
    expect(buildComposites([healthy], [{ name: '', members: '*' }]).composites).toEqual([]);
    expect(buildComposites([healthy], [{ name: 'x', members: ' ' }]).composites).toEqual([]);
  });
});

it('groups by a text field, the worst group first', () => {
  const frame = toDataFrame({
    name: 'scores',
    fields: [
      { name: 'entity', type: FieldType.string, values: ['a', 'b', 'c', 'd'] },
      { name: 'score', type: FieldType.number, values: [95, 40, 85, 70] },
      { name: 'team', type: FieldType.string, values: ['x', 'y', 'x', ''] },
    ],
  });
  const { entities, groupFields } = buildScorecard([frame]);
  expect(groupFields).toEqual(['team']);
  const groups = groupEntities(entities, 'team', 'worst');
  expect(groups.map((g) => [g.name, g.head.status, g.entities.map((e) => e.entity)])).toEqual([
    ['y', 'critical', ['b']],
    ['Without team', 'degraded', ['d']],
    ['x', 'healthy', ['a', 'c']],
  ]);
});

it('matches names with stars, and nothing by accident', () => {
  expect(['pay.a', 'payxa', 'PAY.A'].map(matcher('pay.a'))).toEqual([true, false, true]);
  expect(['a-1', 'b', 'c-2'].map(matcher('a-*, *-2'))).toEqual([true, false, true]);
  expect(matcher(' , ')('')).toBe(false);
});
