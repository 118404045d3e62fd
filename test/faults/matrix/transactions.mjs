// @ts-check
/**
 * What else lies in a log: aborted and open transactions, gaps in the offsets, records that a producer wrote twice, and
 * batches in every compression that Kafka knows.
 */
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sleep, until } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */
/** @typedef {import('../oracle.mjs').Produced} Produced */
/** @typedef {import('../victim.mjs').VictimOptions['without']} Without */

const require = createRequire(join(root, 'processor/package.json'));

/** Clients of a scenario's own, ended with it. @param {Scenario} s */
function client(s) {
  const { Kafka, logLevel } = require('kafkajs');
  return new Kafka({
    brokers: s.harness.kafka.brokers,
    clientId: 'faults-transactions',
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 1000 },
  });
}

/** New events of the scenario's first type. @param {Scenario} s @param {number} count */
function events(s, count) {
  const out = [];
  while (out.length < count) {
    const e = s.event(s.next++);
    if (e.type === s.topics[0]?.type) out.push(e);
  }
  return out;
}

/**
 * Three producers whose transactions overlap in one partition, some committed, some aborted, one left open; and one that
 * knows no transactions. What was committed is known from the broker's answers, not from reading: kafkajs' consumer
 * delivers some aborted records where transactions overlap.
 * @param {Env} env
 * @param {{ without?: Without }} [o]
 */
async function transactions(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 2 });
  const kafka = client(s);
  const names = ['a', 'b', 'c'].map((n) => `${s.prefix}-${n}`);
  const producers = names.map((transactionalId) =>
    kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 60_000 }),
  );
  await Promise.all(producers.map((p) => p.connect()));
  /** @type {Produced[]} */
  const produced = [];
  /** Sends events to a partition, and gives them as they lie there. */
  const send = async (/** @type {any} */ by, /** @type {number} */ partition, /** @type {number} */ count) => {
    const values = events(s, count).map((e) => Buffer.from(JSON.stringify(e)));
    const messages = values.map((value) => ({ partition, value }));
    const [{ baseOffset }] = await by.send({ topic: s.topic, acks: -1, messages });
    const place = {
      topic: s.topic,
      type: s.topics[0]?.type ?? '',
      partition,
      timestamp: Date.now(),
      expect: undefined,
    };
    return values.map((value, i) => ({ ...place, offset: Number(baseOffset) + i, value }));
  };
  const round = async (/** @type {number} */ turn) => {
    const open = [];
    for (const p of producers) open.push({ t: await p.transaction(), sent: /** @type {Produced[]} */ ([]) });
    for (let i = 0; i < 3; i++) {
      for (const { t, sent } of open) sent.push(...(await send(t, turn % 2, 40)));
      produced.push(...(await send(s.producer, turn % 2, 20)));
    }
    // Ended in another order than begun; each producer aborts in another round.
    for (const [i, { t, sent }] of [...open.entries()].reverse()) {
      if ((i + turn) % 3 === 0) await t.abort();
      else {
        await t.commit();
        produced.push(...sent);
      }
    }
  };
  try {
    for (let turn = 0; turn < 4; turn++) await round(turn);
    await s.victim({ without, die: { point: 'before_commit', nth: 2 }, pipeline: { maxBatchItems: 100 } }).gone();
    const victim = s.victim({ without, pipeline: { maxBatchItems: 100 } });
    for (let turn = 4; turn < 8; turn++) await round(turn);
    // One stays open: what lies behind it waits, whoever wrote it, and nobody calls the partition complete.
    const [first, second] = producers;
    const open = await first?.transaction();
    const held = [...(await send(open, 0, 30)), ...(await send(s.producer, 0, 30))];
    const aborted = await second?.transaction();
    await send(aborted, 0, 30);
    await aborted?.abort();
    await sleep(2500);
    const problems = [];
    const counted = async () =>
      (
        await s.rows(
          `SELECT count() AS n FROM ${s.database}.raw_integration_api_call WHERE part = 0 AND off >= ${held[0]?.offset}`,
        )
      )[0].n;
    const early = await counted();
    if (early > 0 && without.length === 0)
      problems.push(`${early} records behind the begin of an open transaction were counted`);
    await open?.commit();
    produced.push(...held);
    // The last record that can be delivered; behind it are markers, and aborted records.
    const last = new Map();
    for (const r of produced) last.set(r.partition, Math.max(last.get(r.partition) ?? 0, r.offset + 1));
    const ends = (/** @type {{ topic: string, partition: number, high: number }} */ o) =>
      o.topic === s.topic ? (last.get(o.partition) ?? o.high) : o.high;
    if (without.length === 0) {
      await s.drained({ ends });
      // Caught up behind control records: the lag that is told is none.
      await until('no lag', async () => {
        const [row] = await s.rows(
          `SELECT sum(greatest(0, p.end - p.committed)) AS lag FROM ${s.database}.progress_log AS p FINAL`,
        );
        return row.lag === 0 || undefined;
      });
    } else
      await until(
        'all of it counted',
        async () => (await s.offsets()).every((o) => o.committed >= ends(o)) || undefined,
      );
    if (victim.ended !== undefined) problems.push(`it ended with ${victim.ended}: ${victim.output}`);
    env.note(
      `${produced.length} records committed, beside aborted ones and markers; ${early} of an open transaction counted`,
    );
    produced.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    const v = await s.verdict({ produced });
    return { ...v, problems: [...problems, ...v.problems] };
  } finally {
    await Promise.all(producers.map((p) => p.disconnect().catch(() => undefined)));
  }
}

