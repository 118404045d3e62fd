/** Costs and values, in a real ClickHouse, against the same numbers computed here from the events themselves. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';

type Row = Record<string, unknown>;
interface Item extends Row {
  time: number;
  integration: string;
  amount: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Not at midnight, so that rolling days and calendar days differ. */
const TO = Date.UTC(2026, 5, 20, 15);
const FROM = TO - 75 * DAY;
const workspace = 'money';

let engine: TestEngine;
let ch: ClickHouse;
const items: Item[] = [];
const calls: Item[] = [];
const values: Item[] = [];

const item = (integration: string, time: number, amount: number, more: Row = {}): void =>
  void items.push({
    type: 'integration.cost_item',
    workspace,
    cost_kind: 'compute',
    charge_frequency: 'usage_based',
    integration,
    time,
    amount,
    ...more,
  });
const call = (integration: string, time: number, amount: number, more: Row = {}): void =>
  void calls.push({
    type: 'integration.api_call',
    workspace,
    integration,
    time,
    amount,
    cost: amount,
    endpoint: '/',
    status_code: 200,
    latency_ms: 5,
    ...more,
  });

beforeAll(async () => {
  const random = seeded(5);
  const daily = (days: number, f: (ago: number, time: number) => void): void => {
    for (let ago = days; ago >= 0; ago--) f(ago, TO - ago * DAY - 90 * 60_000);
  };
  daily(80, (ago, t) => {
    item('steady', t, 10 + random(), { quantity: 40 + 20 * random(), included: 50, quantity_unit: 'hours' });
    if (ago % 2 === 0) item('steady', t, 2 * random(), { cost_kind: 'storage' });
    values.push({ type: 'integration.value', workspace, integration: 'steady', time: t, amount: 25, value_kind: 'x' });
  });
  for (const month of [3, 4, 5])
    item('steady', Date.UTC(2026, month, 1), 100, { cost_kind: 'third_party_fees', charge_frequency: 'recurring' });
  item('steady', TO - 79 * DAY, 500, { cost_kind: 'third_party_fees', charge_frequency: 'one_time' });
  daily(40, (ago, t) => item('spike', t, ago === 0 ? 50 : 5 + random()));
  daily(40, (ago, t) => item('constant', t, ago === 0 ? 3.1 : 3));
  daily(5, (ago, t) => item('young', t, ago === 0 ? 90 : 3));
  daily(39, (ago, t) => ago % 3 === 0 && item('sparse', t, 6));
  daily(40, (ago, t) => ago > 3 && item('gone', t, 4 + random()));
  for (const month of [3, 4, 5])
    item('fees', Date.UTC(2026, month, 1), 30 + month, {
      cost_kind: 'third_party_fees',
      charge_frequency: 'recurring',
    });
  item('one', TO - 10 * DAY, 7);
  daily(30, (_, t) => {
    for (let i = 0; i < 5; i++) call('metered', t + i * 1000, 0.01 + random() / 100);
    // The same calls as the integration itself saw them: not paid twice.
    call('metered', t, 0.02, { vantage: 'server' });
    call('both', t, 0.5);
    item('both', t, 0.4, { cost_kind: 'api_calls' });
  });
  values.push({
    type: 'integration.value',
    workspace,
    integration: 'gift',
    time: TO - DAY,
    amount: 9,
    value_kind: 'x',
  });
  item('loss', TO - 2 * DAY, 20);
  item('loss', TO - 3 * DAY, 40, { charge_frequency: 'one_time' });
  values.push({
    type: 'integration.value',
    workspace,
    integration: 'loss',
    time: TO - DAY,
    amount: 5,
    value_kind: 'x',
  });

  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const plain = ({ amount: _, ...rest }: Item): Row => rest;
  await feed(ch, [...items, ...calls.map(plain), ...values]);
  await feed(ch, [{ ...items[0]!, workspace: 'other', amount: 1e6 }]);
}, 120_000);
afterAll(() => engine?.stop());

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const near = (got: unknown, want: number | null, what: string): void => {
  if (want === null) return expect([what, got]).toEqual([what, null]);
  if (typeof got !== 'number' || Math.abs(got - want) > 1e-6 * Math.max(1, Math.abs(want)))
    throw new Error(`${what}: got ${String(got)}, want ${want}`);
};
const run = async (name: string, from = FROM, to = TO, more: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, more.grain === undefined ? '1h' : String(more.grain), { workspace, from, to, ...more }))
    .main!;

