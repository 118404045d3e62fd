// @ts-check
/**
 * Whether what lies in ClickHouse is what lay in Kafka. Works from the topics as a consumer of its own reads them, and
 * from raw rows as SQL gives them: sets of offsets, contents of events, every rollup computed anew from raw, and the
 * accounting. Shares the domains' declarations with the processor (they define what a rollup is), and none of the code
 * that reads, windows or aggregates.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TextDecoder } from 'node:util';
import { processor, root } from '../support/stack.mjs';

const require = createRequire(join(root, 'processor/package.json'));
const { domains } = processor('domains/index.js');
const { GRAINS } = processor('domains/define.js');
const { allRollups } = processor('vocabulary/edges.js');
const { sumScale } = processor('vocabulary/exact.js');

/**
 * A record as it was read back. `expect` is what the producer says of it in the header of that name:
 * `dead_letter:CODE`; without, it is a valid event.
 * @typedef {{ topic: string, type: string, partition: number, offset: number, value: Buffer | null, timestamp: number, expect: string | undefined }} Produced
 *
 * @typedef {object} Verdict
 * @property {number} lost events or dead letters that are missing, in raw or in any rollup
 * @property {number} duplicated those that are there too often
 * @property {string[]} problems what is wrong, in words; empty when all is well
 * @property {number} records records judged
 * @property {number} peakRssMb
 */

/** Leaves out a byte order mark, as readers of JSON may. */
const utf8 = new TextDecoder();
const SEPARATOR = '\u001f';
/** DDSketch's bucket with 2 % error, as docs/architecture.md defines it. @param {number} x */
const bucket = (x) => (x > 0 ? Math.ceil(Math.log(x) * (1 / Math.log(1.02 / 0.98))) : -32768);
/** What enters a sum: rounded so that any order of addition gives the same bits. @param {any} m @param {number} v */
const summand = (m, v) => (m.integer || m.kind === 'count' ? v : Math.round(v * sumScale(m)) / sumScale(m));

/**
 * Reads topics from their beginning to their end, committed records only.
 * @param {string[]} brokers
 * @param {{ topic: string, type: string }[]} topics
 * @returns {Promise<Produced[]>}
 */
