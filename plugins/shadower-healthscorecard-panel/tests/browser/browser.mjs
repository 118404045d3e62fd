/** What drawing the panel in a headless Chromium without Grafana takes: its bundle, a loopback server, the browser. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const plugin = path.resolve(here, '../..');
const bundlesDir = path.join(plugin, 'test-results/harness');
const require = createRequire(import.meta.url);

/** The end of the scenarios' time range, as in scenarios.ts. */
export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

/** The executable, or null: CHROMIUM_PATH, else `chromium` on the PATH. */
export function findChromium() {
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

function bundle(mode) {
  const webpack = require('webpack');
  return new Promise((resolve, reject) => {
    webpack(
      {
        mode,
        devtool: false,
        optimization: { minimize: false },
        context: plugin,
        entry: path.join(here, 'harness.tsx'),
        output: { path: path.join(bundlesDir, mode), filename: 'harness.js' },
        cache: {
          type: 'filesystem',
          name: `browser-test-${mode}`,
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
function serve(mode) {
  const icons = path.join(path.dirname(require.resolve('@grafana/ui/package.json')), 'dist/public/img/icons');
  const html =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Health Scorecard</title><link rel="icon" href="data:,"></head>' +
    '<body style="margin:0"><div id="panel"></div><script src="/harness.js"></script></body></html>';
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const icon = url.pathname.match(/\/img\/icons\/((?:[a-z]+\/)?[a-z0-9-]+\.svg)$/i);
    const file =
      url.pathname === '/harness.js' ? path.join(bundlesDir, mode, 'harness.js') : icon && path.join(icons, icon[1]);
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

/**
 * Bundles the harness and opens it; `mode` is webpack's, without minimising. `page` has `mountPanel` and `refreshPanel` (harness.tsx); `problems` collects what the
 * page throws or logs as an error.
 */
export async function openHarness(executablePath, { mode = 'development', fixedTime = true } = {}) {
  await bundle(mode);
  const { chromium } = await import('playwright-core');
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
      '--force-color-profile=srgb',
      '--enable-precise-memory-info',
      '--js-flags=--expose-gc',
    ],
  });
  const server = await serve(mode);
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
    page.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        // Grafana serves its own font and says who the user is; here the next font in the stack does, and nobody is.
        !message.location().url.includes('/public/fonts/') &&
        !message.text().includes('grafanaBootData was not set') &&
        problems.push(`console: ${message.text()} ${message.location().url}`)
    );
    if (fixedTime) {
      // Relative times must not depend on the day the test runs.
      await page.clock.setFixedTime(NOW);
    }
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    if (!(await page.evaluate(() => 'mountPanel' in window))) {
      throw new Error(`the harness did not start: ${problems.join('; ')}`);
    }
    return { page, problems, close };
  } catch (error) {
    await close();
    throw error;
  }
}
