/** What a batch makes of items at the edges: times that no table can hold, ids at the horizon. */
import { domains } from '../domains';
import { Batch, BatchPlans } from './batch';
import { plainValues } from './columns';
import { SeenIds } from './seen';
import { createValidator } from './validate';
import { WindowPlans } from './window';

const plans = new BatchPlans(domains, new WindowPlans(domains));
const validate = createValidator(domains);
const NONE = { latenessMs: Infinity, futureMs: Infinity };
const AT = 1_700_000_000_500;

function add(batch: Batch, offset: number, e: Record<string, unknown>): void {
  const v = validate({
    type: 'integration.dependency',
    workspace: 'w',
    time: AT,
    source: 'a',
    target: 'b',
    dependency_type: 'data',
    ...e,
  });
  if (!v.ok) throw new Error(v.reason);
  batch.add({ offset, key: null, value: Buffer.from('x'), timestamp: AT, headers: {} }, [
    { kind: 'event', idx: 0, event: v.event },
  ]);
}
const batchOf = (seen = new SeenIds(60_000, 100), at = AT, limits = NONE): Batch =>
  new Batch(plans, { topic: 't', partition: 0 }, seen, limits, at);

it('an event before 1970 or after 2106 is a dead letter even where no limit is set', () => {
  const batch = batchOf();
  add(batch, 0, { time: '1969-12-31T23:59:59.999Z' });
  add(batch, 1, { time: '1900-01-01T00:00:00Z' });
  add(batch, 2, { time: Date.UTC(2106, 1, 8) });
  add(batch, 3, { time: 8.64e15 });
  add(batch, 4, { time: 0 });
  add(batch, 5, { time: Date.UTC(2106, 1, 7) });
  expect(batch.outcomes()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ outcome: 'dead_letter', reason: 'EVENT_TOO_LATE', items: 2 }),
      expect.objectContaining({ outcome: 'dead_letter', reason: 'EVENT_IN_FUTURE', items: 2 }),
      expect.objectContaining({ outcome: 'used', items: 2 }),
    ]),
  );
});

it('lateness and future are measured from the opening of the batch, both ends included', () => {
  const batch = batchOf(undefined, AT, { latenessMs: 1000, futureMs: 500 });
  for (const [i, d] of [-1000, -1001, 500, 501].entries()) add(batch, i, { time: AT + d });
  expect(batch.outcomes().map((o) => [o.outcome, o.reason, o.items])).toEqual([
    ['used', 'integration.dependency', 2],
    ['dead_letter', 'EVENT_TOO_LATE', 1],
    ['dead_letter', 'EVENT_IN_FUTURE', 1],
  ]);
});

it('decides at the edge of the horizon as it does after a restart, when times are known to the second', () => {
  const horizon = 60_000;
  for (const later of [59_400, 59_600, 60_000, 60_400, 60_600, 61_000]) {
    const living = new SeenIds(horizon, 100);
    add(batchOf(living), 0, { event_id: 'x' });
    const first = batchOf(living, AT + later);
    add(first, 1, { event_id: 'x' });

    const restored = new SeenIds(horizon, 100);
    restored.add('w\u001fintegration.dependency\u001fx', Math.floor(AT / 1000) * 1000);
    const replay = batchOf(restored, AT + later);
    add(replay, 1, { event_id: 'x' });
    expect([later, replay.blocks()]).toEqual([later, first.blocks()]);
  }
});

it('an id counts once within its type: domains that make events of the same span do not hide each other', () => {
  const seen = new SeenIds(60_000, 100);
  const batch = batchOf(seen);
  add(batch, 0, { event_id: 'x' });
  add(batch, 1, { event_id: 'x' });
  const call = validate({ ...domains[0]!.events[0]!.example, time: AT, workspace: 'w', event_id: 'x' });
  if (!call.ok) throw new Error(call.reason);
  batch.add({ offset: 2, key: null, value: Buffer.from('x'), timestamp: AT, headers: {} }, [
    { kind: 'event', idx: 0, event: call.event },
  ]);
  expect(batch.outcomes().map((o) => [o.outcome, o.reason, o.items])).toEqual([
    ['used', 'integration.dependency', 1],
    ['duplicate', 'integration.dependency', 1],
    ['used', 'integration.api_call', 1],
  ]);
});

it('the same items give the same blocks', () => {
  const make = () => {
    const b = batchOf();
    for (let i = 0; i < 50; i++) add(b, i, { source: `s${i % 7}`, criticality: 1 + (i % 5), time: AT - i * 7_000_000 });
    return b.blocks();
  };
  expect(make()).toEqual(make());
});

it('keeps the first 64 KiB of a dead letter, and its whole size', () => {
  const batch = batchOf();
  batch.add({ offset: 0, key: null, value: null, timestamp: AT, headers: {} }, [
    {
      kind: 'dead_letter',
      letter: { workspace: '', idx: 0, code: 'EVENT_NOT_JSON', reason: 'r', payload: Buffer.alloc(100_000, 'a') },
    },
  ]);
  const block = batch.blocks().find((b) => b.table === 'dead_letters')!;
  const of = (name: string) => plainValues(block.columns.find((c) => c.name === name)!.values, 1)[0];
  expect((of('payload') as Buffer).length).toBe(65_536);
  expect(of('payload_bytes')).toBe(100_000);
});
