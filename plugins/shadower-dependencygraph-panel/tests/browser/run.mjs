/*
 * Draws the built panel in a real browser, without Grafana: `npm run test:browser`. Wants a Chromium (CHROMIUM_PATH, or
 * chromium / google-chrome on the PATH). Screenshots go to test-results/.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { big, boutique, broken, demo, plain, shop, shopLater, shuffled } from './scenes.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const results = path.join(root, 'test-results');
const require = createRequire(import.meta.url);

function findChromium() {
  if (process.env.CHROMIUM_PATH) {
    return existsSync(process.env.CHROMIUM_PATH) ? process.env.CHROMIUM_PATH : undefined;
  }
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const found = spawnSync('which', [name], { encoding: 'utf8' });
    if (found.status === 0) {
      return found.stdout.trim();
    }
  }
  return undefined;
}

const tests = [];
const test = (name, run) => tests.push({ name, run });
const filter = process.argv[2];

function finish(passed, failed, skipped) {
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function expect(actual, wanted, what) {
  if (JSON.stringify(actual) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`);
  }
}

function check(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

/* ---- what the tests ask the page ---- */

const nodes = (page) => page.locator('[data-node]');
const edges = (page) => page.locator('[data-edge]');

async function positions(page) {
  return page.$$eval('[data-node]', (all) =>
    Object.fromEntries(all.map((g) => [g.getAttribute('aria-label').split(',')[0], g.getAttribute('transform')]))
  );
}

async function show(page, scene) {
  await page.setViewportSize({ width: scene.width + 20, height: scene.height + 20 });
  await page.evaluate((s) => window.harness.show(s), scene);
}

async function shot(page, name) {
  await page.locator('main').screenshot({ path: path.join(results, `${name}.png`) });
}

async function open(page, scene) {
  await page.goto(page.harnessUrl);
  await page.waitForFunction(() => window.harness !== undefined);
  await show(page, scene);
  if (scene.graph !== false) {
    await nodes(page).first().waitFor();
  }
}

async function axe(page, what) {
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
  // The page around the panel is the harness's, and Grafana's toolkit answers for its own contrast on hover.
  const found = await page.evaluate(() => window.axe.run('main', { rules: { region: { enabled: false } } }));
  const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  expect(said, [], `axe on ${what}`);
}

/** Pairs of visible texts of the drawing that cover each other by more than a sliver. */
async function coveredTexts(page) {
  return page.evaluate(() => {
    const texts = [...document.querySelectorAll('svg[role=application] text')].filter(
      (t) => t.textContent.trim() !== ''
    );
    const boxes = texts.map((t) => ({ text: t.textContent, box: t.getBoundingClientRect() }));
    const found = [];
    boxes.forEach((a, i) =>
      boxes.slice(i + 1).forEach((b) => {
        const w = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const h = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (w > 3 && h > 4) {
          found.push(`"${a.text}" and "${b.text}"`);
        }
      })
    );
    return found;
  });
}

/** What a reader sees: zoom, pixels of titles and rings, whole and shortened titles, and what covers or leaves what. */
async function legibility(page) {
  return page.evaluate(() => {
    const svg = document.querySelector('svg[role=application]');
    const frame = svg.getBoundingClientRect();
    const zoom = svg.querySelector('g').transform.baseVal.consolidate().matrix.a;
    const titles = [...svg.querySelectorAll('[data-title]')];
    const rings = [...svg.querySelectorAll('[data-node]')].map((g) => {
      const box = g.querySelector('.focus-ring').getBoundingClientRect();
      // The focus ring lies 8 units around the node's own.
      return {
        name: g.getAttribute('aria-label').split(',')[0],
        x: box.x + box.width / 2,
        y: box.y + box.height / 2,
        r: 26 * zoom,
      };
    });
    const touching = rings.flatMap((a, i) =>
      rings
        .slice(i + 1)
        .flatMap((b) => (Math.hypot(a.x - b.x, a.y - b.y) < a.r + b.r + 2 ? [`${a.name} and ${b.name}`] : []))
    );
    const outside = [...svg.querySelectorAll('[data-node], [data-edge] path:last-child')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return (
          box.left < frame.left - 1 ||
          box.right > frame.right + 1 ||
          box.top < frame.top - 9 ||
          box.bottom > frame.bottom + 9
        );
      })
      .map((element) => element.getAttribute('aria-label') ?? 'an edge');
    const middles = rings.map(({ x, y }) => [x - frame.x, y - frame.y]);
    const spread = (i) => Math.max(...middles.map((m) => m[i])) - Math.min(...middles.map((m) => m[i]));
    return {
      zoom,
      font: Math.min(
        ...titles.map(
          (t) => parseFloat(getComputedStyle(t).fontSize) * Math.hypot(t.getScreenCTM().a, t.getScreenCTM().b)
        )
      ),
      labelFont: Math.min(
        Infinity,
        ...[...svg.querySelectorAll('[data-edge-label] text')].map(
          (t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a
        )
      ),
      titles: titles.length,
      cut: titles.filter((t) => t.textContent.endsWith('…')).map((t) => t.textContent),
      labels: svg.querySelectorAll('[data-edge-label]').length,
      touching,
      outside,
      used: [spread(0) / frame.width, spread(1) / frame.height],
    };
  });
}

