// @ts-check
/** Releases that differ, one after the other and at the same time. The other release is this one, compiled, with a patch. */
import { join } from 'node:path';
import { sleep } from '../../support/stack.mjs';
import { makeRelease } from '../release.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */
/** @typedef {import('../victim.mjs').VictimOptions['without']} Without */

const EVENTS = 'domains/integration/calls/events.js';
const TRACE = "trace_id: define_1.field.id('Trace the call belongs to').optional(),";

/** What another release has of its own. */
const PATCHES = {
  /** A field more, of a kind of its own: text, number and flag. */
  column: [
    {
      file: EVENTS,
      find: TRACE,
      replace: `${TRACE}
        region: define_1.field.name('Where the call was made').optional(),
        queue_ms: define_1.field.number('Time that the call waited', 'ms').optional(),
        cached: define_1.field.flag('Whether a cache answered').optional(),`,
    },
  ],
  /** Other verdicts: what took longer than a second is refused. */
  stricter: [
    {
      file: EVENTS,
      find: "'ms', 0, 86_400_000),",
      replace: "'ms', 0, 1000),",
    },
  ],
  /** A release from before the columns were widened: counts of 32 bits, and a trace that is dictionary-encoded. */
  narrow: [
    { file: EVENTS, find: TRACE, replace: "trace_id: define_1.field.name('Trace the call belongs to').optional()," },
    { file: 'domains/define.js', find: "column: 'UInt64', unit }", replace: "column: 'UInt32', unit }" },
  ],
};

/** @param {Env} env @param {keyof typeof PATCHES} name */
const release = (env, name) =>
  makeRelease(join(env.harness.folder, `release-${name}-${Math.random().toString(36).slice(2)}`), PATCHES[name]);

/**
 * A release that knows more fields takes over, half-way through a batch of the former one; then producers send the new
 * fields. Columns that were not there are empty in the old rows.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function columnAdded(env, { without = [] } = {}) {
  const s = await env.scenario();
  const next = release(env, 'column');
  await s.produce(3000);
  await s.victim({ without, die: { point: 'after_block', nth: 2 } }).gone();
  await s.produce(500);
  const b = s.victim({ without, release: next });
  await b.says('assigned');
  await s.drained();
  const extra = (/** @type {number} */ n) =>
    s.event(n).type === s.topics[0]?.type ? { region: `r-${n % 3}`, queue_ms: n / 8, cached: n % 2 === 0 } : {};
  await s.produce(1000, { extra });
  await s.drained();
  const [{ old, now }] = await s.rows(
    `SELECT countIf(region = '' AND queue_ms IS NULL AND cached IS NULL) AS old, countIf(region != '') AS now FROM ${s.database}.raw_integration_api_call`,
  );
  env.note(`${old} rows without the new columns, ${now} with them`);
  return s.verdict();
}

/**
 * The former release has narrower columns; its batch is half in when the next one widens them.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function widened(env, { without = [] } = {}) {
  const former = release(env, 'narrow');
  const s = await env.scenario({ release: former });
  const types = async () =>
    (
      await s.rows(
        `SELECT groupArray(concat(name, ' ', type)) AS t FROM system.columns WHERE database = '${s.database}' AND table = 'raw_integration_api_call' AND name IN ('bytes_in', 'status_code', 'trace_id')`,
      )
    )[0].t.join(', ');
  const before = await types();
  await s.produce(3000);
  await s.victim({ without, release: former, die: { point: 'after_block', nth: 2 } }).gone();
  await s.produce(500);
  s.victim({ without });
  await s.drained();
  // What did not fit before.
  const wide = (/** @type {number} */ n) => (s.event(n).type === s.topics[0]?.type ? { bytes_in: 2 ** 40 + n } : {});
  await s.produce(1000, { extra: wide });
  await s.drained();
  env.note(`${before} → ${await types()}`);
  // And the way back: the former release goes on, with the wider columns.
  await s.end();
  await s.produce(500);
  s.victim({ without, release: former });
  await s.drained();
  return s.verdict();
}

