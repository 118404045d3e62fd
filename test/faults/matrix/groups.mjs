// @ts-check
/** Members that come, go, and come back from the dead. */
import { sleep } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../victim.mjs').VictimOptions['without']} Without */

/**
 * A member is stopped inside a flush for longer than the session timeout; another takes over and finishes; then the first
 * wakes up in the middle of the same flush.
 * @param {Env} env
 * @param {{ points: import('../victim.mjs').Point[], without?: Without }} o
 */
async function zombie(env, { points, without = [] }) {
  const s = await env.scenario();
  for (const point of points) {
    await s.produce(3000);
    const sleeper = s.victim({ die: { point, nth: 2, signal: 'SIGSTOP' }, without });
    await sleeper.stopped();
    const heir = s.victim({ without });
    await heir.says('assigned');
    await s.drained();
    sleeper.signal('SIGCONT');
    // It finds out, and takes part again; more work for both shows whether either has a wrong idea of its position.
    await s.produce(2000);
    await sleep(1500);
    await s.drained();
    await sleeper.end();
    await heir.end();
  }
  return s.verdict();
}

/**
 * 1 → 4 → 2 members while batches are being flushed.
 * @param {Env} env
 * @param {{ without?: Without }} [o]
 */
async function rebalanced(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 8 });
  // Flushes that take a while, so that each rebalance meets some half done.
  const waitMs = { after_intent: 30, after_block: 15, before_commit: 30 };
  const member = () => s.victim({ waitMs, without });
  const load = s.load(800);
  const members = [member()];
  await members[0]?.says('flushed', 5);
  for (let i = 0; i < 3; i++) {
    members.push(member());
    await sleep(500);
  }
  await Promise.all(members.map((m) => m.says('flushed', 2)));
  await sleep(1000);
  await Promise.all(members.slice(0, 2).map((m) => m.end()));
  await sleep(1500);
  await load.stop();
  await s.drained();
  return s.verdict();
}

/** @type {Fault[]} */
export default [
  {
    name: 'zombie',
    title: 'SIGSTOP in the middle of a flush, past the session timeout, and back: what it still does changes nothing',
    short: true,
    run: (env) =>
      zombie(env, {
        points: env.short ? ['after_intent'] : ['before_intent', 'after_intent', 'after_block', 'before_commit'],
      }),
    control: {
      title: 'every insert has a token of its own',
      run: (env) => zombie(env, { points: ['after_intent'], without: ['tokens'] }),
    },
  },
  {
    name: 'rebalance',
    title: 'rebalances 1 → 4 → 2 members in the middle of flushes',
    run: (env) => rebalanced(env),
    control: {
      title: 'no intent is recorded, and every insert has a token of its own',
      run: (env) => rebalanced(env, { without: ['intents', 'tokens'] }),
    },
  },
];