const SHOP = { frames: shop(), width: 1000, height: 560 };

for (const theme of ['dark', 'light']) {
  test(`draws the shop, ${theme}`, async (page) => {
    await open(page, { ...SHOP, theme });
    expect(await nodes(page).count(), 12, 'nodes');
    expect(await edges(page).count(), 15, 'edges');
    expect(await coveredTexts(page), [], 'texts covering each other');
    await shot(page, `shop-${theme}`);
    await axe(page, `the graph, ${theme}`);
  });
}

test('names nodes for assistive technology', async (page) => {
  await open(page, SHOP);
  const names = await nodes(page).evaluateAll((all) => all.map((g) => g.getAttribute('aria-label')));
  check(
    names.includes('checkout, service, degraded, score 78, 37 req/s in, 148 req/s out'),
    `no full name for checkout in ${JSON.stringify(names)}`
  );
  check(
    names.includes('tax-rates, external integration, unknown'),
    `no name for tax-rates in ${JSON.stringify(names)}`
  );
});

test('shows unknown as unknown: dashed ring and "?", no score', async (page) => {
  await open(page, SHOP);
  const unknown = page.locator('[data-node][aria-label^="tax-rates"]');
  expect(await unknown.locator('[data-ring="unknown"]').count(), 1, 'dashed rings');
  expect(await unknown.locator('[data-ring="score"]').count(), 0, 'score rings');
  check((await unknown.textContent()).includes('?'), 'no question mark');
});

test('top to bottom', async (page) => {
  await open(page, { ...SHOP, width: 900, height: 800, options: { direction: 'TB' } });
  expect(await coveredTexts(page), [], 'texts covering each other');
  await shot(page, 'shop-tb');
});

test('force layout', async (page) => {
  await open(page, { ...SHOP, options: { layout: 'force' } });
  expect(await coveredTexts(page), [], 'texts covering each other');
  await shot(page, 'shop-force');
});

for (const [name, frames, count] of [
  ['boutique', boutique(), 12],
  ['demo', demo(), 13],
]) {
  // The least zoom that each size must reach, and the least number of titles.
  for (const [width, height, zoom, titles] of [
    [770, 440, 0.75, count],
    [380, 300, 0.4, Math.ceil(count * 0.6)],
    [1500, 500, 0.92, count],
  ]) {
    test(`${name} is legible at ${width} × ${height}`, async (page) => {
      await open(page, { frames, width, height });
      const seen = await legibility(page);
      await shot(page, `${name}-${width}x${height}`);
      expect(seen.touching, [], 'nodes on each other');
      expect(seen.outside, [], 'outside the panel');
      expect(await coveredTexts(page), [], 'texts covering each other');
      check(seen.font >= 10.9, `titles of ${seen.font} px`);
      check(seen.labelFont >= 10, `edge labels of ${seen.labelFont} px`);
      check(seen.zoom >= zoom, `zoom ${seen.zoom}`);
      check(seen.titles >= titles, `${seen.titles} titles`);
    });
  }
}

test('a little larger or smaller, the panel draws the same', async (page) => {
  await open(page, { frames: demo(), width: 770, height: 440 });
  const before = await positions(page);
  for (const [width, height] of [
    [740, 440],
    [800, 440],
    [770, 425],
    [770, 460],
  ]) {
    await show(page, { frames: demo(), width, height });
    expect(await positions(page), before, `positions at ${width} × ${height}`);
  }
});

test('what was pinned stays in another panel size', async (page) => {
  await open(page, { frames: demo(), width: 770, height: 440 });
  const box = await page.locator('[data-node][aria-label^="chat"] path').first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width, box.y + box.height + 10, { steps: 4 });
  await page.mouse.up();
  const before = await positions(page);
  const [options] = await page.evaluate(() => window.harness.saved);
  await open(page, { frames: demo(), width: 380, height: 600, options });
  expect(await positions(page), before, 'positions');
});

