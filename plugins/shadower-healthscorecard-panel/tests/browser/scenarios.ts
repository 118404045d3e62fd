import { type DataFrame, FieldType, LoadingState, toDataFrame } from '@grafana/data';
import { sampleFrames } from '../../src/data/sample';
import { type ScorecardOptions } from '../../src/types';

/** What a scenario shows: frames and state of a panel, as a dashboard would hand them over. */
export interface Scenario {
  series: DataFrame[];
  state?: LoadingState;
  error?: string;
  options?: Partial<ScorecardOptions>;
  /** End of the time range; the range is 6 h long. */
  to?: number;
  /** The panel has no query. */
  unqueried?: boolean;
}

export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const MINUTE = 60_000;

const only = (frames: DataFrame[], entity: string): DataFrame[] =>
  frames.map((frame) => {
    const at = frame.fields.find((f) => f.name === 'entity')!;
    const rows = Array.from({ length: frame.length }, (_, i) => i).filter((i) => at.values[i] === entity);
    return {
      ...frame,
      length: rows.length,
      fields: frame.fields.map((f) => ({ ...f, values: rows.map((i) => f.values[i]) })),
    };
  });

/** Deterministic noise in [0, 1). */
const noise = (n: number) => {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

const TERMS = [
  { term: 'error_rate', title: 'Error rate', weight: 40, unit: 'percentunit', target: 0.01, worst: 0.1 },
  { term: 'p95', title: 'Response time (p95)', weight: 30, unit: 'ms', target: 300, worst: 3000 },
  { term: 'saturation', title: 'Saturation', weight: 20, unit: 'percentunit', target: 0.7, worst: 1 },
  {
    term: 'deprecated',
    title: 'Calls to deprecated endpoints',
    weight: 10,
    unit: 'percentunit',
    target: 0,
    worst: 0.2,
  },
];

/** Terms that lose together what the score is short of; some are unknown, and every fifth entity lacks the last one. */
function manyTerms(ids: number[], name: (i: number) => string, score: (i: number) => number | null): DataFrame {
  const rows = ids.flatMap((i) =>
    TERMS.filter((_, k) => k < 3 || i % 5 > 0).map((t, k) => {
      const s = score(i);
      const unknown = s === null || (k === 2 && i % 11 === 3);
      const lost = unknown ? null : Math.min(t.weight, ((100 - s) * t.weight * (0.5 + noise(i * 7 + k))) / 100);
      const share = lost === null ? null : lost / t.weight;
      return {
        entity: name(i),
        term: t.term,
        title: t.title,
        weight: t.weight,
        value: share === null ? null : t.target + share * (t.worst - t.target),
        unit: t.unit,
        target: t.target,
        points_lost: lost,
        previous_points_lost: lost === null ? null : lost * noise(i + k),
        status: share === null ? 'unknown' : share <= 0 ? 'ok' : share >= 0.6 ? 'bad' : 'warn',
        since: i % 2 ? NOW - i * MINUTE : null,
      };
    })
  );
  const types: Record<string, FieldType> = { since: FieldType.time };
  return toDataFrame({
    name: 'terms',
    fields: Object.keys(rows[0]).map((field) => ({
      name: field,
      type: types[field] ?? (typeof rows[0][field as 'weight'] === 'string' ? FieldType.string : FieldType.number),
      values: rows.map((row) => row[field as keyof typeof row]),
    })),
  });
}

/** `count` entities of every status, with a trend of `points` points each. */
export function manyFrames(count: number, points = 30): DataFrame[] {
  const ids = Array.from({ length: count }, (_, i) => i);
  const name = (i: number) => `${['orders', 'billing', 'search', 'mail', 'auth', 'ledger'][i % 6]}-service-${i}`;
  const score = (i: number) =>
    i % 17 === 5 ? null : i % 23 === 0 ? 10 + noise(i) * 45 : i % 7 === 3 ? 62 + noise(i) * 16 : 82 + noise(i) * 18;
  const status = (i: number) => {
    const s = score(i);
    return s === null ? 'unknown' : i % 41 === 7 ? 'offline' : s < 60 ? 'critical' : s < 80 ? 'degraded' : 'healthy';
  };
  const trend = ids.flatMap((i) =>
    Array.from({ length: points }, (_, k) => ({
      time: NOW - (points - 1 - k) * 12 * MINUTE,
      entity: name(i),
      score:
        score(i) === null && k > 12
          ? null
          : Math.max(0, Math.min(100, (score(i) ?? 88) + (noise(i * 31 + k) - 0.5) * 14 + ((points - k) / points) * 6)),
    }))
  );
  return [
    toDataFrame({
      name: 'scores',
      fields: [
        { name: 'entity', type: FieldType.string, values: ids.map(name) },
        { name: 'kind', type: FieldType.string, values: ids.map(() => 'service') },
        { name: 'team', type: FieldType.string, values: ids.map((i) => ['Checkout', 'Shop', 'Platform'][i % 3]) },
        { name: 'score', type: FieldType.number, values: ids.map(score) },
        { name: 'status', type: FieldType.string, values: ids.map(status) },
        { name: 'confidence', type: FieldType.number, values: ids.map((i) => (i % 13 === 4 ? 0.3 : 0.95)) },
        { name: 'calls', type: FieldType.number, values: ids.map((i) => (score(i) === null ? 0 : 1000 + i)) },
        {
          name: 'change',
          type: FieldType.number,
          values: ids.map((i) => (score(i) === null ? null : Math.round((noise(i * 7) - 0.6) * 300) / 10)),
        },
      ],
    }),
    manyTerms(ids, name, score),
    toDataFrame({
      name: 'trend',
      fields: [
        { name: 'time', type: FieldType.time, values: trend.map((p) => p.time) },
        { name: 'entity', type: FieldType.string, values: trend.map((p) => p.entity) },
        { name: 'score', type: FieldType.number, values: trend.map((p) => p.score) },
      ],
    }),
  ];
}

const broken: DataFrame[] = [
  toDataFrame({
    name: 'scores',
    fields: [
      {
        name: 'entity',
        type: FieldType.string,
        values: [
          'alpha',
          null,
          'alpha',
          'gamma',
          'delta',
          'a name that is so long that no tile of any size will ever have room for all of it',
        ],
      },
      { name: 'score', type: FieldType.other, values: [71, 50, 12, 140, 'NaN', 99.96] },
      {
        name: 'status',
        type: FieldType.string,
        values: ['degraded', 'critical', 'healthy', 'healthy', 'healthy', 'sideways'],
      },
      { name: 'confidence', type: FieldType.number, values: [7, null, 1, 1, 1, 0.1] },
    ],
  }),
  toDataFrame({
    name: 'terms',
    fields: [
      { name: 'entity', type: FieldType.string, values: ['alpha', 'nobody', null] },
      { name: 'term', type: FieldType.string, values: ['x', null, 'z'] },
      { name: 'value', type: FieldType.number, values: [Infinity, NaN, 3] },
    ],
  }),
  toDataFrame({ name: 'weather', fields: [{ name: 'rain', type: FieldType.boolean, values: [true] }] }),
];

/** Frames by name; made anew for each mount, because panels may keep state in fields. */
export const SCENARIOS: Record<string, (count?: number) => Scenario> = {
  many: (count = 100) => ({ series: manyFrames(count) }),
  card: () => ({ series: only(sampleFrames(NOW), 'payments-api') }),
  few: () => ({ series: sampleFrames(NOW) }),
  unknown: () => ({ series: only(sampleFrames(NOW), 'mail-gateway') }),
  lowConfidence: () => ({ series: only(sampleFrames(NOW), 'search') }),
  grid: () => ({ series: manyFrames(500) }),
  huge: () => ({ series: manyFrames(5000, 12) }),
  broken: () => ({ series: broken, options: { view: 'grid' } }),
  foreign: () => ({
    series: [
      toDataFrame({
        fields: [
          { name: 'a', type: FieldType.number, values: [1, 2] },
          { name: 'b', type: FieldType.number, values: [1, 2] },
        ],
      }),
    ],
  }),
  matrix: () => ({ series: manyFrames(40), options: { view: 'matrix' } }),
  leaderboard: () => ({ series: manyFrames(40), options: { view: 'leaderboard' } }),
  compare: () => ({ series: sampleFrames(NOW), options: { view: 'compare' } }),
  groups: () => ({ series: manyFrames(40), options: { view: 'grid', groupBy: 'team' } }),
  matrixGroups: () => ({ series: manyFrames(40), options: { view: 'matrix', groupBy: 'team', matrixCell: 'value' } }),
  composites: () => ({
    series: sampleFrames(NOW),
    options: {
      view: 'grid',
      groupBy: 'team',
      groupStyle: 'composites',
    },
  }),
  declared: () => ({
    series: sampleFrames(NOW),
    options: {
      view: 'grid',
      composites: [
        { name: 'Checkout', members: 'payments-*, search' },
        { name: 'Search page', members: 'search, mail-*, ghost' },
      ],
      exemptions: [
        { entity: 'payments-*', term: '', owner: 'ops', expires: '2026-02-01T00:00', reason: 'migration' },
        { entity: 'nobody', term: '', owner: '', expires: '', reason: '' },
      ],
    },
  }),
  wall: () => ({ series: sampleFrames(NOW), options: { view: 'grid', tileSize: 'fill' } }),
  components: () => ({
    series: [
      toDataFrame({
        fields: [
          { name: 'service', type: FieldType.string, values: ['web', 'api', 'db'] },
          { name: 'score', type: FieldType.number, values: [91, 64, 40] },
          { name: 'latency', type: FieldType.number, values: [95, 70, null] },
          { name: 'errors', type: FieldType.number, values: [88, 55, 31] },
        ],
      }),
    ],
    options: { view: 'matrix', componentFields: ['latency', 'errors'] },
  }),
  unqueried: () => ({ series: [], unqueried: true }),
  empty: () => ({ series: [] }),
  loading: () => ({ series: [], state: LoadingState.Loading }),
  error: () => ({ series: [], state: LoadingState.Error, error: 'ClickHouse answered 503 (ANALYTICS_UNAVAILABLE)' }),
  errorWithData: () => ({ series: sampleFrames(NOW), state: LoadingState.Error, error: 'timeout after 30 s' }),
  stale: () => ({ series: sampleFrames(NOW), to: NOW + 5 * 60 * MINUTE }),
};
