/** Numbers about webhooks, in a real ClickHouse, against the same computed here message by message. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';
import { bucketOf, quantile } from '../../../vocabulary/histogram';
import { health } from './health';
import { AGE_CLASSES, LARGEST_CLASS, OLDEST_CLASS, SIZE_CLASSES } from './queries';

interface Attempt {
  type: string;
  workspace: string;
  time: number;
  integration: string;
  webhook: string;
  event: string;
  message_id: string;
  attempt: number;
  delay_strategy?: string;
  outcome: 'delivered' | 'failed' | 'dead_lettered' | 'discarded';
  redelivery?: boolean;
  status_code?: number;
  reason?: string;
  latency_ms?: number;
  payload_bytes?: number;
}
type Row = Record<string, unknown>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 2, 10);
const TO = FROM + 2 * DAY;

let engine: TestEngine;
let ch: ClickHouse;
let attempts: Attempt[];

interface Profile {
  webhook: string;
  n: number;
  fail: number;
  strategy?: string;
  tries: number;
  from?: number;
  to?: number;
  /** What becomes of dead letters later. */
  later?: 'redelivered' | 'discarded';
}
const PROFILES: Profile[] = [
  { webhook: 'orders', n: 300, fail: 0.2, strategy: 'exponential', tries: 4 },
  { webhook: 'invoices', n: 200, fail: 0.6, strategy: 'fixed', tries: 12 },
  { webhook: 'fine', n: 150, fail: 0, strategy: 'exponential', tries: 3 },
  { webhook: 'down', n: 20, fail: 1, strategy: 'fixed', tries: 3 },
  { webhook: 'no-retries', n: 40, fail: 0.3, tries: 1, later: 'redelivered' },
  { webhook: 'thrown-away', n: 10, fail: 1, tries: 1, later: 'discarded' },
  { webhook: 'one', n: 1, fail: 0, tries: 1, from: FROM + HOUR, to: FROM + HOUR + 1 },
  { webhook: 'old', n: 20, fail: 1, tries: 1, from: FROM - 9 * DAY, to: FROM - 8 * DAY },
];

function makeAttempts(seed: number, workspace: string): Attempt[] {
  const random = seeded(seed);
  return PROFILES.flatMap((p) =>
    Array.from({ length: p.n }, (_, i) => {
      const out: Attempt[] = [];
      const from = p.from ?? FROM - DAY;
      let time = Math.floor(from + random() * ((p.to ?? TO) - from));
      const bytes = Math.floor(Math.exp(random() * 15));
      const base = {
        type: 'integration.webhook_delivery',
        workspace,
        integration: p.webhook === 'orders' ? 'shop' : 'billing',
        webhook: p.webhook,
        event: i % 3 === 0 ? 'a.created' : 'a.changed',
        message_id: `${p.webhook}-${i}`,
        ...(p.strategy === undefined ? {} : { delay_strategy: p.strategy }),
        payload_bytes: bytes,
      };
      for (let attempt = 1; attempt <= p.tries; attempt++) {
        const ok = random() >= p.fail;
        const timeout = random() < 0.5;
        out.push({
          ...base,
          time,
          attempt,
          outcome: ok ? 'delivered' : attempt === p.tries ? 'dead_lettered' : 'failed',
          ...(ok
            ? { status_code: 200 }
            : timeout
              ? { reason: 'timeout' }
              : { status_code: random() < 0.5 ? 500 : 410 }),
          ...(random() < 0.95 ? { latency_ms: 10 + random() * 4000 } : {}),
        });
        if (ok) break;
        time += Math.floor(random() * 600_000 * attempt);
      }
      if (out.at(-1)!.outcome === 'dead_lettered' && p.later !== undefined && i % 2 === 0)
        out.push({
          ...base,
          time: time + 2 * HOUR,
          attempt: p.tries + 1,
          outcome: p.later === 'discarded' ? 'discarded' : 'delivered',
          redelivery: p.later === 'redelivered',
        });
      return out.filter((a) => a.time < TO);
    }).flat(),
  );
}

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  attempts = makeAttempts(1, 'mine');
  await feed(ch, [...attempts, ...makeAttempts(2, 'theirs').map((a) => ({ ...a, webhook: `theirs ${a.webhook}` }))]);
}, 120_000);
afterAll(() => engine?.stop());

