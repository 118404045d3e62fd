/** Reading on while partitions move between two real brokers, and with a full buffer. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { record, Recorder, until } from '../pipeline/event-log.contract';
import { KafkaLog, type KafkaLogOptions } from './kafka-log';
import { kafkaUnavailable, startKafka, type TestKafka } from './testing/kafka';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let skip: string | null;
let cluster: TestKafka;
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
  admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }).admin();
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
