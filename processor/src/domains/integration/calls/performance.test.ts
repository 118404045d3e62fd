/** Bottlenecks, errors, quotas, findings and outlook against the same worked out by hand or from the events. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';

type Row = Record<string, unknown>;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FROM = Date.UTC(2026, 2, 10, 12);
const TO = FROM + HOUR;

let engine: TestEngine;
let ch: ClickHouse;

const call = (integration: string, time: number, rest: Row = {}): Row => ({
  type: 'integration.api_call',
  workspace: 'w',
  integration,
  time,
  endpoint: '/',
  latency_ms: 10,
  status_code: 200,
  ...rest,
});
/** `n` calls in a minute. */
const minute = (integration: string, m: number, n: number, rest: (i: number) => Row = () => ({})): Row[] =>
  Array.from({ length: n }, (_, i) => call(integration, FROM + m * MINUTE + i * 100, rest(i)));
const all = (minutes: number, make: (m: number) => Row[]): Row[] =>
  Array.from({ length: minutes }, (_, m) => make(m)).flat();

const pay = all(30, (m) =>
  [
    minute('pay', m, 4, (i) => ({
      endpoint: '/a',
      caller: i % 2 ? 'web' : 'jobs',
      agent: 'bot',
      ...(m < 6 && i < 3 ? { status_code: 503, latency_ms: 90, error_code: 'unavailable' } : {}),
    })),
    minute('pay', m, 1, () => ({
      endpoint: '/b',
      caller: 'jobs',
      latency_ms: 400,
      ...(m === 3 ? { status_code: 429 } : {}),
      ...(m === 4 ? { resend_count: 1 } : {}),
    })),
  ].flat(),
);

/** One call a minute that tells the share used; `reset` is the moment of renewal in minutes. */
const quota = (integration: string, used: (m: number) => number | null, reset?: number): Row[] =>
  all(60, (m) => {
    const share = used(m);
    if (share === null) return [];
    return minute(integration, m, 1, () => ({
      caller: m % 3 === 0 ? 'batch' : 'web',
      agent: 'bot',
      rate_limit_limit: 1000,
      rate_limit_remaining: Math.round(1000 * (1 - share)),
      ...(reset === undefined ? {} : { rate_limit_reset_s: (reset - m) * 60 }),
    }));
  });
const renewedAt40 = (m: number): number => (m < 40 ? 0.5 + 0.01 * m : 0.02 * (m - 40));

const failIn =
  (when: (m: number) => boolean, share = 1) =>
  (m: number) =>
  (i: number) =>
    when(m) && i < share * 30 ? { status_code: 500 } : {};

