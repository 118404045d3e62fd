/* Builds the panel and the page that mounts it, serves both, and starts a browser. Used by the tests and by the bench. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');
export const results = path.join(root, 'test-results');
export const require = createRequire(import.meta.url);

/** The machine's Chromium: CHROMIUM_PATH, or one on the PATH. */
export function findChromium() {
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

export function build() {
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

export function serve() {
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

export async function launch(executablePath, more = []) {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
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
      ...more,
    ],
  });
}

export function harnessUrl(server) {
  return `http://127.0.0.1:${server.address().port}/harness/index.html`;
}
