import { domains } from '../domains';
import { decodeTraces } from '../otlp';
import { plainBatches } from './batch';
import { MemoryLog, MemoryLogStore, type KillPoint } from './memory-log';
import { MemoryStore } from './memory-store';
import { Pipeline, PIPELINE_DEFAULTS, tokenOf, type PipelineOptions } from './processor';
import { Records } from './records';
import type { TopicSpec } from './decode';

const example = domains[0]!.events[0]!.example as Record<string, unknown>;
const TOPIC = 'events';
const topics: TopicSpec[] = [{ topic: TOPIC, encoding: 'event_json' }];
const options: PipelineOptions = {
  ...PIPELINE_DEFAULTS,
  flushIntervalMs: 20,
  slowFlushIntervalMs: 20,
  retryMinMs: 5,
  retryMaxMs: 20,
  progressIntervalMs: 20,
  maxBatchItems: 25,
};

const event = (i: number, extra: Record<string, unknown> = {}): Buffer =>
  Buffer.from(JSON.stringify({ ...example, time: Date.now() - (i % 90) * 1000, event_id: `e${i}`, ...extra }));

function setUp(partitions = 2) {
  const cluster = new MemoryLogStore({ [TOPIC]: partitions });
  const store = new MemoryStore();
  const start = async (log = new MemoryLog(cluster)) => {
    const pipeline = new Pipeline(log, store, plainBatches(domains, decodeTraces), topics, options);
    await pipeline.start();
    return { log, pipeline };
  };
  const append = async (from: number, to: number) => {
    const producer = new MemoryLog(cluster);
    for (let i = from; i < to; i++) await producer.append(TOPIC, [{ key: Buffer.from(`k${i}`), value: event(i) }]);
  };
  const committed = () =>
    Array.from({ length: partitions }, (_, partition) => cluster.inspect({ topic: TOPIC, partition }));
  const drained = async () => {
    const deadline = Date.now() + 10_000;
    while (committed().some((p) => p.committed < p.end)) {
      if (Date.now() > deadline)
        throw new Error(
          `not drained: ${JSON.stringify(committed().map(({ committed, end }) => ({ committed, end })))}`,
        );
      await new Promise((r) => setTimeout(r, 5));
    }
  };
  return { cluster, store, start, append, drained };
}

/** Waits for what the machine may take its time for. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 10 s`);
    await new Promise((r) => setTimeout(r, 2));
  }
}
const died = (log: MemoryLog): Promise<void> => until('its death', () => log.state === 'dead');
const refuses = (pipeline: Pipeline): Promise<void> => until('a refusal', () => pipeline.fatal !== undefined);

/** A pipeline that dies at this point of its next flush. */
async function killed(t: ReturnType<typeof setUp>, point: KillPoint): Promise<void> {
  const log = new MemoryLog(t.cluster);
  log.killAt(point);
  await t.start(log);
  await died(log);
}

const rawTable = `raw_${String(example.type).replace('.', '_')}`;
const sum = (rows: Record<string, unknown>[], column: string): number =>
  rows.reduce((n, r) => n + (r[column] as number), 0);

/** Each event once in raw, in every grain of every rollup that counts it, and in the accounting. */
function expectExactlyOnce(store: MemoryStore, n: number): void {
  const ids = store.rows(rawTable).map((r) => r.event_id);
  expect(new Set(ids).size).toBe(n);
  expect(ids.length).toBe(n);
  const counting = domains[0]!.rollups.filter((r) => r.event === example.type && r.where === undefined);
  for (const rollup of counting)
    for (const grain of ['1m', '1h', '1d'])
      for (const [count] of Object.entries(rollup.measures).filter(([, m]) => m.kind === 'count'))
        expect([rollup.name, grain, sum(store.rows(`${rollup.name}_${grain}`), count)]).toEqual([
          rollup.name,
          grain,
          n,
        ]);
  expect(counting).not.toEqual([]);
  expect(
    sum(
      store.rows('accounting_1m').filter((r) => r.outcome === 'used'),
      'items',
    ),
  ).toBe(n);
}

test('every event is counted once in raw, rollups and accounting', async () => {
  const t = setUp();
  const { pipeline } = await t.start();
  await t.append(0, 300);
  await t.drained();
  await pipeline.stop();
  expectExactlyOnce(t.store, 300);
});

const points: KillPoint[] = ['before-intent', 'after-intent', 'before-commit', 'after-commit'];