/** Every entry of the ledger, written out by hand: bills, and calls of integrations that are not billed for calls. */
interface Entry {
  integration: string;
  time: number;
  amount: number;
  kind: string;
  frequency: string;
  basis: string;
}
const entries = (): Entry[] => [
  ...items.map((i) => ({
    integration: i.integration,
    time: i.time,
    amount: i.amount,
    kind: String(i.cost_kind),
    frequency: String(i.charge_frequency),
    basis: 'billed',
  })),
  ...calls
    .filter((c) => c.integration === 'metered' && c.vantage === undefined)
    .map((c) => ({
      integration: c.integration,
      time: c.time,
      amount: c.amount,
      kind: 'api_calls',
      frequency: 'usage_based',
      basis: 'metered',
    })),
];
const names = [...new Set(entries().map((e) => e.integration))].sort();

describe('what is paid', () => {
  it.each(['1h', '1d'])('is broken down by integration, kind, frequency and basis at grain %s', async (grain) => {
    const from = Date.UTC(2026, 4, 1);
    const to = Date.UTC(2026, 5, 1);
    const rows = await run('integration_cost_breakdown', from, to, { grain });
    const want = new Map<string, number>();
    for (const e of entries())
      if (e.time >= from && e.time < to) {
        const key = [e.integration, e.kind, e.frequency, e.basis].join('/');
        want.set(key, (want.get(key) ?? 0) + e.amount);
      }
    const got = new Map(rows.map((r) => [[r.integration, r.cost_kind, r.charge_frequency, r.basis].join('/'), r]));
    expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
    const running = sum([...want].filter(([k]) => !k.includes('one_time')).map(([, v]) => v));
    for (const [key, amount] of want) {
      near(got.get(key)!.cost, amount, key);
      near(got.get(key)!.share, key.includes('one_time') ? null : amount / running, `${key} share`);
    }
  });

  it('adds up by kind and over time to the same', async () => {
    const kinds = await run('integration_cost_kinds');
    const steps = await run('integration_costs', FROM, TO, { step: 86_400 });
    const running = entries().filter((e) => e.frequency !== 'one_time' && e.time >= FROM && e.time < TO);
    near(sum(kinds.map((r) => Number(r.cost))), sum(running.map((e) => e.amount)), 'kinds');
    near(sum(kinds.map((r) => Number(r.share))), 1, 'shares');
    near(sum(steps.map((r) => Number(r.cost))), sum(running.map((e) => e.amount)), 'steps');
    const one = steps.filter((r) => r.integration === 'one');
    expect(one).toHaveLength(1);
    expect(one[0]).toMatchObject({ cost: 7, cost_kind: 'compute' });
  });

  it('a bill for calls replaces the price of single calls, even when the bill lies before the range', async () => {
    const rows = await run('integration_cost_breakdown', TO - HOUR, TO);
    expect(rows.filter((r) => r.integration === 'both')).toEqual([]);
    const before = await run('integration_cost_breakdown', TO - DAY, TO);
    expect(before.filter((r) => r.integration === 'both')).toMatchObject([{ basis: 'billed' }]);
  });

  it('months: only whole ones are compared', async () => {
    const rows = await run('integration_cost_months', Date.UTC(2026, 3, 1), TO);
    for (const name of names) {
      const own = entries().filter((e) => e.integration === name && e.frequency !== 'one_time');
      const total = (month: number): number =>
        sum(
          own
            .filter((e) => e.time >= Date.UTC(2026, month, 1) && e.time < Date.UTC(2026, month + 1, 1))
            .map((e) => e.amount),
        );
      const first = Math.min(...own.map((e) => e.time));
      for (const month of [3, 4, 5]) {
        const row = rows.find((r) => r.integration === name && r.month === clickHouseTime(Date.UTC(2026, month, 1)));
        if (total(month) === 0) {
          expect(row).toBeUndefined();
          continue;
        }
        const start = Math.floor(first / DAY) * DAY;
        const whole = (m: number): boolean => m < 5 && start <= Date.UTC(2026, m, 1);
        near(row!.cost, total(month), `${name} ${month}`);
        expect([name, month, row!.whole]).toEqual([name, month, whole(month)]);
        const growth =
          whole(month) && month > 3 && whole(month - 1) && total(month - 1) > 0
            ? total(month) / total(month - 1) - 1
            : null;
        near(row!.growth, growth, `${name} ${month} growth`);
      }
    }
    expect(rows.some((r) => r.growth !== null)).toBe(true);
  });
});

