/** Findings about webhooks: each on a fixture that shows it, and none on one that is fine. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 2, 10);
const TO = FROM + 60 * MINUTE;

let engine: TestEngine;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
}, 120_000);
afterAll(() => engine?.stop());

interface Message {
  minute: number;
  webhook?: string;
  strategy?: string;
  /** Status codes of the attempts; 200 delivers, and the last is the end. */
  answers: number[];
  ms?: number;
  bytes?: number;
}
let made = 0;
const attemptsOf = (workspace: string, m: Message): object[] =>
  m.answers.map((status_code, i) => ({
    type: 'integration.webhook_delivery',
    workspace,
    time: FROM + m.minute * MINUTE + i * 1000,
    integration: 'shop',
    webhook: m.webhook ?? 'w',
    event: 'e',
    message_id: `m${made}`,
    attempt: i + 1,
    delay_strategy: m.strategy ?? 'fixed',
    outcome: status_code === 200 ? 'delivered' : i === m.answers.length - 1 ? 'dead_lettered' : 'failed',
    status_code,
    latency_ms: m.ms ?? 50,
    payload_bytes: m.bytes ?? 1000,
  }));

async function found(workspace: string, messages: Message[], to = TO): Promise<Record<string, unknown>[]> {
  await feed(
    ch,
    messages.flatMap((m) => {
      made++;
      return attemptsOf(workspace, m);
    }),
  );
  return (await runQuery(ch, 'integration_webhook_findings', '1m', { workspace, from: FROM, to })).main!;
}
const times = (n: number, m: (i: number) => Message): Message[] => Array.from({ length: n }, (_, i) => m(i));

it('nothing, where all is well and where nothing happened', async () => {
  expect(
    await found(
      'well',
      times(60, (i) => ({ minute: i, answers: [200] })),
    ),
  ).toEqual([]);
  expect(await found('nothing', [])).toEqual([]);
  expect(await found('one-failure', [{ minute: 3, answers: [500, 200] }])).toEqual([]);
});

it('messages not delivered, with beginning and end', async () => {
  const rows = await found(
    'outage',
    times(60, (i) => ({ minute: i, answers: i >= 20 && i < 30 ? [503, 503] : [200] })),
  );
  expect(rows.filter((r) => r.kind === 'webhook_delivery')).toEqual([
    expect.objectContaining({
      severity: 'critical',
      time: clickHouseTime(FROM + 20 * MINUTE),
      ended: clickHouseTime(FROM + 30 * MINUTE),
      title: 'w: 0 % of the messages delivered',
      evidence: '0 of 10 messages; 20 of 20 attempts failed, 10 messages were given up',
      value: 0,
      expected: 0.95,
    }),
  ]);
});

it('dead letters older than an hour', async () => {
  const rows = await found(
    'dead',
    times(5, (i) => ({ minute: i, answers: [500] })),
    FROM + 120 * MINUTE,
  );
  expect(rows.find((r) => r.kind === 'webhook_dead_letters')).toMatchObject({
    title: 'w: 5 dead letters, the oldest 2 h old',
    evidence: '5 of them older than an hour',
    time: clickHouseTime(FROM),
    value: 7200,
  });
});

it('retries after answers that will not change, and steps that never deliver', async () => {
  const rows = await found(
    'gone',
    times(80, (i) => ({ minute: i % 60, answers: [410, 410] })),
  );
  expect(rows.find((r) => r.kind === 'webhook_pointless_retries')).toMatchObject({
    title: 'w: 80 retries met an answer that does not change (410)',
    value: 1,
  });
  expect(rows.find((r) => r.kind === 'webhook_useless_step')).toMatchObject({ title: 'w: attempt 2 delivers 0 %' });
  // Thirty failures in thirty retries could still be chance at the limit of 5 %.
  const few = await found(
    'few',
    times(30, (i) => ({ minute: i, answers: [500, 500] })),
  );
  expect(few.filter((r) => r.kind === 'webhook_useless_step')).toEqual([]);
});

it('a strategy that recovers less than another, if that is not chance', async () => {
  const messages = (strategy: string, good: number, bad: number): Message[] => [
    ...times(good, (i) => ({ minute: i % 60, strategy, answers: [500, 200] })),
    ...times(bad, (i) => ({ minute: i % 60, strategy, answers: [500, 500] })),
  ];
  const rows = await found('strategies', [...messages('fixed', 20, 30), ...messages('exponential', 45, 5)]);
  const p = 65 / 100;
  const z = (0.9 - 0.4) / Math.sqrt(p * (1 - p) * (2 / 50));
  expect(rows.filter((r) => r.kind === 'webhook_strategy')).toEqual([
    expect.objectContaining({
      title: 'shop: retries spaced fixed recover less than exponential',
      evidence: `fixed 20 of 50 (40 %), exponential 45 of 50 (90 %); Z = ${z.toFixed(2)}`,
      value: 0.4,
      expected: 0.9,
    }),
  ]);
  const close = await found('close', [...messages('fixed', 40, 10), ...messages('exponential', 43, 7)]);
  expect(close.filter((r) => r.kind === 'webhook_strategy')).toEqual([]);
});

it('slow receivers, large messages and bursts', async () => {
  const rows = await found('big', [
    ...times(60, (i) => ({ minute: i, answers: [200], ms: 8000, bytes: 400_000 })),
    ...times(20, () => ({ minute: 30, answers: [200] })),
  ]);
  expect(rows.map((r) => r.kind).sort()).toEqual(['webhook_burst', 'webhook_large_messages', 'webhook_slow']);
  expect(rows.find((r) => r.kind === 'webhook_burst')).toMatchObject({
    time: clickHouseTime(FROM + 30 * MINUTE),
    title: 'w: 21 times the usual messages',
    evidence: '21 messages in 60 s; usual are 1 in 60 s',
  });
  expect(rows.find((r) => r.kind === 'webhook_slow')).toMatchObject({ expected: 5000, unit: 'ms' });
});
