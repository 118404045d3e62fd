import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';

const MINUTE = 60_000;

/**
 * A small invented scorecard in the shape of the contract, for the empty panel's "Show a sample". The panel marks it
 * as a sample for as long as it is shown.
 */
export function sampleFrames(now: number): DataFrame[] {
  const at = Math.floor(now / MINUTE) * MINUTE;
  const trend = (entity: string, scores: Array<number | null>) =>
    scores.map((score, i) => ({ time: at - (scores.length - 1 - i) * 10 * MINUTE, entity, score }));
  const points = [
    ...trend('payments-api', [93, 92, 94, 91, 88, 70, 52, 41, 40, 40]),
    ...trend('catalogue', [84, 83, 80, 79, 76, 77, 75, 74, 73, 72]),
    ...trend('mail-gateway', [90, 91, 92, null, null, null, null, null, null, null]),
    ...trend('search', [96, 96, 97, 97, 96, 97, 98, 98, 97, 97]),
  ];
  const scores = [
    ['payments-api', 'service', 40, 'critical', 1, 18230, 93],
    ['catalogue', 'service', 72, 'degraded', 0.9, 5210, 84],
    ['mail-gateway', 'integration', null, 'unknown', 0, 0, 91],
    ['search', 'service', 97, 'healthy', 0.45, 310, 96],
  ] as const;
  const terms = [
    ['payments-api', 'error_rate', 'Error rate', 40, 0.14, 'percentunit', 0.01, 40, 'bad', at - 42 * MINUTE, 40],
    ['payments-api', 'p95', 'Response time (p95)', 30, 840, 'ms', 300, 12.5, 'warn', at - 38 * MINUTE, null],
    ['payments-api', 'availability', 'Availability', 30, 0.9994, 'percentunit', 0.999, 0, 'ok', null, null],
    ['catalogue', 'error_rate', 'Error rate', 40, 0.012, 'percentunit', 0.01, 2, 'warn', at - 180 * MINUTE, null],
    ['catalogue', 'p95', 'Response time (p95)', 30, 1210, 'ms', 300, 26, 'bad', at - 240 * MINUTE, null],
    ['catalogue', 'availability', 'Availability', 30, null, 'percentunit', 0.999, null, 'unknown', null, null],
    ['mail-gateway', 'error_rate', 'Error rate', 40, null, 'percentunit', 0.01, null, 'unknown', null, null],
    ['search', 'error_rate', 'Error rate', 40, 0.002, 'percentunit', 0.01, 3, 'ok', null, null],
  ] as const;
  const column = (rows: ReadonlyArray<readonly unknown[]>, names: string[]) =>
    names.map((name, i) => ({
      name,
      type: name === 'since' ? FieldType.time : typeof rows[0][i] === 'number' ? FieldType.number : FieldType.string,
      values: rows.map((row) => row[i]),
    }));
  return [
    toDataFrame({
      name: 'scores',
      fields: [
        ...column(scores, ['entity', 'kind', 'score', 'status', 'confidence', 'calls', 'previous_score']),
        { name: 'change', type: FieldType.number, values: scores.map((s) => (s[2] === null ? null : s[2] - s[6])) },
      ],
    }),
    toDataFrame({
      name: 'terms',
      fields: column(terms, [
        'entity',
        'term',
        'title',
        'weight',
        'value',
        'unit',
        'target',
        'points_lost',
        'status',
        'since',
        'gate',
      ]),
    }),
    toDataFrame({
      name: 'trend',
      fields: [
        { name: 'time', type: FieldType.time, values: points.map((p) => p.time) },
        { name: 'entity', type: FieldType.string, values: points.map((p) => p.entity) },
        { name: 'score', type: FieldType.number, values: points.map((p) => p.score) },
      ],
    }),
  ];
}
