/* What the user does: focus, questions, search, filter, keyboard, menus, comparison, time. */
import { compared, overTime, shop } from './scenes.mjs';
import {
  axe,
  camera,
  check,
  choose,
  drawing,
  expect,
  exported,
  middle,
  node,
  nodes,
  open,
  positions,
  shot,
} from './page.mjs';

export const tests = [];
const test = (name, run, more = {}) => tests.push({ name, run, ...more });
const SHOP = { frames: shop(), width: 1000, height: 560 };

/** Names of what the drawing shows at full strength. */
async function lit(page) {
  const svg = await drawing(page);
  return [...svg.matchAll(/<g data-name="node ([^"]+)"[^>]*?>/g)]
    .filter(([tag]) => !tag.includes('opacity'))
    .map(([, name]) => name)
    .sort();
}

test('click focuses, hops and direction widen it, Escape clears', async (page) => {
  await open(page, SHOP);
  await node(page, 'checkout').click();
  const card = page.getByRole('region', { name: 'Details of checkout' });
  await card.waitFor();
  expect(await page.locator('[data-id][aria-pressed=true]').count(), 1, 'pressed nodes');
  const text = await card.textContent();
  check(text.includes('Degraded') && text.includes('team-2'), `the card lacks values: ${text}`);
  expect(
    await card.getByRole('link', { name: 'Open entity' }).getAttribute('href'),
    'https://example.com/entity',
    'data link'
  );
  expect(await lit(page), ['catalog', 'checkout', 'events', 'orders', 'pay', 'tax', 'web'], 'one hop');
  await shot(page, 'focus');
  await axe(page, 'the details card');
  await page.getByRole('radio', { name: '3' }).click({ force: true });
  await page.getByRole('radio', { name: 'Called' }).click({ force: true });
  expect(
    await lit(page),
    ['catalog', 'checkout', 'events', 'mail', 'orders', 'pay', 'products', 'tax'],
    'three hops down'
  );
  await node(page, 'checkout').focus();
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'detached' });
});

test('click on an edge shows its values', async (page) => {
  await open(page, SHOP);
  const [a, b] = [await middle(page, 'checkout'), await middle(page, 'Payments')];
  // Near the arrow, where no other line is.
  await page.mouse.click(a.x + (b.x - a.x) * 0.62, a.y + (b.y - a.y) * 0.62);
  const card = page.getByRole('region', { name: 'Details of checkout → Payments (card processor)' });
  await card.waitFor();
  check((await card.textContent()).includes('9.4%'), `no error rate in ${await card.textContent()}`);
});

test('context menu: blast radius, path, pin', async (page) => {
  await open(page, SHOP);
  const menu = async (title, item) => {
    await node(page, title).click({ button: 'right' });
    await page.getByRole('menuitem', { name: item }).click();
  };
  await menu('products-db', 'Blast radius');
  await page.getByText('If products-db fails, 5 nodes are hit: 2 directly, 3 through others.').waitFor();
  expect(await lit(page), ['agent', 'catalog', 'checkout', 'products', 'search', 'web'].concat().sort(), 'blast');
  await shot(page, 'blast');
  await menu('storefront', 'Path to another node');
  await page.getByText('Choose the node that the path from storefront leads to.').waitFor();
  await node(page, 'mailer').click();
  await page.getByText('From storefront to mailer: 3 edges.').waitFor();
  expect(await lit(page), ['checkout', 'events', 'mail', 'web'], 'path');
  await menu('mailer', 'Pin here');
  expect(await page.evaluate(() => Object.keys(window.harness.saved.at(-1).pinned.layered.at)), ['mail'], 'pinned');
});

test('critical path and single points of failure', async (page) => {
  await open(page, SHOP);
  await choose(page, 'Critical path');
  await page.getByText('Critical path, 2.27 s of p95 in sum (an upper estimate)').waitFor();
  expect(await lit(page), ['checkout', 'pay', 'web'], 'critical path');
  await shot(page, 'critical');
  await choose(page, 'Single points of failure');
  await page.getByText('Without one of them the graph falls apart').waitFor();
  expect(await lit(page), ['checkout', 'events', 'search'], 'articulation points');
  await shot(page, 'cuts');
  await axe(page, 'the focus bar');
});

test('filter by health hides, and says how many', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  await page.getByRole('button', { name: 'Filter by health' }).click();
  await page.getByRole('menuitem', { name: 'Healthy' }).click();
  await page.getByText('6 hidden').waitFor();
  const after = await positions(page);
  expect(Object.keys(after).length, 6, 'nodes left');
  expect(after.checkout, before.checkout, 'what stays does not move');
  await shot(page, 'filtered');
});

test('keyboard: arrows walk to neighbours, Enter opens, the menu key has the menu', async (page) => {
  await open(page, SHOP);
  await page.locator('[data-id][tabindex="0"]').focus();
  const name = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  const start = await name();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((old) => document.activeElement.getAttribute('aria-label') !== old, start);
  const next = await name();
  check(next !== null, `ArrowRight left the graph from ${start}`);
  await shot(page, 'keyboard');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: `Details of ${next.split(',')[0]}` }).waitFor();
  expect(await page.locator('[data-id][tabindex="0"]').count(), 1, 'tab stops');
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: 'Blast radius' }).waitFor();
  await shot(page, 'menu');
});