const num = (v: unknown): unknown => (typeof v === 'string' && /^-?[\d.e+-]+$/.test(v) ? Number(v) : v);
function same(row: Row | undefined, want: Record<string, unknown>, what: string): void {
  for (const [name, value] of Object.entries(want)) {
    const got = num(row?.[name]);
    const close =
      typeof value === 'number' &&
      typeof got === 'number' &&
      Math.abs(got - value) <= 1e-9 * Math.max(1, Math.abs(value));
    if (!close && got !== value) throw new Error(`${what} ${name}: got ${String(got)}, want ${String(value)}`);
  }
}
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const ratio = (a: number, b: number): number | null => (b === 0 ? null : a / b);
/** What enters a sum in ms is rounded to 2^-14 (docs/guarantee.md). */
const rounded = (v: number): number => Math.round(v * 2 ** 14) / 2 ** 14;
function percentile(values: readonly number[], q: number): number | null {
  const hist = new Map<number, number>();
  for (const v of values) hist.set(bucketOf(v), (hist.get(bucketOf(v)) ?? 0) + 1);
  return quantile(hist, q, Math.max(...values));
}
function groups<T>(list: readonly T[], key: (x: T) => string): Map<string, T[]> {
  const out = new Map<string, T[]>();
  for (const x of list) out.set(key(x), [...(out.get(key(x)) ?? []), x]);
  return out;
}
const within = (from = FROM, to = TO): Attempt[] =>
  attempts.filter((a) => a.time >= from && a.time < to && a.outcome !== 'discarded');

function numbers(list: readonly Attempt[]): Record<string, number | null> {
  const first = list.filter((a) => a.attempt === 1 && !a.redelivery);
  const delivered = list.filter((a) => a.outcome === 'delivered' && !a.redelivery);
  const dead = list.filter((a) => a.outcome === 'dead_lettered');
  const failed = list.filter((a) => a.outcome !== 'delivered');
  const ended = delivered.length + dead.length;
  const recovered = delivered.filter((a) => a.attempt > 1).length;
  const retries = list.filter((a) => a.attempt > 1).length;
  const firstFailed = first.filter((a) => a.outcome !== 'delivered').length;
  const latencies = list.flatMap((a) => (a.latency_ms === undefined ? [] : [a.latency_ms]));
  const sizes = first.map((a) => a.payload_bytes!);
  return {
    messages: first.length,
    attempts: list.length,
    retries,
    delivered: delivered.length,
    dead_letters: dead.length,
    delivery_rate: ratio(delivered.length, Math.max(first.length, ended)),
    final_delivery_rate: ratio(delivered.length, ended),
    waiting: first.length - ended,
    failure_rate: ratio(failed.length, list.length),
    first_failure_rate: ratio(firstFailed, first.length),
    recovery_rate: ratio(recovered, recovered + dead.length),
    retries_per_failure: ratio(retries, firstFailed),
    avg_latency_ms: ratio(sum(latencies.map(rounded)), latencies.length),
    p50_latency_ms: percentile(latencies, 0.5),
    p95_latency_ms: percentile(latencies, 0.95),
    p99_latency_ms: percentile(latencies, 0.99),
    avg_payload: ratio(sum(sizes), sizes.length),
    p95_payload: percentile(sizes, 0.95),
    max_payload: sizes.length === 0 ? null : Math.max(...sizes),
  };
}

const query = async (name: string, grain: string, args: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, grain, { workspace: 'mine', from: FROM, to: TO, ...args })).main!;

