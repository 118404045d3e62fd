// @ts-check
/** ClickHouse is away, slow, full, refuses, or does what it is asked and does not say so. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, until } from '../../support/stack.mjs';
import { RSS_LIMIT_MB } from '../scenario.mjs';
import { startProxy } from '../proxy.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */
/** @typedef {import('../victim.mjs').VictimOptions['without']} Without */

const RAW = 'raw_integration_api_call';
const failures = (/** @type {Scenario} */ s) => s.processors.flatMap((p) => p.all('store_failed')).map((e) => e.error);

/** Waits until inserts have failed `n` times. @param {Scenario} s @param {number} [n] */
const failing = (s, n = 3) =>
  until(
    () => `${n} failed inserts; ${s.said()}`,
    async () => failures(s).length >= n || undefined,
    30,
  );

/** Codes with which inserts failed. @param {Scenario} s */
const codes = (s) => [...new Set(failures(s).map((e) => e.code))].join(', ');

/**
 * Ends the scenario, and says where a processor had ended by itself meanwhile.
 * @param {Scenario} s @param {string[]} [problems]
 */
async function survived(s, problems = []) {
  const gone = s.processors.filter((p) => p.ended !== undefined && p.ended !== 'SIGKILL');
  const v = await s.verdict();
  return {
    ...v,
    problems: [...problems, ...gone.map((p) => `a processor ended with ${p.ended}: ${p.output}`), ...v.problems],
  };
}

/**
 * kill -9 of ClickHouse in the middle of inserts, and back on the same data, again and again.
 * @param {Env} env @param {{ times: number, without?: Without }} o
 */
async function killed(env, { times, without = [] }) {
  const s = await env.scenario();
  const { store } = env.harness;
  // Dwells between the tables, so that each kill meets batches that are half in.
  const victim = s.victim({ without, waitMs: { after_block: 10 } });
  const load = s.load(200);
  await victim.says('flushed', 2);
  for (let i = 0; i < times; i++) {
    await sleep(700 + Math.random() * 600);
    await store.kill();
    await sleep(1500);
    await store.start();
  }
  await load.stop();
  await s.drained();
  env.note(`${failures(s).length} inserts failed: ${codes(s)}`);
  return survived(s);
}

/**
 * ClickHouse comes back and lets its user only read; a kill -9 of the processor meanwhile; and is writable again.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function readOnly(env, { without = [] } = {}) {
  const s = await env.scenario();
  const { store } = env.harness;
  const victim = s.victim({ without, waitMs: { after_block: 20 } });
  await s.produce(3000);
  await victim.says('flushed', 2);
  await store.stop();
  await store.start({ readonly: true });
  await failing(s);
  await s.produce(1000);
  const said = codes(s);
  await victim.kill9();
  await store.stop();
  await store.start();
  s.victim({ without });
  await s.drained();
  env.note(`inserts failed with ${said}`);
  return survived(s, said === '' ? ['no insert failed'] : []);
}

/**
 * The answers to some inserts are lost, spoilt or late, although ClickHouse has carried them out.
 * @param {Env} env
 * @param {{ fate: import('../proxy.mjs').Fate, every: number, timeoutMs?: number, count?: number, without?: Without }} o
 *   `every` nth insert of a table, in another turn for each
 */
async function spoilt(env, { fate, every, timeoutMs = 10_000, count = 6000, without = [] }) {
  const s = await env.scenario();
  const proxy = await startProxy(
    () => s.store.url,
    ({ table, nth }) => (table !== 'progress_log' && (nth + table.length) % every === 0 ? fate : 'pass'),
  );
  try {
    await s.produce(count);
    s.victim({ without, clickhouse: { ...s.store.config(s.database, proxy.url), timeoutMs } });
    await s.drained({ seconds: 120 });
    env.note(`${proxy.spoilt()} answers spoilt; inserts failed ${failures(s).length} times: ${codes(s)}`);
    return await survived(s, failures(s).length === 0 ? ['no insert failed'] : []);
  } finally {
    await s.end();
    await proxy.close();
  }
}

/**
 * An insert whose answer is lost, and then ClickHouse is away for this processor only; others go on writing into the same
 * table, and the answer to the retry comes when the table has taken more than it remembers, or less.
 * The table remembers parts: an insert that touches k of its partitions (months) counts k times. Beyond nine tenths of that
 * the processor must halt; what its message points at is done then: the rows of the range are deleted where they had come to
 * (here only the first table's), and the position is set back to its beginning.
 * @param {Env} env
 * @param {{ others: number, months: number, window: number, halts: boolean, without?: Without }} o inserts by others, each into
 *   so many partitions
 */