/**
 * Both releases in one group, under load: the next one comes, goes, dies in the middle of a batch that the former one then
 * finishes, and the other way round; in the end the former one goes for good.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function rolling(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 6 });
  const next = release(env, 'column');
  const waitMs = { after_intent: 20, after_block: 10, before_commit: 20 };
  const load = s.load(200);
  const a = [s.victim({ without, waitMs }), s.victim({ without, waitMs })];
  await a[0]?.says('flushed', 5);
  const b = s.victim({ without, waitMs, release: next });
  await b.says('flushed', 3);
  await b.kill9();
  await sleep(2500);
  const b2 = s.victim({ without, waitMs, release: next });
  await b2.says('flushed', 3);
  await a[0]?.kill9();
  await sleep(2500);
  const b3 = s.victim({ without, waitMs, release: next });
  await b3.says('flushed', 3);
  await a[1]?.end();
  await sleep(1000);
  await load.stop();
  await s.drained();
  return s.verdict();
}

/**
 * The next release judges differently, and finds a batch of the former one half in. It refuses to finish it, loudly, and
 * writes nothing; the former one finishes it; then the next one takes over, and judges what comes by its own rules.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function judgesDifferently(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 1 });
  const next = release(env, 'stricter');
  await s.produce(1000);
  await s.victim({ without, die: { point: 'after_block', nth: 1 } }).gone();
  const pending = (await s.offsets()).filter((o) => o.pending);
  const problems = [];
  const rows = async () =>
    (
      await s.rows(
        `SELECT sum(total_rows) AS n FROM system.tables WHERE database = '${s.database}' AND name NOT IN ('catalog', 'progress_log', 'freshness_1m', 'maintenance', 'reconciliation_1m', 'late_1m', 'insert_marks')`,
      )
    )[0].n;
  const before = await rows();
  const b = s.victim({ without, release: next });
  if (without.includes('digest')) {
    await s.drained();
    return s.verdict();
  }
  const error = await s.complains(b, 'STORE_UNSAFE');
  env.note(error.message);
  if (!error.message.includes('judges them differently')) problems.push(`it refused with: ${error.message}`);
  await sleep(1500);
  const now = (await s.offsets()).filter((o) =>
    pending.some((p) => p.topic === o.topic && p.partition === o.partition),
  );
  for (const o of now)
    if (
      !pending.some(
        (p) =>
          p.topic === o.topic &&
          p.partition === o.partition &&
          p.committed === o.committed &&
          p.metadata === o.metadata,
      )
    )
      problems.push(`the range in flight changed: ${JSON.stringify(pending)} to ${JSON.stringify(now)}`);
  await b.end();
  b.excused = true;
  const written = (await rows()) - before;
  if (written > 0 && pending.length === 1) env.note(`${written} rows of other partitions were written meanwhile`);
  s.victim({ without });
  await s.drained();
  await s.end();
  const boundary = new Map((await s.offsets()).map((o) => [`${o.topic}/${o.partition}`, o.committed]));
  await s.produce(1000);
  s.victim({ without, release: next });
  await s.drained();
  // What the next release has judged: other topics than the refused one already while it was there.
  const slow = (/** @type {any} */ r) => JSON.parse(String(r.value)).latency_ms > 1000;
  const produced = (await s.readBack()).map((r) =>
    r.offset >= (boundary.get(`${r.topic}/${r.partition}`) ?? 0) && slow(r)
      ? { ...r, expect: 'dead_letter:EVENT_INVALID' }
      : r,
  );
  env.note(
    `${produced.filter((r) => r.expect !== undefined).length} events refused by the next release, behind the range`,
  );
  const v = await s.verdict({ produced });
  return { ...v, problems: [...problems, ...v.problems] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'schema-column-added',
    title: 'the next release has more columns, and finishes what the former one had begun',
    run: (env) => columnAdded(env),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => columnAdded(env, { without: ['tokens'] }),
    },
  },
  {
    name: 'schema-type-widened',
    title:
      'the next release has wider columns, and finishes what the former one had begun; then the former one comes back',
    run: (env) => widened(env),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => widened(env, { without: ['tokens'] }),
    },
  },
  {
    name: 'rolling-upgrade',
    title: 'two releases in one group under load, each of which dies in batches that the other finishes',
    run: (env) => rolling(env),
    control: {
      title: 'no intent is recorded, and every insert has a token of its own',
      run: (env) => rolling(env, { without: ['intents', 'tokens'] }),
    },
  },
  {
    name: 'release-judges-differently',
    title: 'the next release judges a half-written batch differently: it refuses, and the former one finishes it',
    run: (env) => judgesDifferently(env),
    control: {
      title: 'other verdicts are not noticed: raw and dead letters both have the record',
      run: (env) => judgesDifferently(env, { without: ['digest'] }),
    },
  },
];
