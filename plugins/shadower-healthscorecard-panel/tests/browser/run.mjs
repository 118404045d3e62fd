/**
 * Draws the panel in a real headless Chromium, without Grafana, and checks what a user would see and do, and that it looks
 * as the golden pictures do (golden.mjs). `npm run test:browser`, with `-- part of a test's name` for some of them;
 * screenshots go to test-results/.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { findChromium, openHarness } from './browser.mjs';
import { Golden } from './golden.mjs';

const out = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../test-results');
const say = (text) => process.stdout.write(`${text}\n`);
const counts = { passed: 0, failed: 0, skipped: 0 };
const only = process.argv[2];
/** Screenshots that have a golden picture. */
const KEPT =
  /-dark$|^(card|grid|matrix|leaderboard|compare|unknown|error)-light$|^size-\w+-(150x100|360x640)$|^card-german$|^text-wall$/;

function assert(condition, message) {
  if (!condition) {
    throw new Error(message);
  }
}

function finish() {
  say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

const executablePath = findChromium();
if (!executablePath) {
  say(
    `SKIPPED: no Chromium at ${process.env.CHROMIUM_PATH || '`chromium` on the PATH'}. ` +
      'Set CHROMIUM_PATH to the executable; nothing was drawn or checked.'
  );
  counts.skipped = 1;
  finish();
} else {
  try {
    await main();
  } catch (error) {
    counts.failed++;
    say(`FAIL  the harness or the browser did not start: ${error.message}`);
  }
  finish();
}

async function main() {
  fs.mkdirSync(out, { recursive: true });
  const { page, problems, close } = await openHarness(executablePath);
  try {
    const golden = await Golden.open(page, path.join(out, 'golden'));
    if (golden.why) {
      say(`SKIPPED: golden pictures: ${golden.why}`);
      counts.skipped++;
    }
    const mount = async (scenario, { mode = 'dark', width = 900, height = 420, options, language } = {}) => {
      await page.evaluate(() => document.activeElement?.blur?.());
      return page.evaluate((request) => window.mountPanel(request), {
        scenario,
        mode,
        width,
        height,
        options,
        language,
      });
    };
    const panel = page.locator('#panel');
    const text = () => panel.innerText();
    const shot = (name) => panel.screenshot({ path: path.join(out, `${name}.png`) });
    const looksAs = async (name) => {
      const picture = await shot(name);
      if (KEPT.test(name)) {
        await golden.compare(name, picture);
      }
    };
    const axe = async () => {
      const { violations } = await new AxeBuilder({ page }).include('#panel').analyze();
      assert(
        violations.length === 0,
        violations
          .map(
            (v) =>
              `axe ${v.id}: ${v.help}: ${v.nodes
                .slice(0, 3)
                .map((n) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? ''}`)
                .join(' | ')}`
          )
          .join('\n')
      );
    };
    /** Nothing may stick out of the panel's box. */
    const inside = async () => {
      const wide = await page.evaluate(() => {
        const box = document.querySelector('#panel').getBoundingClientRect();
        const bad = [];
        for (const el of document.querySelectorAll('#panel main *')) {
          const r = el.getBoundingClientRect();
          if (
            r.width > 1 &&
            r.right > box.right + 1 &&
            getComputedStyle(el).position !== 'absolute' &&
            !el.closest('svg') &&
            !el.closest('[role="table"]')
          ) {
            bad.push(`${el.tagName}.${String(el.className).slice(0, 40)} ${Math.round(r.right - box.right)}px`);
          }
        }
        return bad;
      });
      assert(wide.length === 0, `sticks out on the right: ${wide.slice(0, 3).join(', ')}`);
    };

    const test = async (name, run) => {
      if (only && !name.includes(only)) {
        return;
      }
      problems.length = 0;
      try {
        await run();
        assert(problems.length === 0, problems.join('\n'));
        counts.passed++;
        say(`ok    ${name}`);
      } catch (error) {
        counts.failed++;
        say(`FAIL  ${name}\n      ${String(error.message ?? error).replace(/\n/g, '\n      ')}`);
        await shot(`failed-${name.replace(/\W+/g, '-')}`).catch(() => undefined);
      }
    };

    for (const mode of ['dark', 'light']) {
      for (const scenario of [
        'card',
        'few',
        'unknown',
        'lowConfidence',
        'grid',
        'groups',
        'composites',
        'declared',
        'matrix',
        'matrixGroups',
        'components',
        'leaderboard',
        'compare',
        'wall',
        'broken',
        'foreign',
        'empty',
        'unqueried',
        'loading',
        'error',
        'errorWithData',
        'stale',
      ]) {
        await test(`${scenario} (${mode}) draws, fits, passes axe and looks as it did`, async () => {
          // Two frames of the pulse are never the same.
          await page.emulateMedia({ reducedMotion: scenario === 'loading' ? 'reduce' : 'no-preference' });
          await mount(scenario, { mode });
          await inside();
          await axe();
          await looksAs(`${scenario}-${mode}`);
        });
      }
      await test(`four cards (${mode})`, async () => {
        await mount('few', { mode, width: 1300, height: 800 });
        await inside();
        await axe();
        await looksAs(`cards-${mode}`);
      });
    }
    await page.emulateMedia({ reducedMotion: 'no-preference' });

    for (const [width, height] of [
      [150, 100],
      [80, 50],
      [200, 140],
      [320, 200],
      [360, 640],
      [1380, 880],
    ]) {
      for (const scenario of [
        'card',
        'unknown',
        'few',
        'grid',
        'groups',
        'matrix',
        'leaderboard',
        'compare',
        'wall',
        'broken',
        'empty',
        'error',
        'errorWithData',
      ]) {
        await test(`${scenario} at ${width}×${height}`, async () => {
          await mount(scenario, { width, height });
          await inside();
          await looksAs(`size-${scenario}-${width}x${height}`);
        });
      }
    }

    await test('a card says what, how bad, why and since when', async () => {
      await mount('card');
      const seen = await text();
      for (const part of [
        'payments-api',
        '40',
        'Critical',
        '▼ 53',
        'Capped at 40 by Error rate',
        'What moved it',
        '▼ 38 points',
        'Cap: −7.5 points',
        'Customers cannot pay.',
        'effort: medium',
        '14',
        'Caps the score at 40',
        '42 minutes ago',
        '99.94%',
      ]) {
        assert(seen.includes(part), `no "${part}" in: ${seen}`);
      }
      assert(
        (await panel.getByRole('link', { name: 'Runbook: payments-api' }).getAttribute('href')) ===
          'https://example.com/payments-api',
        `data link ${await panel.getByRole('link', { name: 'Runbook: payments-api' }).getAttribute('href')}`
      );
      assert((await panel.getByRole('row').count()) === 4, 'three terms and a head');
    });

    await test('unknown is never a number and never green', async () => {
      await mount('unknown');
      const seen = await text();
      assert(seen.includes('Unknown') && seen.includes('–') && seen.includes('No calls in the time range.'), seen);
      const card = panel.getByRole('article');
      assert(/^mail-gateway: unknown, score unknown/.test(await card.getAttribute('aria-label')), 'spoken as unknown');
      const cells = await panel.getByRole('row').nth(1).getByRole('cell').allInnerTexts();
      assert(cells.filter((cell) => cell.trim() === 'Unknown').length === 2, `value and points lost unknown: ${cells}`);
      assert((await panel.locator('svg[data-status="healthy"]').count()) === 0, 'a green icon');
    });

    await test('low confidence is visible', async () => {
      await mount('lowConfidence');
      assert((await text()).includes('Low confidence (45 %)') && (await text()).includes('≈'), await text());
    });

    await test('500 tiles: worst first, counted, few in the document', async () => {
      await mount('grid');
      const items = panel.getByRole('listitem');
      assert((await items.count()) < 120, `${await items.count()} tiles in the document`);
      assert((await items.first().getAttribute('aria-setsize')) === '500', 'set size');
      assert(/: offline/.test(await items.first().getByRole('button').getAttribute('aria-label')), 'worst first');
      assert(
        /\d+ offline[\s\S]*\d+ critical[\s\S]*\d+ degraded[\s\S]*\d+ unknown[\s\S]*\d+ healthy/.test(await text()),
        await text()
      );
    });

    for (const view of ['grid', 'matrix', 'leaderboard']) {
      await test(`5000 entities as ${view} draw only what is in sight`, async () => {
        await mount('huge', { options: { view } });
        const nodes = await page.evaluate(() => document.querySelectorAll('#panel *').length);
        assert(nodes < 3000, `${nodes} elements`);
      });
    }

    await test('the matrix sorts by a term and opens an entity', async () => {
      await mount('matrix', { width: 1200 });
      await panel.getByRole('button', { name: 'Response time (p95)' }).click();
      const header = panel.getByRole('columnheader', { name: /Response time/ });
      assert((await header.getAttribute('aria-sort')) === 'descending', 'says that it is sorted');
      const lost = await panel
        .getByRole('row')
        .evaluateAll((rows) => rows.slice(1, 6).map((r) => r.children[2].textContent.replace(/[^\d.]/g, '')));
      const sorted = [...lost].sort((a, b) => b - a);
      assert(lost.join() === sorted.join(), `not worst first: ${lost}`);
      await panel.getByRole('rowheader').first().getByRole('button').click();
      await panel.getByRole('region', { name: /Details of/ }).waitFor();
    });

    await test('the matrix scrolls sideways under its first column on a phone', async () => {
      await mount('matrix', { width: 360, height: 640 });
      const x = await page.evaluate(() => {
        const scroller = document.querySelector('#panel [role="table"] > div');
        scroller.scrollLeft = 200;
        const box = document.querySelector('#panel').getBoundingClientRect();
        return document.querySelector('#panel [role="rowheader"]').getBoundingClientRect().left - box.left;
      });
      assert(x >= 0 && x < 20, `names moved to ${x}`);
    });

    await test('a leaderboard ranks, and unknown has no rank', async () => {
      await mount('leaderboard', { options: { view: 'leaderboard', sort: 'best' }, height: 800, width: 1200 });
      const lines = await panel.getByRole('listitem').allInnerTexts();
      assert(/^1\b/.test(lines[0]), lines[0]);
      await panel.getByRole('button', { name: /\d+ unknown/ }).click();
      for (const line of await panel.getByRole('listitem').allInnerTexts()) {
        assert(line.startsWith('–'), `a rank for an unknown score: ${line}`);
      }
    });

    await test('a comparison can be chosen and swapped', async () => {
      await mount('compare');
      await panel.getByLabel('with').selectOption({ label: 'search' });
      assert((await text()).includes('+57'), await text());
      await panel.getByRole('button', { name: 'Swap' }).click();
      assert((await text()).includes('−57'), await text());
    });

    await test('composites are as bad as their worst member, and open to their members', async () => {
      await mount('composites');
      const tile = panel.getByRole('button', { name: /^Checkout:/ });
      const label = await tile.getAttribute('aria-label');
      assert(label.startsWith('Checkout: critical, score at most 40'), label);
      await tile.click();
      await panel.getByRole('button', { name: /mail-gateway/ }).click();
      await panel.getByRole('region', { name: 'Details of mail-gateway' }).waitFor();
      await axe();
      await page.keyboard.press('Escape');
      await panel.getByRole('region', { name: 'Details of Checkout' }).waitFor();
      await axe();
    });

    await test('a composite of which a part is missing is not healthy', async () => {
      await mount('declared');
      const label = await panel.getByRole('button', { name: /^Search page:/ }).getAttribute('aria-label');
      assert(/unknown, score unknown.*Not in the data: ghost/.test(label), label);
      assert(/1 problem|2 problems/.test(await text()), await text());
    });

    await test('exemptions show owner and expiry, expired ones as expired', async () => {
      await mount('few', { options: { view: 'card' }, height: 1200 });
      const seen = await text();
      assert(/Exempt until 2026-01-24 12:00, owner: team Shop/.test(seen), seen);
      assert(/Exemption expired 2026-01-12 12:00, owner: team Shop/.test(seen), seen);
    });

    await test('a term links to its evidence', async () => {
      await mount('card');
      const link = panel.getByRole('link', { name: 'Logs: payments-api, Error rate' });
      assert((await link.getAttribute('href')) === 'https://example.com/logs/40', await link.getAttribute('href'));
    });

    await test('German', async () => {
      await mount('card', { language: 'de-DE' });
      const seen = await text();
      for (const part of ['Kritisch', 'Auf 40 begrenzt durch Error rate', 'Was ihn bewegt hat', 'Empfehlungen']) {
        assert(seen.includes(part), `no "${part}" in: ${seen}`);
      }
      await looksAs('card-german');
    });

    await test('wall: text can be read from afar', async () => {
      await mount('few', { width: 1380, height: 880, options: { view: 'grid', textSize: 'wall' } });
      await inside();
      await looksAs('text-wall');
      const height = await panel
        .getByText('payments-api')
        .first()
        .evaluate((el) => el.getBoundingClientRect().height);
      assert(height > 30, `a name is ${height} px high`);
    });

    await test('forced colours keep bars, icons and heat', async () => {
      await page.emulateMedia({ forcedColors: 'active' });
      await mount('matrix');
      await shot('forced-matrix');
      const heat = await page.evaluate(() => {
        const cells = [...document.querySelectorAll('#panel [role="cell"]')];
        return new Set(cells.map((c) => getComputedStyle(c).backgroundColor)).size;
      });
      assert(heat > 3, `${heat} colours of cells`);
      await mount('card');
      await shot('forced-card');
      await page.emulateMedia({ forcedColors: 'none' });
    });

    await test('keyboard: tab, arrows, End, Enter, Escape', async () => {
      await mount('grid');
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-index'));
      for (let i = 0; i < 20 && (await focused()) === null; i++) {
        await page.keyboard.press('Tab');
      }
      assert((await focused()) === '0', `first tile has the tab stop, got ${await focused()}`);
      await page.keyboard.press('ArrowRight');
      assert((await focused()) === '1', 'right');
      await page.keyboard.press('ArrowDown');
      const below = Number(await focused());
      assert(below > 1, `down went to ${below}`);
      await page.keyboard.press('ArrowUp');
      assert((await focused()) === '1', 'up');
      await page.keyboard.press('End');
      await page.waitForFunction(() => document.activeElement?.getAttribute('data-index') === '499');
      await page.keyboard.press('Home');
      await page.waitForFunction(() => document.activeElement?.getAttribute('data-index') === '0');
      await page.keyboard.press('PageDown');
      await page.waitForFunction(() => Number(document.activeElement?.getAttribute('data-index')) > 5);
      const at = await focused();
      const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label').split(':')[0]);
      await shot('grid-focus');
      await page.keyboard.press('Enter');
      await panel.getByRole('region', { name: `Details of ${name}` }).waitFor();
      assert(
        (await page.evaluate(() => document.activeElement.textContent)).includes('All 500 scores'),
        'focus on back'
      );
      await shot('detail');
      await axe();
      await page.keyboard.press('Escape');
      await page.waitForFunction((index) => document.activeElement?.getAttribute('data-index') === index, at);
    });

    await test('filters say what they hide', async () => {
      await mount('grid', { width: 1200 });
      await panel.getByRole('button', { name: /\d+ critical/ }).click();
      assert(/\d+ hidden/.test(await text()), await text());
      await shot('filtered');
      await panel.getByRole('textbox', { name: 'Search entities' }).fill('no such thing');
      assert((await text()).includes('All 500 entities are hidden'), await text());
      await panel.getByRole('button', { name: 'Show all' }).first().click();
      assert(!/\d+ hidden/.test(await text()), 'all shown again');
      await panel.getByLabel('Sort').selectOption({ label: 'Name' });
      assert((await panel.getByRole('listitem').first().innerText()).includes('auth-service-4'), 'sorted by name');
    });

    await test('a refresh keeps the open detail and the focus', async () => {
      await mount('grid');
      await panel.getByRole('listitem').nth(3).getByRole('button').click();
      const before = await panel.getByRole('region', { name: /Details of/ }).getAttribute('aria-label');
      await page.evaluate(() => window.refreshPanel());
      assert(
        (await panel.getByRole('region', { name: /Details of/ }).getAttribute('aria-label')) === before,
        'same detail'
      );
    });

    await test('broken frames draw what is there and say what is not', async () => {
      await mount('broken');
      const seen = await text();
      assert(seen.includes('alpha') && seen.includes('71') && /\d+ problems with the data/.test(seen), seen);
      await panel.getByText(/problems with the data/).click();
      const open = await text();
      for (const part of ['outside 0–100', 'repeats an entity', 'no entity name', 'sideways', 'weather']) {
        assert(open.includes(part), `no "${part}" in: ${open}`);
      }
      await shot('broken-notices');
    });

    await test('empty panel offers a marked sample', async () => {
      await mount('empty');
      await panel.getByRole('button', { name: 'Show a sample' }).click();
      assert((await text()).includes('invented numbers'), await text());
      await shot('sample');
      await panel.getByRole('button', { name: 'Hide' }).click();
      assert((await text()).includes('No data'), await text());
    });

    await test('a panel without a query shows the sample at once', async () => {
      await mount('unqueried');
      assert((await text()).includes('invented numbers'), await text());
    });

    await test('reduced motion stops the loading pulse', async () => {
      const animations = () => page.evaluate(() => document.getAnimations().length);
      await mount('loading');
      assert((await animations()) > 0, 'pulse runs');
      await page.emulateMedia({ reducedMotion: 'reduce' });
      assert((await animations()) === 0, 'pulse stands still');
      await page.emulateMedia({ reducedMotion: 'no-preference' });
    });
  } finally {
    await close();
  }
}
