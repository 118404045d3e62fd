// @ts-check
/**
 * `npm run faults [-- NAME …] [--list] [--short] [--json]`: every fault against real Kafka, real ClickHouse and real
 * processor processes, judged by the oracle, each with its control (a protection switched off), which must fail.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildProcessor, install } from '../../scripts/prepare.mjs';

/**
 * @typedef {object} Env what a fault gets
 * @property {import('./harness.mjs').Harness} harness
 * @property {boolean} short
 * @property {(o?: import('./scenario.mjs').ScenarioOptions) => Promise<import('./scenario.mjs').Scenario>} scenario
 * @property {(text: string) => void} note prints a line
 *
 * @typedef {object} Fault
 * @property {string} name
 * @property {string} title
 * @property {(env: Env) => Promise<import('./oracle.mjs').Verdict>} run
 * @property {{ title: string, run: (env: Env) => Promise<import('./oracle.mjs').Verdict>, fails?: (v: import('./oracle.mjs').Verdict) => boolean } | { none: string }} control
 *   fails when events were lost or counted twice, or as `fails` says; `none` says why there can be no control
 * @property {boolean} [short] part of the short subset
 *
 * @typedef {{ name: string, ok: boolean, lost: number, duplicated: number, control_failed: boolean | null, peak_rss_mb: number }} Result
 */

const USAGE = `npm run faults [-- NAME …] [options]

  NAME       only these faults
  --list     names and titles
  --short    the subset that npm test runs
  --json     the last line is {"faults":[…]}
  --help     this

Exit code: 0 all passed and every control failed as it must, 1 not so, 2 wrong usage, 3 Kafka cannot run here.
`;

const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);

/** Every fault there is: the lists of the files in `matrix/`. @returns {Promise<Fault[]>} */
async function matrix() {
  const folder = new URL('./matrix/', import.meta.url);
  const files = readdirSync(folder).filter((f) => f.endsWith('.mjs'));
  const groups = await Promise.all(files.sort().map((f) => import(new URL(f, folder).href)));
  return groups.flatMap((g) => g.default);
}

/**
 * @param {import('./harness.mjs').Harness} harness
 * @param {(env: Env) => Promise<import('./oracle.mjs').Verdict>} run
 */
async function attempt(harness, run) {
  /** @type {import('./scenario.mjs').Scenario[]} */
  const scenarios = [];
  try {
    return await run({
      harness,
      short: harness.short,
      note: (text) => say(`        ${text}`),
      scenario: async (o) => {
        const s = await harness.scenario(o);
        scenarios.push(s);
        return s;
      },
    });
  } finally {
    for (const s of scenarios) await s.close();
  }
}

const counts = (/** @type {import('./oracle.mjs').Verdict} */ v) =>
  `${v.records} records, lost ${v.lost}, duplicated ${v.duplicated}`;

/**
 * @param {import('./harness.mjs').Harness} harness
 * @param {Fault} fault
 * @returns {Promise<Result>}
 */
async function one(harness, fault) {
  const began = Date.now();
  say(`▸ ${fault.name}: ${fault.title}`);
  /** @type {Result} */
  const result = { name: fault.name, ok: false, lost: 0, duplicated: 0, control_failed: null, peak_rss_mb: 0 };
  try {
    const v = await attempt(harness, fault.run);
    Object.assign(result, { ok: v.problems.length === 0, lost: v.lost, duplicated: v.duplicated });
    result.peak_rss_mb = Math.round(v.peakRssMb);
    say(`        ${counts(v)}, peak ${result.peak_rss_mb} MiB`);
    for (const p of v.problems) say(`        ! ${p}`);
  } catch (e) {
    say(`        ! ${/** @type {Error} */ (e)?.stack ?? e}`);
  }
  if ('none' in fault.control) say(`        control: none: ${fault.control.none}`);
  else {
    result.control_failed = false;
    try {
      const v = await attempt(harness, fault.control.run);
      result.control_failed = fault.control.fails?.(v) ?? v.lost + v.duplicated > 0;
      const what = `${counts(v)}${fault.control.fails ? `, peak ${Math.round(v.peakRssMb)} MiB` : ''}`;
      say(`        control (${fault.control.title}): ${what}${result.control_failed ? '' : ' ! it did not fail'}`);
    } catch (e) {
      say(`        ! control (${fault.control.title}): ${/** @type {Error} */ (e)?.stack ?? e}`);
    }
  }
  const passed = result.ok && result.control_failed !== false;
  say(`${passed ? 'ok     ' : 'FAILED '} ${fault.name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  return result;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      short: { type: 'boolean', default: false },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  install();
  buildProcessor();
  const all = await matrix();
  if (values.list) return all.forEach((f) => say(`${f.name.padEnd(32)} ${f.short ? 'short ' : '      '} ${f.title}`));
  const unknown = positionals.filter((n) => !all.some((f) => f.name === n));
  if (unknown.length > 0) {
    say(`no fault ${unknown.join(', ')}; --list names them`);
    process.exitCode = 2;
    return;
  }
  const chosen = all.filter((f) => (positionals.length > 0 ? positionals.includes(f.name) : !values.short || f.short));
  const { Harness, unavailable } = await import('./harness.mjs');
  const json = (/** @type {object} */ o) => values.json && say(JSON.stringify(o));
  const reason = await unavailable();
  if (reason !== null) {
    say(`!! THE FAULT MATRIX DID NOT RUN: a real Kafka is needed: ${reason}`);
    say(`SKIPPED: ${chosen.length} faults: ${reason}`);
    say(`0 passed, 0 failed, ${chosen.length} skipped`);
    json({ faults: [], unavailable: reason });
    process.exitCode = 3;
    return;
  }
  const harness = new Harness({ short: values.short });
  const results = [];
  try {
    await harness.start();
    for (const f of chosen) results.push(await one(harness, f));
  } finally {
    await harness.stop();
  }
  const failed = results.filter((r) => !r.ok || r.control_failed === false);
  if (failed.length > 0) say(`FAILED: ${failed.map((r) => r.name).join(', ')}`);
  say(`${results.length - failed.length} passed, ${failed.length} failed, 0 skipped`);
  json({ faults: results });
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await main().catch((e) => {
  say(String(e?.stack ?? e));
  say('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
});
// A process or a connection that is still open must not keep the caller waiting.
process.exit();
