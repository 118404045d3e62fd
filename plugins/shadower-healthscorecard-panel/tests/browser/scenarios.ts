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
    toDataFrame({
      name: 'terms',
      fields: [
        { name: 'entity', type: FieldType.string, values: ids.map(name) },
        { name: 'term', type: FieldType.string, values: ids.map(() => 'error_rate') },
        { name: 'title', type: FieldType.string, values: ids.map(() => 'Error rate') },
        { name: 'weight', type: FieldType.number, values: ids.map(() => 60) },
        {
          name: 'value',
          type: FieldType.number,
          values: ids.map((i) => (score(i) === null ? null : 0.01 + noise(i) / 9)),
        },
        { name: 'unit', type: FieldType.string, values: ids.map(() => 'percentunit') },
        { name: 'target', type: FieldType.number, values: ids.map(() => 0.01) },
        {
          name: 'points_lost',
          type: FieldType.number,
          values: ids.map((i) => (score(i) === null ? null : 100 - score(i)!)),
        },
        { name: 'status', type: FieldType.string, values: ids.map((i) => (score(i) === null ? 'unknown' : 'warn')) },
        { name: 'since', type: FieldType.time, values: ids.map((i) => (i % 2 ? NOW - i * MINUTE : null)) },
        { name: 'gate', type: FieldType.number, values: ids.map(() => null) },
      ],
    }),
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
export const SCENARIOS: Record<string, () => Scenario> = {
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
  empty: () => ({ series: [] }),
  loading: () => ({ series: [], state: LoadingState.Loading }),
  error: () => ({ series: [], state: LoadingState.Error, error: 'ClickHouse answered 503 (ANALYTICS_UNAVAILABLE)' }),
  errorWithData: () => ({ series: sampleFrames(NOW), state: LoadingState.Error, error: 'timeout after 30 s' }),
  stale: () => ({ series: sampleFrames(NOW), to: NOW + 5 * 60 * MINUTE }),
};
