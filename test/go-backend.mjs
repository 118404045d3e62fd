/**
 * Runs a plugin's Go tests against a real ClickHouse: the embedded one, with the schema migrated and random events counted
 * by the real pipeline. The last line is the tally of the leaf tests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cleanUp, processor, root, startClickHouse, startStack, tempFolder } from './support/stack.mjs';

const WORKSPACE = 'demo';
const DATABASE = 'shadower';
const [plugin] = process.argv.slice(2);
const folder = join(root, 'plugins', plugin ?? '');
if (plugin === undefined || !existsSync(join(folder, 'go.mod'))) {
  process.stdout.write(`usage: node test/go-backend.mjs <folder below plugins with a go.mod>\n`);
  process.exit(2);
}

/** A seeded source of numbers in [0, 1) (mulberry32), so that a run that fails can be run again. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Events as no demo has them: at random times of the last three hours, with numbers up to ten times larger or smaller,
 * and fields missing. What is refused for it is a dead letter, and a row to be compared like any other.
 */
function randomise(events, to, seed) {
  const next = random(seed);
  const kept = new Set(['type', 'event_id', 'time', 'workspace']);
  return events.map((event) => {
    const out = { ...event, time: to - Math.floor(next() * 3 * 3_600_000) };
    for (const [name, value] of Object.entries(event)) {
      if (kept.has(name)) continue;
      if (next() < 0.02) delete out[name];
      else if (typeof value === 'number' && name !== 'status_code') {
        const scaled = value * 10 ** (next() * 2 - 1);
        out[name] = Number.isInteger(value) ? Math.round(scaled) : scaled;
      }
    }
    return out;
  });
}

/** Half an hour of the demo, made random and counted; gives the URL and the credentials. */
async function randomData(seed) {
  const clickhouse = await startClickHouse();
  const stack = await startStack(clickhouse, { database: DATABASE, workspace: WORKSPACE });
  const { appendEvents, demoEvents } = processor('cli/demo.js');
  const to = Math.floor(Date.now() / 60_000) * 60_000;
  const events = randomise(demoEvents(stack.domains, to - 30 * 60_000, to), to, seed);
  await appendEvents(stack.runtime.log, 'shadower', WORKSPACE, events);
  await stack.api.accounted(events.length);
  return { clickhouse, stack, events: events.length };
}

/**
 * What the HTTP API answers to every query, for the Go side to compare its frames with. Fixed ranges that end on a full
 * step of the grain, so that panel, alert rule and API all ask for the same.
 */
async function apiAnswers(api) {
  const now = Date.now();
  const { json: catalog } = await api.send('GET', '/v1/catalog');
  const answers = [];
  for (const q of catalog.queries)
    for (const hours of [1, 48]) {
      const finest = Math.max(...q.parts.map((p) => p.views[0].seconds), hours === 1 ? 60 : 3600);
      // Rows about freshness and lateness go on growing for a minute or two; both sides ask for those of hours that are over.
      const unit = (['intake_freshness', 'intake_late'].includes(q.name) ? Math.max(3600, finest) : finest) * 1000;
      const end = Math.floor(now / unit) * unit;
      const range = { from: end - hours * 3600_000, to: end };
      const args = q.kind === 'timeseries' ? { step: hours === 1 ? Math.max(60, finest) : Math.max(3600, finest) } : {};
      const answer = await api.query(q.name, { ...range, ...args });
      answers.push({ query: q.name, ...range, step: args.step ?? 0, parts: answer.parts });
    }
  return answers;
}

async function goTest(env) {
  const child = spawn('go', ['test', '-json', '-count=1', './...'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const results = new Map();
  const output = new Map();
  let broken = 0;
  const exited = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const e = JSON.parse(line);
    const key = `${e.Package ?? e.ImportPath} ${e.Test ?? ''}`;
    if (e.Output !== undefined) output.set(key, (output.get(key) ?? '') + e.Output);
    if (!['pass', 'fail', 'skip'].includes(e.Action)) continue;
    if (e.Test !== undefined) results.set(key, e.Action);
    else if (e.Action === 'fail') {
      // A package that does not build has no test that fails.
      broken++;
      process.stdout.write(`FAILED  ${e.Package}\n${output.get(key) ?? ''}`);
    }
  }
  const [code] = await exited;
  const tally = { pass: 0, fail: 0, skip: 0 };
  for (const [key, result] of results) {
    // A test with subtests is what they are.
    if ([...results.keys()].some((k) => k.startsWith(`${key}/`))) continue;
    tally[result]++;
    const [where, test] = key.split(' ');
    if (result === 'fail') process.stdout.write(`FAILED  ${where} ${test}\n${output.get(key) ?? ''}`);
    if (result === 'skip') {
      const reason = /\.go:\d+: (?:SKIPPED: )?(.*)/.exec(output.get(key) ?? '')?.[1] ?? 'no reason given';
      process.stdout.write(`SKIPPED: ${test}: ${reason}\n`);
    }
  }
  if ((code !== 0 || broken > 0) && tally.fail === 0) tally.fail = 1;
  return tally;
}

let tally;
try {
  // The same numbers each time, so that a change that breaks them is told from luck; `random` tries others.
  const asked = process.env.SHADOWER_TEST_SEED ?? '3501434';
  const seed = asked === 'random' ? Date.now() % 2 ** 32 : Number(asked);
  const { clickhouse, stack, events } = await randomData(seed);
  process.stdout.write(`${events} random events counted (SHADOWER_TEST_SEED=${seed})\n`);
  const answers = join(tempFolder('answers'), 'answers.json');
  writeFileSync(answers, JSON.stringify(await apiAnswers(stack.api)));
  tally = await goTest({
    SHADOWER_TEST_CLICKHOUSE_URL: clickhouse.url,
    SHADOWER_TEST_CLICKHOUSE_USER: clickhouse.user,
    SHADOWER_TEST_CLICKHOUSE_PASSWORD: clickhouse.password,
    SHADOWER_TEST_API_ANSWERS: answers,
  });
} catch (e) {
  process.stdout.write(`${e.stack}\n`);
  tally = { pass: 0, fail: 1, skip: 0 };
} finally {
  await cleanUp();
}
process.stdout.write(`${tally.pass} passed, ${tally.fail} failed, ${tally.skip} skipped\n`);
process.exit(tally.fail === 0 ? 0 : 1);
