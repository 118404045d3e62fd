// @ts-check
/** Whether a contestant counted everything, and whether all of them have the same answers. */
import { sleep } from '../test/support/stack.mjs';
import { FINEST_ROLLUP, workloadTables } from './contestants.mjs';
import { DATABASE } from './engines.mjs';
import { cpuSeconds } from './processes.mjs';

const q = (/** @type {string} */ name) => `${DATABASE}.${name}`;

/**
 * Fails unless raw and every one of `rollups` show `events` events to a reader now.
 * @param {import('./engines.mjs').Engine} engine
 * @param {{events: number, rollups: string[]}} o
 */
export async function mustBeVisible(engine, { events, rollups }) {
  const { raw } = workloadTables();
  const counts = [`(SELECT count() FROM ${q(raw.name)}) AS ${raw.name}`];
  for (const t of rollups) counts.push(`(SELECT sum(calls) FROM ${q(t)}) AS ${t}`);
  const [row] = await engine.rows(`SELECT ${counts.join(', ')}`);
  const wrong = Object.entries(row).filter(([, n]) => n !== events);
  if (wrong.length > 0) throw new Error(`all ${events} events are committed, but readers see ${JSON.stringify(row)}`);
}

/**
 * Resolves when the engine has nothing left to merge: it is idle for two seconds and no merge is running. After a minute it
 * fails. Looks at its CPU time first, since a question costs the engine as well.
 */
export async function untilSettled(/** @type {import('./engines.mjs').Engine} */ engine) {
  const deadline = Date.now() + 60_000;
  for (let quiet = 0, last = cpuSeconds(engine.pid); ;) {
    await sleep(1000);
    const now = cpuSeconds(engine.pid);
    quiet = now - last < 0.08 ? quiet + 1 : 0;
    last = now;
    if (quiet >= 2 && (await engine.rows('SELECT count() AS n FROM system.merges'))[0].n === 0) return;
    if (Date.now() > deadline) throw new Error('the engine is still busy a minute after everything was counted');
  }
}

/**
 * What a contestant's tables say, to be compared with the others'.
 * @typedef {object} Answers
 * @property {Record<string, string>} exact per table: of raw, a hash of all that was sent; of a rollup, of its rows as a
 *   reader merges them, with counts, whole sums, histograms and maxima
 * @property {Record<string, number>} sums per table and column, totals of sums of fractions: the processor rounds values to
 *   2^-14 ms so that their sums do not depend on the order
 * @property {number} groups rows of the finest rollup
 */

/** @returns {Promise<Answers>} */
export async function answers(/** @type {import('./engines.mjs').Engine} */ engine, /** @type {string[]} */ rollups) {
  const tables = workloadTables();
  const skipped = new Set(['written_at', 'topic', 'part', 'off', 'idx']);
  const sent = tables.raw.columns
    .map((/** @type {any} */ c) => c.name)
    .filter((/** @type {string} */ n) => !skipped.has(n));
  /** @type {Answers} */
  const out = { exact: {}, sums: {}, groups: 0 };
  const [raw] = await engine.rows(
    `SELECT count() AS rows, uniqExact(event_id) AS ids, uniqExact(part, off) AS records, toString(sum(cityHash64(toString((${sent.join(', ')}))))) AS hash FROM ${q(tables.raw.name)}`,
  );
  out.exact[tables.raw.name] = `${raw.rows} rows, ${raw.ids} ids, ${raw.records} records, ${raw.hash}`;
  for (const t of tables.rollups.filter((r) => rollups.includes(r.name))) {
    const columns = t.columns.filter((/** @type {any} */ c) => c.name !== 'written_at');
    const keys = columns
      .filter((/** @type {any} */ c) => c.aggregate === undefined)
      .map((/** @type {any} */ c) => `r.${c.name}`);
    const measures = columns.filter((/** @type {any} */ c) => c.aggregate !== undefined);
    const isFraction = (/** @type {any} */ c) => c.aggregate === 'sum' && c.type === 'Float64';
    const exact = measures
      .filter((/** @type {any} */ c) => !isFraction(c))
      .map((/** @type {any} */ c) => `${c.aggregate}(r.${c.name})`);
    const fractions = measures.filter(isFraction).map((/** @type {any} */ c) => c.name);
    const [row] = await engine.rows(
      `SELECT count() AS groups, sum(calls) AS calls, sum(inHistogram) AS inHistogram, toString(sum(hash)) AS hash FROM (
         SELECT sum(r.calls) AS calls, arraySum(mapValues(sumMap(r.latency_hist))) AS inHistogram,
                cityHash64(toString((${[...keys, ...exact].join(', ')}))) AS hash
         FROM ${q(t.name)} AS r GROUP BY ${keys.join(', ')})`,
    );
    out.exact[t.name] = `${row.groups} groups, ${row.calls} calls, ${row.inHistogram} in histograms, ${row.hash}`;
    if (t.name === FINEST_ROLLUP) out.groups = row.groups;
    const [sums] = await engine.rows(
      `SELECT ${fractions.map((/** @type {string} */ f) => `sum(${f}) AS ${f}`).join(', ')} FROM ${q(t.name)}`,
    );
    for (const [name, sum] of Object.entries(sums)) out.sums[`${t.name}.${name}`] = sum;
  }
  return out;
}

/**
 * Fails unless each contestant counted every event once and all have the same answers.
 * @param {{name: string, answers: Answers}[]} results
 * @param {number} events
 */
export function verifySame(results, events) {
  const [first] = results;
  for (const r of results) {
    for (const [table, print] of Object.entries(r.answers.exact)) {
      const counts = table.startsWith('raw_')
        ? `${events} rows, ${events} ids, ${events} records, `
        : `groups, ${events} calls, ${events} in histograms, `;
      if (!print.includes(counts)) throw new Error(`${r.name}, ${table}: ${print}; ${events} events were sent`);
      const other = first.answers.exact[table] ?? print;
      if (other !== print) throw new Error(`${table} differs: ${r.name} has ${print}; ${first.name} has ${other}`);
    }
    for (const [column, sum] of Object.entries(r.answers.sums)) {
      const other = first.answers.sums[column] ?? sum;
      if (!(Math.abs(sum - other) <= 1e-6 * Math.abs(other)))
        throw new Error(`${column} differs: ${r.name} has ${sum}; ${first.name} has ${other}`);
    }
  }
}