test('search lights matches, Enter selects', async (page) => {
  await open(page, SHOP);
  await page.getByRole('searchbox', { name: 'Search nodes' }).fill('-db');
  await page.getByText('2 nodes found').waitFor({ state: 'attached' });
  await shot(page, 'search');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Details of orders-db' }).waitFor();
});

test('a click sets the dashboard variable', async (page) => {
  await open(page, { ...SHOP, options: { variable: 'service' } });
  await node(page, 'catalog').click();
  expect(await page.evaluate(() => window.harness.address), [{ 'var-service': 'catalog' }], 'address');
});

test('colour by p95 and by rate without moving a node', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  const pictures = [await drawing(page)];
  for (const metric of ['p95', 'Rate']) {
    await page.getByRole('radio', { name: metric }).click({ force: true });
    pictures.push(await drawing(page));
    await shot(page, metric.toLowerCase());
  }
  expect(new Set(pictures).size, 3, 'pictures');
  expect(await positions(page), before, 'positions');
});

test('hover shows a card', async (page) => {
  await open(page, { frames: overTime(), width: 900, height: 480 });
  const { x, y } = await middle(page, 'api');
  await page.mouse.move(x, y);
  const card = page.locator('[data-hover]');
  await card.waitFor();
  check((await card.locator('svg path').count()) > 1, 'no sparkline');
  await shot(page, 'hover');
});

test('scrubbing shows another time and moves nothing', async (page) => {
  await open(page, { frames: overTime(), width: 900, height: 480 });
  const before = await positions(page);
  check((await drawing(page)).includes('40 req/s'), 'not the last time at first');
  await page.getByRole('slider', { name: 'Time shown' }).fill('0');
  await page.getByText('(1/5)').waitFor();
  const svg = await drawing(page);
  check(svg.includes('10 req/s') && !svg.includes('40 req/s'), 'not the first time');
  expect(await positions(page), before, 'positions');
  await shot(page, 'scrubbed');
  await axe(page, 'the slider');
});

test('comparison marks what is new, lost, worse and better', async (page) => {
  await open(page, { frames: compared(), width: 900, height: 480 });
  const before = await positions(page);
  await choose(page, 'Compare with previous period');
  const svg = await drawing(page);
  for (const sign of ['＋', '✕', '▲', '▼']) {
    check(svg.includes(sign), `no ${sign} in the picture`);
  }
  expect(await positions(page), before, 'positions');
  await shot(page, 'compared');
  await node(page, 'worse').click();
  check(
    (await page.getByRole('region', { name: 'Details of worse' }).textContent()).includes('before: '),
    'no values of before'
  );
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

test('zoom: Ctrl + wheel zooms, plain wheel does not; the minimap shows and leads', async (page) => {
  await open(page, SHOP);
  const before = await camera(page);
  await page.mouse.move(400, 300);
  await page.mouse.wheel(0, 200);
  expect(await camera(page), before, 'plain wheel');
  expect(await page.locator('[data-minimap]').isVisible(), false, 'minimap while all is in view');
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -500);
  await page.keyboard.up('Control');
  const minimap = page.locator('[data-minimap]');
  await minimap.waitFor({ state: 'visible' });
  const zoomed = await camera(page);
  check(zoomed !== before, 'the wheel did not zoom');
  await shot(page, 'minimap');
  await minimap.click({ position: { x: 10, y: 10 } });
  check((await camera(page)) !== zoomed, 'the minimap did not lead');
  await page.getByRole('button', { name: 'Show all' }).click();
  expect(await camera(page), before, 'after Show all');
});

test('PNG and SVG show the same', async (page) => {
  await open(page, SHOP);
  const [png, svg] = [await exported(page, 'PNG'), await exported(page, 'SVG')];
  const difference = await page.evaluate(
    async ([a, b]) => {
      const load = async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        return image;
      };
      const [one, two] = [await load(a), await load(b)];
      const pixels = (image) => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [one.width, one.height];
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const [p, q] = [pixels(one), pixels(two)];
      let different = 0;
      for (let i = 0; i < p.length; i += 4) {
        different += Math.abs(p[i] - q[i]) + Math.abs(p[i + 1] - q[i + 1]) + Math.abs(p[i + 2] - q[i + 2]) > 96 ? 1 : 0;
      }
      return different / (p.length / 4);
    },
    [png, svg]
  );
  check(difference < 0.02, `${difference} of the pixels differ`);
});

test(
  'traffic moves, unless the viewer prefers reduced motion',
  async (page) => {
    await open(page, SHOP);
    const moving = () => page.locator('[role=application] > canvas').count();
    expect(await moving(), 2, 'canvases with motion');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.waitForFunction(() => document.querySelectorAll('[role=application] > canvas').length === 1);
    expect(await nodes(page).count(), 12, 'nodes');
  },
  { motion: true }
);
