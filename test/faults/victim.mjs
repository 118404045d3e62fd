// @ts-check
/**
 * A processor process made to be hurt: everything that `shadower start` runs (`startRuntime`), with the methods of the log
 * and the store wrapped so that the process ends (or stops) itself at an exact point, or leaves out a protection for a
 * control. Options come as JSON in FAULT_VICTIM; what happens goes to the parent over IPC.
 */
import { randomUUID } from 'node:crypto';
import { releaseOf } from './release.mjs';

/** Told to end gracefully; may come while everything is still being loaded. */
const told = new Promise((done) => process.once('SIGTERM', done));

/** @type {VictimOptions} */
const o = JSON.parse(process.env.FAULT_VICTIM ?? 'null');
const processor = releaseOf(o.release);
const { startRuntime } = processor('cli/runtime.js');
const { ClickHouseStore } = processor('clickhouse/store.js');
const { domains } = processor('domains/index.js');
const { KafkaLog } = processor('kafka/index.js');

/**
 * @typedef {'before_records' | 'before_intent' | 'after_intent' | 'after_block' | 'before_commit' | 'after_commit'} Point
 * `before_records` is before records are handed to the pipeline; `after_block` is after the acknowledgement of each
 * table's block, so that some tables have the range and others not; `before_commit` after that of the last.
 *
 * @typedef {object} VictimOptions
 * @property {string[]} brokers
 * @property {string} groupId
 * @property {string} topicPrefix
 * @property {string[]} otlpTopics
 * @property {{ url: string, user: string, password: string, database: string, timeoutMs?: number }} clickhouse
 * @property {Record<string, unknown>} [pipeline] over the pipeline's options
 * @property {Record<string, unknown>} [kafka] over the options of KafkaLog
 * @property {{ latenessMs: number | null, futureMs: number }} [time] how late and how early an event may be; null is without limit
 * @property {{ point: Point, nth?: number, signal?: 'SIGKILL' | 'SIGSTOP' }} [die] at the nth time that the point is reached
 * @property {Partial<Record<Point, number>>} [waitMs] how long it dwells at a point, so that random faults meet it there
 * @property {number} [clockMs] what is added to the clock of the whole process; a message `{ clockMs }` changes it
 * @property {string} [release] folder of another compiled processor, see release.mjs
 * @property {('tokens' | 'intents' | 'commit_after_insert' | 'commit_after_flush' | 'digest' | 'recorded_clock' | 'dead_letters' | 'aborted' | 'store_clock' | 'window')[]} [without] protections to leave out:
 *   `tokens`: every insert has a token of its own, so that ClickHouse recognises none; `intents`: no range is recorded, so none is replayed, and what was counted is not known at an assignment;
 *   `commit_after_insert`: the offset moves where the intent would be recorded; `commit_after_flush`: it moves as soon as
 *   records are handed over; `digest`: a replay that judges differently is not noticed; `recorded_clock`: a replay takes
 *   its own clock; `dead_letters`: they are not written; `aborted`: the list of aborted transactions is not looked at;
 *   `store_clock`: ClickHouse is not asked for the time; `window`: what a table may have forgotten is sent again all the same
 */

const without = new Set(o.without ?? []);
/** @param {object} message */
const tell = (message) => void (process.connected && process.send?.(message));
/** @param {any} e */
const plain = (e) => ({ code: e?.code ?? 'unknown', message: String(e?.message ?? e) });
const forever = () => new Promise(() => undefined);

if (o.clockMs !== undefined) {
  const real = Date.now;
  let ahead = o.clockMs;
  Date.now = () => real() + ahead;
  process.on('message', (/** @type {any} */ m) => (ahead = m.clockMs ?? ahead));
}

/** @type {Partial<Record<Point, number>>} */
const reached = {};
/** @param {Point} point */
async function at(point) {
  reached[point] = (reached[point] ?? 0) + 1;
  if (o.die?.point === point && reached[point] === (o.die.nth ?? 1)) {
    process.kill(process.pid, o.die.signal ?? 'SIGKILL');
    if (o.die.signal !== 'SIGSTOP') await forever();
  }
  const wait = o.waitMs?.[point];
  if (wait !== undefined) await new Promise((done) => setTimeout(done, wait));
}

/** Replaces a method by one that gets the original. @param {any} type @param {string} name @param {(original: Function, ...args: any[]) => any} by */
function wrap(type, name, by) {
  const original = type.prototype[name];
  if (typeof original !== 'function') throw new Error(`${type.name} has no method ${name} any more; mend victim.mjs`);
  type.prototype[name] = function (/** @type {any[]} */ ...args) {
    return by.call(this, original.bind(this), ...args);
  };
}

/** Moves the offset as soon as records are handed over: at most once. @param {any} log @param {Function} commit @param {any} consumer */
function eager(log, commit, consumer) {
  /** @type {Map<string, any>} */
  const positions = new Map();
  return {
    assigned: async (/** @type {any[]} */ list) => {
      for (const a of list) positions.set(`${a.topic}/${a.partition}`, a);
      await consumer.assigned(list);
    },
    records: async (/** @type {any} */ tp, /** @type {any} */ records, /** @type {any[]} */ ...rest) => {
      const a = positions.get(`${tp.topic}/${tp.partition}`);
      let to = -1;
      for (const r of records) to = r.offset + 1;
      if (to > a.committed) {
        await commit.call(log, { ...a, from: a.committed, to, at: Date.now(), encoder: 1 });
        a.committed = to;
      }
      await consumer.records(tp, records, ...rest);
    },
  };
}

