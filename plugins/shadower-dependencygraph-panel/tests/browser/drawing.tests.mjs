/* What is drawn, where, and that it is readable. */
import { boutique, demo, grouped, places, plain, shop, shopLater, shuffled } from './scenes.mjs';
import { axe, check, drag, drawing, expect, legibility, nodes, open, positions, shot, show } from './page.mjs';

export const tests = [];
const test = (name, run, more = {}) => tests.push({ name, run, ...more });
const SHOP = { frames: shop(), width: 1000, height: 560 };

for (const theme of ['dark', 'light']) {
  test(`draws the shop, ${theme}`, async (page) => {
    await open(page, { ...SHOP, theme });
    const seen = await legibility(page);
    expect([seen.nodes, seen.edges], [12, 15], 'nodes and edges');
    expect(seen.covered, [], 'texts covering each other');
    await shot(page, `shop-${theme}`);
    await axe(page, `the graph, ${theme}`);
  });
}

test('names nodes for assistive technology', async (page) => {
  await open(page, SHOP);
  const names = await nodes(page).evaluateAll((all) => all.map((b) => b.getAttribute('aria-label')));
  for (const name of [
    'checkout, service, degraded, score 78, 37 req/s in, 148 req/s out',
    'tax-rates, external integration, unknown',
  ]) {
    check(names.includes(name), `no "${name}" in ${JSON.stringify(names)}`);
  }
});

test('top to bottom', async (page) => {
  await open(page, { ...SHOP, width: 900, height: 800, options: { direction: 'TB' } });
  expect((await legibility(page)).covered, [], 'texts covering each other');
  await shot(page, 'shop-tb');
});

for (const layout of ['force', 'radial', 'grouped']) {
  test(`${layout} layout`, async (page) => {
    await open(page, { ...SHOP, options: { layout } });
    const seen = await legibility(page);
    expect(seen.covered, [], 'texts covering each other');
    expect(seen.touching, [], 'nodes on each other');
    expect(seen.outside, [], 'outside the picture');
    await shot(page, `shop-${layout}`);
  });
}

test('geographic layout: east is right, north is up, others below', async (page) => {
  await open(page, { frames: places(), width: 900, height: 560, options: { layout: 'geographic' } });
  const at = Object.fromEntries(
    Object.entries(await positions(page)).map(([name, p]) => [name, p.split(' ').map(parseFloat)])
  );
  check(at.Tokyo[0] > at.Frankfurt[0] && at.Frankfurt[0] > at['São Paulo'][0], 'east is not right');
  check(at.Frankfurt[1] < at['São Paulo'][1], 'north is not up');
  check(at.laptop[1] > Math.max(at['São Paulo'][1], at.Sydney[1]), 'what has no place is not below');
  await shot(page, 'geographic');
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
      await shot(page, `${name}-${width}x${height}`);
      const seen = await legibility(page);
      expect(seen.touching, [], 'nodes on each other');
      expect(seen.outside, [], 'outside the picture');
      expect(seen.covered, [], 'texts covering each other');
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

test('row order does not change the picture, in any layout', async (page) => {
  for (const layout of ['layered', 'force', 'radial', 'grouped']) {
    await open(page, { ...SHOP, options: { layout } });
    const before = await drawing(page);
    await open(page, { ...SHOP, frames: shuffled(shop()), options: { layout } });
    check(before === (await drawing(page)), `${layout}: another picture`);
  }
});

test('new metrics move nothing', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  const picture = await drawing(page);
  await show(page, { ...SHOP, frames: shopLater() });
  expect(await positions(page), before, 'positions');
  check(picture !== (await drawing(page)), 'the labels did not change');
});

test('drag pins, refresh and new nodes keep it, unpin all clears', async (page) => {
  await open(page, SHOP);
  const before = await positions(page);
  await drag(page, 'order-events', 60, 40);
  const saved = await page.evaluate(() => window.harness.saved);
  expect(saved.length, 1, 'calls of onOptionsChange');
  expect(Object.keys(saved[0].pinned.layered.at), ['events'], 'pinned ids');
  expect(await page.getByRole('region', { name: /Details/ }).count(), 0, 'a drag is not a click: cards');
  const after = await positions(page);
  check(after['order-events'] !== before['order-events'], 'the node did not move');
  expect(after.checkout, before.checkout, 'the others stay');
  await shot(page, 'pinned');
  // As in a dashboard that was exported and imported: the options went through JSON, and the data has a node more.
  const [first, second] = shopLater();
  const more = {
    ...first,
    fields: first.fields.map((f) => ({ ...f, values: [...f.values, f.name === 'id' ? 'zz' : f.values[0]] })),
  };
  const options = JSON.parse(JSON.stringify(saved[0]));
  await open(page, { ...SHOP, frames: [more, second], options });
  expect((await positions(page))['order-events'], after['order-events'], 'after import, with a new node');
  await page.getByRole('button', { name: 'Unpin all (1)' }).click();
  expect(await page.evaluate(() => window.harness.saved.at(-1).pinned), {}, 'pinned after unpin');
});

test('what was pinned stays in another panel size, and in its own layout', async (page) => {
  await open(page, { frames: demo(), width: 770, height: 440 });
  await drag(page, 'chat', 30, 30);
  const before = await positions(page);
  const [options] = await page.evaluate(() => window.harness.saved);
  await open(page, { frames: demo(), width: 380, height: 600, options });
  expect(await positions(page), before, 'positions');
  await open(page, { frames: demo(), width: 770, height: 440, options: { ...options, layout: 'force' } });
  expect(await page.getByRole('button', { name: /Unpin all/ }).count(), 0, 'pins of another layout');
});

test('groups collapse into one node and open again, which is saved', async (page) => {
  await open(page, { frames: grouped(), width: 1000, height: 600, options: { layout: 'grouped' } });
  await shot(page, 'groups-open');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Collapse all groups' }).click();
  const names = await nodes(page).evaluateAll((all) => all.map((b) => b.getAttribute('aria-label')));
  check(names.includes('payments, 4 nodes, critical, 18 req/s in'), `no collapsed group in ${JSON.stringify(names)}`);
  expect(await page.evaluate(() => window.harness.saved.at(-1).collapsed), ['payments', 'shop'], 'saved');
  await shot(page, 'groups-collapsed');
  await nodes(page).first().click();
  await page.getByRole('button', { name: 'Open group' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role=application] [data-id]').length === 5);
});

test('plain node graph frames', async (page) => {
  await open(page, { frames: plain(), width: 700, height: 360, theme: 'light' });
  expect(await nodes(page).count(), 3, 'nodes');
  check((await drawing(page)).includes('4 req/s'), 'no main stat on the edge');
  await shot(page, 'plain');
});
