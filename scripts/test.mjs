/**
 * `npm test`: installs and builds what is missing, then runs every check. What could not run here is listed loudly with its
 * reason; the last line counts. `npm test -- NAME …` runs only the named steps.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlugins, buildProcessor, has, install, PLUGINS, root, run } from './prepare.mjs';

const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];
const work = mkdtempSync(join(tmpdir(), 'shadower-test-'));

function count(name, { passed = 0, failed = 0, skipped = 0 }, reasons = []) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  if (failed > 0) failures.push(`${name}: ${failed} failed`);
  for (const r of reasons) skips.push(`${name}: ${r}`);
  process.stdout.write(`  ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}

/** A command that either passes or fails as a whole. */
function check(name, command, args, cwd = root) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0)
    process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
  count(name, result.status === 0 ? { passed: 1 } : { failed: 1 });
}

function jest(name, cwd, args = []) {
  const outputFile = join(work, `${name.replace(/\W+/g, '-')}.json`);
  const result = spawnSync('npx', ['jest', '--json', `--outputFile=${outputFile}`, '--forceExit', ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  if (!existsSync(outputFile)) {
    process.stdout.write(`${result.stderr}\n`);
    count(name, { failed: 1 });
    return;
  }
  const json = JSON.parse(readFileSync(outputFile, 'utf8'));
  for (const suite of json.testResults) {
    if (suite.status === 'failed') process.stdout.write(`${suite.name.slice(root.length + 1)}\n${suite.message}\n`);
    for (const t of suite.assertionResults) if (t.status === 'pending') skips.push(`${name}: ${t.fullName}`);
  }
  // A suite that does not even load has no failed test, and is a failure all the same.
  const broken = json.testResults.filter(
    (s) => s.status === 'failed' && s.assertionResults.every((t) => t.status !== 'failed'),
  ).length;
  count(name, { passed: json.numPassedTests, failed: json.numFailedTests + broken, skipped: json.numPendingTests });
}

/**
 * A runner of ours, whose last line is `N passed, N failed, N skipped` and which prints `SKIPPED: reason` lines. It fails by
 * its exit code too, unless that is `unavailable`.
 */
function lines(name, command, args, cwd = root, env = {}, unavailable = 0) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  const text = `${result.stdout}${result.stderr}`;
  const m = [...text.matchAll(/(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/g)].at(-1);
  const failed = m ? Number(m[2]) : 1;
  const ended = result.status === 0 || (m !== undefined && result.status === unavailable);
  if (failed > 0 || !ended) process.stdout.write(`${text}\n`);
  const reasons = [...text.matchAll(/^.*SKIPPED:? (.*)$/gm)].map((x) => x[1]);
  count(
    name,
    {
      passed: m ? Number(m[1]) : 0,
      failed: Math.max(failed, ended ? 0 : 1),
      skipped: m ? Number(m[3] ?? 0) : 0,
    },
    reasons,
  );
}

/** Browser tests need a Chromium; on a Debian machine of ours it can be had. */
function ensureChromium() {
  const found = process.env.CHROMIUM_PATH || ['chromium', 'chromium-browser', 'google-chrome'].some((c) => has(c));
  if (found || process.getuid?.() !== 0 || !has('apt-get')) return;
  process.stdout.write('▸ installing Chromium for the browser tests\n');
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', 'chromium']);
  } catch (e) {
    process.stdout.write(`  ${e.message}\n`);
  }
}

const goFolders = PLUGINS.filter((p) => existsSync(join(root, 'plugins', p, 'go.mod')));
const steps = {
  lint: () => {
    check('format', 'npx', ['prettier', '--check', '--log-level=warn', '.']);
    check('lint processor, tests and benches', 'npx', ['eslint', 'processor', 'scripts', 'test', 'bench']);
    check('types processor and tests', 'npx', ['tsc', '--noEmit', '-p', 'processor/tsconfig.json']);
    for (const p of PLUGINS) {
      check(`lint ${p}`, 'npm', ['run', '--silent', 'lint', '-w', p]);
      check(`types ${p}`, 'npm', ['run', '--silent', 'typecheck', '-w', p]);
    }
    if (has('go', ['version']))
      for (const p of goFolders) check(`vet ${p}`, 'go', ['vet', './...'], join(root, 'plugins', p));
  },
  drift: () => check('generated files', process.execPath, ['processor/dist/generate/main.js', '--check']),
  processor: () => jest('processor', join(root, 'processor'), ['--maxWorkers=2']),
  plugins: () => {
    for (const p of PLUGINS) jest(p, join(root, 'plugins', p), ['--maxWorkers=2']);
  },
  go: () => {
    if (!has('go', ['version'])) return count('go', { skipped: 1 }, ['no Go toolchain on this machine']);
    for (const p of goFolders) lines(`${p} (Go)`, process.execPath, ['test/go-backend.mjs', p]);
  },
  browser: () => {
    ensureChromium();
    for (const p of PLUGINS) {
      const { scripts } = JSON.parse(readFileSync(join(root, 'plugins', p, 'package.json'), 'utf8'));
      if (scripts['test:browser']) lines(`${p} in Chromium`, 'npm', ['run', '--silent', 'test:browser', '-w', p]);
    }
  },
  // Exit code 3: the machine cannot run a Kafka, which the runner says loudly and which is counted as skipped.
  faults: () => lines('fault matrix, short', process.execPath, ['test/faults/run.mjs', '--short'], root, {}, 3),
  e2e: () => {
    for (const f of readdirSync(join(root, 'test'))
      .filter((n) => n.endsWith('.e2e.mjs'))
      .sort())
      lines(f, process.execPath, [join('test', f)]);
    jest('in a real Grafana', root, ['-c', 'test/jest.config.js']);
  },
};

try {
  install();
  buildProcessor();
  for (const what of buildPlugins()) skips.push(what);
} catch (e) {
  process.stdout.write(`${e.message}\n0 passed, 1 failed, 0 skipped\n`);
  process.exit(1);
}
const unknown = only.filter((n) => !(n in steps));
if (unknown.length > 0) {
  process.stdout.write(`unknown step ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}\n`);
  process.exit(2);
}
for (const [name, step] of Object.entries(steps)) {
  if (only.length > 0 && !only.includes(name)) continue;
  process.stdout.write(`▸ ${name}\n`);
  step();
}
rmSync(work, { recursive: true, force: true });
if (skips.length > 0) {
  process.stdout.write(`\n!! NOT RUN HERE, ${skips.length}:\n`);
  for (const s of skips) process.stdout.write(`!!   ${s}\n`);
}
if (failures.length > 0) process.stdout.write(`\nFAILED:\n${failures.map((f) => `  ${f}`).join('\n')}\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 ? 0 : 1);