describe('webhooks', () => {
  it.each(['1m', '1h', '1d'])('per webhook and day, and over the range, at grain %s', async (grain) => {
    const rows = await query('integration_webhooks', grain, { step: 86_400 });
    let seen = 0;
    for (const day of [FROM, FROM + DAY])
      for (const [key, list] of groups(within(day, day + DAY), (a) => a.webhook)) {
        seen++;
        same(
          rows.find((r) => r.webhook === key && r.time === clickHouseTime(day)),
          numbers(list),
          `${key} ${grain}`,
        );
      }
    expect(rows.length).toBe(seen);
    for (const name of ['integration_webhook_window', 'integration_webhook_list']) {
      const window = await query(name, grain, { step: 86_400 });
      for (const [key, list] of groups(within(), (a) => a.webhook))
        same(
          window.find((r) => r.webhook === key),
          numbers(list),
          `${name} ${key}`,
        );
    }
  });

  it('a message counts once, however often it is tried', async () => {
    const rows = await query('integration_webhook_window', '1m', { step: 60, from: FROM - DAY });
    for (const p of PROFILES.filter((x) => x.from === undefined)) {
      const row = rows.find((r) => r.webhook === p.webhook)!;
      expect([p.webhook, Number(row.messages)]).toEqual([p.webhook, p.n]);
      // All have come in since the range began, so what has not ended waits.
      const messages = groups(
        within(FROM - DAY).filter((a) => a.webhook === p.webhook),
        (a) => a.message_id,
      );
      const arrived = [...messages.values()].filter((l) => l.some((a) => a.outcome === 'delivered' && !a.redelivery));
      expect([p.webhook, row.delivery_rate]).toEqual([p.webhook, arrived.length / p.n]);
    }
  });

  it('covers the cases that matter', async () => {
    const rows = await query('integration_webhook_window', '1h', { step: 3600 });
    const of = (webhook: string) => rows.find((r) => r.webhook === webhook)!;
    expect(of('fine')).toMatchObject({ delivery_rate: 1, recovery_rate: null, retries_per_failure: null });
    expect(of('down')).toMatchObject({ delivery_rate: 0, recovery_rate: 0, failure_rate: 1 });
    expect(of('one')).toMatchObject({ delivery_rate: 1 });
    expect(of('old')).toBeUndefined();
    expect(await query('integration_webhook_window', '1h', { from: FROM + 99 * DAY, to: FROM + 100 * DAY })).toEqual(
      [],
    );
  });

  it('an outage is seen while messages still wait for their retries', async () => {
    const at = FROM + 60 * DAY;
    await feed(
      ch,
      Array.from({ length: 100 }, (_, i): Attempt => ({
        type: 'integration.webhook_delivery',
        workspace: 'outage',
        time: at + i * 1000,
        integration: 'x',
        webhook: 'w',
        event: 'e',
        message_id: `m${i}`,
        attempt: 1,
        outcome: i < 40 ? 'delivered' : 'failed',
      })),
    );
    const [row] = await query('integration_webhook_window', '1m', {
      workspace: 'outage',
      from: at,
      to: at + HOUR,
      step: 60,
    });
    expect(row).toMatchObject({ delivery_rate: 0.4, final_delivery_rate: 1 });
    expect(num(row!.waiting)).toBe(60);
  });

  it('reliability: the score follows from the terms', async () => {
    const { scores, terms } = await runQuery(ch, 'integration_webhook_reliability', '1h', {
      workspace: 'mine',
      from: FROM,
      to: TO,
    });
    for (const [key, list] of groups(within(), (a) => a.webhook)) {
      const n = numbers(list);
      const values = [
        n.delivery_rate === null ? null : 1 - n.delivery_rate!,
        n.first_failure_rate,
        n.recovery_rate === null ? null : 1 - n.recovery_rate!,
        n.p95_latency_ms,
      ];
      const known = sum(health.terms.map((t, i) => (values[i] === null ? 0 : t.weight)));
      let score = 100;
      health.terms.forEach((t, i) => {
        const v = values[i];
        if (v !== null) score -= (100 * t.weight * Math.min(1, Math.max(0, (v! - t.good) / (t.bad - t.good)))) / known;
        same(
          terms!.find((x) => x.entity === key && x.term === t.name),
          { value: v },
          `${key} ${t.name}`,
        );
      });
      const gate = health.terms[0]!.gate!;
      if (values[0] !== null && values[0]! > gate.above) score = Math.min(score, gate.cap);
      same(
        scores!.find((r) => r.entity === key),
        { score: values[0] === null ? null : score },
        key,
      );
    }
    expect(scores!.find((r) => r.entity === 'down')!.status).toBe('offline');
    expect(scores!.find((r) => r.entity === 'fine')!.status).not.toBe('critical');
  });
});

