// @ts-check
/**
 * `npm run bench -- pipeline --outage`: an hour without ClickHouse, in less time. The backlog of an hour at a nominal 1,000
 * events per second is produced as fast as it goes while the engine is stopped; then the engine comes back on the same
 * data. The processor's resident memory is sampled throughout, and at the end every event must be there once.
 */
import { freePorts, sleep } from '../test/support/stack.mjs';
import { startEmbeddedEngine } from './engines.mjs';
import { startLog } from './log.mjs';
import { startProcessor } from './ours.mjs';
import { machine, rssMb } from './processes.mjs';
import { print, round, say } from './report.mjs';
import { workloadTables } from './contestants.mjs';
import { answers, mustBeVisible, verifySame } from './verify.mjs';

const PREFIX = 'bench-outage';
const NOMINAL_PER_S = 1000;
/** The outage lasts at least this long, seconds, however fast the backlog is made. */
const MIN_SECONDS = 60;

/** @param {{events: number, series: number}} o */
export async function outage({ events, series }) {
  const log = await startLog();
  const port = await freePorts(1);
  let engine = await startEmbeddedEngine(port);
  const group = 'bench-outage';
  const ours = await startProcessor({ brokers: log.brokers, prefix: PREFIX, group, engine });
  await ours.untilReady();
  say(machine());

  /** @type {'before' | 'outage' | 'catching up'} */
  let phase = 'before';
  const peaks = { before: 0, outage: 0, 'catching up': 0 };
  /** @type {{phase: string, rss: number}[]} */
  const samples = [];
  const sampler = setInterval(() => {
    if (ours.ended() !== undefined) return;
    const rss = rssMb(ours.pid);
    samples.push({ phase, rss });
    peaks[phase] = Math.max(peaks[phase], rss);
  }, 250);
  try {
    // As much as warms it up: a tenth of the backlog, counted while all is well.
    const warm = Math.round(events / 10);
    await log.fill(PREFIX, { events: warm, series, minutes: 60, compression: 'lz4', seed: 1 });
    await log.untilCommitted(PREFIX, group, warm, ours.ended);
    say(`before: ${warm.toLocaleString('en')} events counted, peak ${peaks.before.toFixed(0)} MB`);

    await engine.stop();
    phase = 'outage';
    const began = Date.now();
    await log.fill(PREFIX, { events, series, minutes: 60, compression: 'lz4', seed: 2 });
    while (Date.now() - began < MIN_SECONDS * 1000) await sleep(250);
    const seconds = (Date.now() - began) / 1000;
    const during = samples.filter((s) => s.phase === 'outage').map((s) => s.rss);
    const mean = (/** @type {number[]} */ v) => v.reduce((a, b) => a + b, 0) / v.length;
    const third = Math.ceil(during.length / 3);
    const drift = mean(during.slice(-third)) - mean(during.slice(0, third));
    say(
      `outage: ${events.toLocaleString('en')} events of backlog in ${seconds.toFixed(0)} s, peak ${peaks.outage.toFixed(0)} MB`,
    );

    engine = await startEmbeddedEngine(port, engine.dataDir, engine.password);
    phase = 'catching up';
    const back = Date.now();
    await log.untilCommitted(PREFIX, group, warm + events, ours.ended);
    const caughtUp = (Date.now() - back) / 1000;
    clearInterval(sampler);
    await ours.stop();
    const total = warm + events;
    const rollups = workloadTables().rollups.map((t) => t.name);
    await mustBeVisible(engine, { events: total, rollups });
    verifySame([{ name: 'ours', answers: await answers(engine, rollups) }], total);
    const json = {
      backlog_events: events,
      simulated_s: Math.round(events / NOMINAL_PER_S),
      outage_s: Math.round(seconds),
      caught_up_s: round(caughtUp, 1),
      rss_mb: {
        before: round(peaks.before, 1),
        outage: round(peaks.outage, 1),
        catching_up: round(peaks['catching up'], 1),
      },
      drift_mb: round(drift, 1),
      lost: 0,
      duplicated: 0,
      machine: machine(),
    };
    print(
      `An outage with ${events.toLocaleString('en')} events of backlog (${(json.simulated_s / 60).toFixed(0)} minutes at ${NOMINAL_PER_S.toLocaleString('en')}/s, in ${json.outage_s} s): peak RSS ${json.rss_mb.before} MB before, ${json.rss_mb.outage} MB during, ${json.rss_mb.catching_up} MB while catching up in ${json.caught_up_s} s; the outage's last third is ${json.drift_mb} MB above its first. Every event is there once.`,
    );
    return json;
  } finally {
    clearInterval(sampler);
  }
}
