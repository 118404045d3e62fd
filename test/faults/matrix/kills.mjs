// @ts-check
/** kill -9 at every step of the protocol, at random, and the graceful end that must not need any of it. */
import { sleep } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../victim.mjs').VictimOptions} VictimOptions */

/**
 * Kills victims at a point, one after the other, each in a later batch or at a later table; then lets one finish.
 * @param {Env} env
 * @param {{ deaths: NonNullable<VictimOptions['die']>[], without?: VictimOptions['without'], pipeline?: Record<string, unknown> }} o
 */
async function killed(env, { deaths, without = [], pipeline = {} }) {
  const s = await env.scenario();
  await s.produce(4000);
  for (const die of deaths) {
    const victim = s.victim({ die, without, pipeline });
    const how = await victim.gone();
    if (how !== 'SIGKILL') throw new Error(`the victim ended with ${how}: ${s.said()}`);
    // Comes in behind the batch that was cut short, so that a batch built anew would have another end.
    await s.produce(1000);
  }
  s.victim({ without, pipeline });
  await s.drained();
  return s.verdict();
}

/**
 * kill -9 again and again at random moments, under load. Dwelling a little at each step, since the steps are short and a
 * kill is to meet all of them.
 * @param {Env} env
 * @param {{ kills: number, without?: VictimOptions['without'] }} o
 */
async function killedAtRandom(env, { kills, without = [] }) {
  const s = await env.scenario();
  const waitMs = { after_intent: 15, after_block: 4, before_commit: 15 };
  for (let i = 0; i < kills; i++) {
    const victim = s.victim({ waitMs, without, kafka: { sessionTimeoutMs: 1000, rebalanceTimeoutMs: 2000 } });
    const more = s.produce(400);
    // Every other one gets to its first commit, so that it goes on.
    await victim.says(i % 2 === 0 ? 'assigned' : 'flushed');
    await sleep(Math.random() * 500);
    await victim.kill9();
    await more;
  }
  s.victim({ pipeline: { maxBatchItems: 100_000 } });
  await s.drained();
  return s.verdict();
}

/**
 * SIGTERM while a recorded range waits for its replay: as soon as the process is assigned, before it has read the range.
 * @param {Env} env
 * @param {{ without?: VictimOptions['without'] }} [o]
 */
async function endedInReplay(env, { without = [] } = {}) {
  const s = await env.scenario();
  for (const nth of [1, 3]) {
    await s.produce(3000);
    await s.victim({ die: { point: 'after_intent', nth }, without }).gone();
    const next = s.victim({ without, waitMs: { before_records: 3000 } });
    await next.says('assigned');
    await next.end();
  }
  s.victim({ without });
  await s.drained();
  return s.verdict();
}

/** @type {Fault[]} */
export default [
  {
    name: 'kill-before-intent',
    title: 'kill -9 before the intent is recorded: nothing is inserted yet, and the records are read again',
    run: (env) =>
      killed(env, {
        deaths: [
          { point: 'before_intent', nth: 1 },
          { point: 'before_intent', nth: 3 },
        ],
      }),
    control: {
      title: 'the offset moves when records are handed over',
      run: (env) => killed(env, { deaths: [{ point: 'before_intent', nth: 2 }], without: ['commit_after_flush'] }),
    },
  },
  {
    name: 'kill-after-intent',
    title: 'kill -9 after the intent is recorded, before any insert: the recorded range is inserted first',
    run: (env) =>
      killed(env, {
        deaths: [
          { point: 'after_intent', nth: 1 },
          { point: 'after_intent', nth: 3 },
        ],
      }),
    control: {
      title: 'the offset moves where the intent would be recorded',
      run: (env) => killed(env, { deaths: [{ point: 'after_intent', nth: 2 }], without: ['commit_after_insert'] }),
    },
  },
  {
    name: 'kill-mid-insert',
    title: 'kill -9 when some tables have the range and others not: the replay completes them and doubles none',
    short: true,
    run: (env) =>
      killed(env, {
        // A batch goes into some nine tables: after its first, its fourth, and in a later batch.
        deaths: [
          { point: 'after_block', nth: 1 },
          { point: 'after_block', nth: 4 },
          ...(env.short ? [] : /** @type {const} */ ([{ point: 'after_block', nth: 17 }])),
        ],
      }),
    control: {
      title: 'no intent is recorded, so that the range is cut anew',
      // Batches as large as what there is, so that the range that is cut anew has another end.
      run: (env) =>
        killed(env, {
          deaths: [{ point: 'after_block', nth: 4 }],
          without: ['intents'],
          pipeline: { maxBatchItems: 100_000 },
        }),
    },
  },
  {
    name: 'kill-before-commit',
    title: 'kill -9 after the last acknowledgement, before the commit: the same blocks come again and are dropped',
    run: (env) =>
      killed(env, {
        deaths: [
          { point: 'before_commit', nth: 1 },
          { point: 'before_commit', nth: 3 },
        ],
      }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => killed(env, { deaths: [{ point: 'before_commit', nth: 1 }], without: ['tokens'] }),
    },
  },
  {
    name: 'kill-random',
    title: '30 times kill -9 at random moments, under load',
    run: (env) => killedAtRandom(env, { kills: 30 }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => killedAtRandom(env, { kills: 10, without: ['tokens'] }),
    },
  },
  {
    name: 'shutdown-in-replay',
    title: 'SIGTERM at once after a crash: a recorded range that was not read again yet stays recorded',
    run: (env) => endedInReplay(env),
    control: {
      title: 'the offset moves where the intent would be recorded',
      run: (env) => endedInReplay(env, { without: ['commit_after_insert'] }),
    },
  },
  {
    name: 'graceful-shutdown',
    title: 'SIGTERM under load: what is open is flushed and committed, nothing is left in flight',
    short: true,
    run: async (env) => {
      const s = await env.scenario();
      // The command as it is run, flushing once a second: at any moment there is an open batch.
      const command = await s.command();
      const load = s.load(1000);
      await sleep(2500);
      const before = Date.now();
      const code = await command.end();
      const seconds = (Date.now() - before) / 1000;
      await load.stop();
      const problems = [];
      if (code !== 0) problems.push(`it ended with ${code}: ${command.output}`);
      // Seen before another process could have mended it.
      const left = (await s.offsets()).filter((o) => o.pending);
      if (left.length > 0) problems.push(`it left ranges in flight: ${JSON.stringify(left)}`);
      const { used } = (await s.rows(`SELECT count() AS used FROM ${s.database}.raw_integration_api_call`))[0];
      if (!(used > 0)) problems.push('it counted nothing before it was told to stop');
      env.note(`ended after ${seconds.toFixed(1)} s with ${used} events counted`);
      s.victim();
      await s.drained();
      const v = await s.verdict();
      return { ...v, problems: [...problems, ...v.problems] };
    },
    control: {
      none: 'a graceful end saves work and protects nothing that a kill -9 would lose; see kill-random',
    },
  },
];