const HOURS_FROM = Date.UTC(2026, 1, 1);
const hourly = (integration: string, hours: number, n: (h: number) => number, latency: (h: number) => number): Row[] =>
  Array.from({ length: hours }, (_, h) =>
    Array.from({ length: n(h) }, (_v, i) =>
      call(integration, HOURS_FROM + h * HOUR + i * 1000, { workspace: 'days', latency_ms: latency(h) }),
    ),
  ).flat();

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const bad = failIn((m) => m >= 10 && m < 15, 0.5);
  await feed(ch, [
    ...pay,
    ...quota('at-risk', renewedAt40, 100),
    ...quota('safe', renewedAt40, 70),
    ...quota('untold', renewedAt40),
    ...quota('idle', () => 0.3, 100),
    ...quota('new', (m) => (m >= 58 ? 0.1 * (m - 57) : null), 100),
    ...quota('gone', (m) => Math.min(1, m / 50), 100),
    ...all(60, (m) => minute('bad', m, 30, bad(m))),
    ...all(60, (m) => minute('always', m, 30, () => ({ status_code: 500 }))),
    ...all(60, (m) => minute('few', m, 5, () => ({ status_code: 500 }))),
    ...[10, 20].flatMap((m) => minute('gap', m, 30, () => ({ status_code: 500 }))),
    ...minute('gap', 25, 30),
    ...all(60, (m) => minute('slow', m, 30, () => ({ latency_ms: m === 5 || m === 6 ? 3000 : 50 }))),
    ...all(60, (m) => minute('fast', m, 30, () => ({ latency_ms: m === 40 ? 1 : 300 }))),
    ...minute('short', 3, 30, () => ({ latency_ms: 4000 })),
    ...all(60, (m) =>
      ['one', 'two', 'three', 'four'].flatMap((svc) => [
        ...minute(svc, m, 10, () => ({
          kind: 'service',
          caller: 'web',
          // In minutes 20 to 22 the way to "one" is slow; in 40 and 41 the caller is, whatever it calls.
          latency_ms: (svc === 'one' && m >= 20 && m < 23) || m === 40 || m === 41 ? 260 : 15,
        })),
        ...minute(svc, m, 10, () => ({ kind: 'service', vantage: 'server', latency_ms: 10 })),
      ]),
    ),
    ...minute('old', 7, 3, () => ({ endpoint: '/v1', deprecated: true })),
  ]);
  const rhythm = (h: number): number => (h % 24 < 12 ? 5 : 2);
  await feed(ch, [
    ...hourly('steady', 120, rhythm, () => 50),
    ...hourly('too-new', 71, rhythm, () => 50),
    ...hourly(
      'rising',
      120,
      () => 20,
      (h) => (h < 72 ? 200 : 200 + 30 * (h - 72)),
    ),
    ...hourly(
      'wavy',
      120,
      () => 20,
      (h) => 400 + 300 * Math.sin((h / 24) * 2 * Math.PI),
    ),
  ]);
}, 120_000);
afterAll(() => engine?.stop());

const ask = async (name: string, args: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, '1m', { workspace: 'w', from: FROM, to: TO, ...args })).main!;
const one = async (name: string, integration: string): Promise<Row[]> => ask(name, { integration: [integration] });
const at = (m: number): string => clickHouseTime(FROM + m * MINUTE);

describe('where time and errors go', () => {
  it('shares of waiting, failures and calls are those of the events', async () => {
    const rows = await one('integration_bottlenecks', 'pay');
    const total = pay.reduce((a, e) => a + (e.latency_ms as number), 0);
    const fails = pay.filter((e) => (e.status_code as number) >= 400);
    expect(rows.map((r) => r.endpoint)).toEqual(['/b', '/a']);
    for (const r of rows) {
      const own = pay.filter((e) => e.endpoint === r.endpoint);
      const failed = own.filter((e) => (e.status_code as number) >= 400);
      const waited = own.reduce((a, e) => a + (e.latency_ms as number), 0);
      expect([Number(r.calls), Number(r.failures)]).toEqual([own.length, failed.length]);
      expect(r.total_ms).toBeCloseTo(waited, 6);
      expect(r.time_share).toBeCloseTo(waited / total, 12);
      expect(r.failure_share).toBeCloseTo(failed.length / fails.length, 12);
      expect(r.call_share).toBeCloseTo(own.length / pay.length, 12);
      expect(r.lost_ms).toBeCloseTo(
        failed.reduce((a, e) => a + (e.latency_ms as number), 0),
        6,
      );
      expect(Number(r.resends)).toBe(own.filter((e) => e.resend_count === 1).length);
    }
  });

  it('no failures: their share is unknown, not 0', async () => {
    expect((await one('integration_bottlenecks', 'slow'))[0]!.failure_share).toBeNull();
  });

  it('errors by code, with who met them', async () => {
    const rows = await one('integration_errors', 'pay');
    expect(rows.map((r) => [r.endpoint, r.code, Number(r.failures), r.callers, r.agents])).toEqual([
      // Of the three failing calls of a minute, two are of jobs and one is of web.
      ['/a', 'unavailable', 18, 'jobs, web', 'bot'],
      ['/b', '429', 1, 'jobs', ''],
    ]);
    expect(rows[0]!.share).toBeCloseTo(18 / 19, 12);
    expect(rows[0]!.avg_ms).toBeCloseTo(90, 9);
    expect(rows[0]!.last).toBe(clickHouseTime(FROM + 5 * MINUTE + 200));
  });

  it('errors over time, and what was sent again', async () => {
    const rows = await one('integration_error_codes', 'pay');
    expect(rows.filter((r) => r.code === 'unavailable').map((r) => [r.time, Number(r.failures)])).toEqual(
      [0, 1, 2, 3, 4, 5].map((m) => [at(m), 3]),
    );
    const again = rows.filter((r) => Number(r.resends) > 0);
    expect(again.map((r) => [r.time, r.code, Number(r.resends_ok), Number(r.failures)])).toEqual([
      [at(4), '200', 1, 0],
    ]);
  });

  it('reliability: 100 of nothing wrong, by the weights of the health model otherwise', async () => {
    const rows = await ask('integration_endpoints');
    const of = (name: string) => rows.find((r) => r.integration === name)!;
    expect(of('fast').reliability).toBeCloseTo(100 - ((100 * 22) / 54) * ((Number(of('fast').p95_ms) - 200) / 1800), 9);
    // All calls fail at once: all points for failures, none for the response time.
    expect(of('always')).toMatchObject({ success_rate: 0, reliability: expect.closeTo(100 - (100 * 32) / 54, 9) });
    expect(Number(of('old').deprecated_calls)).toBe(3);
  });
});