describe('retries', () => {
  const label = (a: Attempt): string => (a.attempt >= 10 ? '10+' : String(a.attempt));
  const good = (list: readonly Attempt[]): number => list.filter((a) => a.outcome === 'delivered').length;

  it('by number of the attempt', async () => {
    const steps = await query('integration_webhook_steps', '1h');
    const all = groups(within(), label);
    expect(steps.map((r) => r.attempt)).toEqual(
      ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10+'].filter((x) => all.has(x)),
    );
    for (const [key, list] of all) {
      const n = numbers(list);
      same(
        steps.find((r) => r.attempt === key),
        {
          attempts: list.length,
          delivered: n.delivered,
          success_rate: good(list) / list.length,
          p95_latency_ms: n.p95_latency_ms,
        },
        key,
      );
    }
    const overTime = await query('integration_webhook_retries', '1h', { step: 3600 });
    for (const [key, list] of groups(
      within(),
      (a) => `${label(a)} ${clickHouseTime(Math.floor(a.time / HOUR) * HOUR)}`,
    ))
      same(
        overTime.find((r) => `${String(r.attempt)} ${String(r.time)}` === key),
        { attempts: list.length },
        key,
      );
  });

  it('by delay strategy, with the interval of the recovery', async () => {
    const strategyOf = (a: Attempt) => a.delay_strategy ?? 'none';
    const rows = await query('integration_webhook_strategies', '1h');
    for (const [key, list] of groups(within(), strategyOf)) {
      const n = numbers(list);
      const dead = n.dead_letters!;
      const recovered = list.filter((a) => a.outcome === 'delivered' && !a.redelivery && a.attempt > 1).length;
      const total = recovered + dead;
      const p = recovered / total;
      const centre = (p + 1.96 ** 2 / (2 * total)) / (1 + 1.96 ** 2 / total);
      const half =
        (1.96 / (1 + 1.96 ** 2 / total)) * Math.sqrt((p * (1 - p)) / total + 1.96 ** 2 / (4 * total * total));
      same(
        rows.find((r) => r.strategy === key),
        {
          recovered,
          dead_letters: dead,
          recovery_rate: p,
          at_least: centre - half,
          at_most: centre + half,
          retries: n.retries,
        },
        key,
      );
    }
    const matrix = await query('integration_webhook_recovery', '1h');
    const retries = within().filter((a) => a.attempt > 1);
    for (const [key, list] of groups(retries, (a) => `${strategyOf(a)} ${label(a)}`))
      same(
        matrix.find((r) => `${String(r.strategy)} ${String(r.attempt)}` === key),
        { attempts: list.length, success_rate: good(list) / list.length },
        key,
      );
    expect(matrix.length).toBe(groups(retries, (a) => `${strategyOf(a)} ${label(a)}`).size);
  });

  it('reasons of failures', async () => {
    const reasonOf = (a: Attempt) => a.reason ?? String(a.status_code);
    const failed = within().filter((a) => a.outcome !== 'delivered');
    const rows = await query('integration_webhook_failures', '1h');
    for (const [key, list] of groups(failed, (a) => `${a.webhook} ${reasonOf(a)}`))
      same(
        rows.find((r) => `${String(r.webhook)} ${String(r.reason)}` === key),
        {
          attempts: list.length,
          share: list.length / failed.length,
          dead_letters: list.filter((a) => a.outcome === 'dead_lettered').length,
        },
        key,
      );
    const all = await query('integration_webhook_reasons', '1h');
    expect(new Map(all.map((r) => [r.reason, Number(r.attempts)]))).toEqual(
      new Map([...groups(failed, reasonOf)].map(([k, l]) => [k, l.length])),
    );
  });
});

