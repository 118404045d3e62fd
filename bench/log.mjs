// @ts-check
/** A real Kafka with the workload in it. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { kafkaHarness } from '../test/support/kafka.mjs';
import { onEnd, root, sleep } from '../test/support/stack.mjs';
import { EVENT_TYPE, eventMaker, timeline } from './workload.mjs';

const require = createRequire(join(root, 'processor/package.json'));
const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = require('kafkajs');

export const PARTITIONS = 4;
/** Records per partition in one produce request, which is one record batch: what a producer with some linger makes. */
const BATCH = 500;

/** lz4 frames as Kafka's own clients write them; the processor itself only reads lz4. */
function registerLz4() {
  const { compressFrameSync, decompressFrameSync } = require('lz4-napi');
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async (/** @type {{buffer: Buffer}} */ e) => compressFrameSync(e.buffer),
    decompress: async (/** @type {Buffer} */ b) => decompressFrameSync(b),
  });
}

/** Starts a broker; it ends with the run. */
export async function startLog() {
  const harness = kafkaHarness();
  const reason = await harness.unavailable();
  if (reason !== null) throw new Error(`no Kafka: ${reason}`);
  const kafka = await harness.start();
  onEnd(() => kafka.stop());
  return new Log(kafka.brokers, kafka.by);
}

export const topicOf = (/** @type {string} */ prefix) => `${prefix}.${EVENT_TYPE}`;

export class Log {
  /**
   * @param {string[]} brokers
   * @param {string} by how the broker runs
   */
  constructor(brokers, by) {
    this.brokers = brokers;
    this.by = by;
    const kafka = new Kafka({ brokers, clientId: 'bench', logLevel: logLevel.NOTHING });
    this.admin = kafka.admin();
    this.producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
    });
    registerLz4();
  }

  async connect() {
    if (this.connected) return;
    this.connected = true;
    await this.admin.connect();
    await this.producer.connect();
    onEnd(async () => {
      await this.producer.disconnect();
      await this.admin.disconnect();
    });
  }

  /** Makes the topic of the workload below `prefix`, where it is missing. */
  async createTopic(/** @type {string} */ prefix) {
    await this.connect();
    if ((await this.admin.listTopics()).includes(topicOf(prefix))) return;
    await this.admin.createTopics({
      topics: [{ topic: topicOf(prefix), numPartitions: PARTITIONS, replicationFactor: 1 }],
      waitForLeaders: true,
    });
  }

  /**
   * Sends events, keyed by the integration that they are about, as producers key by what has an order, and resolves when the broker has them.
   * @param {string} prefix
   * @param {{id: string, key: string, json: string}[]} events
   * @param {'lz4' | 'none'} compression
   */
  async send(prefix, events, compression) {
    await this.producer.send({
      topic: topicOf(prefix),
      acks: 1,
      compression: compression === 'lz4' ? CompressionTypes.LZ4 : CompressionTypes.None,
      messages: events.map((e) => ({ key: e.key, value: e.json })),
    });
  }

  /**
   * Fills a topic, new or not, with the workload.
   * @param {string} prefix
   * @param {{events: number, series: number, minutes: number, compression: 'lz4' | 'none', seed?: number}} o
   * @returns {Promise<{events: number, bytes: number, seconds: number}>}
   */
  async fill(prefix, o) {
    await this.createTopic(prefix);
    const started = Date.now();
    const next = eventMaker(o);
    const timeOf = timeline({ events: o.events, minutes: o.minutes, now: started });
    let bytes = 0;
    for (let n = 0; n < o.events;) {
      const chunk = [];
      for (; chunk.length < BATCH * PARTITIONS && n < o.events; n++) {
        const e = next(timeOf(n));
        bytes += e.json.length;
        chunk.push(e);
      }
      await this.send(prefix, chunk, o.compression);
    }
    return { events: o.events, bytes, seconds: (Date.now() - started) / 1000 };
  }

  /** Resolves when the consumer group has its first member: that is where consumption begins. */
  async untilConsuming(/** @type {string} */ group, /** @type {() => string | undefined} */ ended, seconds = 60) {
    for (const deadline = Date.now() + seconds * 1000; ; await sleep(20)) {
      const { groups } = await this.admin.describeGroups([group]);
      if (groups[0]?.members.length > 0) return;
      const why = ended();
      if (why !== undefined) throw new Error(`${group} ended before it consumed: ${why}`);
      if (Date.now() > deadline) throw new Error(`${group}: no member of the consumer group within ${seconds} s`);
    }
  }

  /**
   * Resolves when the group has committed all `events` of the workload's topic, with the time when that was seen. Asks the
   * broker, so that no contestant pays for the question; they all commit after their inserts. Fails when nothing is
   * committed for a minute.
   * @param {string} prefix
   * @param {string} group
   * @param {number} events
   * @param {() => string | undefined} ended
   */
  async untilCommitted(prefix, group, events, ended) {
    let [last, since] = [-1, Date.now()];
    for (;;) {
      const [{ partitions }] = await this.admin.fetchOffsets({ groupId: group, topics: [topicOf(prefix)] });
      const n = partitions.reduce(
        (/** @type {number} */ sum, /** @type {any} */ p) => sum + Math.max(0, Number(p.offset)),
        0,
      );
      if (n >= events) return Date.now();
      if (n !== last) [last, since] = [n, Date.now()];
      const why = ended();
      if (why !== undefined) throw new Error(`${group} ended at ${n} of ${events} events: ${why}`);
      if (Date.now() - since > 60_000)
        throw new Error(`${group}: ${n} of ${events} events, and none more for a minute`);
      await sleep(50);
    }
  }
}