describe('quotas', () => {
  it.each<[string, Row]>([
    // 2 % a minute since it was renewed, 38 % used: (1 − 0.38) / (0.02 / 60) = 1860 s.
    ['at-risk', { used: 0.38, exhaustion_s: 1860, reset_s: 2400, at_risk: true, burn_rate: 1000 * (0.02 / 60) }],
    ['safe', { used: 0.38, exhaustion_s: 1860, reset_s: 600, at_risk: false }],
    ['untold', { used: 0.38, exhaustion_s: 1860, reset_s: null, at_risk: true }],
    ['idle', { used: 0.3, exhaustion_s: null, at_risk: false, remaining: 700 }],
    ['new', { used: 0.2, burn_rate: null, exhaustion_s: null, at_risk: false }],
    ['gone', { used: 1, remaining: 0, exhaustion_s: 0, at_risk: true }],
  ])('%s', async (name, want) => {
    const [row] = await one('integration_rate_limits', name);
    for (const [k, v] of Object.entries(want))
      if (typeof v === 'number') expect([k, row![k]]).toEqual([k, expect.closeTo(v, 5)]);
      else expect([k, row![k]]).toEqual([k, v]);
  });

  it('the alert sees a time only where the quota runs out before it is renewed', async () => {
    const rows = await ask('integration_quota_window');
    const seen = Object.fromEntries(rows.map((r) => [r.integration, r.exhaustion_s]));
    expect(seen).toMatchObject({ safe: null, idle: null, new: null, gone: 0 });
    expect(seen['at-risk']).toBeCloseTo(1860, 5);
    expect(new Set(rows.map((r) => r.time))).toEqual(new Set([at(59)]));
  });

  it('who uses it', async () => {
    const rows = await one('integration_quota_users', 'idle');
    expect(rows.map((r) => [r.caller, r.agent, Number(r.calls), r.share])).toEqual([
      ['web', 'bot', 40, expect.closeTo(40 / 60, 12)],
      ['batch', 'bot', 20, expect.closeTo(20 / 60, 12)],
    ]);
  });
});

