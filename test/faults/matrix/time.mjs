// @ts-check
/** Events that are late or early, and clocks that are wrong. */
import { sleep, until } from '../../support/stack.mjs';

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */
/** @typedef {import('../oracle.mjs').Produced} Produced */
/** @typedef {import('../victim.mjs').VictimOptions['without']} Without */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIMITS = { latenessMs: 24 * HOUR, futureMs: 10 * MINUTE };
const iso = (/** @type {number} */ ms) => new Date(ms).toISOString();

/**
 * Appends events of the scenario's first type with a time of their own to partition 0; resolves with nothing.
 * @param {Scenario} s @param {number} count
 * @param {(i: number) => { time: number, code?: string }} when
 */
async function at(s, count, when) {
  const messages = [];
  while (messages.length < count) {
    const { time, code } = when(messages.length);
    const e = s.event(s.next++, { time: iso(time) });
    if (e.type !== s.topics[0]?.type) continue;
    messages.push({
      partition: messages.length % s.partitions,
      value: JSON.stringify(e),
      ...(code !== undefined && { headers: { expect: `dead_letter:${code}` } }),
    });
  }
  await s.send(new Map([[s.topic, messages]]));
}

/**
 * Late and early events, within the limits and beyond, after their windows were written long ago; and a crash.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function late(env, { without = [] } = {}) {
  const s = await env.scenario();
  const old = Date.now() - 20 * HOUR;
  const first = s.victim({ without, time: LIMITS });
  // Some windows of yesterday, and of today.
  await at(s, 500, (i) => ({ time: i % 2 === 0 ? old + (i % 7) * MINUTE : Date.now() - (i % 9) * MINUTE }));
  await s.drained();
  await first.end();
  const kinds = [
    () => ({ time: old + (s.next % 7) * MINUTE }),
    () => ({ time: Date.now() }),
    () => ({ time: Date.now() - 25 * HOUR, code: 'EVENT_TOO_LATE' }),
    () => ({ time: Date.now() + 5 * MINUTE }),
    () => ({ time: Date.now() + 2 * HOUR, code: 'EVENT_IN_FUTURE' }),
    () => ({ time: Date.now() - 23 * HOUR }),
    () => ({ time: Date.parse('1971-01-01T00:00:00Z'), code: 'EVENT_TOO_LATE' }),
    () => ({ time: Date.parse('2999-01-01T00:00:00Z'), code: 'EVENT_IN_FUTURE' }),
  ];
  const mixed = (/** @type {number} */ i) => kinds[(i * 5) % kinds.length]?.() ?? { time: Date.now() };
  await at(s, 800, mixed);
  await s.victim({ without, time: LIMITS, die: { point: 'after_block', nth: 3 } }).gone();
  await at(s, 800, mixed);
  s.victim({ without, time: LIMITS });
  await s.drained();
  return s.verdict();
}

/**
 * A range is recorded by a process with one clock and replayed by one whose clock is hours off: what was in time then is in
 * time now, since the recorded clock counts. What comes behind it is judged by the new clock.
 * @param {Env} env @param {{ without?: Without }} [o]
 */
async function replayed(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 1 });
  /** Ends of the ranges that were recorded in each hour, and the clock they were recorded with. */
  const judged = /** @type {{ from: number, to: number, clockMs: number }[]} */ ([]);
  // Within the limit of 24 hours now; not for a clock that is two hours ahead.
  const edge = 23 * HOUR;
  let clockMs = 0;
  for (const next of [2 * HOUR, -5 * HOUR, 3 * HOUR, 0]) {
    await at(s, 600, () => ({ time: s.epoch - edge }));
    const victim = s.victim({
      without,
      time: LIMITS,
      clockMs,
      die: { point: 'after_block', nth: 1 },
      pipeline: { maxBatchItems: 200 },
    });
    await victim.gone();
    const o = (await s.offsets()).find((p) => p.topic === s.topic);
    if (!o?.pending) throw new Error(`nothing was in flight: ${s.said()}`);
    // What was pending before it came has been written with its own clock.
    judged.push({ from: o.committed, to: JSON.parse(o.metadata).to, clockMs });
    clockMs = next;
    const heir = s.victim({ without, time: LIMITS, clockMs, pipeline: { maxBatchItems: 200 } });
    await s.drained();
    for (const f of heir.all('flushed')) if (!judged.some((j) => j.from === f.from)) judged.push({ ...f, clockMs });
    for (const f of victim.all('flushed'))
      if (!judged.some((j) => j.from === f.from)) judged.push({ ...f, clockMs: 0 });
    await heir.end();
  }
  const produced = (await s.readBack()).map((r) => {
    const by = judged.find((j) => r.topic === s.topic && r.offset >= j.from && r.offset < j.to);
    return by !== undefined && by.clockMs > HOUR ? { ...r, expect: 'dead_letter:EVENT_TOO_LATE' } : r;
  });
  env.note(
    `${produced.filter((r) => r.expect !== undefined).length} of ${produced.length} events too late by the clock of their time`,
  );
  return s.verdict({ produced });
}

/**
 * Looks at what is claimed to be complete, all the time, until `stop`; then says which claims were wrong: an event before
 * that time was not counted yet.
 * @param {Scenario} s
 */
