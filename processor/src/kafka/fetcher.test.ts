/** The fetch loop: partitions that move between two real brokers, bounded buffers, transactions that stay open. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { record, Recorder, until } from '../pipeline/event-log.contract';
import { KafkaLog, type KafkaLogOptions } from './kafka-log';
import { kafkaUnavailable, startKafka, type TestKafka } from './testing/kafka';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let skip: string | null;
let cluster: TestKafka;
let kafka: Kafka;
let admin: Admin;
const logs: KafkaLog[] = [];

beforeAll(async () => {
  skip = await kafkaUnavailable();
  if (!skip)
    await startKafka({}, 2).then(
      (started) => (cluster = started),
      (e: unknown) => (skip = (e as Error).message),
    );
  if (skip) return void process.stderr.write(`\nSKIPPED, these tests need two real brokers: ${skip}\n\n`);
  kafka = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
}, 360_000);
afterAll(async () => {
  await admin?.disconnect();
  await cluster?.stop();
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

const test = (name: string, run: () => Promise<void>) => it(name, () => (skip ? Promise.resolve() : run()), 90_000);

function newLog(topic: string, options: Partial<KafkaLogOptions> = {}): KafkaLog {
  const log = new KafkaLog({
    brokers: cluster.brokers,
    topics: [topic],
    groupId: `${topic}-group`,
    createTopics: false,
    logger,
    ...options,
  });
  logs.push(log);
  return log;
}

/** Makes broker `to` the only replica of the partitions. */
async function move(topic: string, partitions: number[], to: number): Promise<void> {
  const partitionAssignment = partitions.map((partition) => ({ partition, replicas: [to] }));
  await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
  for (;;) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const there = topics[0]!.partitions.filter((p) => partitions.includes(p.partitionId) && p.leader === to);
    if (there.length === partitions.length) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const fetch of ['own', 'kafkajs'] as const) {
  test(`reads both brokers, and on while leaders move (${fetch})`, async () => {
    const topic = `t-${randomUUID().slice(0, 8)}`;
    const replicaAssignment = [0, 1, 2, 3].map((partition) => ({ partition, replicas: [1 + (partition % 2)] }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, replicaAssignment }] });
    const log = newLog(topic, { fetch });
    const consumer = new Recorder();
    await log.consume(consumer);
    const acknowledged: string[] = [];
    let on = true;
    let n = 0;
    const sending = (async () => {
      while (on) {
        const records = Array.from({ length: 8 }, () => record(String(n), String(n++)));
        await log.append(topic, records).then(
          () => acknowledged.push(...records.map((r) => r.value.toString())),
          () => undefined,
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await until('it flows', () => new Set(consumer.all().map((r) => r.value!.toString())).size > 100);
    await move(topic, [0, 1, 2, 3], 2);
    await move(topic, [0, 2], 1);
    await move(topic, [1, 3], 1);
    const before = acknowledged.length;
    await until('it flows again', () => acknowledged.length > before + 100, 40_000);
    on = false;
    await sending;
    const all = () => {
      const values = new Set(consumer.values());
      return acknowledged.every((v) => values.has(v));
    };
    await until('all has come', all, 40_000);
    // Appends that were sent again may be there twice, but no offset is.
    for (const records of consumer.byPartition.values()) {
      expect(records.map((r) => r.offset)).toEqual(records.map((_, i) => i));
    }
    expect(log.health().halted).toEqual([]);
  });
}

const MIB = 1024 * 1024;

describe('while the consumer waits', () => {
  let topic: string;
  const RECORDS = 960;
  beforeAll(async () => {
    if (skip) return;
    topic = `t-${randomUUID().slice(0, 8)}`;
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 4, replicationFactor: 1 }] });
    const log = newLog(topic);
    const value = 'x'.repeat(100_000);
    for (let i = 0; i < RECORDS; i += 80) {
      await log.append(
        topic,
        Array.from({ length: 80 }, (_, k) => record(value, String(i + k))),
      );
    }
  });

  /** MiB of buffers that pile up while nothing is taken, and records that come when it goes on. */
  const pileUp = async (options: Partial<KafkaLogOptions>) => {
    const log = newLog(topic, { groupId: randomUUID(), ...options });
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let calls = 0;
    let count = 0;
    const before = process.memoryUsage().arrayBuffers;
    await log.consume({
      assigned: async () => undefined,
      records: async (_, records) => {
        calls++;
        await held;
        count += records.length;
      },
    });
    await until('every partition is held', () => calls === 4);
    let piled = 0;
    // Until it has not grown for a while, however long a busy machine takes to get there.
    for (let grown = Date.now(); Date.now() - grown < 2500; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const now = (process.memoryUsage().arrayBuffers - before) / MIB;
      if (now > piled + 0.5) [piled, grown] = [now, Date.now()];
    }
    goOn();
    await until('all has come', () => count === RECORDS);
    return piled;
  };

  test('no more is fetched than the buffers may hold', async () => {
    // Also the responses that are taken apart at the moment count: the same bytes once in pieces and once as a whole.
    expect(await pileUp({ bufferBytes: 8 * MIB, totalBufferBytes: 8 * MIB })).toBeLessThan(40);
  });

  test('control: larger buffers take all of it', async () => {
    expect(await pileUp({ bufferBytes: 100 * MIB, totalBufferBytes: 400 * MIB })).toBeGreaterThan(80);
  });
});

test('says that there is more while a transaction stays open, and that there is not once it is aborted', async () => {
  const topic = `t-${randomUUID().slice(0, 8)}`;
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] });
  const log = newLog(topic);
  const consumer = new Recorder();
  await log.consume(consumer);
  await log.append(topic, [record('before')]);
  await until('the first came', () => consumer.ends.get(0) === 1);
  const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const open = await producer.transaction();
  await open.send({ topic, messages: [{ value: 'perhaps' }] });
  await log.append(topic, [record('behind')]);
  // What is in the log and cannot be read yet must not be taken for an end.
  await until('it knows of more', () => consumer.ends.get(0) === 3);
  expect(consumer.values()).toEqual(['before']);
  await open.abort();
  await until('the one behind came', () => consumer.values().length === 2);
  await producer.disconnect();
  expect(consumer.values()).toEqual(['before', 'behind']);
  await until('it is caught up', () => consumer.ends.get(0) === 3);
});