test.each(points)('killed %s, the successor neither loses nor doubles anything', async (point) => {
  const t = setUp(1);
  const first = await t.start();
  await t.append(0, 60);
  await t.drained();
  first.log.killAt(point);
  await t.append(60, 120);
  await died(first.log);
  const second = await t.start();
  await t.append(120, 180);
  await t.drained();
  await second.pipeline.stop();
  expectExactlyOnce(t.store, 180);
});

test('the control: without deduplication, being killed before the commit doubles', async () => {
  const t = setUp(1);
  t.store.deduplicate = false;
  const first = await t.start();
  first.log.killAt('before-commit');
  await t.append(0, 60);
  await died(first.log);
  const second = await t.start();
  await t.drained();
  await second.pipeline.stop();
  expect(store(t).length).toBeGreaterThan(60);
});
const store = (t: ReturnType<typeof setUp>) => t.store.rows(rawTable);

test.each(['before', 'after'] as const)(
  'the store failing %s the insert holds the range until it is back',
  async (when) => {
    const t = setUp();
    const { pipeline } = await t.start();
    await t.append(0, 40);
    await t.drained();
    t.store.failing = when;
    await t.append(40, 90);
    await new Promise((r) => setTimeout(r, 120));
    expect(pipeline.lag()).toBeGreaterThanOrEqual(0);
    t.store.failing = undefined;
    await t.drained();
    await pipeline.stop();
    expectExactlyOnce(t.store, 90);
  },
);

test('two members sharing, one of them dying mid-flush, a third joining', async () => {
  const t = setUp(4);
  const a = await t.start();
  const b = await t.start();
  await t.append(0, 200);
  a.log.killAt('before-commit');
  await t.append(200, 400);
  await died(a.log);
  const c = await t.start();
  await t.append(400, 500);
  await t.drained();
  await Promise.all([b.pipeline.stop(), c.pipeline.stop()]);
  expectExactlyOnce(t.store, 500);
});

test('an event_id sent twice counts once, also across a restart; without an id there is no such promise', async () => {
  const t = setUp(1);
  const producer = new MemoryLog(t.cluster);
  const send = (...values: Buffer[]) =>
    producer.append(
      TOPIC,
      values.map((value) => ({ key: null, value })),
    );
  const first = await t.start();
  await send(event(1), event(1), event(2));
  await t.drained();
  await first.pipeline.stop();
  const second = await t.start();
  await send(event(2), event(3), event(4, { event_id: undefined }), event(4, { event_id: undefined }));
  await t.drained();
  await second.pipeline.stop();
  expect(store(t).map((r) => r.event_id)).toEqual(['e1', 'e2', 'e3', '', '']);
  expect(
    sum(
      t.store.rows('accounting_1m').filter((r) => r.outcome === 'duplicate'),
      'items',
    ),
  ).toBe(2);
});

test('the same id in two workspaces is two events', async () => {
  const t = setUp(1);
  const { pipeline } = await t.start();
  await new MemoryLog(t.cluster).append(TOPIC, [
    { key: null, value: event(1, { workspace: 'a' }) },
    { key: null, value: event(1, { workspace: 'b' }) },
  ]);
  await t.drained();
  await pipeline.stop();
  expect(store(t).length).toBe(2);
});

test('what is bad becomes a dead letter that says what and where, and everything around it arrives', async () => {
  const t = setUp(1);
  const { pipeline } = await t.start();
  const bad: [string, Buffer | null][] = [
    ['EVENT_NOT_JSON', Buffer.from('{"type":')],
    ['EVENT_NOT_UTF8', Buffer.from([0x22, 0xff, 0x22])],
    ['EVENT_NOT_OBJECT', Buffer.from('[1]')],
    ['EVENT_UNKNOWN_TYPE', Buffer.from('{"type":"no.such"}')],
    ['EVENT_INVALID', event(7, { latency_ms: '12' })],
    ['EVENT_NO_WORKSPACE', event(8, { workspace: undefined })],
    ['EVENT_INVALID', event(8, { workspace: 'a/../b' })],
    ['EVENT_TOO_LARGE', Buffer.alloc(10 * 1024 * 1024, 0x20)],
    ['EVENT_TOO_LATE', event(9, { time: Date.now() - 30 * 86_400_000 })],
    ['EVENT_IN_FUTURE', event(10, { time: Date.now() + 86_400_000 })],
    ['EVENT_EMPTY', Buffer.alloc(0)],
  ];
  const producer = new MemoryLog(t.cluster);
  for (const [i, [, value]] of bad.entries())
    await producer.append(TOPIC, [
      { key: null, value: value! },
      { key: null, value: event(100 + i) },
    ]);
  await t.drained();
  await pipeline.stop();
  const letters = t.store.rows('dead_letters');
  expect(letters.map((l) => [l.code, l.off])).toEqual(bad.map(([code], i) => [code, 2 * i]));
  for (const l of letters) expect(String(l.reason).length).toBeGreaterThan(5);
  expect(Math.max(...letters.map((l) => (l.payload as Buffer).length))).toBeLessThanOrEqual(65_536);
  expect(store(t).length).toBe(bad.length);
  const accounted = sum(t.store.rows('accounting_1m'), 'items');
  expect(accounted).toBe(2 * bad.length);
});

