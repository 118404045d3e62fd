import { setImmediate } from 'node:timers/promises';
import { assign, deliver, Wakeup } from './delivery';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const tp = { topic: 't', partition: 0 };

describe('deliver', () => {
  it('lets others run between batches that wait already', async () => {
    const BATCHES = 20;
    let given = 0;
    let turns = 0;
    let done = false;
    const others = (async () => {
      for (; !done; turns++) await setImmediate();
    })();
    await deliver({
      tp,
      consumer: { assigned: async () => {}, records: async () => {} },
      next: async () => (given++ < BATCHES ? { records: [], end: given } : null),
      signal: new AbortController().signal,
      logger,
    });
    done = true;
    await others;
    expect(turns).toBeGreaterThanOrEqual(BATCHES - 1);
  });
});

describe('assign', () => {
  it('lets any number of partitions wait on its signal', async () => {
    const warnings: Error[] = [];
    const note = (w: Error): void => void warnings.push(w);
    process.on('warning', note);
    const abort = new AbortController();
    await assign({ assigned: async () => {}, records: async () => {} }, [], abort.signal, logger);
    const waits = Array.from({ length: 30 }, () => new Wakeup().wait(abort.signal));
    await setImmediate();
    abort.abort();
    await Promise.all(waits);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});
