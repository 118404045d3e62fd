import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalInspector } from './inspect';
import { Journal } from './journal';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('positions and the unfinished batch of a journal that nobody has open, which stays so meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inspect-'));
  const open = () => Journal.open({ folder, topics: ['a', 'b'], logger });
  const journal = await open();
  await journal.append(
    'a',
    [1, 2, 3].map((n) => ({ key: null, value: Buffer.from(String(n)) })),
  );
  let epoch: number | undefined;
  await journal.consume({
    assigned: async ([p]) => {
      epoch = p!.epoch;
    },
    records: async () => {},
  });
  await expect(JournalInspector.open(folder)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  const range = (from: number, to: number) => ({
    topic: 'a',
    partition: 0,
    from,
    to,
    at: 5,
    encoder: 7,
    epoch: epoch!,
  });
  await journal.recordIntent(range(0, 2));
  await journal.commit(range(0, 2));
  await journal.recordIntent(range(2, 3));
  await journal.close();

  const inspector = await JournalInspector.open(folder);
  const { consumers, partitions } = await inspector.state();
  expect(consumers).toEqual([]);
  expect(partitions.sort((x, y) => (x.topic < y.topic ? -1 : 1))).toEqual([
    expect.objectContaining({
      topic: 'a',
      committed: 2,
      pending: expect.objectContaining({ from: 2, to: 3, encoder: 7 }),
    }),
    { topic: 'b', partition: 0, committed: 0 },
  ]);
  await expect(open()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  await inspector.close();
  await (await open()).close();
  await rm(folder, { recursive: true });
  expect(await (await JournalInspector.open(folder)).state()).toEqual({ consumers: [], partitions: [] });
});