test('coarser grains hold what the finest holds', async () => {
  const t = setUp(2);
  const { pipeline } = await t.start();
  await t.append(0, 200);
  await t.drained();
  await pipeline.stop();
  const merged = (grain: string) => {
    const buckets = new Map<number, number>();
    for (const r of t.store.rows(`${domains[0]!.rollups[0]!.name}_${grain}`))
      for (const [b, n] of r.latency_hist as Map<number, number>) buckets.set(b, (buckets.get(b) ?? 0) + n);
    return [...buckets].sort((a, b) => a[0] - b[0]);
  };
  expect(merged('1h')).toEqual(merged('1m'));
  expect(merged('1d')).toEqual(merged('1m'));
});

test('complete until never goes back, stays behind unread records and reaches the present when caught up', async () => {
  const t = setUp(1);
  const { pipeline } = await t.start();
  const until = () => t.store.rows('progress_log').map((r) => r.complete_until as number);
  await new Promise((r) => setTimeout(r, 60));
  expect(Date.now() - until().at(-1)!).toBeLessThan(options.completeGraceMs + 1000);
  t.store.failing = 'before';
  const before = Date.now();
  await t.append(0, 10);
  await new Promise((r) => setTimeout(r, 100));
  t.store.failing = undefined;
  const held = until().at(-1)!;
  expect(held).toBeLessThanOrEqual(before - options.completeGraceMs + 200);
  await t.drained();
  await new Promise((r) => setTimeout(r, 60));
  await pipeline.stop();
  const all = until();
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect(all.at(-1)!).toBeGreaterThan(held);
});

test('while behind, complete until follows what was read, whatever one fast clock says', async () => {
  const HOUR = 3600_000;
  const appended = (): number => Date.now() - HOUR;
  const cluster = new MemoryLogStore({ [TOPIC]: 1 }, appended);
  const value = (i: number, time: number): Buffer =>
    Buffer.from(JSON.stringify({ ...example, time, event_id: `e${i}` }));
  // An event nine minutes ahead of the clock, then others that are as old as their records.
  const values = [value(0, Date.now() + 9 * 60_000), ...Array.from({ length: 20 }, (_, i) => value(i + 1, appended()))];
  await new MemoryLog(cluster).append(
    TOPIC,
    values.map((v) => ({ key: null, value: v })),
  );
  const behind: number[] = [];
  const pipeline = new Pipeline(
    new MemoryLog(cluster),
    new MemoryStore(),
    plainBatches(domains, decodeTraces),
    topics,
    { ...options, maxBatchItems: 1 },
    Date.now,
    { progressed: (_tp, committed, end, until) => void (committed < end && behind.push(until)) },
  );
  await pipeline.start();
  while (cluster.inspect({ topic: TOPIC, partition: 0 }).committed < values.length)
    await new Promise((r) => setTimeout(r, 5));
  await pipeline.stop();
  expect(behind.length).toBeGreaterThan(5);
  expect(Math.max(...behind)).toBeLessThanOrEqual(Date.now() - HOUR - options.completeGraceMs + 1000);
});

/** A pipeline whose clock can be set. */
async function withClock(extra: Partial<PipelineOptions> = {}) {
  const t = setUp(1);
  const clock = { aheadMs: 0 };
  const make = plainBatches(domains, decodeTraces, { latenessMs: Infinity, futureMs: Infinity });
  const log = new MemoryLog(t.cluster);
  const pipeline = new Pipeline(log, t.store, make, topics, { ...options, ...extra }, () => Date.now() + clock.aheadMs);
  await pipeline.start();
  return { ...t, clock, pipeline };
}

test('a clock that is hours ahead calls nothing complete that has not happened yet', async () => {
  const t = await withClock();
  t.clock.aheadMs = 5 * 3600_000;
  await t.append(0, 10);
  await t.drained();
  await new Promise((r) => setTimeout(r, 60));
  await t.pipeline.stop();
  const told = t.store.rows('progress_log').map((r) => Math.max(r.complete_until as number, r.updated_at as number));
  expect(told.length).toBeGreaterThan(2);
  expect(Math.max(...told)).toBeLessThanOrEqual(Date.now());
  expect(t.store.rows('progress_log').at(-1)!.complete_until).toBeGreaterThan(
    Date.now() - options.completeGraceMs - 5000,
  );
});

