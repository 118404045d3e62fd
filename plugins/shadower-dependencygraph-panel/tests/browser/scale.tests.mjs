/* Large graphs. How fast they are is for the bench to say; here, that they are drawn, complete and said. */
import { big } from './scenes.mjs';
import { check, expect, nodes, open, shot } from './page.mjs';

export const tests = [];
const test = (name, run) => tests.push({ name, run });

const label = (page) => page.getByRole('application').getAttribute('aria-label');

test('120 nodes, laid out in the web worker', async (page) => {
  const workers = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  await open(page, { frames: big(120), width: 1200, height: 800 });
  expect(await nodes(page).count(), 120, 'nodes');
  expect(workers.length, 1, 'workers started');
  await shot(page, 'big');
});

for (const layout of ['layered', 'force', 'radial']) {
  test(`2,000 nodes and 5,000 edges, ${layout}`, async (page) => {
    await open(page, { frames: big(2000, 5000), width: 1200, height: 800, options: { layout } });
    check((await label(page)).includes('2000 nodes and 5000 edges'), `not all is drawn: ${await label(page)}`);
    await shot(page, `large-${layout}`);
    // Walking by keyboard reaches nodes that had no button before.
    await page.locator('[data-id][tabindex="0"]').focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-id') === 'svc-999');
  });
}

test('10,000 nodes are drawn as groups, and said', async (page) => {
  await open(page, { frames: big(10_000, 25_000), width: 1200, height: 800 });
  await page.getByRole('button', { name: /notice/ }).click();
  await page.getByText(/10000 nodes are more than the limit of 2000: drawn as \d+ groups/).waitFor();
  await shot(page, 'huge');
  await nodes(page).first().click();
  const before = await label(page);
  await page.getByRole('button', { name: 'Open group' }).click();
  await page.waitForFunction(
    (old) => document.querySelector('[role=application]')?.getAttribute('aria-label') !== old,
    before
  );
});

test('a limit says what it hides', async (page) => {
  await open(page, { frames: big(120), options: { maxNodes: 5 }, width: 900, height: 500 });
  await page.getByRole('button', { name: /\d+ hidden/ }).waitFor();
  await shot(page, 'limited');
});
