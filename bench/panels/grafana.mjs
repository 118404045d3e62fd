// @ts-check
/** Ours beside Grafana's own node graph, in a real Grafana, with the same data from its TestData source. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { processor } from '../../test/support/stack.mjs';
import { launch } from '../../plugins/shadower-dependencygraph-panel/tests/browser/runner.mjs';
import { print, round, say, table } from '../report.mjs';
import { frames, heapMb } from './browser.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const PASSWORD = 'only-for-this-bench';
const AUTHORIZATION = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
/** Selectors of what is moved and of what says that it is drawn. */
const PANELS = {
  'shadower-dependencygraph-panel': { move: '[role=application]', drawn: '[role=application] canvas[data-paints]' },
  nodeGraph: { move: '[data-testid="data-testid panel content"] svg', drawn: '[aria-label^="Node:"]' },
};
/** How long a panel may take to draw, ms; Grafana's takes minutes for thousands. */
const PATIENCE = 90_000;

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => probe.once('listening', done));
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((done) => probe.close(done));
  return port;
}

async function post(/** @type {string} */ url, /** @type {object} */ body) {
  const headers = { authorization: AUTHORIZATION, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

function dashboard(/** @type {string} */ type, /** @type {number} */ count) {
  const uid = `bench-${type.slice(0, 8)}-${count}`.toLowerCase();
  const datasource = { type: 'grafana-testdata-datasource', uid: 'bench-testdata' };
  const targets = [{ refId: 'A', datasource, scenarioId: 'node_graph', nodes: { type: 'random', count, seed: 1 } }];
  const options = type === 'nodeGraph' ? {} : { maxNodes: 5000, maxEdges: 15_000, animate: false };
  const panel = { id: 1, type, title: 'Graph', datasource, targets, options, gridPos: { x: 0, y: 0, w: 24, h: 22 } };
  return { dashboard: { uid, title: uid, panels: [panel], time: { from: 'now-1h', to: 'now' } }, overwrite: true };
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {keyof typeof PANELS} type
 * @param {number} nodes
 * @param {number} seconds
 */
async function measure(browser, url, type, nodes, seconds) {
  const body = dashboard(type, nodes);
  await post(`${url}/api/dashboards/db`, body);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 960 },
    extraHTTPHeaders: { authorization: AUTHORIZATION },
    reducedMotion: 'reduce',
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    /** @type {number | undefined} */
    let answered;
    page.on('response', (response) => {
      if (response.url().includes('/api/ds/query')) answered = Date.now();
    });
    const started = Date.now();
    await page.goto(`${url}/d/${body.dashboard.uid}?kiosk`, { waitUntil: 'domcontentloaded' });
    await page.locator(PANELS[type].drawn).first().waitFor({ state: 'attached', timeout: PATIENCE });
    // TestData makes this graph in the page, without a request: then only the whole time is known.
    const drawMs = Date.now() - (answered ?? started);
    const pan = await frames(page, PANELS[type].move, seconds, 'pan');
    return {
      panel: type,
      nodes,
      drawMs: round(drawMs, 0),
      sinceAnswer: answered !== undefined,
      pan,
      heapMb: await heapMb(page),
    };
  } catch (e) {
    return { panel: type, nodes, failed: /** @type {Error} */ (e).message.split('\n')[0] };
  } finally {
    await context.close();
  }
}

/** @param {{ chromium: string, sizes: number[], seconds: number }} options */
export async function inGrafana({ chromium, sizes, seconds }) {
  const { startGrafana } = processor('cli/grafana/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'shadower-bench-'));
  for (const sub of ['datasources', 'dashboards', 'alerting', 'plugins'])
    mkdirSync(join(folder, 'provisioning', sub), { recursive: true });
  mkdirSync(join(folder, 'dashboards'));
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  /** @type {{ url: string, version: string, stop: () => Promise<void> } | undefined} */
  let grafana;
  try {
    grafana = await startGrafana({
      port: Number(process.env.SHADOWER_BENCH_GRAFANA_PORT) || (await freePort()),
      dataDir: join(folder, 'grafana'),
      pluginsDir: join(ROOT, 'plugins'),
      provisioningDir: join(folder, 'provisioning'),
      dashboardsDir: join(folder, 'dashboards'),
      clickhouse: { url: 'http://unused', user: '', password: '' },
      workspace: '',
      adminPassword: PASSWORD,
      access: 'login',
      log: quiet,
    });
  } catch (e) {
    const reason = /** @type {Error} */ (e).message;
    print(`\nBeside Grafana's node graph: not run: ${reason}`);
    rmSync(folder, { recursive: true, force: true });
    return { skipped: reason };
  }
  const browser = await launch(chromium);
  try {
    const { url, version } = grafana;
    await post(`${url}/api/datasources`, {
      name: 'TestData of the bench',
      uid: 'bench-testdata',
      type: 'grafana-testdata-datasource',
      access: 'proxy',
    });
    const rows = [];
    for (const nodes of sizes)
      for (const type of /** @type {(keyof typeof PANELS)[]} */ (Object.keys(PANELS))) {
        say(`${type}, ${nodes} nodes, in Grafana`);
        rows.push(await measure(browser, url, type, nodes, seconds));
      }
    print(
      `\nIn Grafana ${version}, TestData's random graph; draw: from the page's start (or the query's answer) to the first node`,
    );
    print(
      table(
        ['panel', 'nodes', 'draw', 'pan fps', 'pan busy', 'heap'],
        rows.map((row) =>
          'failed' in row && row.failed !== undefined
            ? [row.panel, String(row.nodes), row.failed, '', '', '']
            : [
                row.panel,
                String(row.nodes),
                `${row.drawMs} ms`,
                String(row.pan?.fps),
                `${row.pan?.busyMs} ms`,
                `${row.heapMb} MiB`,
              ],
        ),
      ),
    );
    return { version, rows };
  } finally {
    await browser.close();
    await grafana.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