describe('the last day beside the days before', () => {
  const median = (xs: number[]): number => {
    const s = [...xs].sort((a, b) => a - b);
    const m = s.length >> 1;
    return s.length % 2 === 1 ? s[m]! : (s[m - 1]! + s[m]!) / 2;
  };
  it.each([TO, TO - 5 * HOUR, TO + 3 * DAY])('at %d', async (to) => {
    const rows = await run('integration_cost_window', to - 300_000, to, { grain: '1m', step: 300 });
    for (const name of names) {
      const own = entries().filter((e) => e.integration === name && e.frequency === 'usage_based' && e.time < to);
      // Hours are the finest that the rollup has.
      const first = Math.floor(Math.min(...own.map((e) => e.time)) / HOUR) * HOUR;
      const n = Math.min(60, Math.floor((to - first) / DAY));
      const row = rows.find((r) => r.integration === name);
      if (n < 1) {
        expect(row).toBeUndefined();
        continue;
      }
      const window = (k: number): number =>
        sum(own.filter((e) => e.time >= to - (k + 1) * DAY && e.time < to - k * DAY).map((e) => e.amount));
      const before = Array.from({ length: Math.min(28, n - 1) }, (_, i) => window(i + 1));
      near(row!.cost_24h, window(0), `${name} cost`);
      if (before.length < 7) {
        expect(row).toMatchObject({ expected_24h: null, deviation: null, excess: null });
        continue;
      }
      const m = median(before);
      const mad = median(before.map((x) => Math.abs(x - m)));
      const mean = sum(before.map((x) => Math.abs(x - m))) / before.length;
      const spread = Math.max(mad > 0 ? 1.4826 * mad : 1.2533 * mean, 0.05 * m);
      near(row!.expected_24h, m, `${name} median`);
      near(row!.excess, window(0) - m, `${name} excess`);
      near(row!.deviation, spread === 0 ? null : (window(0) - m) / spread, `${name} deviation`);
    }
  });

  it('finds the spike, and nothing in what is steady, young, sparse or gone', async () => {
    const rows = await run('integration_cost_window', TO - 300_000, TO, { grain: '1m', step: 300 });
    const anomalies = rows.filter((r) => Number(r.deviation ?? 0) > 3.5).map((r) => r.integration);
    expect(anomalies).toEqual(['spike']);
    expect(rows.find((r) => r.integration === 'young')!.deviation).toBeNull();
    expect(Number(rows.find((r) => r.integration === 'gone')!.deviation)).toBeLessThan(0);
  });
});

it('return on investment, unknown where something is not known', async () => {
  const rows = await run('integration_cost_roi');
  const of = (name: string): Row => rows.find((r) => r.integration === name)!;
  const inRange = (e: { integration: string; time: number }, name: string): boolean =>
    e.integration === name && e.time >= FROM && e.time < TO;
  const cost = sum(
    entries()
      .filter((e) => inRange(e, 'steady'))
      .map((e) => e.amount),
  );
  const value = sum(values.filter((e) => inRange(e, 'steady')).map((e) => e.amount));
  near(of('steady').cost, cost, 'cost');
  near(of('steady').value, value, 'value');
  near(of('steady').roi, (value - cost) / cost, 'roi');
  // The investment lies before the range, so it is no cost of the range.
  near(of('steady').investment, 500, 'investment');
  near(of('steady').payback_months, 500 / ((value - cost) / (75 / 30.44)), 'payback');
  expect(of('spike')).toMatchObject({ value: null, net: null, roi: null, investment: null, payback_months: null });
  expect(of('gift')).toMatchObject({ value: 9, cost: 0, net: 9, roi: null, payback_months: null });
  // What runs at a loss is never paid back.
  expect(of('loss')).toMatchObject({ value: 5, cost: 60, net: -55, investment: 40, payback_months: null });
  near(of('loss').roi, -55 / 60, 'roi of a loss');
});