async function outage(env, { others, months, window, halts, without = [] }) {
  const s = await env.scenario({ partitions: 1 });
  let away = true;
  const proxy = await startProxy(
    () => s.store.url,
    ({ table, nth }) => (table !== RAW || !away ? 'pass' : nth === 1 ? 'lose' : 'refuse'),
  );
  try {
    const victim = s.victim({ without, clickhouse: s.store.config(s.database, proxy.url) });
    await victim.says('assigned');
    // The product sets 10,000 at each start and refuses less than 1000; a smaller one shows the same sooner.
    await s.rows(`ALTER TABLE ${s.database}.${RAW} MODIFY SETTING non_replicated_deduplication_window = ${window}`);
    await s.produce(300);
    await failing(s, 2);
    for (let i = 0; i < others; i++)
      await s.rows(
        `INSERT INTO ${s.database}.${RAW} (workspace, t, topic) SETTINGS insert_deduplicate = 1, insert_deduplication_token = 'other-${i}', max_partitions_per_insert_block = 0 SELECT 'other', toDateTime64('2020-01-15 00:00:00', 3, 'UTC') - toIntervalMonth(number), 'other' FROM numbers(${months})`,
      );
    await s.rows(`ALTER TABLE ${s.database}.${RAW} DELETE WHERE workspace = 'other' SETTINGS mutations_sync = 1`);
    away = false;
    env.note(`${others} inserts into ${months} partitions each meanwhile; the table remembers ${window} parts`);
    if (!halts || without.length > 0) {
      await s.drained();
      return await survived(s);
    }
    const refused = await s.complains(victim, 'STORE_UNSAFE');
    env.note(`halted: ${refused.message}`);
    await victim.end();
    const [range] = (await s.offsets()).filter((o) => o.topic === s.topic);
    const problems = range?.pending ? [] : ['the range is not recorded any more'];
    await s.rows(
      `ALTER TABLE ${s.database}.${RAW} DELETE WHERE topic = '${s.topic}' AND off >= ${range?.committed} SETTINGS mutations_sync = 1`,
    );
    await s.setOffsets((o) => (o.topic === s.topic ? o.committed : undefined));
    s.victim();
    await s.drained();
    const v = await s.verdict();
    return { ...v, problems: [...problems, ...v.problems] };
  } finally {
    await s.end();
    await proxy.close();
  }
}

/** Bytes that a process has read so far, from files and sockets. @param {number} pid */
const bytesRead = (pid) => Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? NaN);

/**
 * ClickHouse is away while far more is produced than the processor may hold; then it comes back.
 * @param {Env} env @param {{ kafka?: Record<string, unknown> }} [o]
 */
async function backpressure(env, { kafka = {} } = {}) {
  const s = await env.scenario();
  const { store } = env.harness;
  // Rows of one or two kB, in few groups: what is to be held is the log's bytes.
  const long = (/** @type {string} */ name) => ({ [name]: name.repeat(240 / name.length) });
  const extra = () =>
    Object.assign({}, ...['agent', 'caller', 'error_code', 'api_version', 'method', 'endpoint'].map(long));
  const wide = (/** @type {number} */ n) => (s.event(n).type === s.topics[0]?.type ? extra() : {});
  const count = 100_000;
  const victim = s.victim({ kafka, pipeline: { maxBatchItems: 2500 } });
  await s.produce(1000, { extra: wide });
  await s.drained();
  await store.kill();
  try {
    await s.produce(count, { extra: wide });
    await failing(s);
    // What it reads comes to a stop, with most of the log unread.
    let [before, still] = [bytesRead(victim.pid), 0];
    await until(
      'the partitions paused',
      async () => {
        const now = bytesRead(victim.pid);
        still = now - before < 100_000 ? still + 1 : 0;
        before = now;
        return still >= 8 || undefined;
      },
      60,
    );
    const rss = victim.peakMb;
    env.note(`${count} records waited, ${Math.round(rss)} MiB at most while ClickHouse was away`);
  } finally {
    await store.start();
  }
  await s.drained({ seconds: 180 });
  return survived(s);
}

/**
 * A view that somebody has hung on a table fails: ClickHouse has written the rows when it says that the insert has failed.
 * Once the view is mended the retry fills it, and writes nothing twice.
 * @param {Env} env @param {{ table: string, without?: Without }} o
 */
