// @ts-check
/**
 * `npm run bench -- panels`: how fast the panels draw, in the machine's Chromium. Each panel has a half of its own; a half that
 * cannot run says why.
 */
import { machine } from './processes.mjs';
import { print } from './report.mjs';

/** @typedef {{ sizes?: number[], seconds?: number }} Options */

/** The halves, by name: each prints its table and gives its figures. */
/** @type {Record<string, () => Promise<(options: Options) => Promise<unknown>>>} */
const HALVES = {
  graph: async () => (await import('./panels/graph.mjs')).graph,
  scorecard: async () => (await import('./panels/scorecard.mjs')).scorecard,
};

/** @param {Options & { only?: string }} options `only`: names of halves, separated by commas */
export async function panels({ only, ...options }) {
  const wanted = only === undefined ? Object.keys(HALVES) : only.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !(name in HALVES));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: there are ${Object.keys(HALVES).join(', ')}`);
  print(machine());
  /** @type {Record<string, unknown>} */
  const result = { machine: machine() };
  for (const name of wanted) {
    const run = await HALVES[name]();
    result[name] = await run(options);
  }
  return result;
}