/**
 * Offsets with holes: markers of transactions, and records at the begin that were deleted before anybody counted them
 * (DeleteRecords) — a new group begins behind them, a group that had begun refuses (see retention-passed-intent).
 * @param {Env} env
 * @param {{ without?: Without }} [o]
 */
async function gaps(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 1 });
  await s.produce(500);
  // kafkajs looks for the leader in what it knows of the topic already.
  await s.admin.fetchTopicOffsets(s.topic);
  await s.admin.deleteTopicRecords({ topic: s.topic, partitions: [{ partition: 0, offset: '200' }] });
  s.sent -= 200;
  const producer = client(s).producer({ transactionalId: `${s.prefix}-g`, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  let holes = 0;
  const hole = async (/** @type {number} */ records) => {
    const t = await producer.transaction();
    const messages = events(s, records).map((e) => ({ partition: 0, value: JSON.stringify(e) }));
    await t.send({ topic: s.topic, acks: -1, messages });
    await t.abort();
    holes += records + 1;
  };
  try {
    // Batches that are open when they are cut short, that end at, begin with and span holes; more comes in behind them, so
    // that a batch built anew would have another end.
    for (const size of [1, 150, 7]) {
      await s.produce(60);
      await hole(size);
      await s.produce(20);
      await hole(3);
      await s.victim({ without, die: { point: 'after_block', nth: 1 } }).gone();
      await s.produce(100);
      await hole(1);
    }
    await s.produce(100);
    s.victim({ without });
    await s.drained();
    env.note(`${holes} offsets of the log hold nothing for consumers`);
    return await s.verdict();
  } finally {
    await producer.disconnect();
  }
}

/** Compressions of the record batches that lie in a partition, as its log file has them. @param {string} folder */
function codecsIn(folder) {
  const found = new Set();
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.log'))) {
    const log = readFileSync(join(folder, file));
    for (let at = 0; at + 61 <= log.length; at += 12 + log.readInt32BE(at + 8)) found.add(log.readInt16BE(at + 21) & 7);
  }
  return [...found].sort();
}

/**
 * Every compression in one topic: the broker compresses anew what comes, with the codecs that Java producers use.
 * @param {Env} env
 */
async function codecs(env) {
  const s = await env.scenario({ partitions: 2 });
  const victims = [s.victim({ die: { point: 'after_block', nth: 5 } })];
  for (let turn = 0; turn < 2; turn++)
    for (const codec of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd']) {
      await s.admin.alterConfigs({
        resources: [{ type: 2, name: s.topic, configEntries: [{ name: 'compression.type', value: codec }] }],
      });
      await s.produce(400);
    }
  await victims[0]?.gone();
  s.victim();
  await s.drained();
  const problems = [];
  const { data } = s.harness.kafka;
  if (data !== undefined) {
    const found = codecsIn(join(data, `${s.topic}-0`));
    env.note(`compressions in the log: ${found.join(', ')} (none, gzip, snappy, lz4, zstd)`);
    if (found.join() !== '0,1,2,3,4') problems.push(`not all compressions are in the log, but ${found}`);
  }
  const v = await s.verdict();
  return { ...v, problems: [...problems, ...v.problems] };
}

/**
 * A topic that compacts would forget events before they are counted: refused at start, loudly, and nothing is committed.
 * @param {Env} env
 */
async function compacted(env) {
  const s = await env.scenario();
  const policy = (/** @type {string} */ value) =>
    s.admin.alterConfigs({
      resources: [{ type: 2, name: s.topic, configEntries: [{ name: 'cleanup.policy', value }] }],
    });
  await s.produce(500);
  const problems = [];
  for (const value of ['compact', 'compact,delete']) {
    await policy(value);
    const refused = s.victim();
    const { error } = await refused.says('refused');
    await refused.gone();
    refused.excused = true;
    if (error.code !== 'CONFIG_INVALID' || !error.message.includes(s.topic))
      problems.push(`with cleanup.policy ${value} it was refused with ${error.code}: ${error.message}`);
    env.note(`${value}: ${error.message}`);
  }
  const touched = (await s.offsets()).filter((o) => o.committed >= 0);
  if (touched.length > 0) problems.push(`offsets were committed: ${JSON.stringify(touched)}`);
  await policy('delete');
  s.victim();
  await s.drained();
  const v = await s.verdict();
  return { ...v, problems: [...problems, ...v.problems] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'transactions',
    title: 'aborted, open and overlapping transactions between committed records, across a kill -9',
    run: (env) => transactions(env),
    control: {
      title: 'the list of aborted transactions is not looked at',
      run: (env) => transactions(env, { without: ['aborted'] }),
    },
  },
  {
    name: 'offset-gaps',
    title: 'offsets that are missing in the middle and at the begin: aborted records, markers, DeleteRecords',
    run: (env) => gaps(env),
    control: {
      title: 'no intent is recorded, so that the range is cut anew',
      run: (env) => gaps(env, { without: ['intents'] }),
    },
  },
  {
    name: 'codecs',
    title: 'gzip, snappy, lz4, zstd and no compression in one topic, across a kill -9',
    run: codecs,
    control: {
      none: 'there is no protection to leave out: a batch that cannot be decompressed stops the partition with an error (kafka/fetch.test.ts flips its bits)',
    },
  },
  {
    name: 'compacted-topic',
    title: 'a topic with cleanup.policy compact: refused at start, and read once it is set to delete',
    run: compacted,
    control: { none: 'what a compacted topic has forgotten is in no log that an oracle could read' },
  },
];
