import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';

const MINUTE = 60_000;

/** Two teams' services; `null` is unknown. */
const SCORES = [
  {
    entity: 'payments-api',
    kind: 'service',
    team: 'Checkout',
    score: 40,
    status: 'critical',
    confidence: 1,
    calls: 18230,
    previous_score: 93,
    change: -53,
  },
  {
    entity: 'catalogue',
    kind: 'service',
    team: 'Shop',
    score: 72,
    status: 'degraded',
    confidence: 0.9,
    calls: 5210,
    previous_score: 84,
    change: -12,
  },
  {
    entity: 'mail-gateway',
    kind: 'integration',
    team: 'Checkout',
    score: null,
    status: 'unknown',
    confidence: 0,
    calls: 0,
    previous_score: 91,
    change: null,
  },
  {
    entity: 'search',
    kind: 'service',
    team: 'Shop',
    score: 97,
    status: 'healthy',
    confidence: 0.45,
    calls: 310,
    previous_score: 96,
    change: 1,
  },
];

const ERRORS = {
  term: 'error_rate',
  title: 'Error rate',
  weight: 40,
  unit: 'percentunit',
  target: 0.01,
  gate_above: 0.1,
  gate_cap: 40,
};
const P95 = {
  term: 'p95',
  title: 'Response time (p95)',
  weight: 30,
  unit: 'ms',
  target: 300,
  gate_above: null,
  gate_cap: null,
};
const AVAILABILITY = {
  term: 'availability',
  title: 'Availability',
  weight: 30,
  unit: 'percentunit',
  target: 0.999,
  gate_above: null,
  gate_cap: null,
};
/** What stands in a row of a term that loses nothing. */
const FINE = { since: null, gate: null, risk: null, severity: null, mitigation: null, priority: null, effort: null };
const FAILING = {
  risk: 'Customers cannot pay.',
  mitigation: 'Roll back the last deployment, or switch to the second provider.',
  effort: 'medium',
};
const SLOW = {
  risk: 'Pages that wait for it run into their timeouts.',
  mitigation: 'Look at what grew with the response time: traffic, or one endpoint.',
  effort: 'high',
};

const termsAt = (at: number) => [
  {
    entity: 'payments-api',
    ...ERRORS,
    value: 0.14,
    points_lost: 40,
    previous_points_lost: 2,
    status: 'bad',
    since: at - 42 * MINUTE,
    gate: 40,
    ...FAILING,
    severity: 'critical',
    priority: 'high',
  },
  {
    entity: 'payments-api',
    ...P95,
    value: 840,
    points_lost: 12.5,
    previous_points_lost: 5,
    status: 'warn',
    since: at - 38 * MINUTE,
    gate: null,
    ...SLOW,
    severity: 'medium',
    priority: 'medium',
  },
  {
    entity: 'payments-api',
    ...AVAILABILITY,
    value: 0.9994,
    points_lost: 0,
    previous_points_lost: 0,
    status: 'ok',
    ...FINE,
  },
  {
    entity: 'catalogue',
    ...ERRORS,
    value: 0.012,
    points_lost: 2,
    previous_points_lost: 1,
    status: 'warn',
    ...FINE,
    since: at - 180 * MINUTE,
  },
  {
    entity: 'catalogue',
    ...P95,
    value: 1210,
    points_lost: 26,
    previous_points_lost: 15,
    status: 'bad',
    since: at - 240 * MINUTE,
    gate: null,
    ...SLOW,
    severity: 'high',
    priority: 'high',
  },
  {
    entity: 'catalogue',
    ...AVAILABILITY,
    value: null,
    points_lost: null,
    previous_points_lost: 0,
    status: 'unknown',
    ...FINE,
  },
  {
    entity: 'mail-gateway',
    ...ERRORS,
    value: null,
    points_lost: null,
    previous_points_lost: 9,
    status: 'unknown',
    ...FINE,
  },
  {
    entity: 'search',
    ...ERRORS,
    value: 0.013,
    points_lost: 3,
    previous_points_lost: 4,
    status: 'warn',
    ...FINE,
    since: at - 300 * MINUTE,
  },
];

const exemptionsAt = (at: number) => [
  {
    entity: 'catalogue',
    term: 'p95',
    owner: 'team Shop',
    expires: at + 9 * 24 * 60 * MINUTE,
    reason: 'New index is being built',
  },
  {
    entity: 'search',
    term: 'error_rate',
    owner: 'team Shop',
    expires: at - 3 * 24 * 60 * MINUTE,
    reason: 'Retries of the old client',
  },
];

const TREND: Record<string, Array<number | null>> = {
  'payments-api': [93, 92, 94, 91, 88, 70, 52, 41, 40, 40],
  catalogue: [84, 83, 80, 79, 76, 77, 75, 74, 73, 72],
  'mail-gateway': [90, 91, 92, null, null, null, null, null, null, null],
  search: [96, 96, 97, 97, 96, 97, 98, 98, 97, 97],
};

type Value = string | number | null;

/** A frame whose fields take their type from their first value. */
function frameOf(name: string, rows: Array<Record<string, Value>>): DataFrame {
  const typeOf = (field: string): FieldType =>
    ['time', 'since', 'expires'].includes(field)
      ? FieldType.time
      : typeof rows.map((r) => r[field]).find((v) => v !== null) === 'number'
        ? FieldType.number
        : FieldType.string;
  return toDataFrame({
    name,
    fields: Object.keys(rows[0]).map((field) => ({
      name: field,
      type: typeOf(field),
      values: rows.map((row) => row[field] ?? null),
    })),
  });
}

/**
 * A small invented scorecard in the shape of the contract, for a panel that has no data. The panel marks it as a sample
 * for as long as it is shown.
 */
export function sampleFrames(now: number): DataFrame[] {
  const at = Math.floor(now / MINUTE) * MINUTE;
  const trend = Object.entries(TREND).flatMap(([entity, scores]) =>
    scores.map((score, i) => ({ time: at - (scores.length - 1 - i) * 10 * MINUTE, entity, score }))
  );
  return [
    frameOf('scores', SCORES),
    frameOf('terms', termsAt(at)),
    frameOf('trend', trend),
    frameOf('exemptions', exemptionsAt(at)),
  ];
}