describe('messages', () => {
  it('by size, each once', async () => {
    const sizes = within()
      .filter((a) => a.attempt === 1)
      .map((a) => a.payload_bytes!);
    const want = new Map<string, number>();
    for (const size of sizes) {
      // In whole buckets, as the histogram keeps them.
      const name = SIZE_CLASSES.find(([end]) => bucketOf(size) <= bucketOf(end))?.[1] ?? LARGEST_CLASS;
      want.set(name, (want.get(name) ?? 0) + 1);
    }
    const rows = await query('integration_webhook_payloads', '1h');
    expect(new Map(rows.map((r) => [r.size, Number(r.messages)]))).toEqual(want);
    expect(rows.map((r) => r.size)).toEqual(
      [...SIZE_CLASSES.map(([, n]) => n), LARGEST_CLASS].filter((n) => want.has(n)),
    );
    expect(sum(rows.map((r) => Number(r.messages)))).toBe(sizes.length);
  });

  it('by event', async () => {
    const rows = await query('integration_webhook_events', '1h');
    const total = numbers(within()).messages!;
    for (const [key, list] of groups(within(), (a) => `${a.integration} ${a.event}`)) {
      const n = numbers(list);
      same(
        rows.find((r) => `${String(r.integration)} ${String(r.event)}` === key),
        {
          messages: n.messages,
          share: n.messages! / total,
          rate: n.messages! / (2 * 86_400),
          delivery_rate: n.delivery_rate,
        },
        key,
      );
    }
  });

  it('bursts stand out of what is usual', async () => {
    const at = FROM + 70 * DAY;
    const counts = [3, 4, 2, 3, 5, 3, 40, 55, 4, 3, 2, 4];
    const message = (webhook: string, minute: number, i: number): Attempt => ({
      type: 'integration.webhook_delivery',
      workspace: 'bursts',
      time: at + minute * 60_000 + i,
      integration: 'x',
      webhook,
      event: 'e',
      message_id: `${webhook}-${minute}-${i}`,
      attempt: 1,
      outcome: 'delivered',
    });
    await feed(
      ch,
      counts.flatMap((n, minute) => [
        ...Array.from({ length: n }, (_, i) => message('bursting', minute, i)),
        // A third message of a webhook that gets one at a time is no burst.
        ...Array.from({ length: minute === 5 ? 3 : 1 }, (_, i) => message('quiet', minute, i)),
      ]),
    );
    const rows = await query('integration_webhook_bursts', '1m', { workspace: 'bursts', from: at, to: at + HOUR });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      webhook: 'bursting',
      time: clickHouseTime(at + 6 * 60_000),
      ended: clickHouseTime(at + 8 * 60_000),
    });
    same(rows[0], { messages: 95, peak: 55 / 60, usual: 3 / 60 }, 'burst');
  });
});

describe('dead letters', () => {
  function lyingAt(to: number): Attempt[] {
    return [
      ...groups(
        attempts.filter((a) => a.time < to),
        (a) => a.message_id,
      ).values(),
    ].flatMap((list) => {
      const dead = list.find((a) => a.outcome === 'dead_lettered');
      const closed = list.some((a) => a.outcome === 'discarded' || (a.redelivery && a.outcome === 'delivered'));
      return dead === undefined || closed ? [] : [dead];
    });
  }

  it.each([
    ['1m', TO],
    ['1h', TO],
    ['1d', TO],
    ['1m', FROM + 20 * HOUR],
  ])('that lie there, at grain %s as of %d', async (grain, to) => {
    const want = lyingAt(to);
    const rows = await query('integration_webhook_dead_letters', grain, { from: to - HOUR, to });
    expect(rows.map((r) => r.message).sort()).toEqual(want.map((a) => a.message_id).sort());
    for (const a of want)
      same(
        rows.find((r) => r.message === a.message_id),
        { age_seconds: (to - a.time) / 1000 },
        a.message_id,
      );
    const byAge = new Map<string, number>();
    for (const a of want) {
      const name = AGE_CLASSES.find(([end]) => (to - a.time) / 1000 < end)?.[1] ?? OLDEST_CLASS;
      byAge.set(name, (byAge.get(name) ?? 0) + 1);
    }
    const ages = await query('integration_webhook_dead_letter_ages', grain, { from: to - HOUR, to });
    expect(new Map(ages.map((r) => [r.age, Number(r.dead_letters)]))).toEqual(byAge);
    const oldest = await query('integration_webhook_dead_letter_age', grain, { from: to - HOUR, to });
    for (const [key, list] of groups(want, (a) => a.webhook))
      same(
        oldest.find((r) => r.webhook === key),
        { dead_letters: list.length, oldest_seconds: (to - Math.min(...list.map((a) => a.time))) / 1000 },
        key,
      );
  });

  it('leave when they are delivered after all or discarded', async () => {
    const rows = await query('integration_webhook_dead_letters', '1h');
    const died = (webhook: string) =>
      new Set(attempts.filter((a) => a.webhook === webhook && a.outcome === 'dead_lettered').map((a) => a.message_id))
        .size;
    const left = (webhook: string) => rows.filter((r) => r.webhook === webhook).length;
    for (const webhook of ['no-retries', 'thrown-away']) expect(left(webhook)).toBeLessThan(died(webhook));
    expect(left('old')).toBe(20);
  });
});
