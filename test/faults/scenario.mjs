// @ts-check
/** One run of a fault: its topics, group, database, producer and processors, and what the oracle says in the end. */
import { fork, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiKeyEntry, freePorts, root, sleep, until } from '../support/stack.mjs';
import { nthEvent, TYPES } from './events.mjs';
import { judge, readBack } from './oracle.mjs';
import { Processor, USER } from './processes.mjs';
import { releaseOf } from './release.mjs';

const require = createRequire(join(root, 'processor/package.json'));
const here = dirname(fileURLToPath(import.meta.url));

/** Bound on the peak resident memory of every processor process, MiB. */
export const RSS_LIMIT_MB = 256;

/** @typedef {import('./oracle.mjs').Produced} Produced */
/** @typedef {import('./oracle.mjs').Verdict} Verdict */

/**
 * @typedef {object} ScenarioOptions
 * @property {number} [partitions]
 * @property {import('./processes.mjs').Store} [store] another ClickHouse than the harness'
 * @property {string} [release] folder of another compiled processor, which makes the schema
 */

/** Whether a range is recorded as in flight. @param {string} metadata */
function inFlight(metadata) {
  try {
    return JSON.parse(metadata).to !== undefined;
  } catch {
    return false;
  }
}

/** One run of a fault: topics, group, database, producer and processors of its own. */
export class Scenario {
  /** @type {Processor[]} */
  processors = [];
  /** What was read back of topics that are gone since. @type {Produced[]} */
  kept = [];
  /** kafkajs' client, admin client and producer. @type {any} */
  client;
  /** @type {any} */
  admin;
  /** @type {any} */
  producer;
  sent = 0;
  next = 0;

  /** @param {import('./harness.mjs').Harness} harness @param {string} name @param {ScenarioOptions} o */
  constructor(harness, name, { partitions = 4, store = harness.store, release }) {
    this.harness = harness;
    this.store = store;
    this.release = release;
    this.prefix = name;
    this.group = `${name}-group`;
    this.database = `db_${name}`;
    this.partitions = partitions;
    /** Topics by event type, the ones of the harness' events. */
    this.topics = TYPES.map((type) => ({ topic: `${name}.${type}`, type }));
    /** The topic that most faults are about. */
    this.topic = `${name}.${TYPES[0]}`;
  }

  async prepare() {
    await this.connect();
    const compiled = releaseOf(this.release);
    const { ClickHouse } = compiled('clickhouse/client.js');
    const { migrate } = compiled('clickhouse/migrate.js');
    const { domains } = compiled('domains/index.js');
    const ch = new ClickHouse(this.store.config(this.database));
    try {
      await migrate(ch, domains);
    } finally {
      await ch.close();
    }
    await this.createTopics();
  }