test('callers of unknown health recede, with a question mark', async (page) => {
  await open(page, { frames: demo(), width: 770, height: 440 });
  expect(await page.locator('[data-receding]').count(), 7, 'receding nodes');
  const caller = page.locator('[data-node][aria-label^="checkout"]');
  expect(await caller.locator('[data-ring="unknown"]').count(), 1, 'dashed rings');
  check((await caller.textContent()).includes('?'), 'no question mark');
});

test('row order does not change the picture', async (page) => {
  for (const layout of ['layered', 'force']) {
    await open(page, { ...SHOP, options: { layout } });
    const before = await page.locator('svg[role=application] > g').innerHTML();
    await open(page, { ...SHOP, frames: shuffled(shop()), options: { layout } });
    check(before === (await page.locator('svg[role=application] > g').innerHTML()), `${layout}: another picture`);
  }
});

test('new metrics move nothing', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  const label = await page.locator('[data-edge-label="e1"]').textContent();
  await show(page, { ...SHOP, frames: shopLater() });
  expect(await positions(page), before, 'positions');
  check(label !== (await page.locator('[data-edge-label="e1"]').textContent()), 'the label did not change');
});

test('click focuses, Escape clears', async (page) => {
  await open(page, SHOP);
  await page.locator('[data-node][aria-label^="checkout"]').click();
  const card = page.getByRole('region', { name: 'Details of checkout' });
  await card.waitFor();
  expect(await page.locator('[data-node][aria-pressed=true]').count(), 1, 'pressed nodes');
  check((await card.textContent()).includes('Degraded'), 'the card does not name the status');
  check((await card.textContent()).includes('team-2'), 'the card lacks a detail');
  expect(
    await card.getByRole('link', { name: 'Open entity' }).getAttribute('href'),
    'https://example.com/entity',
    'data link'
  );
  const dimmed = await page
    .locator('[data-node]')
    .evaluateAll((all) => all.filter((g) => Number(getComputedStyle(g).opacity) < 0.9).length);
  await page.waitForTimeout(200);
  check(dimmed > 0, 'nothing is dimmed');
  await shot(page, 'focus');
  await axe(page, 'the details card');
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'detached' });
});

test('click on an edge shows its values', async (page) => {
  await open(page, SHOP);
  await page.locator('[data-edge="e3"] path').first().dispatchEvent('click');
  const card = page.getByRole('region', { name: 'Details of checkout → Payments (card processor)' });
  await card.waitFor();
  check((await card.textContent()).includes('9.4%'), `no error rate in ${await card.textContent()}`);
});

test('drag pins, refresh keeps, unpin all clears', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  const box = await page.locator('[data-node][aria-label^="order-events"] path').first().boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 40, y + 30, { steps: 4 });
  await page.mouse.move(x + 60, y + 40, { steps: 2 });
  await page.mouse.up();
  const saved = await page.evaluate(() => window.harness.saved);
  expect(saved.length, 1, 'calls of onOptionsChange');
  expect(Object.keys(saved[0].pinned), ['events'], 'pinned ids');
  expect(await page.getByRole('region', { name: /Details/ }).count(), 0, 'a drag is not a click: cards');
  const after = await positions(page);
  check(after['order-events'] !== before['order-events'], 'the node did not move');
  expect(after.checkout, before.checkout, 'the others stay');
  await shot(page, 'pinned');
  await show(page, { ...SHOP, frames: shopLater(), options: saved[0] });
  expect((await positions(page))['order-events'], after['order-events'], 'after a refresh');
  await page.getByRole('button', { name: 'Unpin all (1)' }).click();
  expect(await page.evaluate(() => window.harness.saved.at(-1).pinned), {}, 'pinned after unpin');
  expect(await positions(page), before, 'back where the layout has it');
});

test('keyboard: arrows walk to neighbours, Enter opens', async (page) => {
  await open(page, SHOP);
  await page.locator('[data-node][tabindex="0"]').focus();
  const start = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  await page.keyboard.press('ArrowRight');
  const next = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  check(next !== null && next !== start, `ArrowRight stayed on ${start}`);
  await shot(page, 'keyboard');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: `Details of ${next.split(',')[0]}` }).waitFor();
  expect(await page.locator('[data-node][tabindex="0"]').count(), 1, 'tab stops');
});

test('search lights matches, Enter selects', async (page) => {
  await open(page, SHOP);
  await page.getByRole('searchbox', { name: 'Search nodes' }).fill('-db');
  await page.waitForTimeout(200);
  expect(await page.getByRole('status').first().textContent(), '2 nodes found', 'announcement');
  await shot(page, 'search');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Details of orders-db' }).waitFor();
});

