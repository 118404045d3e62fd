/** Checks, credentials and silence against what the events say. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';

type Row = Record<string, unknown>;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 2, 10, 12);
const TO = FROM + HOUR;
const SECONDS = TO / 1000;

let engine: TestEngine;
let ch: ClickHouse;

const event = (type: string, integration: string, time: number, rest: Row): Row => ({
  type: `integration.${type}`,
  workspace: 'w',
  integration,
  time,
  ...rest,
});
const check = (integration: string, m: number, rest: Row = {}): Row =>
  event('health_check', integration, FROM + m * MINUTE, { ok: true, latency_ms: 20, ...rest });
const auth = (integration: string, time: number, rest: Row = {}): Row =>
  event('auth', integration, time, { auth_type: 'oauth2', ok: true, ...rest });
const call = (integration: string, m: number, rest: Row = {}): Row =>
  event('api_call', integration, FROM + m * MINUTE, { endpoint: '/', latency_ms: 30, status_code: 200, ...rest });
const each = (n: number, make: (m: number) => Row): Row[] => Array.from({ length: n }, (_, m) => make(m));

const probe = each(60, (m) =>
  check('probe', m, {
    ok: m < 50 || m > 55,
    latency_ms: 20 + m,
    dns_ms: m % 10,
    reconnections: m % 20 === 0 ? 1 : 0,
    tls_expires_at: SECONDS + 10 * 86_400,
  }),
);

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  await feed(ch, [
    ...probe,
    ...each(60, (m) => call('probe', m)),
    ...each(10, (m) => check('down', m, { ok: false, error_code: 'timeout', latency_ms: 5000 })),
    ...each(10, (m) => check('pinged', m)),
    ...each(20, (m) => call('failing-now', m, m < 12 ? {} : { status_code: 500 })),
    ...each(20, (m) => call('quiet', m - 40)),
    ...each(3, (m) => call('rarely', m - 40)),
    call('key', 5),
    auth('key', FROM - 20 * DAY, { credential: 'k', expires_at: SECONDS + 3 * 86_400 }),
    call('renewed', 5),
    auth('renewed', FROM - HOUR, { credential: 't', expires_at: SECONDS + 600, renewable: true }),
    call('lapsed', 5),
    auth('lapsed', FROM - 3 * DAY, { credential: 't', expires_at: SECONDS - 86_400, renewable: true }),
    call('revoked', 5),
    auth('revoked', FROM - 3 * DAY, { credential: 'k', expires_at: SECONDS + 86_400 }),
    auth('revoked', FROM - 2 * DAY, { credential: 'k', action: 'revoke' }),
    call('rotated', 5),
    call('rotated', -30),
    auth('rotated', FROM - 5 * DAY, { credential: 'k', expires_at: SECONDS + 86_400 }),
    auth('rotated', FROM, { credential: 'k', action: 'rotate', expires_at: SECONDS + 60 * 86_400 }),
    ...each(20, (m) =>
      auth('guarded', FROM + m * MINUTE, m < 12 ? { ok: false, error_code: m < 4 ? 'token_expired' : 'invalid' } : {}),
    ),
    auth('guarded', FROM + 30 * MINUTE, { action: 'scope_change', scopes: 'read' }),
    auth('guarded', FROM + 31 * MINUTE, { action: 'mfa_change', mfa: true }),
  ]);
}, 120_000);
afterAll(() => engine?.stop());

const ask = (name: string, args: Row = {}) =>
  runQuery(ch, name, '1m', { workspace: 'w', from: FROM, to: TO, step: 3600, ...args });
const main = async (name: string, integration: string): Promise<Row[]> =>
  (await ask(name, { integration: [integration] })).main!;

it('checks of an hour', async () => {
  const [row] = await main('integration_checks', 'probe');
  const failed = probe.filter((e) => e.ok === false).length;
  expect(Object.fromEntries(['checks', 'failures', 'reconnections'].map((k) => [k, Number(row![k])]))).toEqual({
    checks: 60,
    failures: failed,
    reconnections: 3,
  });
  expect(row!.availability).toBeCloseTo(1 - failed / 60, 12);
  expect(row!.stability).toBeCloseTo(1 - 3 / 60, 12);
  expect(row!.avg_ms).toBeCloseTo(20 + 59 / 2, 9);
  expect(row!.dns_avg_ms).toBeCloseTo(4.5, 9);
  // The 57th of 60 values.
  expect(Math.abs(Number(row!.p95_ms) - 76)).toBeLessThanOrEqual(0.02 * 76);
});

it('attempts, failures and changes of an hour', async () => {
  const [row] = await main('integration_authentication', 'guarded');
  const numbers = Object.fromEntries(Object.entries(row!).map(([k, v]) => [k, typeof v === 'number' ? v : Number(v)]));
  expect(numbers).toMatchObject({ attempts: 20, failures: 12, expired: 4, failure_rate: 0.6, scope_changes: 1 });
  expect(numbers).toMatchObject({ mfa_changes: 1, rotations: 0 });
});

describe('score', () => {
  let scores: Row[];
  let terms: Row[];
  beforeAll(async () => {
    const parts = await ask('integration_health');
    [scores, terms] = [parts.scores!, parts.terms!];
  });
  const of = (name: string): Row => scores.find((r) => r.entity === name)!;
  const term = (name: string, t: string): Row => terms.find((r) => r.entity === name && r.term === t)!;

  it('is made of checks where there are no calls', () => {
    expect(of('pinged')).toMatchObject({ score: 100, status: 'healthy', availability: 1, error_rate: null });
    expect(of('down')).toMatchObject({ status: 'offline', availability: 0 });
    expect(Number(of('down').consecutive_failures)).toBe(10);
    expect(Number(of('down').score)).toBeLessThanOrEqual(30);
  });

  it('of authentication alone is unknown, not healthy', () => {
    expect(of('guarded')).toMatchObject({ score: null, status: 'unknown' });
  });

  it('counts failures since the last window with a success', () => {
    expect(Number(of('failing-now').consecutive_failures)).toBe(8);
    expect(Number(term('failing-now', 'consecutive_failures').value)).toBe(8);
    expect(Number(of('probe').consecutive_failures)).toBe(0);
  });

  it('knows what failed checks, reconnections and ends cost', () => {
    expect(term('probe', 'unavailable').value).toBeCloseTo(0.1, 12);
    expect(term('probe', 'unavailable').status).toBe('bad');
    expect(term('probe', 'instability').value).toBeCloseTo(3 / 60, 12);
    expect(of('probe').tls_days).toBeCloseTo(10, 9);
    expect(term('probe', 'tls_expiry').value).toBeCloseTo(10, 9);
    // Known: failures, p95, checks, failures in a row, instability, certificate; 32 + 22 + 12 + 8 + 4 + 3.
    const known = 81;
    const lost = [
      [12, 1],
      [3, (10 - 21) / (3 - 21)],
      [4, 0],
    ].reduce((a, [w, share]) => a + w! * share!, 0);
    // Deprecated calls are known as well: none.
    expect(of('probe').score).toBeCloseTo(100 - (100 * lost) / (known + 3), 9);
  });

  it('looks for ends of validity beyond the range, as they were known', () => {
    expect(of('key').token_days).toBeCloseTo(3, 9);
    expect(of('renewed').token_days).toBeNull();
    expect(of('lapsed').token_days).toBeCloseTo(-1, 9);
    expect(of('revoked').token_days).toBeNull();
    expect(of('rotated').token_days).toBeCloseTo(60, 9);
    // In the period before, the rotation had not happened: one day (and an hour) left took nearly all of its points.
    const before = (14 - (1 + 1 / 24)) / 13;
    expect(term('rotated', 'token_expiry').previous_points_lost).toBeCloseTo(
      (100 * 3 * before) / (32 + 22 + 8 + 3 + 3),
      6,
    );
    expect(term('rotated', 'token_expiry').points_lost).toBe(0);
  });
});

it('ends of validity, the soonest first', async () => {
  const { main: rows } = await ask('integration_expiries');
  expect(
    rows!.map((r) => [r.integration, r.what, r.days_left === null ? null : Math.round(Number(r.days_left))]),
  ).toEqual([
    ['lapsed', 'token', -1],
    ['key', 'token', 3],
    ['probe', 'certificate', 10],
    ['rotated', 'token', 60],
    ['renewed', 'token', null],
  ]);
  const { main: first } = await ask('integration_expiry_window');
  expect(first!.map((r) => r.integration)).toEqual(['key', 'lapsed', 'probe', 'rotated']);
});

it('what alert rules compare', async () => {
  const { main: rows } = await ask('integration_status', { step: 60 });
  const of = (name: string): Row => rows!.find((r) => r.integration === name)!;
  expect(of('probe')).toMatchObject({ time: clickHouseTime(TO - MINUTE), availability: 0.9 });
  expect(Number(of('quiet').missing_calls)).toBe(20);
  expect(of('quiet')).toMatchObject({ score: null, availability: null });
  expect(Number(of('probe').missing_calls)).toBe(0);
});

it('findings', async () => {
  const { main: rows } = await ask('integration_health_findings');
  const seen = rows!.map((r) => [r.integration, r.kind, r.severity]).sort();
  expect(seen).toEqual(
    [
      ['down', 'unavailable', 'critical'],
      ['guarded', 'auth_failing', 'warning'],
      ['key', 'token_expiry', 'warning'],
      ['lapsed', 'token_expiry', 'critical'],
      ['probe', 'certificate_expiry', 'warning'],
      ['probe', 'unavailable', 'critical'],
      // Twenty calls in the hour before: no chance. Three may be.
      ['quiet', 'silent', 'warning'],
    ].sort(),
  );
  const down = rows!.find((r) => r.integration === 'probe' && r.kind === 'unavailable')!;
  expect([down.time, down.ended]).toEqual([50, 56].map((m) => clickHouseTime(FROM + m * MINUTE)));
  expect(down.evidence).toBe('6 of 6 checks failed over 6 steps');
});