test('an open batch is flushed though the clock was set back', async () => {
  const t = await withClock({ flushIntervalMs: 100 });
  await t.append(0, 3);
  await new Promise((r) => setTimeout(r, 20));
  t.clock.aheadMs = -5 * 3600_000;
  await t.drained();
  await t.pipeline.stop();
  expectExactlyOnce(t.store, 3);
});

test('a range that this version would judge differently is refused before anything is written', async () => {
  const t = setUp(1);
  await t.append(0, 20);
  await killed(t, 'after-intent');
  const before = t.store.rows(rawTable).length;
  const [{ pending }] = [t.cluster.inspect({ topic: TOPIC, partition: 0 })];
  expect(pending?.digest).toMatch(/^[0-9a-f]{16}$/);

  // The next release takes every event for too late.
  const log = new MemoryLog(t.cluster);
  const strict = plainBatches(domains, decodeTraces, { latenessMs: -1, futureMs: Infinity });
  const refusing = new Pipeline(log, t.store, strict, topics, options);
  await refusing.start();
  await refuses(refusing);
  expect(refusing.fatal).toMatchObject({ code: 'STORE_UNSAFE' });
  expect(refusing.fatal?.message).toContain('judges them differently');
  expect(t.store.rows(rawTable).length).toBe(before);
  expect(t.store.rows('dead_letters')).toEqual([]);
  await refusing.stop();

  // The release that was running finishes it.
  const { pipeline } = await t.start();
  await t.drained();
  await pipeline.stop();
  expectExactlyOnce(t.store, 20);
});

describe('beyond the deduplication window', () => {
  const others = async (t: ReturnType<typeof setUp>, n: number) => {
    for (let i = 0; i < n; i++) await t.store.insert({ table: rawTable, rows: 0, columns: [] }, `other ${i}`);
  };

  test.each([
    [9, 'recognises'],
    [10, 'refuses'],
  ])('after %d blocks of others where 10 are remembered, a successor %s what may be in already', async (n, does) => {
    const t = setUp(1);
    await t.append(0, 20);
    await killed(t, 'before-commit');
    const before = t.store.rows(rawTable).length;
    expect(before).toBe(20);
    t.store.window = 10;
    // One was the range itself.
    await others(t, n - 1);
    const { pipeline } = await t.start();
    if (does === 'recognises') {
      await t.drained();
      await pipeline.stop();
      expectExactlyOnce(t.store, 20);
      return;
    }
    await refuses(pipeline);
    expect(pipeline.fatal).toMatchObject({ code: 'STORE_UNSAFE' });
    expect(pipeline.fatal?.message).toMatch(/offsets 0 to 20 of events\[0\].*in raw_.*taken 10 blocks since/);
    expect(t.store.rows(rawTable)).toHaveLength(before);
    await pipeline.stop();
    // Nothing is skipped either.
    expect(t.cluster.inspect({ topic: TOPIC, partition: 0 })).toMatchObject({ committed: 0, pending: { to: 20 } });
  });

  test('a retry of the same process is refused likewise', async () => {
    const t = setUp(1);
    const { pipeline } = await t.start();
    t.store.failing = 'after';
    t.store.window = 10;
    await t.append(0, 20);
    await until('a first attempt', () => t.store.rows(rawTable).length > 0);
    const inBefore = t.store.rows(rawTable).length;
    t.store.failing = undefined;
    await others(t, 10);
    await refuses(pipeline);
    expect(pipeline.fatal).toMatchObject({ code: 'STORE_UNSAFE' });
    expect(t.store.rows(rawTable)).toHaveLength(inBefore);
    await pipeline.stop();
  });

  test('a range without a mark is refused', async () => {
    const t = setUp(1);
    await t.append(0, 20);
    const log = new MemoryLog(t.cluster);
    const record = log.recordIntent.bind(log);
    log.recordIntent = ({ mark: _, ...range }) => record(range);
    log.killAt('before-commit');
    await t.start(log);
    await died(log);
    const { pipeline } = await t.start();
    await refuses(pipeline);
    expect(pipeline.fatal?.message).toContain('noted no mark');
    await pipeline.stop();
  });
});