  /** Clients of the harness' own; made anew when a topic was, since they remember its leaders. */
  async connect() {
    const { Kafka, Partitioners, logLevel } = require('kafkajs');
    await this.disconnect();
    this.client = new Kafka({
      brokers: this.harness.kafka.brokers,
      clientId: 'faults',
      logLevel: logLevel.NOTHING,
      retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 2000 },
    });
    this.admin = this.client.admin();
    this.producer = this.client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await Promise.all([this.admin.connect(), this.producer.connect()]);
  }

  async disconnect() {
    await Promise.all([this.admin?.disconnect(), this.producer?.disconnect()].map((p) => p?.catch(() => undefined)));
  }

  createTopics(topics = this.topics.map((t) => t.topic)) {
    return this.admin.createTopics({
      waitForLeaders: true,
      topics: topics.map((topic) => ({
        topic,
        numPartitions: topic === this.topic ? this.partitions : 1,
        replicationFactor: 1,
      })),
    });
  }

  rows = (/** @type {string} */ sql) => this.store.rows(sql);

  // ---------------------------------------------------------------- the producer

  /** The nth event. @param {number} n @param {Record<string, unknown>} [extra] */
  event = (n, extra) => nthEvent(n, this, extra);
  /** Now, when the scenario began; event times hang on it. */
  epoch = Date.now();

  /**
   * Appends `count` new events, spread over the partitions; resolves when Kafka has them.
   * @param {number} count @param {{ extra?: (n: number) => Record<string, unknown> }} [o] `extra` fields over the events'
   */
  async produce(count, { extra } = {}) {
    const first = this.next;
    this.next += count;
    await this.append(
      Array.from({ length: count }, (_, i) => first + i),
      { ...(extra && { extra }) },
    );
  }

  /**
   * Appends the events of these numbers, each always to the same partition: numbers used before are sent once more.
   * @param {number[]} numbers @param {{ extra?: (n: number) => Record<string, unknown> }} [o]
   */
  async append(numbers, { extra } = {}) {
    const CHUNK = 500;
    for (let i = 0; i < numbers.length; i += CHUNK) {
      /** @type {Map<string, object[]>} */
      const byTopic = new Map(this.topics.map((t) => [t.topic, []]));
      for (const n of numbers.slice(i, i + CHUNK)) {
        const e = this.event(n, extra?.(n));
        const topic = `${this.prefix}.${e.type}`;
        const partition = topic === this.topic ? n % this.partitions : 0;
        byTopic.get(topic)?.push({ partition, value: JSON.stringify(e) });
      }
      await this.send(byTopic);
    }
  }

  /** Whether the nth event carries an event_id. @param {number} n */
  hasId = (n) => this.event(n).event_id !== undefined;

  /** Appends messages as they are. @param {Map<string, object[]>} byTopic */
  async send(byTopic) {
    const topicMessages = [...byTopic]
      .filter(([, m]) => m.length > 0)
      .map(([topic, messages]) => ({ topic, messages }));
    await this.producer.sendBatch({ acks: -1, topicMessages });
    for (const t of topicMessages) this.sent += t.messages.length;
  }

  /**
   * Produces in the background until `stop` is called; `stop` rejects when it failed.
   * @param {number} perSecond
   */
  load(perSecond) {
    let running = true;
    const work = (async () => {
      while (running) {
        const began = Date.now();
        await this.produce(Math.max(1, Math.round(perSecond / 10)));
        await sleep(Math.max(0, 100 - (Date.now() - began)));
      }
    })();
    work.catch(() => undefined);
    return {
      stop: async () => {
        running = false;
        await work;
      },
    };
  }

  // ---------------------------------------------------------------- processors

  /**
   * Starts a victim (see victim.mjs); it runs at once, `says('assigned')` waits for its partitions.
   * @param {Partial<import('./victim.mjs').VictimOptions> & { clickhouseUrl?: string }} [o]
   */
  victim({ clickhouseUrl, ...o } = {}) {
    const options = {
      brokers: this.harness.kafka.brokers,
      groupId: this.group,
      topicPrefix: this.prefix,
      otlpTopics: [`${this.prefix}.otlp`],
      clickhouse: this.store.config(this.database, clickhouseUrl),
      ...o,
    };
    const child = fork(join(here, 'victim.mjs'), [], {
      env: { ...process.env, FAULT_VICTIM: JSON.stringify(options) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return this.watch(child);
  }

  /** `shadower start` beside Kafka and ClickHouse, ready. @param {Record<string, string>} [env] */
  async command(env = {}) {
    const port = await freePorts(1);
    const keys = join(this.harness.folder, `${this.prefix}-keys.json`);
    writeFileSync(keys, JSON.stringify([apiKeyEntry('faults', `shk_${USER.password}`, ['query', 'admin'])]));
    const store = this.store.config(this.database);
    const args = ['start', '--no-demo', '--no-grafana', '--port', String(port)];
    args.push('--data', join(this.harness.folder, this.prefix));
    const child = spawn(process.execPath, [join(root, 'processor/bin/shadower.js'), ...args], {
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('SHADOWER_'))),
        SHADOWER_KAFKA_BROKERS: this.harness.kafka.brokers.join(','),
        SHADOWER_KAFKA_GROUP: this.group,
        SHADOWER_KAFKA_PARTITIONS: '1',
        SHADOWER_TOPIC_PREFIX: this.prefix,
        SHADOWER_OTLP_TOPICS: `${this.prefix}.otlp`,
        SHADOWER_CLICKHOUSE_URL: store.url,
        SHADOWER_CLICKHOUSE_USER: store.user,
        SHADOWER_CLICKHOUSE_PASSWORD: store.password,
        SHADOWER_CLICKHOUSE_DATABASE: store.database,
        SHADOWER_API_KEYS_FILE: keys,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const p = this.watch(child);
    await until(
      () => `readiness: ${p.output}`,
      async () => {
        if (p.ended !== undefined) throw new Error(`shadower start ended with ${p.ended}: ${p.output}`);
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
        return answer?.status === 200 || undefined;
      },
      60,
    );
    return p;
  }

  /** @param {import('node:child_process').ChildProcess} child */
  watch(child) {
    const p = new Processor(child);
    this.processors.push(p);
    return p;
  }

  // ---------------------------------------------------------------- the group

  /** The group's offsets: committed, metadata, and the ends of the log. */
  async offsets() {
    const { admin } = this;
    const topics = this.topics.map((t) => t.topic);
    const [committed, ...ends] = await Promise.all([
      admin.fetchOffsets({ groupId: this.group, topics }),
      ...topics.map((t) => admin.fetchTopicOffsets(t)),
    ]);
    return topics.flatMap((topic, i) =>
      ends[i].map(({ partition, low, high }) => {
        const c = committed.find((x) => x.topic === topic)?.partitions.find((x) => x.partition === partition);
        return {
          topic,
          partition,
          low: Number(low),
          high: Number(high),
          committed: Number(c?.offset ?? -1),
          metadata: c?.metadata ?? '',
          pending: inFlight(c?.metadata ?? ''),
        };
      }),
    );
  }

  /**
   * Waits until the group has committed everything there is.
   * @param {{ seconds?: number, ends?: (o: { topic: string, partition: number, high: number }) => number }} [o] `ends`
   *   where the last deliverable offset is not the end of the log (aborted transactions, compaction)
   */
  async drained({ seconds = 180, ends = (o) => o.high } = {}) {
    let last = /** @type {any[]} */ ([]);
    const open = () => last.filter((o) => o.committed !== ends(o) || o.pending);
    await until(
      () => `everything committed: ${JSON.stringify(open())} ${this.said()}`,
      async () => {
        const dead = this.processors.find((p) => !p.excused && p.all('refused').length > 0);
        if (dead !== undefined) throw new Error(`a processor refused to start: ${JSON.stringify(dead.events.at(-1))}`);
        last = await this.offsets().catch(() => last);
        return (last.length > 0 && open().length === 0) || undefined;
      },
      seconds,
    );
  }

  /**
   * Waits until a processor says something with this code, and answers with that error.
   * @param {import('./processes.mjs').Processor} p @param {string} code
   * @returns {Promise<{ code: string, message: string }>}
   */
  complains(p, code) {
    return until(
      () => `${code}; ${this.said()}`,
      async () =>
        [...p.all('warn'), ...p.all('error'), ...p.all('refused')].map((e) => e.error).find((e) => e?.code === code),
      40,
    );
  }

  /**
   * Waits until the processors are through, or say that they cannot go on. Answers with the halt's error, or undefined
   * when they resumed unaided.
   * @param {number} [seconds]
   * @returns {Promise<{ code: string, message: string } | undefined>}
   */
  async drainedOrHalted(seconds = 60) {
    const halt = () =>
      this.processors
        .filter((p) => !p.excused)
        .flatMap((p) => [...p.all('refused'), ...p.all('error')])
        .map((e) => e.error)
        .find((e) => e !== undefined && e.code !== 'unknown');
    let error;
    await until(
      () => `everything committed, or a halt: ${this.said()}`,
      async () => {
        error = halt();
        const offsets = await this.offsets().catch(() => []);
        return error !== undefined || (offsets.length > 0 && offsets.every((o) => o.committed === o.high)) || undefined;
      },
      seconds,
    );
    return error;
  }

  /**
   * What an operator does with kafka-consumer-groups --reset-offsets; the group has to be empty.
   * @param {(o: { topic: string, partition: number, low: number, high: number, committed: number }) => number | undefined} to
   */
  async setOffsets(to) {
    const offsets = await this.offsets();
    for (const { topic } of this.topics) {
      const partitions = offsets
        .filter((o) => o.topic === topic)
        .flatMap((o) => {
          const offset = to(o);
          return offset === undefined ? [] : [{ partition: o.partition, offset: String(offset) }];
        });
      if (partitions.length === 0) continue;
      // Members that died without a word are in the group until their session has ended.
      await until(
        () => `offsets of ${topic} set`,
        () =>
          this.admin.setOffsets({ groupId: this.group, topic, partitions }).then(
            () => true,
            () => undefined,
          ),
        20,
      );
    }
  }

  /**
   * Commits offsets with their metadata, as a member of the group; no processor may run.
   * @param {{ topic: string, partition: number, committed: number, metadata: string }[]} offsets
   */
  async restoreOffsets(offsets) {
    const consumer = this.client.consumer({ groupId: this.group, sessionTimeout: 6000 });
    const joined = new Promise((done) => consumer.on(consumer.events.GROUP_JOIN, done));
    const topics = [...new Set(offsets.map((o) => o.topic))];
    await consumer.connect();
    try {
      await consumer.subscribe({ topics });
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
      consumer.pause(topics.map((topic) => ({ topic })));
      await joined;
      await consumer.commitOffsets(offsets.map((o) => ({ ...o, offset: String(o.committed) })));
    } finally {
      await consumer.disconnect();
    }
  }

  /** Deletes a topic and makes it anew, empty. @param {string} [topic] */
  async recreate(topic = this.topic) {
    await this.admin.deleteTopics({ topics: [topic] });
    await until(`${topic} gone`, async () => !(await this.admin.listTopics()).includes(topic) || undefined, 30);
    // The broker may refuse the name for a moment after it has stopped to list it.
    await until(
      `${topic} made anew`,
      () =>
        this.createTopics([topic]).then(
          () => true,
          () => undefined,
        ),
      30,
    );
    await this.connect();
  }

  /** Last words of the processors, for messages. */
  said = () => this.processors.map((p) => `\n  ${p.pid}: ${JSON.stringify(p.events.slice(-4))} ${p.output}`).join('');

  /** Ends every processor that is left, gracefully. What they complained of is past. */
  async end() {
    await Promise.all(this.processors.map((p) => (p.ended === undefined ? p.end() : p.ended)));
    for (const p of this.processors) p.excused = true;
  }

  // ---------------------------------------------------------------- the oracle

  /** Reads back what is in the topics now, and keeps it: they are about to go. */
  async keep() {
    this.kept.push(...(await this.readBack()));
  }

  readBack = () => readBack(this.harness.kafka.brokers, this.topics);

  /**
   * Ends the processors and asks the oracle.
   * @param {{ produced?: readonly Produced[], identity?: (r: Produced, event: any) => string | undefined }} [o] `produced`
   *   where the topics do not hold everything any more
   * @returns {Promise<Verdict>}
   */
  async verdict({ produced, identity } = {}) {
    await this.end();
    const all = produced ?? [...this.kept, ...(await this.readBack())];
    const v = await judge({ rows: this.rows, database: this.database, produced: all, ...(identity && { identity }) });
    for (const p of this.processors)
      if (p.told && p.ended !== 0 && p.all('refused').length === 0)
        v.problems.push(`told to end, process ${p.pid} ended with ${p.ended}: ${p.output}`);
    if (produced === undefined && this.kept.length === 0 && all.length < this.sent)
      v.problems.push(`the topics hold ${all.length} records, ${this.sent} were acknowledged`);
    const peakRssMb = Math.max(0, ...this.processors.map((p) => p.peakMb));
    if (peakRssMb > RSS_LIMIT_MB)
      v.problems.push(`a processor took ${Math.round(peakRssMb)} MiB of memory; the bound is ${RSS_LIMIT_MB}`);
    return { ...v, peakRssMb };
  }

  /** Leaves nothing behind; kills what still runs. */
  async close() {
    await Promise.all(this.processors.map((p) => p.kill9()));
    await this.disconnect();
    await this.rows(`DROP DATABASE IF EXISTS ${this.database}`).catch(() => undefined);
  }
}
