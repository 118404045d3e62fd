/**
 * Draws the panel in a real headless Chromium, without Grafana, and checks what a user would see and do.
 * `npm run test:browser`; screenshots go to test-results/. The browser is CHROMIUM_PATH or the `chromium` on the PATH.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const plugin = path.resolve(here, '../..');
const out = path.join(plugin, 'test-results');
const bundleDir = path.join(out, 'harness');
const require = createRequire(import.meta.url);
const say = (text) => process.stdout.write(`${text}\n`);

/** The end of the scenarios' time range, as in scenarios.ts. */
const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const counts = { passed: 0, failed: 0, skipped: 0 };
const only = process.argv[2];

function findChromium() {
  if (process.env.CHROMIUM_PATH) {
    const stat = fs.statSync(process.env.CHROMIUM_PATH, { throwIfNoEntry: false });
    return stat?.isFile() ? process.env.CHROMIUM_PATH : null;
  }
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

function bundle() {
  const webpack = require('webpack');
  return new Promise((resolve, reject) => {
    webpack(
      {
        mode: 'development',
        devtool: false,
        context: plugin,
        entry: path.join(here, 'harness.tsx'),
        output: { path: bundleDir, filename: 'harness.js' },
        cache: {
          type: 'filesystem',
          name: 'browser-test',
          buildDependencies: { config: [fileURLToPath(import.meta.url)] },
        },
        module: {
          rules: [
            {
              test: /\.[tj]sx?$/,
              exclude: /node_modules/,
              loader: 'swc-loader',
              options: { jsc: { target: 'es2020', parser: { syntax: 'typescript', tsx: true } } },
            },
            { test: /\.css$/, use: ['style-loader', 'css-loader'] },
            { test: /\.(png|svg|woff2?)$/, type: 'asset/inline' },
          ],
        },
        resolve: { extensions: ['.tsx', '.ts', '.mjs', '.js'] },
        performance: { hints: false },
      },
      (error, stats) => {
        if (error || stats?.hasErrors()) {
          reject(error ?? new Error(stats.toString({ all: false, errors: true })));
        } else {
          resolve();
        }
      }
    );
  });
}

/** The page, its script, and the icon files that @grafana/ui fetches from Grafana's server. Loopback only. */
function serve() {
  const icons = path.join(path.dirname(require.resolve('@grafana/ui/package.json')), 'dist/public/img/icons');
  const html =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Health Scorecard</title><link rel="icon" href="data:,"></head>' +
    '<body style="margin:0"><div id="panel"></div><script src="/harness.js"></script></body></html>';
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const icon = url.pathname.match(/\/img\/icons\/((?:[a-z]+\/)?[a-z0-9-]+\.svg)$/i);
    const file =
      url.pathname === '/harness.js' ? path.join(bundleDir, 'harness.js') : icon && path.join(icons, icon[1]);
    if (url.pathname === '/') {
      response.setHeader('content-type', 'text/html').end(html);
    } else if (file && fs.existsSync(file)) {
      response.setHeader('content-type', icon ? 'image/svg+xml' : 'text/javascript');
      fs.createReadStream(file).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

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
  await bundle();
  const { chromium } = await import('playwright-core');
  const { AxeBuilder } = await import('@axe-core/playwright');
  const browser = await chromium.launch({
    executablePath,
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
  const server = await serve();
  try {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
    page.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        // Grafana serves its own font; here the next one in the stack does.
        !message.location().url.includes('/public/fonts/') &&
        problems.push(`console: ${message.text()} ${message.location().url}`)
    );
    // Relative times must not depend on the day the test runs.
    await page.clock.setFixedTime(NOW);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);

    if (!(await page.evaluate(() => 'mountPanel' in window))) {
      throw new Error(`the harness did not start: ${problems.join('; ')}`);
    }
    const mount = async (scenario, { mode = 'dark', width = 900, height = 420, options } = {}) => {
      await page.evaluate(() => document.activeElement?.blur?.());
      return page.evaluate((request) => window.mountPanel(request), { scenario, mode, width, height, options });
    };
    const panel = page.locator('#panel');
    const text = () => panel.innerText();
    const shot = (name) => panel.screenshot({ path: path.join(out, `${name}.png`) });
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
            !el.closest('svg')
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
        'broken',
        'foreign',
        'empty',
        'loading',
        'error',
        'errorWithData',
        'stale',
      ]) {
        await test(`${scenario} (${mode}) draws, fits and passes axe`, async () => {
          await mount(scenario, { mode });
          await shot(`${scenario}-${mode}`);
          await inside();
          await axe();
        });
      }
      await test(`four cards (${mode})`, async () => {
        await mount('few', { mode, width: 1300, height: 800 });
        await shot(`cards-${mode}`);
        await inside();
        await axe();
      });
    }

    for (const [width, height] of [
      [150, 100],
      [80, 50],
      [200, 140],
      [320, 200],
      [320, 640],
      [1380, 880],
    ]) {
      for (const scenario of ['card', 'unknown', 'few', 'grid', 'broken', 'empty', 'error', 'errorWithData']) {
        await test(`${scenario} at ${width}×${height}`, async () => {
          await mount(scenario, { width, height });
          await shot(`size-${scenario}-${width}x${height}`);
          await inside();
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
        'What costs points',
        '14',
        'Caps the score at 40',
        '42 minutes ago',
        '99.94%',
      ]) {
        assert(seen.includes(part), `no "${part}" in: ${seen}`);
      }
      assert(
        (await panel.getByRole('link', { name: 'Runbook' }).getAttribute('href')) ===
          'https://example.com/payments-api',
        `data link ${await panel.getByRole('link', { name: 'Runbook' }).getAttribute('href')}`
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

    await test('500 tiles: worst first, counted, few in the document, fast', async () => {
      await mount('grid');
      const times = [];
      for (let i = 0; i < 5; i++) {
        times.push(await mount('grid'));
      }
      const refresh = await page.evaluate(() => window.refreshPanel());
      times.sort((a, b) => a - b);
      say(`      mount of 500: median ${times[2].toFixed(0)} ms, refresh ${refresh.toFixed(0)} ms`);
      assert(times[2] < 500, `mount took ${times[2]} ms`);
      const items = panel.getByRole('listitem');
      assert((await items.count()) < 120, `${await items.count()} tiles in the document`);
      assert((await items.first().getAttribute('aria-setsize')) === '500', 'set size');
      assert(/: offline/.test(await items.first().getByRole('button').getAttribute('aria-label')), 'worst first');
      assert(
        /\d+ offline[\s\S]*\d+ critical[\s\S]*\d+ degraded[\s\S]*\d+ unknown[\s\S]*\d+ healthy/.test(await text()),
        await text()
      );
    });

    await test('5000 entities still draw', async () => {
      const took = await mount('huge');
      say(`      mount of 5000: ${took.toFixed(0)} ms`);
      assert(took < 3000, `${took} ms`);
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
      await panel.getByRole('radio', { name: 'Name' }).click({ force: true });
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

    await test('reduced motion stops the loading pulse', async () => {
      const animations = () => page.evaluate(() => document.getAnimations().length);
      await mount('loading');
      assert((await animations()) > 0, 'pulse runs');
      await page.emulateMedia({ reducedMotion: 'reduce' });
      assert((await animations()) === 0, 'pulse stands still');
      await page.emulateMedia({ reducedMotion: 'no-preference' });
    });
  } finally {
    await browser.close();
    server.close();
  }
}
