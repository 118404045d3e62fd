/**
 * What `npm start` and `npm test` need before they can do anything: dependencies, the processor, the plugins. Each is made
 * when its sources changed since it was last made, so a second run is quick. Uses nothing but Node itself.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stamps = join(root, 'node_modules', '.cache', 'shadower');

export const PLUGINS = readdirSync(join(root, 'plugins')).filter((p) =>
  existsSync(join(root, 'plugins', p, 'package.json')),
);

/** The command's output goes to stderr, so that what the caller prints stays its own. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed (exit ${result.status ?? result.signal})`);
}

export function has(command, args = ['--version']) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function* files(path) {
  if (!existsSync(path)) return;
  if (statSync(path).isFile()) return yield path;
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))) {
    if (['node_modules', 'dist', 'coverage', 'test-results'].includes(entry.name)) continue;
    yield* files(join(path, entry.name));
  }
}

function fingerprint(sources) {
  const hash = createHash('sha256').update(process.version);
  for (const source of sources)
    for (const f of files(join(root, source))) hash.update(f.slice(root.length)).update('\0').update(readFileSync(f));
  return hash.digest('hex');
}

/** Runs `make` when `sources` changed since it last ended well, or when `product` is not there. */
function stale(name, sources, product, make) {
  const stamp = join(stamps, `${name}.sha256`);
  const now = fingerprint(sources);
  if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  process.stderr.write(`▸ ${name}\n`);
  make();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, now);
}

const packageFiles = [
  'package.json',
  'package-lock.json',
  'processor/package.json',
  ...PLUGINS.map((p) => `plugins/${p}/package.json`),
];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`Node ${process.version} is too old; 20.19 or later is needed (24 is recommended).\n`);
    process.exit(1);
  }
}

/** Installs what the lockfile names. */
export function install() {
  checkNode();
  stale('install', packageFiles, 'node_modules/chdb/package.json', () => run('npm', ['ci', '--no-audit', '--no-fund']));
}

export function buildProcessor() {
  stale(
    'processor',
    ['processor/src', 'processor/package.json', 'processor/tsconfig.build.json', 'tsconfig.json'],
    'processor/dist/cli/main.js',
    () => run('npm', ['run', '--silent', 'build', '-w', 'processor']),
  );
}

/**
 * Builds the plugins, frontends and the Go backend. Returns what could not be built, with the reason.
 */
export function buildPlugins() {
  const missing = [];
  for (const p of PLUGINS) {
    const base = `plugins/${p}`;
    stale(
      p,
      [
        `${base}/src`,
        `${base}/package.json`,
        `${base}/webpack.config.ts`,
        `${base}/.config`,
        `${base}/CHANGELOG.md`,
        `${base}/README.md`,
        'package-lock.json',
      ],
      `${base}/dist/module.js`,
      () => run('npm', ['run', '--silent', 'build', '-w', p]),
    );
    if (!existsSync(join(root, base, 'go.mod'))) continue;
    if (!has('go', ['version'])) {
      missing.push(`the Go backend of ${p}: no Go toolchain on this machine (https://go.dev/dl)`);
      continue;
    }
    const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch] ?? process.arch;
    const os = { win32: 'windows' }[process.platform] ?? process.platform;
    const { executable } = JSON.parse(readFileSync(join(root, base, 'src/plugin.json'), 'utf8'));
    const binary = `${base}/dist/${executable}_${os}_${arch}${os === 'windows' ? '.exe' : ''}`;
    stale(`${p}-backend`, [`${base}/pkg`, `${base}/go.mod`, `${base}/go.sum`, `${base}/Magefile.go`], binary, () =>
      run('npm', ['run', '--silent', 'build:backend', '-w', p]),
    );
  }
  return missing;
}
