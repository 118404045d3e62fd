/** The demo's data: the same every time, valid, calm but for the incident, and the incident is one that anybody would see. */
import { domains } from '../domains';
import { createValidator } from '../pipeline/validate';
import { MemoryLog, MemoryLogStore } from '../pipeline/memory-log';
import { DEMO_HISTORY_DAYS } from '../domains/define';
import { incidentAt } from '../vocabulary/demo';
import { appendEvents, demoEvents, demoHistory, runDemo, seeded } from './demo';

const MINUTE = 60_000;
const PERIOD = 40 * MINUTE;
const validate = createValidator(domains);
/** Starts of an incident's period, in either half of a day: each half has its own sufferer. */
const DAY = Math.floor(Date.UTC(2026, 10, 21) / (18 * PERIOD)) * 18 * PERIOD;
const [MORNING, EVENING] = [9, 27].map((n) => Math.ceil(DAY / PERIOD) * PERIOD + n * PERIOD) as [number, number];

interface Call {
  integration: string;
  status_code: number;
  latency_ms: number;
}
function stats(from: number, to: number): Map<string, { calls: number; errorRate: number; p95: number }> {
  const calls = demoEvents(domains, from, to).filter((e) => e.type === 'integration.api_call') as unknown as Call[];
  const by = new Map<string, Call[]>();
  for (const c of calls) by.set(c.integration, [...(by.get(c.integration) ?? []), c]);
  return new Map(
    [...by].map(([name, list]) => [
      name,
      {
        calls: list.length,
        errorRate: list.filter((c) => c.status_code >= 400).length / list.length,
        p95: list.map((c) => c.latency_ms).sort((a, b) => a - b)[Math.ceil(0.95 * list.length) - 1]!,
      },
    ]),
  );
}
const alarming = (from: number, to: number): string[] =>
  [...stats(from, to)].filter(([, s]) => s.errorRate > 0.05 || s.p95 > 2000).map(([name]) => name);

it('the same second always gives the same events, however the range is cut', () => {
  const whole = demoEvents(domains, MORNING, MORNING + 30_000);
  expect(whole).toEqual(demoEvents(domains, MORNING, MORNING + 30_000));
  const parts = [0, 10, 20].flatMap((s) => demoEvents(domains, MORNING + s * 1000, MORNING + (s + 10) * 1000));
  const byId = (list: Record<string, unknown>[]) =>
    [...list].sort((a, b) => (String(a.event_id) < String(b.event_id) ? -1 : 1));
  expect(byId(parts)).toEqual(byId(whole));
  expect(seeded(1)()).not.toBe(seeded(2)());
});

it('every event is valid, inside its range, in time order, and has an id of its own', () => {
  const from = MORNING - 30 * MINUTE;
  const to = from + PERIOD;
  const events = demoEvents(domains, from, to);
  const ids = new Set<unknown>();
  let last = from;
  for (const e of events) {
    const v = validate({ workspace: 'demo', ...e });
    if (!v.ok) throw new Error(`${v.reason}: ${JSON.stringify(e)}`);
    const t = e.time as number;
    expect(t >= last && t < to).toBe(true);
    last = t;
    ids.add(e.event_id);
  }
  expect(ids.size).toBe(events.length);
  expect(new Set(events.map((e) => e.type)).size).toBeGreaterThan(3);
});

it('facts of the days before are valid, old, but not too old, and have ids of their own', () => {
  const until = MORNING - 30 * MINUTE;
  const events = demoHistory(domains, until);
  for (const e of events) {
    const v = validate({ workspace: 'demo', ...e });
    if (!v.ok) throw new Error(`${v.reason}: ${JSON.stringify(e)}`);
    const age = until - (e.time as number);
    expect([e.event_id, age > 0 && age <= DEMO_HISTORY_DAYS * 86_400_000]).toEqual([e.event_id, true]);
  }
  expect(new Set(events.map((e) => e.event_id)).size).toBe(events.length);
  expect(demoHistory(domains, until)).toEqual(events);
});

it('an incident rises, holds and fades once in a period', () => {
  const at = (minute: number) => incidentAt(MORNING + minute * MINUTE);
  expect([0, 11.9, 12, 12.5, 13, 18, 23, 23.5, 24, 39].map(at)).toEqual([0, 0, 0, 0.5, 1, 1, 1, 0.5, 0, 0]);
});

it('in calm traffic nothing would raise an alert', () => {
  for (const start of [MORNING, EVENING]) {
    expect(alarming(start, start + 11 * MINUTE)).toEqual([]);
    expect(alarming(start + 25 * MINUTE, start + 39 * MINUTE)).toEqual([]);
  }
});

it('an incident shows at one integration, in every alert window at its height', () => {
  const ill = new Set<string>();
  for (const start of [MORNING, EVENING])
    for (const minute of [13, 18]) {
      const names = alarming(start + minute * MINUTE, start + (minute + 5) * MINUTE);
      expect(names).toHaveLength(1);
      ill.add(names[0]!);
    }
  expect(ill.size).toBe(2);
});

const topics = () =>
  new MemoryLogStore(Object.fromEntries(domains.flatMap((d) => d.events).map((e) => [`shadower.${e.type}`, 1])));

it('appends on behalf of a workspace, to the topic of each type', async () => {
  const events = demoEvents(domains, MORNING, MORNING + 5000);
  const log = new MemoryLog(topics());
  await appendEvents(log, 'shadower', 'mine', events);
  const ends = await log.endOffsets();
  expect(ends.reduce((n, e) => n + e.end, 0)).toBe(events.length);
  await log.close();
});

it('catches up from where it stopped, reports how far it is, and stops', async () => {
  const log = new MemoryLog(topics());
  const since = Date.now() - 3 * MINUTE;
  const advanced: number[] = [];
  const failures: Error[] = [];
  const stop = runDemo(log, {
    domains,
    prefix: 'shadower',
    workspace: 'demo',
    since,
    advanced: (to) => advanced.push(to),
    failed: (e) => failures.push(e),
  });
  while ((advanced.at(-1) ?? 0) < Date.now() - 2000) await new Promise((r) => setTimeout(r, 20));
  await stop();
  const until = advanced.at(-1)!;
  expect(failures).toEqual([]);
  expect(advanced.every((t, i) => i === 0 || t > advanced[i - 1]!)).toBe(true);
  const made = demoEvents(domains, Math.floor(since / 1000) * 1000, until).length;
  expect((await log.endOffsets()).reduce((n, e) => n + e.end, 0)).toBe(made);
  await log.close();
});
