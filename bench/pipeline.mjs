// @ts-check
/**
 * `npm run bench -- pipeline`: the processor beside ClickHouse's own Kafka engine, on the same topic, with the same tables and
 * the same answers. Each contestant has the machine for itself (the broker apart) and starts with an empty database. From the
 * moment its consumer group has a member until every event is in raw and in every rollup is its wall time; its CPU time runs
 * on until the merges are over. Producing, and what starts the processes, is outside of both.
 */
import { DEFAULT, FINEST_ROLLUP, LEAN, TUNINGS, setUp, workloadTables } from './contestants.mjs';
import { startBareEngine, startEmbeddedEngine } from './engines.mjs';
import { PARTITIONS, startLog, topicOf } from './log.mjs';
import { startProcessor } from './ours.mjs';
import { cpuSeconds, machine, peakRssMb } from './processes.mjs';
import { median, print, round, say, table } from './report.mjs';
import { answers, mustBeVisible, untilSettled, verifySame } from './verify.mjs';

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {'lz4' | 'none'} compression
 * @property {number} wall seconds
 * @property {number} cpu seconds
 * @property {number} cpuCounted CPU seconds up to the moment when all was counted, before the merges were over
 * @property {number} rssMb of the processor, or of the engine that does all
 * @property {number} [engineRssMb]
 * @property {number} [processorCpu]
 * @property {import('./verify.mjs').Answers} answers
 */

let runs = 0;
const group = (/** @type {string} */ name) => `bench-${name.replace(/\W+/g, '-')}-${++runs}`;

/**
 * @param {import('./log.mjs').Log} log
 * @param {{prefix: string, events: number, compression: 'lz4' | 'none'}} topic
 * @param {import('./contestants.mjs').Contestant} c
 * @returns {Promise<Result>}
 */
async function runContestant(log, topic, c) {
  const engine = await startBareEngine();
  try {
    const name = group(c.name);
    for (const sql of setUp(c, { brokers: log.brokers, topic: topicOf(topic.prefix), group: name }))
      await engine.rows(sql);
    await log.untilConsuming(name, () => undefined);
    const [started, before] = [Date.now(), cpuSeconds(engine.pid)];
    const rollups = workloadTables()
      .rollups.map((t) => t.name)
      .filter((t) => !c.onlyFinest || t === FINEST_ROLLUP);
    const counted = await log.untilCommitted(topic.prefix, name, topic.events, () => undefined);
    const cpuCounted = cpuSeconds(engine.pid) - before;
    await mustBeVisible(engine, { events: topic.events, rollups });
    await untilSettled(engine);
    const cpu = cpuSeconds(engine.pid) - before;
    const rssMb = peakRssMb(engine.pid);
    const found = await answers(engine, rollups);
    return {
      name: c.name,
      compression: topic.compression,
      wall: (counted - started) / 1000,
      cpu,
      cpuCounted,
      rssMb,
      answers: found,
    };
  } finally {
    await engine.stop();
  }
}

/**
 * @param {import('./log.mjs').Log} log
 * @param {{prefix: string, events: number, compression: 'lz4' | 'none'}} topic
 * @param {{nodeArgs?: string[], compare?: boolean}} [options] of Node; whether the answers are gathered, to be compared
 * @returns {Promise<Result>}
 */
export async function runOurs(log, topic, { nodeArgs = [], compare = true } = {}) {
  const engine = await startEmbeddedEngine();
  const name = group('ours');
  const processor = await startProcessor({ brokers: log.brokers, prefix: topic.prefix, group: name, engine, nodeArgs });
  try {
    await log.untilConsuming(name, processor.ended);
    const started = Date.now();
    const [ownBefore, engineBefore] = [cpuSeconds(processor.pid), cpuSeconds(engine.pid)];
    const cpuNow = () => cpuSeconds(processor.pid) - ownBefore + cpuSeconds(engine.pid) - engineBefore;
    // The tables are made by the processor before it joins the group.
    const rollups = workloadTables().rollups.map((t) => t.name);
    const counted = await log.untilCommitted(topic.prefix, name, topic.events, processor.ended);
    const cpuCounted = cpuNow();
    await mustBeVisible(engine, { events: topic.events, rollups });
    await untilSettled(engine);
    const [own, whole] = [cpuSeconds(processor.pid) - ownBefore, cpuNow()];
    const result = {
      name: 'ours',
      compression: topic.compression,
      wall: (counted - started) / 1000,
      cpu: whole,
      cpuCounted,
      rssMb: peakRssMb(processor.pid),
      engineRssMb: peakRssMb(engine.pid),
      processorCpu: own,
    };
    await processor.stop();
    return { ...result, answers: await answers(engine, compare ? rollups : []) };
  } finally {
    await processor.stop();
    await engine.stop();
  }
}

