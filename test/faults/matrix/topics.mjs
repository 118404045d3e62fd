// @ts-check
/**
 * Offsets that stop meaning what they meant: topics made anew, offsets reset by hand, retention. The processors resume
 * unaided and exact, or they halt loudly, keep what they counted, and are exact again after what their message says was done.
 */
import { until } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */

/** Codes with which a processor may refuse to go on here. */
const LOUD = ['LOG_GAP', 'LOG_REWOUND', 'STORE_UNSAFE'];

/**
 * Lets the processors come through; where they halt, checks that it was loud and does what `mend` does.
 * @param {Env} env @param {Scenario} s @param {() => Promise<void>} mend
 * @returns {Promise<string[]>} problems
 */
async function resumesOrHalts(env, s, mend) {
  const halt = await s.drainedOrHalted();
  if (halt === undefined) {
    env.note('resumed unaided');
    return [];
  }
  env.note(`halted: ${halt.message}`);
  await s.end();
  await mend();
  s.victim();
  await s.drained();
  return LOUD.includes(halt.code) ? [] : [`it halted with ${halt.code}: ${halt.message}`];
}

/**
 * The topic is deleted and made anew.
 * @param {Env} env
 * @param {object} o
 * @param {'running' | 'stopped' | 'in_flight'} o.processor what it does meanwhile; in flight: it holds a batch of the old
 *   topic, which it commits when the new one is there
 * @param {number} o.before @param {number} o.after events in the old and the new topic
 * @param {'kept' | 'bare' | 'latest'} [o.offsets] what becomes of the group's offsets: Kafka drops them with the topic, but
 *   they may come back with the metadata they had (a backup, offsets mirrored from another cluster), without, or be reset
 *   to the end, as Kafka clients do by themselves
 */
async function recreated(env, { processor, before, after, offsets }) {
  const s = await env.scenario();
  await s.produce(before);
  const mine = (/** @type {{ topic: string }} */ o) => o.topic === s.topic;
  if (processor === 'in_flight') {
    // One batch per partition, all of it inserted.
    const slow = s.victim({
      pipeline: { maxBatchItems: 100_000, flushIntervalMs: 1000 },
      waitMs: { before_commit: 15_000 },
    });
    const sent = (await s.offsets()).filter(mine).reduce((n, o) => n + o.high, 0);
    await until('a batch of each partition inserted', async () => {
      const [{ raw }] = await s.rows(`SELECT count() AS raw FROM ${s.database}.raw_integration_api_call`);
      const [{ ids }] = await s.rows(
        `SELECT uniqExact(part) AS ids FROM ${s.database}.event_ids WHERE topic = '${s.topic}'`,
      );
      return (raw === sent && ids === s.partitions) || undefined;
    });
    if (slow.ended !== undefined) throw new Error(`it ended: ${slow.output}`);
  } else {
    const victim = s.victim();
    await s.drained();
    if (processor === 'stopped' || offsets !== undefined) await victim.end();
  }
  const old = (await s.offsets()).filter(mine);
  s.kept.push(...(await s.readBack()).filter(mine));
  await s.recreate();
  await s.produce(after);
  if (offsets === 'latest') await s.setOffsets((o) => (mine(o) ? o.high : undefined));
  else if (offsets !== undefined)
    await s.restoreOffsets(old.map((o) => ({ ...o, metadata: offsets === 'kept' ? o.metadata : '' })));
  if (processor === 'stopped' || offsets !== undefined) s.victim();
  const problems = await resumesOrHalts(env, s, () => s.setOffsets((o) => (mine(o) ? o.low : undefined)));
  const v = await s.verdict();
  return { ...v, problems: [...problems, ...v.problems] };
}

/**
 * An operator sets the group back; everything since was counted already.
 * @param {Env} env
 * @param {{ forget?: (s: Scenario) => Promise<void> }} [o] `forget` takes away what the protection stands on
 */
async function rewound(env, { forget } = {}) {
  const s = await env.scenario();
  await s.produce(4000);
  s.victim();
  await s.drained();
  await s.end();
  const right = new Map((await s.offsets()).map((o) => [`${o.topic}/${o.partition}`, o.committed]));
  await s.setOffsets((o) => Math.floor(o.committed / 4));
  await forget?.(s);
  await s.produce(1000);
  s.victim();
  const problems = await resumesOrHalts(env, s, () => s.setOffsets((o) => right.get(`${o.topic}/${o.partition}`)));
  const v = await s.verdict();
  return { ...v, problems: [...problems, ...v.problems] };
}