test('colour by p95 without moving a node', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  const stroke = () => page.locator('[data-edge="e8"] path').nth(1).getAttribute('stroke');
  const errors = await stroke();
  await page.getByRole('radio', { name: 'p95' }).click({ force: true });
  check(errors !== (await stroke()), 'the colour did not change');
  expect(await positions(page), before, 'positions');
  await shot(page, 'p95');
});

test('table has the same content', async (page) => {
  await open(page, SHOP);
  await page.getByRole('button', { name: 'Show as table' }).click();
  expect(await page.locator('table').first().locator('tbody tr').count(), 12, 'node rows');
  expect(await page.locator('table').last().locator('tbody tr').count(), 15, 'edge rows');
  await page.mouse.move(1, 300);
  await page.waitForTimeout(300);
  await shot(page, 'table');
  await axe(page, 'the table');
});

test('zoom: Ctrl + wheel zooms, plain wheel does not', async (page) => {
  await open(page, SHOP);
  const camera = () => page.locator('svg[role=application] > g').getAttribute('transform');
  const before = await camera();
  await page.mouse.move(400, 300);
  await page.mouse.wheel(0, 200);
  expect(await camera(), before, 'plain wheel');
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -200);
  await page.keyboard.up('Control');
  await page.waitForFunction(
    (old) => document.querySelector('svg[role=application] > g').getAttribute('transform') !== old,
    before
  );
  await page.getByRole('button', { name: 'Show all' }).click();
  expect(await camera(), before, 'after Show all');
});

for (const [name, width, height] of [
  ['tiny', 200, 130],
  ['narrow', 340, 420],
  ['flat', 900, 190],
]) {
  test(`${name} panel, ${width} × ${height}`, async (page) => {
    await open(page, { ...SHOP, width, height });
    expect(await nodes(page).count(), 12, 'nodes');
    expect(await coveredTexts(page), [], 'texts covering each other');
    await shot(page, name);
    const size = await page.locator('main').evaluate((m) => [m.scrollWidth, m.scrollHeight]);
    check(size[0] <= width && size[1] <= height, `overflows to ${size}`);
    await axe(page, name);
  });
}

test('plain node graph frames', async (page) => {
  await open(page, { frames: plain(), width: 700, height: 360, theme: 'light' });
  expect(await nodes(page).count(), 3, 'nodes');
  expect(await page.locator('[data-ring="success"]').count(), 3, 'success arcs');
  expect(await page.locator('[data-ring="errors"]').count(), 2, 'error arcs');
  check((await page.locator('[data-edge-label="1"]').textContent()).includes('4 req/s'), 'no main stat on the edge');
  await shot(page, 'plain');
});

test('broken data is drawn and said', async (page) => {
  await open(page, { frames: broken(), width: 800, height: 420 });
  expect(await nodes(page).count(), 4, 'nodes');
  expect(await edges(page).count(), 3, 'edges');
  await page.getByRole('button', { name: /notices/ }).click();
  const said = await page.getByRole('listitem').allTextContents();
  for (const words of [
    'without an id',
    'without a source or target',
    'occurs more than once',
    'not finite',
    'outside their range',
    'Unrecognised status',
    'ghost',
  ]) {
    check(
      said.some((text) => text.includes(words)),
      `no notice with "${words}"`
    );
  }
  await shot(page, 'broken');
  await axe(page, 'broken data');
});

test('120 nodes, laid out in the web worker', async (page) => {
  const workers = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  await open(page, { frames: big(120), width: 1200, height: 800 });
  expect(await nodes(page).count(), 120, 'nodes');
  expect(workers.length, 1, 'workers started');
  await shot(page, 'big');
});

test('without the worker file the main thread lays out', async (page) => {
  await page.route('**/layout-worker.js*', (route) => route.abort());
  await open(page, { frames: big(60), width: 900, height: 600 });
  expect(await nodes(page).count(), 60, 'nodes');
});

test('a limit says what it hides', async (page) => {
  await open(page, { frames: big(120), options: { maxNodes: 25 }, width: 900, height: 500 });
  expect(await nodes(page).count(), 25, 'nodes');
  await page.getByRole('button', { name: '95 hidden' }).waitFor();
  await shot(page, 'limited');
});