/**
 * Figures of the JSON line, from all rounds of a contestant. `steady` is what an event costs beyond what a start costs: the
 * difference to the contestant's run over the small topic.
 * @param {Result[]} results
 * @param {Result[]} small
 * @param {{events: number, smallEvents: number}} o
 */
function figures(results, small, { events, smallEvents }) {
  const of = (/** @type {(r: Result) => number} */ f, digits = 0) => round(median(results.map(f)), digits);
  const start = (/** @type {Result} */ r) => small.find((x) => x.compression === r.compression);
  const beyond = (/** @type {'wall' | 'cpu'} */ k) =>
    of((r) => (events - smallEvents) / Math.max(0.01, r[k] - (start(r)?.[k] ?? NaN)));
  return {
    events_per_s: of((r) => events / r.wall),
    events_per_cpu_s: of((r) => events / r.cpu),
    rss_mb: of((r) => r.rssMb, 1),
    wall_s: of((r) => r.wall, 2),
    cpu_s: of((r) => r.cpu, 2),
    steady_events_per_s: beyond('wall'),
    steady_events_per_cpu_s: beyond('cpu'),
    ...(results[0].processorCpu === undefined
      ? {}
      : { engine_rss_mb: of((r) => r.engineRssMb ?? NaN, 1), processor_cpu_s: of((r) => r.processorCpu ?? NaN, 2) }),
  };
}

function report(/** @type {Result[]} */ results, /** @type {number} */ events) {
  return table(
    ['', 'topic', 'events/s', 'events/CPU-s', 'wall s', 'CPU s', 'of it merging', 'peak RSS MB'],
    results.map((r) => [
      r.name,
      r.compression === 'none' ? 'plain' : r.compression,
      Math.round(events / r.wall).toLocaleString('en'),
      Math.round(events / r.cpu).toLocaleString('en'),
      r.wall.toFixed(2),
      r.processorCpu === undefined ? r.cpu.toFixed(2) : `${r.cpu.toFixed(2)} (processor ${r.processorCpu.toFixed(2)})`,
      (r.cpu - r.cpuCounted).toFixed(2),
      r.engineRssMb === undefined ? r.rssMb.toFixed(0) : `${r.rssMb.toFixed(0)} + engine ${r.engineRssMb.toFixed(0)}`,
    ]),
  );
}

/**
 * @param {{events: number, series: number, minutes: number, rounds: number, only?: string, tune: boolean, cpuProf?: string}} o
 */
