/* Small, broken, empty, failed. */
import { big, broken, shop } from './scenes.mjs';
import { axe, check, drawing, expect, legibility, nodes, open, shot } from './page.mjs';

export const tests = [];
const test = (name, run) => tests.push({ name, run });
const SHOP = { frames: shop(), width: 1000, height: 560 };

for (const [name, width, height] of [
  ['tiny', 200, 130],
  ['narrow', 340, 420],
  ['flat', 900, 190],
]) {
  test(`${name} panel, ${width} × ${height}`, async (page) => {
    await open(page, { ...SHOP, width, height });
    expect(await nodes(page).count(), 12, 'nodes');
    if (width >= 260 && height >= 180) {
      expect((await legibility(page)).covered, [], 'texts covering each other');
      await page.mouse.move(1, 1);
    }
    await shot(page, name);
    const size = await page.locator('main').evaluate((m) => [m.scrollWidth, m.scrollHeight]);
    check(size[0] <= width && size[1] <= height, `overflows to ${size}`);
    await axe(page, name);
  });
}

test('a wall, 3840 × 2160', async (page) => {
  await open(page, { ...SHOP, width: 3840, height: 2160 });
  await shot(page, 'wall');
  expect((await legibility(page)).covered, [], 'texts covering each other');
});

test('broken data is drawn and said', async (page) => {
  await open(page, { frames: broken(), width: 800, height: 420 });
  expect(await nodes(page).count(), 4, 'nodes');
  const svg = await drawing(page);
  check(!svg.includes('<script'), 'markup from data in the picture');
  await page.getByRole('button', { name: /notices/ }).click();
  const said = await page.getByRole('listitem').allTextContents();
  for (const words of [
    'without an id',
    'without a source or target',
    'occur more than once',
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

test('high contrast: forced colours keep nodes reachable and visible', async (page) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await open(page, SHOP);
  await page.locator('[data-id][tabindex="0"]').focus();
  await page.keyboard.press('ArrowRight');
  await shot(page, 'forced-colors');
  // The browser chooses the colours then, and axe reads those that the page had asked for.
  await axe(page, 'forced colours', ['color-contrast']);
});

test('in German', async (page) => {
  await open(page, { ...SHOP, language: 'de-DE' });
  await page.getByRole('button', { name: 'Als Tabelle zeigen' }).waitFor();
  await page.getByText('Beeinträchtigt').first().waitFor();
  await page.mouse.move(1, 1);
  await shot(page, 'german');
});

test('without the worker file the main thread lays out', async (page) => {
  await page.route('**/layout-worker.js*', (route) => route.abort());
  await open(page, { frames: big(60), width: 900, height: 600 });
  expect(await nodes(page).count(), 60, 'nodes');
});

test('without anything to draw on, buttons and table remain', async (page) => {
  await page.addInitScript(() => (HTMLCanvasElement.prototype.getContext = () => null));
  await open(page, SHOP);
  expect(await nodes(page).count(), 12, 'nodes');
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
  await nodes(page).first().waitFor({ state: 'attached' });
  await page.getByText('Sample, not your data').waitFor();
  await page.mouse.move(1, 1);
  await shot(page, 'sample');
  await page.getByRole('button', { name: 'Hide sample' }).click();
  await page.getByText('No data').waitFor();
});