async function failingView(env, { table, without = [] }) {
  const s = await env.scenario();
  const db = s.database;
  await s.rows(`CREATE TABLE ${db}.broken (x UInt8) ENGINE = MergeTree ORDER BY x`);
  await s.rows(
    `CREATE TABLE ${db}.copy (workspace String, t DateTime64(3), n UInt64) ENGINE = MergeTree ORDER BY t SETTINGS non_replicated_deduplication_window = 10000`,
  );
  await s.rows(
    `CREATE MATERIALIZED VIEW ${db}.copying TO ${db}.copy AS SELECT workspace, t, toUInt64(1 + throwIf((SELECT count() FROM ${db}.broken) > 0, 'the view is broken')) AS n FROM ${db}.${table}`,
  );
  const victim = s.victim({ without });
  await s.produce(1000);
  await s.drained();
  await s.rows(`INSERT INTO ${db}.broken VALUES (1)`);
  await s.produce(2000);
  await failing(s, 6);
  // A crash meanwhile: the replay meets the same, and goes on trying.
  await victim.kill9();
  const [{ n: ahead }] = await s.rows(
    `SELECT (SELECT count() FROM ${db}.${table}) - (SELECT count() FROM ${db}.copy) AS n`,
  );
  s.victim({ without });
  await until(
    'the replay fails too',
    async () => (s.processors[1]?.all('store_failed').length ?? 0) > 0 || undefined,
    30,
  );
  const said = codes(s);
  await s.rows(`TRUNCATE TABLE ${db}.broken`);
  await s.drained();
  env.note(`inserts failed with ${said}; ${ahead} rows were in the table and not in the view's`);
  const problems = ahead > 0 ? [] : ['the rows were not written when the view failed'];
  if (without.length === 0 && table === RAW) {
    const [{ copied, rows }] = await s.rows(
      `SELECT (SELECT count() FROM ${db}.copy) AS copied, (SELECT count() FROM ${db}.${table}) AS rows`,
    );
    if (copied !== rows) problems.push(`the view's table has ${copied} rows of ${rows}`);
  }
  return survived(s, problems);
}

