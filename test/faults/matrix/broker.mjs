// @ts-check
/** The broker goes away. */
import { sleep } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */

/**
 * kill -9 of the broker under load, in the middle of flushes; a producer that goes on trying; and back.
 * @param {Env} env
 * @param {{ downMs: number, without?: import('../victim.mjs').VictimOptions['without'] }} o
 */
async function brokerKilled(env, { downMs, without = [] }) {
  const s = await env.scenario();
  // Most of the time between the last acknowledgement and the commit, which then has to wait for the broker.
  const members = [1, 2].map(() => s.victim({ without, waitMs: { before_commit: 300 } }));
  const load = s.load(500);
  await Promise.all(members.map((m) => m.says('flushed', 2)));
  await env.harness.kafka.kill9();
  await sleep(downMs);
  await env.harness.kafka.restart();
  await load.stop();
  await s.produce(500);
  await s.drained({ seconds: 120 });
  const restarted = members.filter((m) => m.ended !== undefined);
  const v = await s.verdict();
  return { ...v, problems: [...restarted.map((m) => `a member ended with ${m.ended}: ${m.output}`), ...v.problems] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'broker-killed',
    title: 'kill -9 of the broker, 30 s down: processors wait, and resume by themselves',
    run: (env) => brokerKilled(env, { downMs: 30_000 }),
    control: {
      title: 'no intent is recorded, and every insert has a token of its own',
      run: (env) => brokerKilled(env, { downMs: 15_000, without: ['intents', 'tokens'] }),
    },
  },
];
