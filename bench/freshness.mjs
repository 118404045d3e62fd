// @ts-check
/**
 * `npm run bench -- freshness`: how long after a producer sent an event an alert rule's query shows it, while the pipeline
 * carries half of what this machine can. A marker is one event of an integration that nobody else calls; its time runs from
 * before the send to the first answer that has it, asked through the reader that the API and the CLI use (catalog, grain, view).
 * An alert rule that is evaluated besides waits for its minute to be complete; that is its window, not freshness.
 */
import { processor, sleep } from '../test/support/stack.mjs';
import { DATABASE, startEmbeddedEngine } from './engines.mjs';
import { startLog, topicOf } from './log.mjs';
import { startProcessor } from './ours.mjs';
import { cpuSeconds, machine, peakRssMb } from './processes.mjs';
import { startProducer } from './producer.mjs';
import { print, quantile, round, say } from './report.mjs';
import { eventMaker, WORKSPACE } from './workload.mjs';

/** Distance between two looks, milliseconds; the answer's own time comes on top. */
const POLL_MS = 40;
/** Markers go out this far apart on average, milliseconds, at random so that they meet every phase of a flush. */
const APART_MS = 200;
const PREFIX = 'bench-fresh';

/** An alert rule's query that can be narrowed to one integration. */
function alertQuery() {
  const { domains } = processor('domains/index.js');
  const queries = new Map(
    domains.flatMap((/** @type {any} */ d) => d.queries).map((/** @type {any} */ q) => [q.name, q]),
  );
  const rule = domains
    .flatMap((/** @type {any} */ d) => d.alerts)
    .find((/** @type {any} */ a) => queries.get(a.query)?.params?.integration !== undefined);
  if (rule === undefined) throw new Error('no alert rule takes the parameter integration; mend bench/freshness.mjs');
  return rule;
}

const marker = (/** @type {number} */ i) => `marker-${i}`;
/** The marker's event: one of the workload, of an integration of its own. */
function markerEvent(/** @type {number} */ i) {
  const e = eventMaker({ series: 1, seed: 1_000_000 + i })(Date.now());
  return { id: e.id, json: JSON.stringify({ ...JSON.parse(e.json), integration: marker(i) }) };
}

/**
 * Highest rate that the whole machine sustains, this producer included: events per second that were committed in the second
 * half of `seconds` of full speed.
 */
async function calibrate(/** @type {any} */ producer, /** @type {() => Promise<number>} */ committed, seconds = 20) {
  producer.rate(Infinity);
  await sleep((seconds / 2) * 1000);
  const [from, at] = [await committed(), Date.now()];
  await sleep((seconds / 2) * 1000);
  const rate = ((await committed()) - from) / ((Date.now() - at) / 1000);
  producer.rate(0);
  return rate;
}

/** @param {{samples: number, rate?: number, series: number}} o */
export async function freshness({ samples, rate, series }) {
  const log = await startLog();
  await log.createTopic(PREFIX);
  const engine = await startEmbeddedEngine();
  const group = 'bench-freshness';
  const ours = await startProcessor({ brokers: log.brokers, prefix: PREFIX, group, engine });
  await ours.untilReady();
  const producer = await startProducer({ brokers: log.brokers, prefix: PREFIX, series, compression: 'lz4', seed: 2 });
  const committed = async () => {
    const [{ partitions }] = await log.admin.fetchOffsets({ groupId: group, topics: [topicOf(PREFIX)] });
    return partitions.reduce(
      (/** @type {number} */ sum, /** @type {any} */ p) => sum + Math.max(0, Number(p.offset)),
      0,
    );
  };
  say(`${machine()}; Kafka by ${log.by}`);

  let capacity;
  if (rate === undefined) {
    capacity = await calibrate(producer, committed);
    rate = Math.round(capacity / 2);
    say(
      `this machine sustains ${Math.round(capacity).toLocaleString('en')} events/s with the producer on it; half of it is the load`,
    );
  }
  // What the calibration left behind is counted first.
  for (let last = -1, n = 0; (n = await committed()) !== last || n < producer.sent(); last = n) await sleep(1000);

  const rule = alertQuery();
  const { createQueryRunner } = processor('query/index.js');
  const runner = createQueryRunner({
    clickhouse: { url: engine.url, user: engine.user, password: engine.password, database: DATABASE },
  });
  const [sentBefore, startedLoad] = [producer.sent(), Date.now()];
  producer.rate(rate);
  await sleep(5000);
  const cpuBefore = cpuSeconds(ours.pid) + cpuSeconds(engine.pid);
  const measuredFrom = Date.now();

  /** @type {Map<string, number>} */
  const outstanding = new Map();
  /** @type {number[]} */
  const delays = [];
  /** @type {number[]} */
  const looks = [];
  const look = async () => {
    const [at, wanted] = [Date.now(), [...outstanding.keys()]];
    const answer = await runner.run(rule.query, {
      workspace: WORKSPACE,
      params: { ...rule.params, integration: wanted },
      from: at - rule.windowSeconds * 1000,
      to: at + rule.stepSeconds * 1000,
      step: rule.stepSeconds,
      columns: ['integration', 'calls', rule.column],
      part: 'main',
    });
    const now = Date.now();
    looks.push(now - at);
    for (const row of answer.parts.main) {
      const sent = outstanding.get(row.integration);
      if (sent === undefined || !(row.calls >= 1)) continue;
      outstanding.delete(row.integration);
      delays.push(now - sent);
    }
  };
  let next = Date.now();
  for (let i = 0; delays.length < samples;) {
    const why = ours.ended();
    if (why !== undefined) throw new Error(`the processor ended: ${why}`);
    if (i < samples && Date.now() >= next) {
      next = Date.now() + Math.random() * 2 * APART_MS;
      const event = markerEvent(i);
      outstanding.set(marker(i++), Date.now());
      await log.send(PREFIX, [event], 'none');
    }
    if (outstanding.size > 0) await look();
    const [oldest] = outstanding.values();
    if (oldest !== undefined && Date.now() - oldest > 60_000)
      throw new Error(`a marker has not shown up within a minute; ${delays.length} of ${samples} have`);
    await sleep(POLL_MS);
  }
  const load = (producer.sent() - sentBefore) / ((Date.now() - startedLoad) / 1000);
  const cores = (cpuSeconds(ours.pid) + cpuSeconds(engine.pid) - cpuBefore) / ((Date.now() - measuredFrom) / 1000);
  await producer.stop();
  await runner.close();

  const q = (/** @type {number} */ p) => Math.round(quantile(delays, p));
  const json = {
    p50_ms: q(0.5),
    p95_ms: q(0.95),
    p99_ms: q(0.99),
    max_ms: q(1),
    samples,
    load_events_per_s: Math.round(load),
    wanted_events_per_s: rate,
    ...(capacity === undefined ? {} : { capacity_events_per_s: Math.round(capacity) }),
    cores_used: round(cores, 2),
    rss_mb: round(peakRssMb(ours.pid), 1),
    query: rule.query,
    query_ms_p50: quantile(looks, 0.5),
    machine: machine(),
  };
  print(
    `produce → visible in ${rule.query}: p50 ${json.p50_ms} ms, p95 ${json.p95_ms} ms, p99 ${json.p99_ms} ms, at most ${json.max_ms} ms; ${samples} markers under ${json.load_events_per_s.toLocaleString('en')} events/s (processor and engine use ${json.cores_used} cores, one look takes ${json.query_ms_p50} ms)`,
  );
  return json;
}