it('nothing is invented where there is nothing', async () => {
  const from = TO + 200 * DAY;
  for (const name of [
    'integration_cost_breakdown',
    'integration_cost_kinds',
    'integration_costs',
    'integration_cost_months',
    'integration_cost_names',
  ])
    expect([name, await run(name, from, from + DAY)]).toEqual([name, []]);
  // A one-time cost lies before, so there is a row, and all that it cannot know is unknown.
  expect(
    (await run('integration_cost_roi', from, from + DAY)).map((r) => [r.integration, r.value, r.cost, r.roi]),
  ).toEqual([
    ['loss', null, 0, null],
    ['steady', null, 0, null],
  ]);
});

describe('trend and forecast', () => {
  /** Ordinary least squares by the normal equations, and the variance of a sum of predictions by its matrix form. */
  function line(y: number[], xs: number[]): { sum: number; half: number } {
    const n = y.length;
    const s1 = sum(y.map((_, i) => i));
    const s2 = sum(y.map((_, i) => i * i));
    const det = n * s2 - s1 * s1;
    const t0 = sum(y);
    const t1 = sum(y.map((v, i) => i * v));
    const a = (s2 * t0 - s1 * t1) / det;
    const b = (n * t1 - s1 * t0) / det;
    const sse = sum(y.map((v, i) => (v - a - b * i) ** 2));
    const h = xs.length;
    const sx = sum(xs);
    // c' (X'X)^-1 c with c = (h, sx), and h errors of their own.
    const variance = (sse / (n - 2)) * (h + (h * h * s2 - 2 * h * sx * s1 + sx * sx * n) / det);
    const v = n - 2;
    return { sum: a * h + b * sx, half: (1.959964 + 2.372271 / v + 2.822499 / v ** 2) * Math.sqrt(variance) };
  }

  it('next month is a line through the days plus fees, with its interval and its back-test', async () => {
    const rows = await run('integration_cost_summary');
    for (const name of names) {
      const row = rows.find((r) => r.integration === name);
      const own = entries().filter((e) => e.integration === name && e.frequency === 'usage_based' && e.time < TO);
      const first = Math.floor(Math.min(...own.map((e) => e.time)) / HOUR) * HOUR;
      const n = Math.min(60, Math.floor((TO - first) / DAY));
      if (n < 1) continue;
      const y = Array.from({ length: n }, (_, i) =>
        sum(own.filter((e) => e.time >= TO - (n - i) * DAY && e.time < TO - (n - i - 1) * DAY).map((e) => e.amount)),
      );
      if (n < 14) {
        expect(row).toMatchObject({ forecast: null, forecast_low: null, forecast_high: null, backtest_error: null });
        continue;
      }
      const ahead = (Date.UTC(2026, 6, 1) - TO) / DAY;
      const fees = name === 'steady' ? 100 : 0;
      const want = line(
        y,
        Array.from({ length: 31 }, (_, i) => n + ahead + i),
      );
      near(row!.forecast, Math.max(0, want.sum) + fees, `${name} forecast`);
      near(row!.forecast_low, Math.max(0, want.sum - want.half) + fees, `${name} low`);
      near(row!.forecast_high, Math.max(0, want.sum + want.half) + fees, `${name} high`);
      const t = Math.min(14, n - 14);
      if (t < 7) {
        expect(row!.backtest_error).toBeNull();
        continue;
      }
      const test = line(
        y.slice(0, n - t),
        Array.from({ length: t }, (_, i) => n - t + i),
      );
      const came = sum(y.slice(n - t));
      near(row!.backtest_error, came === 0 ? null : Math.max(0, test.sum) / came - 1, `${name} back-test`);
    }
    const of = (name: string): Row => rows.find((r) => r.integration === name)!;
    near(
      of('metered').cost_per_call,
      sum(calls.filter((c) => c.integration === 'metered' && !c.vantage).map((c) => c.amount)) / (31 * 5),
      'per call',
    );
    expect(of('spike').cost_per_call).toBeNull();
    // Two whole months of fees, and nothing that is paid by usage.
    expect(of('fees')).toMatchObject({
      cost_24h: null,
      deviation: null,
      forecast: 33.5,
      forecast_low: 33.5,
      forecast_high: 33.5,
      last_month: 34,
      growth: expect.closeTo(1 / 33, 9),
    });
  });

  it('growth needs two whole months', async () => {
    const rows = await run('integration_cost_summary');
    const total = (name: string, month: number): number =>
      sum(
        entries()
          .filter((e) => e.integration === name && e.frequency !== 'one_time')
          .filter((e) => e.time >= Date.UTC(2026, month, 1) && e.time < Date.UTC(2026, month + 1, 1))
          .map((e) => e.amount),
      );
    const steady = rows.find((r) => r.integration === 'steady')!;
    near(steady.last_month, total('steady', 4), 'last month');
    near(steady.growth, total('steady', 4) / total('steady', 3) - 1, 'growth');
    // Its first cost was on 11 May.
    expect(rows.find((r) => r.integration === 'spike')).toMatchObject({ last_month: null, growth: null });
  });
});