export async function pipeline(o) {
  const log = await startLog();
  const tuned = TUNINGS[0];
  /** @type {(topic: any, c: any) => Promise<Result>} */
  const run = (topic, c) =>
    c === 'ours'
      ? runOurs(log, topic, {
          nodeArgs: o.cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${o.cpuProf}`],
        })
      : runContestant(log, topic, c);
  /** @type {any[]} */
  let contestants = o.tune ? ['ours', DEFAULT, LEAN, ...TUNINGS] : ['ours', DEFAULT, LEAN, { ...tuned, name: 'tuned' }];
  const nameOf = (/** @type {any} */ c) => (c === 'ours' ? c : c.name);
  if (o.only !== undefined) contestants = contestants.filter((c) => o.only?.split(',').includes(nameOf(c)));
  if (contestants.length === 0) throw new Error(`--only ${o.only}: there are ours, default, lean, tuned`);

  say(`${machine()}; Kafka by ${log.by}, ${PARTITIONS} partitions`);
  /** @type {Result[]} */
  const results = [];
  /** @type {Result[]} */
  const small = [];
  const smallEvents = Math.max(1000, Math.round(o.events / 20));
  let bytes = 0;
  for (const compression of /** @type {const} */ (['lz4', 'none'])) {
    const start = { prefix: `bench-${compression}-small`, events: smallEvents, compression };
    await log.fill(start.prefix, { ...start, series: o.series, minutes: Math.max(1, Math.round(o.minutes / 20)) });
    for (const c of contestants) small.push(await run(start, c));
    const topic = { prefix: `bench-${compression}`, events: o.events, compression };
    const filled = await log.fill(topic.prefix, { ...o, compression });
    bytes = Math.round(filled.bytes / filled.events);
    say(
      `${filled.events.toLocaleString('en')} events of ${bytes} bytes, ${compression === 'none' ? 'uncompressed' : compression}, produced in ${filled.seconds.toFixed(1)} s`,
    );
    for (let n = 0; n < o.rounds; n++) {
      // One after the other, and in turn the other way round: what the machine does meanwhile hits all alike.
      const order = (compression === 'lz4') === (n % 2 === 0) ? contestants : [...contestants].reverse();
      for (const c of order) {
        const r = await run(topic, c);
        results.push(r);
        say(`  ${r.name}: ${r.wall.toFixed(2)} s, ${r.cpu.toFixed(2)} CPU-s`);
      }
    }
    verifySame(
      results.filter((r) => r.compression === compression),
      o.events,
    );
  }
  const groups = results[0].answers.groups;
  say();
  print(report(results, o.events));
  const all = (/** @type {string} */ name) => results.filter((r) => r.name === name);
  /** @type {Record<string, any>} */
  const summary = {};
  for (const name of new Set(results.map((r) => r.name)))
    summary[name] = figures(
      all(name),
      small.filter((r) => r.name === name),
      { events: o.events, smallEvents },
    );
  if (o.tune) {
    const best = TUNINGS.map((t) => t.name)
      .filter((n) => summary[n])
      .sort((a, b) => summary[b].events_per_cpu_s - summary[a].events_per_cpu_s)[0];
    if (best !== undefined) summary.tuned = { ...summary[best], variant: best };
  }
  const ratio = (/** @type {string} */ of, /** @type {string} */ to, /** @type {string} */ key) =>
    summary[of] && summary[to] ? round(summary[of][key] / summary[to][key], 2) : null;
  const json = {
    ...summary,
    ratios: {
      cpu_vs_default: ratio('ours', 'default', 'events_per_cpu_s'),
      cpu_vs_tuned: ratio('ours', 'tuned', 'events_per_cpu_s'),
      cpu_vs_lean: ratio('ours', 'lean', 'events_per_cpu_s'),
      wall_vs_default: ratio('ours', 'default', 'events_per_s'),
      steady_cpu_vs_default: ratio('ours', 'default', 'steady_events_per_cpu_s'),
      steady_cpu_vs_tuned: ratio('ours', 'tuned', 'steady_events_per_cpu_s'),
    },
    workload: {
      events: o.events,
      small_events: smallEvents,
      bytes,
      partitions: PARTITIONS,
      series: o.series,
      minutes: o.minutes,
      groups,
      rounds: o.rounds,
    },
    rounds: results.map(({ answers: _, ...r }) => r),
    small: small.map(({ answers: _, ...r }) => r),
    machine: machine(),
  };
  say();
  say(
    `Groups: ${groups.toLocaleString('en')} rows of the finest rollup, that is ${o.series.toLocaleString('en')} series × ${o.minutes} minutes of event time. Every contestant has the same rows in raw and the same merged rows in each of its rollups.`,
  );
  for (const c of contestants) if (c !== 'ours') say(`${c.name}: ${c.description}${settingsOf(c)}`);
  say(
    'ours: validated, exactly once, event ids deduplicated, raw and all rollups, dead letters, watermarks; CPU time is that of the processor and of the engine it writes to',
  );
  print();
  print(
    table(
      ['', 'events/s', 'events/CPU-s', 'steady events/s', 'steady events/CPU-s'],
      Object.entries(summary).map(([name, f]) => [
        name,
        ...[f.events_per_s, f.events_per_cpu_s, f.steady_events_per_s, f.steady_events_per_cpu_s].map((x) =>
          x.toLocaleString('en'),
        ),
      ]),
      1,
    ),
  );
  say(
    `Steady: beyond what a run over ${smallEvents.toLocaleString('en')} events costs, so without joining the group, warming up and the last flush.`,
  );
  say(`ratios: ${JSON.stringify(json.ratios)}`);
  return json;
}

const settingsOf = (/** @type {any} */ c) => {
  const list = Object.entries(c.settings).map(([k, v]) => `${k} = ${v}`);
  return list.length === 0 ? '' : ` (${list.join(', ')})`;
};
