/*
 * Draws the built panel in a real browser, without Grafana: `npm run test:browser [-- part of a name]`. Wants a Chromium
 * (CHROMIUM_PATH, or chromium / google-chrome on the PATH). Screenshots go to test-results/; `--update` writes the golden
 * pictures anew.
 */
import path from 'node:path';
import { expect } from './page.mjs';
import { build, findChromium, harnessUrl, launch, results, serve } from './runner.mjs';
import { tests as drawing } from './drawing.tests.mjs';
import { tests as focus } from './focus.tests.mjs';
import { tests as golden } from './golden.tests.mjs';
import { tests as scale } from './scale.tests.mjs';
import { tests as states } from './states.tests.mjs';

const filter = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const all = [...drawing, ...focus, ...states, ...scale, ...golden];
const wanted = all.filter(({ name }) => filter === undefined || name.includes(filter));

function finish(passed, failed, skipped) {
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function one(browser, server, { name, run, motion }) {
  const context = await browser.newContext({
    deviceScaleFactor: 1,
    // Dots that run along edges would make every picture another.
    reducedMotion: motion === true ? 'no-preference' : 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.harnessUrl = harnessUrl(server);
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
    process.stdout.write(`ok   ${name}\n`);
    return true;
  } catch (error) {
    const said = errors.length > 0 ? `     page: ${errors.join('\n     ').slice(0, 800)}\n` : '';
    process.stdout.write(`FAIL ${name}\n     ${error.message}\n${said}`);
    await page
      .screenshot({ path: path.join(results, `failed-${name.replace(/[^a-z0-9]+/gi, '-')}.png`) })
      .catch(() => undefined);
    return false;
  } finally {
    await context.close();
  }
}

const chromium = findChromium();
if (chromium === undefined) {
  process.stdout.write('SKIPPED: no Chromium found. Install one, or set CHROMIUM_PATH to its executable.\n');
  finish(0, 0, wanted.length);
} else {
  if (!process.argv.includes('--built')) {
    build();
  }
  const server = await serve();
  const browser = await launch(chromium);
  let passed = 0;
  for (const test of wanted) {
    passed += Number(await one(browser, server, test));
  }
  await browser.close();
  server.close();
  finish(passed, wanted.length - passed, 0);
}