it('savings are what was paid in vain, and nothing else', async () => {
  const from = Date.UTC(2026, 8, 1);
  const at = from + HOUR;
  const vain = (cost: number, i: number, more: Row): Row => ({
    type: 'integration.api_call',
    workspace: 'vain',
    integration: 'vain',
    time: at + i * 1000,
    endpoint: '/',
    latency_ms: 5,
    cost,
    ...more,
  });
  const bill = (i: number, more: Row): Row => ({
    type: 'integration.cost_item',
    workspace: 'vain',
    integration: 'vain',
    time: at + i,
    cost_kind: 'third_party_fees',
    ...more,
  });
  await feed(ch, [
    vain(1, 0, { status_code: 200 }),
    vain(2, 1, { status_code: 500 }),
    // Failed and sent again: counted as failed, once.
    vain(4, 2, { status_code: 500, resend_count: 1 }),
    vain(8, 3, { status_code: 200, resend_count: 2 }),
    vain(16, 4, { status_code: 500, vantage: 'server' }),
    bill(0, { amount: 100, included: 1000, quantity: 250, plan: 'pro' }),
    bill(1, { amount: 50, included: 10, quantity: 20 }),
    bill(2, { amount: 30, quantity: 5 }),
  ]);
  const rows = await runQuery(ch, 'integration_cost_savings', '1h', { workspace: 'vain', from, to: from + DAY });
  const total = 1 + 2 + 4 + 8 + 100 + 50 + 30;
  expect(rows.main!.map((r) => [r.opportunity, r.savings, r.evidence])).toEqual([
    ['unused_plan', 75, 'pro: 75 % of what was paid for was not used'],
    ['repeated_calls', 8, '1 calls succeeded that had been sent before'],
    ['failed_calls', 6, '2 failed calls were charged'],
  ]);
  for (const r of rows.main!) {
    near(r.share, Number(r.savings) / total, 'share');
    near(r.monthly_savings, Number(r.savings) * 30.44, 'month');
  }
  const none = await runQuery(ch, 'integration_cost_savings', '1h', {
    workspace: 'vain',
    from: at + DAY,
    to: at + 2 * DAY,
  });
  expect(none.main).toEqual([]);
});

it('findings: the spike, and the plan that is half empty', async () => {
  const rows = await run('integration_cost_findings');
  expect(rows.filter((r) => r.kind === 'cost_anomaly')).toMatchObject([
    { integration: 'spike', severity: 'warning', value: 50 },
  ]);
  expect(rows.filter((r) => r.kind === 'plan_unused')).toEqual([]);
});