export async function readBack(brokers, topics) {
  const { Kafka, logLevel } = require('kafkajs');
  const { registerCodecs } = processor('kafka/codecs.js');
  registerCodecs();
  const kafka = new Kafka({ brokers, clientId: 'oracle', logLevel: logLevel.NOTHING, retry: { retries: 10 } });
  const admin = kafka.admin();
  await admin.connect();
  /** @type {Map<string, number>} */
  const open = new Map();
  for (const { topic } of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) open.set(`${topic}/${partition}`, Number(high));
  await admin.disconnect();
  /** @type {Produced[]} */
  const out = [];
  if (open.size === 0) return out;
  const types = new Map(topics.map((t) => [t.topic, t.type]));
  const groupId = `oracle-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const consumer = kafka.consumer({ groupId, sessionTimeout: 20_000, maxWaitTimeInMs: 50 });
  let finished = () => {};
  let failed = (/** @type {Error} */ _) => {};
  const done = new Promise((resolve, reject) => {
    finished = () => resolve(undefined);
    failed = reject;
  });
  const timer = setTimeout(
    () => failed(new Error(`the oracle could not read ${[...open.keys()].join(', ')} to the end within 120 s`)),
    120_000,
  );
  const passed = (/** @type {string} */ key, /** @type {number} */ next) => {
    if (next >= (open.get(key) ?? Infinity)) open.delete(key);
    if (open.size === 0) finished();
  };
  // Also of fetches that hold nothing to deliver (aborted transactions), for which there is no eachBatch.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: p }) =>
    passed(`${p.topic}/${p.partition}`, Number(p.lastOffset) + 1),
  );
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload: p }) => {
    if (p.batchSize === 0) passed(`${p.topic}/${p.partition}`, Number(p.lastOffset) + 1);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: topics.map((t) => t.topic), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const m of batch.messages)
          out.push({
            topic: batch.topic,
            type: types.get(batch.topic) ?? '',
            partition: batch.partition,
            offset: Number(m.offset),
            value: m.value,
            timestamp: Number(m.timestamp),
            expect: m.headers?.expect?.toString(),
          });
      },
    });
    await done;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return out;
}

/** Counts by key. */
class Bag {
  /** @type {Map<string, number>} */
  counts = new Map();
  /** @param {string} key @param {number} [n] */
  add(key, n = 1) {
    this.counts.set(key, (this.counts.get(key) ?? 0) + n);
  }
  /**
   * What is missing from, and what is too much in, `other`.
   * @param {Bag} other
   */
  against(other) {
    let missing = 0;
    let surplus = 0;
    const samples = [];
    for (const key of new Set([...this.counts.keys(), ...other.counts.keys()])) {
      const d = (other.counts.get(key) ?? 0) - (this.counts.get(key) ?? 0);
      if (d < 0) missing -= d;
      if (d > 0) surplus += d;
      if (d !== 0 && samples.length < 3)
        samples.push(`${key.replaceAll(SEPARATOR, '|')} ${d > 0 ? `${d} too many` : `${-d} missing`}`);
    }
    return { missing, surplus, samples };
  }
}

/** Tells events at the same offset of a topic apart that was made anew. @param {any} e */
const markOf = (e) => `${e.event_id ?? ''}/${e.trace_id ?? ''}`;

/** A rollup as a map from window and dimensions to measures, computed from events. */
function rollUp(source, eventsByType, seconds) {
  const { dimensions, measures } = source.rollup;
  const dims = Object.values(dimensions);
  /** @type {Map<string, Record<string, any>>} */
  const out = new Map();
  for (const [type, makers] of source.sources)
    for (const event of eventsByType.get(type) ?? [])
      for (const maker of makers) {
        const row = maker(event);
        if (row === null) continue;
        const t = Math.floor(event.time / 1000 / seconds) * seconds;
        const key = [event.workspace, t, ...dims.map((d) => d.value(row))].join(SEPARATOR);
        let into = out.get(key);
        if (into === undefined) out.set(key, (into = {}));
        for (const [name, m] of Object.entries(measures)) {
          const v = m.value(row);
          if (m.kind === 'histogram') {
            into[`${name}_hist`] ??= {};
            into[`${name}_sum`] ??= 0;
            into[`${name}_count`] ??= 0;
            into[`${name}_max`] ??= null;
            if (v === undefined || v === null) continue;
            const b = bucket(v);
            into[`${name}_hist`][b] = (into[`${name}_hist`][b] ?? 0) + 1;
            into[`${name}_sum`] += summand(m, v);
            into[`${name}_count`] += 1;
            into[`${name}_max`] = Math.max(into[`${name}_max`] ?? -Infinity, v);
          } else if (m.kind === 'max' || m.kind === 'min') {
            into[name] ??= null;
            if (v !== undefined && v !== null) into[name] = into[name] === null ? v : Math[m.kind](into[name], v);
          } else into[name] = (into[name] ?? 0) + summand(m, v ?? 0);
        }
      }
  return out;
}

/** The same as ClickHouse has it, merged. */
async function rollupRows(rows, database, source, grain) {
  const { name, dimensions, measures } = source.rollup;
  const columns = Object.entries(measures).flatMap(([m, { kind }]) =>
    kind === 'histogram'
      ? [
          { name: `${m}_hist`, f: 'sumMap' },
          { name: `${m}_sum`, f: 'sum' },
          { name: `${m}_count`, f: 'sum' },
          { name: `${m}_max`, f: 'max' },
        ]
      : [{ name: m, f: kind === 'count' ? 'sum' : kind }],
  );
  const keys = Object.keys(dimensions);
  const select = [
    'x.workspace AS workspace',
    'toUnixTimestamp(x.t) AS t',
    ...keys.map((k) => `x.${k} AS ${k}`),
    ...columns.map((c) => `${c.f}(x.${c.name}) AS ${c.name}`),
  ];
  const result = await rows(
    `SELECT ${select.join(', ')} FROM ${database}.${name}_${grain} AS x GROUP BY ${['x.workspace', 'x.t', ...keys.map((k) => `x.${k}`)].join(', ')}`,
  );
  /** @type {Map<string, Record<string, any>>} */
  const out = new Map();
  for (const row of result)
    out.set(
      [row.workspace, row.t, ...keys.map((k) => row[k])].join(SEPARATOR),
      Object.fromEntries(columns.map((c) => [c.name, row[c.name]])),
    );
  return out;
}

/** Differences between two rollups; `count` says how many more or fewer there are by the measure that counts. */
function compareRollups(table, counter, want, have) {
  const problems = [];
  let missing = 0;
  let surplus = 0;
  const note = (key, text) => {
    if (problems.length < 3) problems.push(`${table}: ${key.replaceAll(SEPARATOR, '|')}: ${text}`);
  };
  for (const key of new Set([...want.keys(), ...have.keys()])) {
    const [w, h] = [want.get(key), have.get(key)];
    const d = Number(h?.[counter] ?? 0) - Number(w?.[counter] ?? 0);
    if (d > 0) surplus += d;
    else missing -= d;
    if (w === undefined || h === undefined) {
      note(key, h === undefined ? 'is missing' : 'should not be');
      continue;
    }
    for (const [name, value] of Object.entries(w)) {
      const other = h[name];
      const same =
        value !== null && typeof value === 'object'
          ? Object.keys(value).length === Object.keys(other ?? {}).length &&
            Object.entries(value).every(([k, n]) => Number(other[k]) === n)
          : value === other;
      if (!same) note(key, `${name} is ${JSON.stringify(other)}, from raw it is ${JSON.stringify(value)}`);
    }
  }
  return { problems, missing, surplus };
}

/**
 * @param {object} given
 * @param {(sql: string) => Promise<any[]>} given.rows runs SQL
 * @param {string} given.database
 * @param {readonly Produced[]} given.produced everything that was in the topics, in the order of each partition
 * @param {(r: Produced, event: any) => string | undefined} [given.identity] what makes two records the same event;
 *   undefined for a record that stands for itself. By default workspace, type and event_id.
 * @returns {Promise<Omit<Verdict, 'peakRssMb'>>}
 */
export async function judge({ rows, database, produced, identity }) {
  /** @type {string[]} */
  const problems = [];
  let lost = 0;
  let duplicated = 0;
  const idOf =
    identity ??
    ((r, e) => (e.event_id === undefined ? undefined : [e.workspace, e.type ?? r.type, e.event_id].join(SEPARATOR)));

  // ---- what should be there
  const wantRaw = new Bag();
  const wantDead = new Bag();
  const wantAccounts = new Bag();
  const seen = new Set();
  /** @type {Map<string, any>} */
  const contents = new Map();
  for (const r of produced) {
    const place = [r.topic, r.partition, r.offset];
    if (r.expect?.startsWith('dead_letter:')) {
      const code = r.expect.slice('dead_letter:'.length);
      wantDead.add([...place, 0, code].join(SEPARATOR));
      wantAccounts.add([r.topic, 'dead_letter', code].join(SEPARATOR));
      continue;
    }
    const event = JSON.parse(utf8.decode(r.value ?? undefined));
    const type = event.type ?? r.type;
    const id = idOf(r, event);
    if (id !== undefined && seen.has(id)) {
      wantAccounts.add([r.topic, 'duplicate', type].join(SEPARATOR));
      continue;
    }
    if (id !== undefined) seen.add(id);
    const key = [type, ...place, 0, markOf(event)].join(SEPARATOR);
    wantRaw.add(key);
    contents.set(key, event);
    wantAccounts.add([r.topic, 'used', type].join(SEPARATOR));
  }

  // ---- raw and dead letters
  const haveRaw = new Bag();
  /** @type {Map<string, any[]>} */
  const events = new Map();
  let differing = 0;
  for (const def of domains.flatMap((d) => d.events)) {
    const list = [];
    events.set(def.type, list);
    const raw = await rows(
      `SELECT * EXCEPT t, toUnixTimestamp64Milli(t) AS time FROM ${database}.raw_${def.type.replaceAll('.', '_')} ORDER BY topic, part, off, idx`,
    );
    for (const row of raw) {
      const { topic, part, off, idx, written_at: _, ...rest } = row;
      /** @type {Record<string, any>} */
      const event = { type: def.type };
      for (const [k, v] of Object.entries(rest)) if (v !== null && v !== '') event[k] = v;
      list.push(event);
      const key = [def.type, topic, part, off, idx, markOf(row)].join(SEPARATOR);
      haveRaw.add(key);
      const sent = contents.get(key);
      if (sent === undefined) continue;
      for (const [k, v] of Object.entries(sent)) {
        const want = k === 'time' ? new Date(v).getTime() : v;
        if (want !== event[k] && differing++ < 3)
          problems.push(
            `${topic}[${part}]@${off}: ${k} is ${JSON.stringify(event[k])}, was sent as ${JSON.stringify(v)}`,
          );
      }
    }
  }
  const haveDead = new Bag();
  for (const r of await rows(`SELECT topic, part, off, idx, code FROM ${database}.dead_letters`))
    haveDead.add([r.topic, r.part, r.off, r.idx, r.code].join(SEPARATOR));
  for (const [what, want, have] of /** @type {const} */ ([
    ['raw', wantRaw, haveRaw],
    ['dead letters', wantDead, haveDead],
  ])) {
    const { missing, surplus, samples } = want.against(have);
    lost += missing;
    duplicated += surplus;
    if (missing + surplus > 0) problems.push(`${what}: ${missing} missing, ${surplus} too many: ${samples.join('; ')}`);
  }

  // ---- every rollup, from raw
  let [less, more] = [0, 0];
  for (const source of allRollups(domains)) {
    const counter = Object.entries(source.rollup.measures).map(([n, m]) =>
      m.kind === 'histogram' ? `${n}_count` : n,
    )[0];
    for (const [grain, seconds] of Object.entries(GRAINS)) {
      if (!(source.rollup.retentionDays[grain] > 0)) continue;
      const table = `${source.rollup.name}_${grain}`;
      const want = rollUp(source, events, seconds);
      const have = await rollupRows(rows, database, source, grain);
      const c = compareRollups(table, counter, want, have);
      problems.push(...c.problems);
      less = Math.max(less, c.missing);
      more = Math.max(more, c.surplus);
    }
  }
  lost = Math.max(lost, less);
  duplicated = Math.max(duplicated, more);

  // ---- the accounting
  const haveAccounts = new Bag();
  for (const r of await rows(
    `SELECT topic, outcome, reason, sum(x.items) AS n FROM ${database}.accounting_1m AS x GROUP BY topic, outcome, reason`,
  ))
    haveAccounts.add([r.topic, r.outcome, r.reason].join(SEPARATOR), Number(r.n));
  const a = wantAccounts.against(haveAccounts);
  if (a.missing + a.surplus > 0) problems.push(`accounting: ${a.samples.join('; ')}`);

  return { lost, duplicated, problems, records: produced.length };
}
