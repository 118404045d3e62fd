// @ts-check
/* global requestAnimationFrame */
/**
 * The dependency graph's half of `npm run bench -- panels`. Ours runs in the page of its browser tests, the built plugin
 * loaded as Grafana loads it. Where Grafana is found, Grafana's own node graph and ours draw the same data there, from
 * Grafana's TestData source.
 */
import {
  build,
  findChromium,
  harnessUrl,
  launch,
  serve,
} from '../../plugins/shadower-dependencygraph-panel/tests/browser/runner.mjs';
import { big } from '../../plugins/shadower-dependencygraph-panel/tests/browser/scenes.mjs';
import { print, round, say, table } from '../report.mjs';
import { frames, heapMb } from './browser.mjs';
import { inGrafana } from './grafana.mjs';

const SIZES = [100, 300, 1000, 2000, 5000, 10_000];
const EDGES_PER_NODE = 2.5;
const PANEL = { width: 1200, height: 800 };
const CANVAS = '[role=application]';
const LAYOUTS = /** @type {const} */ (['layered', 'force', 'radial', 'grouped']);
/** Beyond so many nodes the panel draws groups, so these are no figures of a layout of that size. */
const LAYOUT_SIZES = 5000;

/** @typedef {Awaited<ReturnType<typeof frames>>} Frames */
/** @typedef {{ nodes: number, edges: number, drawn: string, firstPictureMs: number, layoutMs: number, pan: Frames, zoom: Frames, heapMb: number }} Row */

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {number} nodes
 * @param {string} layout
 * @param {number} seconds of panning and of zooming; none without
 */
async function measure(browser, url, nodes, layout, seconds) {
  const context = await browser.newContext({ deviceScaleFactor: 1, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.setViewportSize({ width: PANEL.width + 20, height: PANEL.height + 20 });
  await page.goto(url);
  await page.waitForFunction('window.harness !== undefined');
  // The harness's and React's first run, with a graph that has nothing to do with the one measured.
  await show(page, big(5), 'layered');
  const edges = Math.round(nodes * EDGES_PER_NODE);
  const data = big(nodes, edges);
  const limit = { maxNodes: Math.min(nodes, 5000), maxEdges: 15_000 };
  const firstPictureMs = await show(page, data, layout, nodes > 5000 ? {} : limit);
  const layoutMs = await page.evaluate(
    `performance.getEntriesByName('shadower-dependencygraph layout').at(-1)?.duration ?? NaN`,
  );
  const drawn = await page.locator(CANVAS).getAttribute('aria-label');
  const still = { fps: NaN, slowestMs: NaN, fluent: NaN, busyMs: NaN };
  const pan = seconds > 0 ? await frames(page, CANVAS, seconds, 'pan') : still;
  const zoom = seconds > 0 ? await frames(page, CANVAS, seconds, 'zoom') : still;
  const heap = await heapMb(page);
  await context.close();
  return {
    nodes,
    edges,
    drawn: /(\d+ nodes?) and (\d+ edges?)/.exec(drawn ?? '')?.[0] ?? '',
    firstPictureMs: round(firstPictureMs, 0),
    layoutMs: round(Number(layoutMs), 0),
    pan,
    zoom,
    heapMb: heap,
  };
}

/** Shows a graph and gives the milliseconds until it is painted. */
async function show(
  /** @type {import('playwright-core').Page} */ page,
  /** @type {unknown} */ data,
  /** @type {string} */ layout,
  options = {},
) {
  await page.evaluate((frames) => Object.assign(window, { frames, painted: undefined }), data);
  return page.evaluate(
    async ({ layout, options, size }) => {
      const w = /** @type {any} */ (window);
      const before = document.querySelector('[role=application]')?.getAttribute('aria-label');
      const start = performance.now();
      await w.harness.show({ frames: w.frames, options: { layout, ...options }, ...size });
      for (;;) {
        const graph = document.querySelector('[role=application]');
        const paints = Number(graph?.querySelector('canvas')?.dataset.paints ?? 0);
        if (paints > 0 && graph?.getAttribute('aria-label') !== before) return performance.now() - start;
        await new Promise((frame) => requestAnimationFrame(frame));
      }
    },
    { layout, options, size: PANEL },
  );
}

const ms = (/** @type {number} */ n) => (Number.isFinite(n) ? `${n} ms` : '–');
const cells = (/** @type {Row} */ r) => [
  String(r.nodes),
  r.drawn,
  ms(r.layoutMs),
  ms(r.firstPictureMs),
  `${r.pan.fps}`,
  `${r.zoom.fps}`,
  ms(r.pan.busyMs),
  ms(r.zoom.busyMs),
  `${r.heapMb} MiB`,
];
const HEAD = ['nodes', 'drawn', 'layout', 'first picture', 'pan fps', 'zoom fps', 'pan busy', 'zoom busy', 'heap'];

/** @param {{ sizes?: number[], seconds?: number }} options */
export async function graph({ sizes = SIZES, seconds = 3 }) {
  const chromium = findChromium();
  if (chromium === undefined) throw new Error('no Chromium found; install one, or set CHROMIUM_PATH to its executable');
  say('building the panel and its page');
  build();
  const server = await serve();
  const browser = await launch(chromium);
  /** @type {Row[]} */
  const rows = [];
  /** @type {{ layout: string, nodes: number, layoutMs: number }[]} */
  const layouts = [];
  try {
    for (const nodes of sizes) {
      say(`${nodes} nodes`);
      rows.push(await measure(browser, harnessUrl(server), nodes, 'layered', seconds));
      for (const layout of LAYOUTS.filter((name) => name !== 'layered' && nodes <= LAYOUT_SIZES)) {
        const { layoutMs } = await measure(browser, harnessUrl(server), nodes, layout, 0);
        layouts.push({ layout, nodes, layoutMs });
      }
    }
  } finally {
    await browser.close();
    server.close();
  }
  print(
    `\nDependency graph, layered, ${PANEL.width} × ${PANEL.height}, ${EDGES_PER_NODE} edges a node, layout in a worker`,
  );
  print(table(HEAD, rows.map(cells)));
  print('\nLayout time of the others');
  const others = LAYOUTS.filter((name) => name !== 'layered');
  const time = (/** @type {number} */ nodes, /** @type {string} */ layout) =>
    ms(layouts.find((row) => row.nodes === nodes && row.layout === layout)?.layoutMs ?? NaN);
  print(
    table(
      ['nodes', '', ...others],
      sizes
        .filter((nodes) => nodes <= LAYOUT_SIZES)
        .map((nodes) => [String(nodes), '', ...others.map((layout) => time(nodes, layout))]),
    ),
  );
  const grafana = await inGrafana({ chromium, sizes, seconds });
  return { rows, layouts, grafana };
}