/**
 * A table takes no more parts: the batch is half in, and stays so until merges have caught up.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function tooManyParts(env, { without = [] } = {}) {
  const s = await env.scenario();
  const table = `${s.database}.integration_calls_1h`;
  await s.produce(2000);
  const victim = s.victim({ without });
  await s.drained();
  await s.rows(`ALTER TABLE ${table} MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1`);
  await s.produce(3000);
  await failing(s);
  await victim.kill9();
  await s.produce(1000);
  s.victim({ without });
  await until(
    'the replay is refused too',
    async () => (s.processors[1]?.all('store_failed').length ?? 0) > 2 || undefined,
    30,
  );
  const said = failures(s).at(-1)?.message ?? '';
  await s.rows(`ALTER TABLE ${table} RESET SETTING parts_to_delay_insert, parts_to_throw_insert`);
  await s.drained();
  env.note(`inserts failed with ${codes(s)}: ${said.slice(0, 120)}`);
  return survived(s, said.includes('Too many parts') ? [] : [`an insert failed with: ${said}`]);
}

/** Mounts a small file system in memory. @param {string} folder @param {number} mb @returns {string | undefined} why not */
function mount(folder, mb) {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m`, 'shadower-faults', folder], { stdio: 'pipe' });
    return undefined;
  } catch (e) {
    return String(/** @type {any} */ (e).stderr ?? e).trim();
  }
}

/**
 * The disk under ClickHouse is full, and has room again. Where this process may not mount a small disk, ClickHouse is told
 * to keep more free than there is, and refuses with the same error.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function diskFull(env, { without = [] } = {}) {
  const folder = join(env.harness.folder, `disk-${Math.random().toString(36).slice(2)}`);
  const why = mount(folder, 96);
  const store = why === undefined ? env.harness.engine(folder) : undefined;
  try {
    await store?.start();
    const s = await env.scenario(store === undefined ? {} : { store });
    const ballast = join(folder, 'ballast');
    const fill = async () => {
      if (store === undefined) {
        env.note(`no small disk can be mounted here (${why}); min_free_disk_bytes_to_perform_insert stands for it`);
        await s.rows(`ALTER TABLE ${s.database}.${RAW} MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1e18`);
        return;
      }
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize, 1));
      } catch (e) {
        // ClickHouse writes too: full is what it is to be.
        if (/** @type {any} */ (e).code !== 'ENOSPC') throw e;
      }
    };
    const free = async () => {
      if (store !== undefined) return rmSync(ballast);
      await s.rows(`ALTER TABLE ${s.database}.${RAW} RESET SETTING min_free_disk_bytes_to_perform_insert`);
    };
    // Dwells between the tables, so that some batches are half in when the disk is full.
    const victim = s.victim({ without, waitMs: { after_block: 80 } });
    const load = s.load(300);
    await victim.says('flushed', 6);
    await fill();
    await failing(s, 5);
    await load.stop();
    await victim.kill9();
    const said = [...new Set(failures(s).map((e) => `${e.code}: ${e.message.slice(0, 150)}`))];
    await free();
    s.victim({ without });
    await s.drained();
    for (const text of said.slice(0, 4)) env.note(text);
    const other = said.filter((text) => !text.startsWith('STORE_UNAVAILABLE'));
    return await survived(
      s,
      other.map((text) => `a full disk was taken for something else: ${text}`),
    );
  } finally {
    if (store !== undefined) {
      await store.stop().catch(() => undefined);
      execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
    }
  }
}

/** @type {Fault[]} */
export default [
  {
    name: 'store-killed',
    title: 'kill -9 of ClickHouse under load, and back, five times',
    run: (env) => killed(env, { times: 5 }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => killed(env, { times: 5, without: ['tokens'] }),
    },
  },
  {
    name: 'store-read-only',
    title: 'ClickHouse lets its user only read, the processor is killed meanwhile; then it may write again',
    run: (env) => readOnly(env),
    control: {
      title: 'no intent is recorded, and every insert has a token of its own',
      run: (env) => readOnly(env, { without: ['intents', 'tokens'] }),
    },
  },
  {
    name: 'store-slow',
    title: 'answers come after the client has given up',
    run: (env) => spoilt(env, { fate: { holdMs: 3500 }, every: 7, timeoutMs: 2000, count: 3000 }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) =>
        spoilt(env, { fate: { holdMs: 3500 }, every: 7, timeoutMs: 2000, count: 1500, without: ['tokens'] }),
    },
  },
  {
    name: 'store-error-after-commit',
    title: 'ClickHouse reports an error after it has written everything',
    run: (env) => spoilt(env, { fate: 'error', every: 4 }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => spoilt(env, { fate: 'error', every: 4, count: 2000, without: ['tokens'] }),
    },
  },
  {
    name: 'store-acknowledgement-lost',
    title: 'the connection breaks after an insert was carried out, before its acknowledgement',
    short: true,
    run: (env) => spoilt(env, { fate: 'lose', every: 4, count: env.short ? 3000 : 6000 }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => spoilt(env, { fate: 'lose', every: 4, count: 2000, without: ['tokens'] }),
    },
  },
  {
    name: 'store-outage-window',
    title: 'an outage during which others fill the deduplication window almost',
    run: (env) => outage(env, { others: 8, months: 10, window: 100, halts: false }),
    control: { none: 'store-outage-beyond-window is this one beyond the line, with a control of its own' },
  },
  {
    name: 'store-outage-beyond-window',
    title:
      'they fill it (it is counted in parts: ten inserts into ten months); the retry is refused, nothing counts twice',
    run: (env) => outage(env, { others: 10, months: 10, window: 100, halts: true }),
    control: {
      title: 'what the table may have forgotten is sent again',
      run: (env) => outage(env, { others: 10, months: 10, window: 100, halts: true, without: ['window'] }),
    },
  },
  {
    name: 'store-backpressure',
    title:
      'ClickHouse is away while 160 MB are produced: partitions pause, memory stays flat, everything is counted after',
    run: (env) => backpressure(env),
    control: {
      title: 'what is fetched ahead has no bound',
      run: (env) => backpressure(env, { kafka: { bufferBytes: 2 ** 40, totalBufferBytes: 2 ** 40 } }),
      fails: (v) => v.peakRssMb > RSS_LIMIT_MB,
    },
  },
  {
    name: 'view-fails-on-raw',
    title: 'a materialized view on a raw table fails: rows are written, the insert is not; the retry heals it',
    run: (env) => failingView(env, { table: RAW }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => failingView(env, { table: RAW, without: ['tokens'] }),
    },
  },
  {
    name: 'view-fails-on-rollup',
    title: 'a materialized view on a rollup fails, likewise',
    run: (env) => failingView(env, { table: 'integration_calls_1m' }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => failingView(env, { table: 'integration_calls_1m', without: ['tokens'] }),
    },
  },
  {
    name: 'too-many-parts',
    title: 'a table takes no more parts, the processor is killed meanwhile; then merges have caught up',
    run: (env) => tooManyParts(env),
    control: {
      title: 'no intent is recorded, so that the range is cut anew',
      run: (env) => tooManyParts(env, { without: ['intents'] }),
    },
  },
  {
    name: 'disk-full',
    title: 'the disk under ClickHouse is full, the processor is killed meanwhile; then there is room again',
    run: (env) => diskFull(env),
    control: {
      title: 'no intent is recorded, and every insert has a token of its own',
      run: (env) => diskFull(env, { without: ['intents', 'tokens'] }),
    },
  },
];