/**
 * Retention removes records that were recorded as in flight, or not yet read.
 * @param {Env} env @param {{ naive?: boolean }} [o]
 */
async function retained(env, { naive = false } = {}) {
  const s = await env.scenario({ partitions: 1 });
  await s.produce(3000);
  await s.victim({ pipeline: { maxBatchItems: 300 }, die: { point: 'after_intent', nth: 5 } }).gone();
  await s.keep();
  // The one that was just recorded: others may be half inserted, and then only a rebuild would mend what a reset breaks.
  const inserted = await s.rows(
    `SELECT topic, part, max(off) AS off FROM ${s.database}.raw_integration_api_call GROUP BY topic, part`,
  );
  const gap = (await s.offsets()).find(
    (o) =>
      o.topic === s.topic &&
      o.pending &&
      !inserted.some((r) => r.topic === o.topic && r.part === o.partition && r.off >= o.committed),
  );
  if (gap === undefined) throw new Error('no range was in flight');
  const { to } = JSON.parse(gap.metadata);
  const beyond = Math.floor((to + gap.high) / 2);
  await s.admin.deleteTopicRecords({
    topic: gap.topic,
    partitions: [{ partition: gap.partition, offset: String(beyond) }],
  });
  await s.produce(500);
  const earliest = () =>
    s.setOffsets((o) => (o.topic === gap.topic && o.partition === gap.partition ? o.low : undefined));
  if (naive) await earliest();
  s.victim();
  const problems = await resumesOrHalts(env, s, earliest);
  await s.end();
  const now = await s.readBack();
  const there = new Set(now.map((r) => `${r.topic}/${r.partition}/${r.offset}`));
  const gone = s.kept.filter((r) => !there.has(`${r.topic}/${r.partition}/${r.offset}`));
  // What was counted before it went stays counted; what went uncounted is lost by decision of whoever reset the offsets,
  // who was told. A processor that resets by itself has lost it.
  const counted = gone.filter((r) => r.offset < gap.committed);
  env.note(`${gone.length - counted.length} records were deleted before they were counted`);
  const v = await s.verdict({ produced: [...(naive ? gone : counted), ...now] });
  return { ...v, problems: [...problems, ...v.problems] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'topic-recreated-running',
    title: 'the topic is deleted and made anew under a running processor',
    run: (env) => recreated(env, { processor: 'running', before: 3000, after: 1000 }),
    control: {
      title: 'the reset to the latest offset that Kafka clients do by themselves',
      run: (env) => recreated(env, { processor: 'running', before: 3000, after: 1000, offsets: 'latest' }),
    },
  },
  {
    name: 'topic-recreated-in-flight',
    title: 'the topic is made anew while a batch of the old one waits for its commit, and grows beyond it',
    run: (env) => recreated(env, { processor: 'in_flight', before: 1600, after: 4000 }),
    control: { none: 'what would go wrong without the topic’s identity is what topic-recreated-grown’s control shows' },
  },
  {
    name: 'topic-recreated-grown',
    title:
      'the topic is made anew while the processor is stopped, has grown beyond the offset, and the offset is still there',
    short: true,
    run: (env) => recreated(env, { processor: 'stopped', before: 1000, after: 3000, offsets: 'kept' }),
    control: {
      title: 'the offset does not say which topic it belongs to',
      run: (env) => recreated(env, { processor: 'stopped', before: 1000, after: 3000, offsets: 'bare' }),
    },
  },
  {
    name: 'offsets-rewound',
    title: 'an operator resets the group to earlier offsets: nothing is counted again',
    run: (env) => rewound(env),
    control: {
      title: 'the store has forgotten how far the group was',
      run: (env) =>
        rewound(env, {
          forget: async (s) => {
            for (const table of ['progress_log', 'event_ids']) await s.rows(`TRUNCATE TABLE ${s.database}.${table}`);
          },
        }),
    },
  },
  {
    name: 'retention-passed-intent',
    title: 'retention deletes a range that is in flight, and more behind it',
    run: (env) => retained(env),
    control: {
      title: 'the reset to the earliest offset that Kafka clients do by themselves',
      run: (env) => retained(env, { naive: true }),
    },
  },
];