describe('findings', () => {
  const of = async (integration: string): Promise<[unknown, unknown, unknown, unknown][]> =>
    (await one('integration_calls_findings', integration)).map((r) => [r.kind, r.severity, r.time, r.ended]);

  it.each<[string, [string, string, string, string | null][]]>([
    ['bad', [['failing', 'critical', at(10), at(15)]]],
    ['always', [['failing', 'critical', at(0), null]]],
    // Too few calls a minute to speak of a share.
    ['few', []],
    // Nothing is known between two bad minutes; the first good one ends it.
    ['gap', [['failing', 'critical', at(10), at(25)]]],
    [
      'slow',
      [
        ['slow', 'warning', at(5), at(7)],
        ['slower_than_usual', 'warning', at(5), at(7)],
      ],
    ],
    ['fast', [['faster_than_usual', 'warning', at(40), at(41)]]],
    // One minute has no usual to compare with, but a limit.
    ['short', [['slow', 'warning', at(3), null]]],
    ['one', [['slow_between', 'warning', at(20), at(23)]]],
    ['two', []],
    // Everything that it calls is slow at once, and all of it answers as ever: it is the caller.
    ['web', [['slow_caller', 'warning', at(40), at(42)]]],
    ['at-risk', [['quota_exhaustion', 'warning', at(59), null]]],
    ['safe', []],
    ['old', [['deprecated', 'info', at(7), null]]],
    ['pay', [['rate_limited', 'warning', at(3), null]]],
  ])('%s', async (integration, want) => {
    expect((await of(integration)).sort()).toEqual(want.sort());
  });

  it('evidence holds the figures', async () => {
    const [row] = await one('integration_calls_findings', 'bad');
    expect(row).toMatchObject({
      value: 0.5,
      expected: 0.05,
      unit: 'percentunit',
      title: 'bad fails 50 % of its calls',
    });
    expect(row!.evidence).toBe('75 of 150 calls failed in 5 steps, at worst 50 %; codes 500 (75), most at /');
  });

  it('the union has them all, the worst first', async () => {
    const rows = await ask('integration_findings');
    expect(rows.length).toBeGreaterThan(10);
    const rank = rows.map((r) => ['critical', 'warning', 'info'].indexOf(String(r.severity)));
    expect(rank).toEqual([...rank].sort());
  });

  it('a range without calls has none', async () => {
    expect(await ask('integration_findings', { from: FROM + 90 * 24 * HOUR, to: TO + 90 * 24 * HOUR })).toEqual([]);
  });
});

describe('outlook', () => {
  const days = { workspace: 'days', from: HOURS_FROM + 119 * HOUR, to: HOURS_FROM + 120 * HOUR };

  it('a daily rhythm goes on: calls, busiest hour, and no error on the last day', async () => {
    const rows = await ask('integration_capacity', days);
    expect(rows.find((r) => r.integration === 'steady')).toMatchObject({
      calls: expect.closeTo(12 * 5 + 12 * 2, 6),
      peak: expect.closeTo(5, 6),
      peak_upper: expect.closeTo(5, 4),
      growth: expect.closeTo(0, 6),
      error: expect.closeTo(0, 6),
      coverage: expect.any(Number),
    });
    // Its 71 hours ended two days ago: the zeros since then are known, so it has a forecast, and an unknown error.
    expect(rows.find((r) => r.integration === 'too-new')!.error).toBeNull();
    const early = await ask('integration_capacity', { ...days, to: HOURS_FROM + 71 * HOUR, from: HOURS_FROM });
    expect(early).toEqual([]);
    const hours = await ask('integration_forecast', { ...days, integration: ['steady'] });
    expect(hours.map((r) => r.time)).toEqual(
      Array.from({ length: 24 }, (_, i) => clickHouseTime(HOURS_FROM + (120 + i) * HOUR)),
    );
  });

  it('a rise that crosses the limit within a day is predicted, a daily wave is not', async () => {
    const rows = await ask('integration_outlook_findings', days);
    expect(rows.map((r) => [r.integration, r.kind])).toEqual([['rising', 'will_be_slow']]);
    // 200 + 30 · 47 = 1610 ms in the last hour, 30 ms an hour: 13 hours to 2000 ms, within the histogram's 2 %.
    expect(Math.abs(Number(rows[0]!.value) - 1610)).toBeLessThan(40);
    expect(rows[0]!.title).toMatch(/^rising: p95 will be above 2000 ms in 1[234](\.\d)? h$/);
  });
});
