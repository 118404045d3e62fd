import { setImmediate } from 'node:timers/promises';
import { deliver } from './delivery';
import { Records } from './records';

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
      next: async () => (given++ < BATCHES ? { records: Records.of([]), end: given } : null),
      signal: new AbortController().signal,
      logger,
    });
    done = true;
    await others;
    expect(turns).toBeGreaterThanOrEqual(BATCHES - 1);
  });
});
