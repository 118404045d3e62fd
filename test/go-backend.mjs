/**
 * Runs a plugin's Go tests against a real ClickHouse: the embedded one, with the schema migrated and demo events counted
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

/** Half an hour of the demo, counted; gives the URL and the credentials. */
async function demoData() {
  const clickhouse = await startClickHouse();
  const stack = await startStack(clickhouse, { database: DATABASE, workspace: WORKSPACE });
  const { appendEvents, demoEvents } = processor('cli/demo.js');
  const to = Math.floor(Date.now() / 60_000) * 60_000;
  const events = demoEvents(stack.domains, to - 30 * 60_000, to);
  await appendEvents(stack.runtime.log, 'shadower', WORKSPACE, events);
  await stack.api.accounted(events.length);
  return { clickhouse, stack, events: events.length };
}

/**
 * What the HTTP API answers to every query, for the Go side to compare its frames with. Fixed ranges, so that both ask
 * for the same.
 */
async function apiAnswers(api) {
  const to = Math.floor(Date.now() / 60_000) * 60_000;
  const { json: catalog } = await api.send('GET', '/v1/catalog');
  const answers = [];
  for (const q of catalog.queries)
    for (const hours of [1, 48]) {
      // Rows about freshness go on growing for a minute or two; both sides ask for those of the hours that are over.
      const end = q.name === 'intake_freshness' ? Math.floor(to / 3_600_000) * 3_600_000 : to;
      const range = { from: end - hours * 3600_000, to: end };
      const args = q.kind === 'timeseries' ? { step: hours === 1 ? 60 : 3600 } : {};
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
  const { clickhouse, stack, events } = await demoData();
  process.stdout.write(`${events} demo events counted\n`);
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
