// @ts-check
/** What producers do to the log. */

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */

/**
 * Events are sent again with the same id: at once (in one batch), after they were counted, across a kill -9 and across
 * a rebalance.
 * @param {Env} env
 * @param {{ pipeline?: Record<string, unknown> }} [o]
 */
async function sentTwice(env, { pipeline = {} } = {}) {
  const s = await env.scenario();
  const again = async (/** @type {number} */ from, /** @type {number} */ to) =>
    s.append(Array.from({ length: to - from }, (_, i) => from + i).filter(s.hasId));
  await s.produce(1000);
  await again(0, 500);
  const first = s.victim({ pipeline, die: { point: 'before_commit', nth: 9 } });
  await first.says('flushed', 5);
  await again(400, 1000);
  await s.produce(1000);
  await first.gone();
  // Some of these are in a range that is in flight, some were counted by a process that is dead.
  await again(0, 2000);
  const second = s.victim({ pipeline });
  await s.drained();
  const third = s.victim({ pipeline });
  await third.says('assigned');
  await again(500, 2000);
  await s.produce(500);
  await s.drained();
  await second.end();
  await again(0, 2500);
  await s.drained();
  return s.verdict();
}

/** @type {Fault[]} */
export default [
  {
    name: 'duplicate-sends',
    title: 'the same event_id sent again and again: in one batch, later, across kill -9 and across a rebalance',
    run: (env) => sentTwice(env),
    control: {
      title: 'a horizon of 1 ms',
      run: (env) => sentTwice(env, { pipeline: { seenHorizonMs: 1 } }),
    },
  },
];
