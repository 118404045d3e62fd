import { eventLogContract, record, Recorder, until } from './event-log.contract';
import { MemoryLog, MemoryLogStore } from './memory-log';

eventLogContract('MemoryLog', async () => {
  const store = new MemoryLogStore({ events: 3 });
  return {
    topic: 'events',
    partitions: 3,
    open: async () => new MemoryLog(store),
    crash: async (log) => (log as MemoryLog).kill(),
    cleanUp: async () => undefined,
  };
});

describe('MemoryLog provokes', () => {
  const tp = { topic: 'events', partition: 0 };
  const range = { ...tp, from: 0, to: 1, at: 1, encoder: 1 };

  it('a rejected append that may have landed', async () => {
    const store = new MemoryLogStore({ events: 1 });
    const log = new MemoryLog(store);
    store.rejectAppends(1);
    await expect(log.append('events', [record('lost')])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    store.rejectAppends(1, true);
    await expect(log.append('events', [record('landed')])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await log.append('events', [record('fine')]);
    expect(store.inspect(tp).records.map((r) => r.value!.toString())).toEqual(['landed', 'fine']);
  });

  it('a rebalance: the partitions are shared, and taken over when one dies', async () => {
    const store = new MemoryLogStore({ events: 4 });
    const [a, b] = [new MemoryLog(store), new MemoryLog(store)];
    const [ca, cb] = [new Recorder(), new Recorder()];
    await a.consume(ca);
    expect(ca.assignments.at(-1)).toHaveLength(4);
    await b.consume(cb);
    await until('both have two', () => ca.assignments.at(-1)!.length === 2 && cb.assignments.at(-1)!.length === 2);
    b.kill();
    await until('the survivor has all', () => ca.assignments.at(-1)!.length === 4);
  });

  it('a zombie: refused until it has heard of its new assignment', async () => {
    const store = new MemoryLogStore({ events: 1 });
    const [a, b] = [new MemoryLog(store), new MemoryLog(store)];
    const ca = new Recorder();
    await a.consume(ca);
    await a.append('events', [record('x')]);
    await until('it arrived', () => ca.all().length === 1);
    a.suspend();
    await b.consume(new Recorder());
    await expect(a.recordIntent(range)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    await expect(a.commit(range)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    expect(store.inspect(tp)).toMatchObject({ committed: 0, pending: undefined });
  });

  it.each([
    ['before-intent', undefined, 0],
    ['after-intent', range, 0],
    ['before-commit', range, 0],
    ['after-commit', undefined, 1],
  ] as const)('a kill %s', async (point, pending, committed) => {
    const store = new MemoryLogStore({ events: 1 });
    const log = new MemoryLog(store);
    const consumer = new Recorder();
    await log.consume(consumer);
    await log.append('events', [record('x')]);
    await until('it arrived', () => consumer.all().length === 1);
    log.killAt(point);
    await expect(log.recordIntent(range).then(() => log.commit(range))).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    });
    const next = new Recorder();
    await new MemoryLog(store).consume(next);
    expect(next.position(0)).toMatchObject({ committed });
    expect(next.position(0).pending).toEqual(pending);
  });
});
