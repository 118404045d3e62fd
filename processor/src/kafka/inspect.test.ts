/** What can be seen of a consumer group from outside, against a real Kafka. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OffsetRange } from '../pipeline/ports';
import { KafkaInspector } from './inspect';
import { KafkaLog } from './kafka-log';
import { kafkaUnavailable, startKafka, type TestKafka } from './testing/kafka';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let broker: TestKafka | undefined;
let skip: string | null;
beforeAll(async () => {
  skip = await kafkaUnavailable();
  if (skip) return void process.stderr.write(`\nSKIPPED, this test needs a real Kafka: ${skip}\n\n`);
  broker = await startKafka();
}, 360_000);
afterAll(() => broker?.stop());

test('members, positions and the batch that is unfinished', async () => {
  if (skip) return;
  const topic = `t-${randomUUID().slice(0, 8)}`;
  const groupId = `${topic}-group`;
  const connection = { brokers: broker!.brokers, groupId };
  const inspector = new KafkaInspector(connection, logger);
  expect(await inspector.state()).toEqual({ consumers: [], partitions: [] });

  const log = new KafkaLog({ ...connection, topics: [topic], createTopics: { partitions: 1 }, logger });
  await log.append(
    topic,
    [1, 2, 3].map((n) => ({ key: null, value: Buffer.from(String(n)) })),
  );
  const tp = { topic, partition: 0 };
  let assigned: Partial<OffsetRange> = {};
  let position = 0;
  await log.consume({
    assigned: async ([p]) => {
      assigned = {
        ...(p?.epoch !== undefined && { epoch: p.epoch }),
        ...(p?.topicId !== undefined && { topicId: p.topicId }),
      };
    },
    records: async (_, records) => {
      for (const r of records) position = r.offset + 1;
    },
  });
  while (position < 3) await sleep(20);
  const range = (from: number, to: number): OffsetRange => ({ ...tp, from, to, at: 1234, encoder: 7, ...assigned });
  await log.recordIntent(range(0, 2));
  await log.commit(range(0, 2));
  let state = await inspector.state();
  expect(state.consumers).toHaveLength(1);
  expect(state.partitions).toEqual([{ ...tp, committed: 2 }]);

  await log.recordIntent(range(2, 3));
  await log.close();
  state = await inspector.state();
  expect(state.consumers).toEqual([]);
  expect(state.partitions).toEqual([{ ...tp, committed: 2, pending: { ...tp, from: 2, to: 3, at: 1234, encoder: 7 } }]);
  await inspector.close();
}, 90_000);

test('a broker that is away is said to be', async () => {
  const inspector = new KafkaInspector({ brokers: ['127.0.0.1:9'], groupId: 'x' }, logger);
  await expect(inspector.state()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  await inspector.close();
}, 60_000);