test.each(['none', 'a part'])(
  'stopped when %s of a recorded range was read again, it leaves the range recorded',
  async (read) => {
    const t = setUp(1);
    await t.append(0, 20);
    await killed(t, 'after-intent');
    const { pending } = t.cluster.inspect({ topic: TOPIC, partition: 0 });
    expect(pending).toMatchObject({ from: 0, to: 20 });

    // Its records come when it is already stopping, or some before that.
    let open = (): void => undefined;
    const gate = new Promise<void>((done) => (open = done));
    const log = new MemoryLog(t.cluster);
    const consume = log.consume.bind(log);
    log.consume = (consumer) =>
      consume({
        assigned: (list) => consumer.assigned(list),
        records: async (tp, records, end) => {
          const all = [...records];
          if (read === 'a part') await consumer.records(tp, Records.of(all.slice(0, 7)), end);
          await gate;
          await consumer.records(tp, Records.of(all.slice(read === 'a part' ? 7 : 0)), end);
        },
      });
    const { pipeline } = await t.start(log);
    await new Promise((r) => setTimeout(r, 40));
    const stopping = pipeline.stop();
    await new Promise((r) => setTimeout(r, 40));
    open();
    await stopping;
    expect(t.cluster.inspect({ topic: TOPIC, partition: 0 })).toMatchObject({ committed: 0, pending });
    expect(pipeline.fatal).toBeUndefined();

    const successor = await t.start();
    await t.drained();
    await successor.pipeline.stop();
    expectExactlyOnce(t.store, 20);
  },
);

test('a log that hands out again what was counted is refused; one that has only a range in flight is not', async () => {
  const t = setUp(1);
  await t.append(0, 40);
  const first = await t.start();
  await t.drained();
  first.log.killAt('before-commit');
  await t.append(40, 60);
  await died(first.log);
  // Counted up to 60 as the store has it; the log says 40, and that the range up to 60 is in flight.
  expect(t.store.rows('progress_log').some((r) => r.committed === 60)).toBe(true);
  const second = await t.start();
  await t.drained();
  await second.pipeline.stop();
  expectExactlyOnce(t.store, 60);

  t.cluster.find({ topic: TOPIC, partition: 0 }).committed = 10;
  const log = new MemoryLog(t.cluster);
  const refused = new Promise<unknown>((done) => {
    const consume = log.consume.bind(log);
    log.consume = (consumer) =>
      consume({
        assigned: (list) => consumer.assigned(list).catch((e) => (done(e), Promise.reject(e))),
        records: (tp, r, end) => consumer.records(tp, r, end),
      });
  });
  void t.start(log).catch(() => undefined);
  expect(await refused).toMatchObject({ code: 'LOG_REWOUND', message: expect.stringContaining('position to 60') });
  log.kill();
  expectExactlyOnce(t.store, 60);
});

test('a recorded range of which the log has no record any more stops the partition', async () => {
  const t = setUp(1);
  await t.append(0, 20);
  await killed(t, 'after-intent');
  t.cluster.truncateBefore({ topic: TOPIC, partition: 0 }, 20);
  await t.append(20, 40);
  const { pipeline } = await t.start();
  await refuses(pipeline);
  expect(pipeline.fatal).toMatchObject({ code: 'LOG_GAP' });
  expect(t.cluster.inspect({ topic: TOPIC, partition: 0 }).committed).toBe(0);
  await pipeline.stop();
});

test.each([
  [10_000, 'longer', true],
  [20, 'as long as ever', false],
])('where a pause of up to %d ms may follow a slow flush, the next batch stays open %s', async (most, _, longer) => {
  const t = setUp(1);
  const insert = t.store.insert.bind(t.store);
  const inserted: number[] = [];
  t.store.insert = async (block, token) => {
    if (block.table === rawTable && inserted.push(performance.now()) === 1)
      await new Promise((r) => setTimeout(r, 300));
    await insert(block, token);
  };
  const pipeline = new Pipeline(new MemoryLog(t.cluster), t.store, plainBatches(domains, decodeTraces), topics, {
    ...options,
    slowFlushIntervalMs: most,
  });
  await pipeline.start();
  await t.append(0, 1);
  await t.drained();
  const sent = performance.now();
  await t.append(1, 2);
  await t.drained();
  // Four times the 300 ms, less what timers are early.
  expect(inserted[1]! - sent >= 1150).toBe(longer);
  await pipeline.stop();
  expectExactlyOnce(t.store, 2);
});

test('the token names the topic itself, so that one made anew under the same name is not taken for a retry', () => {
  const range = { topic: 'a', partition: 1, from: 0, to: 10, at: 0, encoder: 2 };
  expect(tokenOf({ ...range, topicId: 'x' })).not.toBe(tokenOf({ ...range, topicId: 'y' }));
  expect(tokenOf({ ...range, to: 11 })).not.toBe(tokenOf(range));
});