/** Pending ranges as they were recorded, by partition. @type {Map<string, any>} */
const recorded = new Map();
/** What is handed over of a pending range where part of it is to be forgotten. @param {any} a */
function forgetful(a) {
  if (a.pending === undefined) return a;
  recorded.set(`${a.topic}/${a.partition}`, a.pending);
  const pending = { ...a.pending };
  if (without.has('digest')) delete pending.digest;
  if (without.has('recorded_clock')) pending.at = Date.now();
  return { ...a, pending };
}
/** The range as the log knows it. @param {any} range */
function remembered(range) {
  const was = recorded.get(`${range.topic}/${range.partition}`);
  if (was?.from !== range.from || was?.to !== range.to) return range;
  return { ...range, at: was.at, digest: was.digest };
}

if (without.has('aborted')) {
  const protocol = processor('kafka/protocol.js');
  const { fetch } = protocol;
  protocol.fetch = async (/** @type {any[]} */ ...args) => {
    const fetched = await fetch(...args);
    for (const p of fetched.partitions) p.aborted = [];
    return fetched;
  };
}

const commitOffset = KafkaLog.prototype.commit;
wrap(
  KafkaLog,
  'consume',
  /** @this {any} */ function (/** @type {any} */ original, consumer) {
    const inner = without.has('commit_after_flush') ? eager(this, commitOffset, consumer) : consumer;
    const given = {
      assigned: (/** @type {any[]} */ list) => inner.assigned(list.map(forgetful)),
      records: async (/** @type {any[]} */ ...args) => {
        await at('before_records');
        await inner.records(...args);
      },
    };
    return original(given).then(() => tell({ event: 'assigned' }));
  },
);
wrap(
  KafkaLog,
  'recordIntent',
  /** @this {any} */ async function (/** @type {any} */ original, range) {
    await at('before_intent');
    if (without.has('commit_after_insert')) await commitOffset.call(this, range);
    else if (!without.has('intents') && !without.has('commit_after_flush')) await original(range);
    await at('after_intent');
  },
);
wrap(KafkaLog, 'commit', async function (/** @type {any} */ original, range) {
  await at('before_commit');
  try {
    if (!without.has('commit_after_insert') && !without.has('commit_after_flush')) await original(remembered(range));
  } catch (e) {
    tell({ event: 'refused_commit', range, error: plain(e) });
    throw e;
  }
  tell({ event: 'flushed', topic: range.topic, partition: range.partition, from: range.from, to: range.to });
  await at('after_commit');
});
if (without.has('store_clock')) wrap(ClickHouseStore, 'now', async () => Infinity);
if (without.has('intents'))
  wrap(ClickHouseStore, 'progress', async (original, ...args) => {
    const known = await original(...args);
    return known && { ...known, counted: 0 };
  });
if (without.has('window')) wrap(ClickHouseStore, 'remembers', async () => undefined);
wrap(ClickHouseStore, 'insert', async function (/** @type {any} */ original, block, token, ...rest) {
  if (without.has('dead_letters') && block.table === 'dead_letters') return;
  try {
    await original(block, without.has('tokens') ? `${token}#${randomUUID()}` : token, ...rest);
  } catch (e) {
    tell({ event: 'store_failed', error: plain(e) });
    throw e;
  }
  await at('after_block');
});

const write = (/** @type {string} */ level) => (/** @type {any} */ fields, /** @type {string} */ message) =>
  tell({ event: level, message: message ?? fields, ...(fields?.err && { error: plain(fields.err) }) });
const quiet = () => undefined;
/** @type {any} what Fastify wants of a logger */
const logger = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: write('warn'),
  error: write('error'),
  fatal: write('error'),
};
Object.assign(logger, { level: 'warn', silent: quiet, child: () => logger });

const hex = '0'.repeat(64);
const starting = startRuntime({
  domains,
  clickhouse: o.clickhouse,
  log: {
    kafka: {
      brokers: o.brokers,
      groupId: o.groupId,
      createTopics: { partitions: 1, replicationFactor: 1 },
      sessionTimeoutMs: 2000,
      rebalanceTimeoutMs: 4000,
      timeoutMs: 10_000,
      ...o.kafka,
    },
  },
  topicPrefix: o.topicPrefix,
  otlpTopics: o.otlpTopics,
  auth: { apiKeys: [{ id: 'nobody', sha256: hex, workspaces: ['*'], scopes: ['query'] }] },
  http: { host: '127.0.0.1', port: 0 },
  pipeline: {
    flushIntervalMs: 100,
    maxBatchItems: 400,
    progressIntervalMs: 500,
    retryMaxMs: 1000,
    // One after the other, so that the nth block is always the same table's.
    insertConcurrency: 1,
    ...o.pipeline,
  },
  ...(o.time && { time: { ...o.time, latenessMs: o.time.latenessMs ?? Infinity } }),
  logger,
});

void told.then(async () => {
  const runtime = await starting.catch(() => undefined);
  await Promise.race([runtime?.stop(), new Promise((done) => setTimeout(done, 50_000))]);
  process.exit(0);
});
// Whoever started this process is gone.
process.once('disconnect', () => process.exit(1));
starting.then(
  () => tell({ event: 'started' }),
  (e) => {
    tell({ event: 'refused', error: plain(e) });
    setTimeout(() => process.exit(2), 100);
  },
);
