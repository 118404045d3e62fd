// @ts-check
/**
 * The health scorecard's half of `npm run bench -- panels`: the panel in a headless Chromium, without Grafana, with React's
 * production build. The time from having the frames to having drawn them, the same for a refresh, frames per second while
 * scrolling from end to end, and memory. Grafana has no panel of the kind to stand beside it.
 */
import { findChromium, openHarness } from '../../plugins/shadower-healthscorecard-panel/tests/browser/browser.mjs';
import { median, print, round, say, table } from '../report.mjs';

const SIZES = [100, 500, 1000, 2000, 5000, 10_000];
const VIEWS = ['grid', 'matrix', 'leaderboard'];
const PANEL = { width: 1380, height: 880 };
const RUNS = 7;
/** What drawing 500 entities may take, in milliseconds. */
const TARGET = { entities: 500, ms: 200 };

/**
 * @typedef {object} Row
 * @property {number} entities
 * @property {string} view
 * @property {number} drawMs frames → elements in the document, median
 * @property {number} paintedMs frames → painted, median
 * @property {number} refreshMs the same panel with new data, painted, median
 * @property {number} fps while scrolling
 * @property {number} elements in the document
 * @property {number} heapMb of the page after a garbage collection
 */

/** @param {{ sizes?: number[], seconds?: number }} options @returns {Promise<{ target: typeof TARGET, rows: Row[] }>} */
export async function scorecard({ sizes = SIZES, seconds = 3 } = {}) {
  const chromium = findChromium();
  if (chromium === null) throw new Error('no Chromium: set CHROMIUM_PATH, or put `chromium` on the PATH');
  say('scorecard: bundling');
  const { page, close, problems } = await openHarness(chromium, { mode: 'production', fixedTime: false });
  /** @type {Row[]} */
  const rows = [];
  try {
    for (const entities of sizes)
      for (const view of VIEWS) {
        say(`scorecard: ${entities} entities, ${view}`);
        const request = { scenario: 'many', count: entities, mode: 'dark', ...PANEL, options: { view } };
        const m = await page.evaluate(measure, { request, runs: RUNS, seconds });
        rows.push({
          entities,
          view,
          drawMs: round(median(m.draws), 1),
          paintedMs: round(median(m.paints), 1),
          refreshMs: round(median(m.refreshes), 1),
          fps: round(m.fps, 1),
          elements: m.elements,
          heapMb: round(m.heap / 2 ** 20, 1),
        });
      }
    if (problems.length > 0) throw new Error(problems.join('; '));
  } finally {
    await close();
  }
  print(`\nHealth scorecard, ${PANEL.width} × ${PANEL.height}; medians of ${RUNS}`);
  print(
    table(
      ['entities', 'view', 'draw ms', 'painted ms', 'refresh ms', 'fps scrolling', 'elements', 'heap MiB'],
      rows.map((r) =>
        [r.entities, r.view, r.drawMs, r.paintedMs, r.refreshMs, r.fps, r.elements, r.heapMb].map(String),
      ),
    ),
  );
  for (const r of rows.filter((x) => x.entities === TARGET.entities))
    print(`${r.entities} entities, ${r.view}: ${r.drawMs} ms, target ${TARGET.ms} ms`);
  return { target: TARGET, rows };
}

/** Runs in the page. @param {{ request: object, runs: number, seconds: number }} what */
async function measure({ request, runs, seconds }) {
  const w = /** @type {any} */ (window);
  const painted = () => new Promise((done) => w.requestAnimationFrame(() => setTimeout(done, 0)));
  /** Milliseconds that `draw` says it took, and until the frame after it was painted. */
  const timed = async (/** @type {() => number} */ draw) => {
    const drew = draw();
    const drawn = performance.now();
    await painted();
    return { drew, total: drew + performance.now() - drawn };
  };
  const draws = [];
  const paints = [];
  const refreshes = [];
  // The first run compiles; it is not counted.
  for (let i = 0; i <= runs; i++) {
    const { drew, total } = await timed(() => w.mountPanel(request));
    if (i > 0) {
      draws.push(drew);
      paints.push(total);
    }
  }
  for (let i = 0; i < runs; i++) refreshes.push((await timed(() => w.refreshPanel())).total);
  const scroller = [...document.querySelectorAll('#panel *')].find((e) => e.scrollHeight > e.clientHeight + 50);
  let frames = 0;
  const begun = performance.now();
  for (let share = 0; share < 1; share = (performance.now() - begun) / (seconds * 1000)) {
    if (scroller) scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
    await new Promise((done) => w.requestAnimationFrame(done));
    frames++;
  }
  const fps = (frames * 1000) / (performance.now() - begun);
  w.gc?.();
  return {
    draws,
    paints,
    refreshes,
    fps,
    elements: document.querySelectorAll('#panel *').length,
    heap: w.performance.memory.usedJSHeapSize,
  };
}