for (const [name, scene, words] of [
  ['empty', { frames: [] }, 'No data'],
  ['no-rows', { frames: [{ name: 'nodes', fields: [{ name: 'id', values: [] }] }] }, 'No nodes in this time range'],
  [
    'not-a-graph',
    {
      frames: [
        {
          name: 'A',
          fields: [
            { name: 'time', values: [1] },
            { name: 'value', values: [2] },
          ],
        },
      ],
    },
    'The data is not a graph',
  ],
  [
    'failed',
    { frames: [], state: 'Error', error: 'connection refused by analytics:8123' },
    'connection refused by analytics:8123',
  ],
  ['loading', { frames: [], state: 'Loading' }, 'Loading'],
]) {
  test(`state: ${name}`, async (page) => {
    await open(page, { ...scene, graph: false, width: 500, height: 300 });
    await page.getByText(words).first().waitFor();
    await page.waitForTimeout(300);
    await shot(page, `state-${name}`);
    await axe(page, name);
  });
}

test('empty and tiny', async (page) => {
  await open(page, { frames: [], graph: false, width: 120, height: 80 });
  await page.getByText('No data').waitFor();
  await shot(page, 'state-empty-tiny');
});

test('sample from the empty state', async (page) => {
  await open(page, { frames: [], graph: false, width: 900, height: 480 });
  await page.getByRole('button', { name: 'Show sample' }).click();
  await nodes(page).first().waitFor();
  await page.getByText('Sample, not your data').waitFor();
  await page.mouse.move(1, 1);
  await shot(page, 'sample');
  await page.getByRole('button', { name: 'Hide sample' }).click();
  await page.getByText('No data').waitFor();
});

/* ---- running them ---- */

function build() {
  mkdirSync(results, { recursive: true });
  const npx = (...args) =>
    execFileSync('npx', ['--no-install', ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  npx('webpack', '-c', './webpack.config.ts', '--env', 'production');
  npx('webpack', '-c', './tests/browser/webpack.config.js');
  writeFileSync(
    path.join(results, 'harness', 'index.html'),
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Panel</title><body style="margin:10px"><div id="panel"></div><script src="/harness/harness.js"></script>'
  );
}

const TYPES = {
  '.js': 'text/javascript',
  '.html': 'text/html',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.ttf': 'font/ttf',
};
const MOUNTS = [
  ['/public/plugins/shadower-dependencygraph-panel/', path.join(root, 'dist')],
  ['/public/build/img/', path.join(path.dirname(require.resolve('@grafana/ui/package.json')), 'dist', 'public', 'img')],
  ['/harness/', path.join(results, 'harness')],
];

function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    for (const [prefix, folder] of MOUNTS) {
      const file = path.join(folder, path.normalize(pathname.slice(prefix.length)));
      if (pathname.startsWith(prefix) && file.startsWith(folder) && existsSync(file) && statSync(file).isFile()) {
        response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
        createReadStream(file).pipe(response);
        return;
      }
    }
    if (pathname.endsWith('.svg')) {
      // The npm package ships part of Grafana's icons; a square stands for the others.
      response.writeHead(200, { 'content-type': TYPES['.svg'] });
      response.end('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M5 5h14v14H5z"/></svg>');
      return;
    }
    response.writeHead(404);
    response.end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const chromium = findChromium();
const wanted = tests.filter(({ name }) => filter === undefined || name.includes(filter));
if (chromium === undefined) {
  process.stdout.write('SKIPPED: no Chromium found. Install one, or set CHROMIUM_PATH to its executable.\n');
  finish(0, 0, wanted.length);
} else {
  build();
  const { chromium: playwright } = await import('playwright-core');
  const server = await serve();
  const browser = await playwright.launch({
    executablePath: chromium,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  let [passed, failed] = [0, 0];
  for (const { name, run } of wanted) {
    const context = await browser.newContext({ deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.harnessUrl = `http://127.0.0.1:${server.address().port}/harness/index.html`;
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on(
      'console',
      (message) =>
        message.type() === 'error' && !message.text().includes('Failed to load resource') && errors.push(message.text())
    );
    try {
      await run(page);
      expect(errors, [], 'errors on the page');
      passed++;
      process.stdout.write(`ok   ${name}\n`);
    } catch (error) {
      failed++;
      process.stdout.write(
        `FAIL ${name}\n     ${error.message}\n${errors.length > 0 ? `     page: ${errors.join('\n     ').slice(0, 800)}\n` : ''}`
      );
      await page
        .screenshot({ path: path.join(results, `failed-${name.replace(/[^a-z0-9]+/gi, '-')}.png`) })
        .catch(() => undefined);
    } finally {
      await context.close();
    }
  }
  await browser.close();
  server.close();
  finish(passed, failed, 0);
}