function watchClaims(s) {
  /** @type {{ at: number, topic: string, part: number, committed: number, until: number }[]} */
  const claims = [];
  let running = true;
  const work = (async () => {
    while (running) {
      const rows = await s
        .rows(
          `SELECT topic, part, committed, toUnixTimestamp64Milli(complete_until) AS until FROM ${s.database}.progress_log FINAL`,
        )
        .catch(() => []);
      for (const r of rows) claims.push({ at: Date.now(), ...r });
      await sleep(200);
    }
  })();
  return {
    /** @param {readonly Produced[]} produced */
    stop: async (produced) => {
      running = false;
      await work;
      /** Earliest time of what lies at or behind each record. @type {Map<string, { offset: number, time: number }[]>} */
      const behind = new Map();
      for (const r of [...produced].reverse()) {
        const key = `${r.topic}/${r.partition}`;
        const list = behind.get(key) ?? [];
        behind.set(key, list);
        list.push({
          offset: r.offset,
          time: Math.min(list.at(-1)?.time ?? Infinity, Date.parse(JSON.parse(String(r.value)).time)),
        });
      }
      const wrong = claims.flatMap((c) => {
        const uncounted = (behind.get(`${c.topic}/${c.part}`) ?? []).findLast((r) => r.offset >= c.committed);
        return uncounted !== undefined && uncounted.time < c.until ? [{ ...c, time: uncounted.time }] : [];
      });
      const highest = Math.max(0, ...claims.map((c) => c.until - c.at));
      return { claims: claims.length, wrong, aheadMs: highest };
    },
  };
}

/**
 * The clock of a processor jumps by hours, forth and back, under load; one dies in between and another, with another clock,
 * goes on. Events happen when they are sent, so that every claim of completeness can be judged.
 * @param {Env} env @param {{ jumps: number[], without?: Without }} o
 */
async function jumping(env, { jumps, without = [] }) {
  const s = await env.scenario({ partitions: 2 });
  const time = { latenessMs: null, futureMs: 1e12 };
  const watch = watchClaims(s);
  let running = true;
  const load = (async () => {
    // With pauses, in which everything there is has been counted, and the clock alone says what is complete.
    for (let i = 1; running; i++) {
      await at(s, 60, () => ({ time: Date.now() }));
      await sleep(i % 4 === 0 ? 2000 : 100);
    }
  })();
  load.catch(() => undefined);
  let victim = s.victim({ without, time, clockMs: 0 });
  await victim.says('flushed', 4);
  for (const clockMs of jumps) {
    victim.child.send({ clockMs });
    const flushed = victim.all('flushed').length;
    // It goes on, whatever its clock says.
    await victim.says('flushed', flushed + 6, 60);
    await sleep(1500);
    if (clockMs === jumps[1]) {
      await victim.kill9();
      victim = s.victim({ without, time, clockMs: -clockMs });
      await victim.says('flushed', 2);
    }
  }
  running = false;
  await load;
  await s.drained();
  // Rows of a clock that was ahead would hide all later ones.
  if (!without.includes('store_clock'))
    await until('progress told', async () => {
      const [row] = await s.rows(
        `SELECT sum(greatest(0, p.end - p.committed)) AS lag FROM ${s.database}.progress_log AS p FINAL`,
      );
      return row.lag === 0 || undefined;
    });
  const { claims, wrong, aheadMs } = await watch.stop(await s.readBack());
  env.note(
    `${claims} claims of completeness, ${wrong.length} wrong; the latest was ${Math.round(aheadMs / 1000)} s ahead of its time`,
  );
  const [first] = wrong;
  const problems =
    first === undefined
      ? []
      : [
          `${wrong.length} of ${claims} claims were wrong: ${first.topic}[${first.part}] was called complete until ${iso(first.until)}, and what was not counted from ${first.committed} on had an event of ${iso(first.time)}`,
        ];
  const v = await s.verdict();
  return { ...v, problems: [...problems, ...v.problems] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'late-events',
    title: 'late events correct windows that were written long ago; what is later, or far ahead, is a dead letter',
    run: (env) => late(env),
    control: {
      title: 'dead letters are not written',
      run: (env) => late(env, { without: ['dead_letters'] }),
    },
  },
  {
    name: 'clock-at-replay',
    title: 'a range is replayed by a process whose clock is hours ahead or behind: it judges by the recorded clock',
    run: (env) => replayed(env),
    control: {
      title: 'a replay takes its own clock, and its other verdicts are not noticed',
      run: (env) => replayed(env, { without: ['recorded_clock', 'digest'] }),
    },
  },
  {
    name: 'clock-jumps',
    title: 'the clock jumps by hours, forth and back, under load: counted once, and complete-until is never wrong',
    run: (env) => jumping(env, { jumps: [-3 * HOUR, 5 * HOUR, -2 * HOUR, 0] }),
    control: {
      title: 'ClickHouse is not asked for the time',
      run: (env) => jumping(env, { jumps: [5 * HOUR, 0], without: ['store_clock'] }),
      fails: (v) => v.problems.some((p) => p.includes('claims were wrong')),
    },
  },
];
