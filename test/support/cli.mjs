/** The `shadower` command as a person runs it: processes, exit codes, output. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api, onEnd, root, sleep } from './stack.mjs';

const BIN = join(root, 'processor/bin/shadower.js');

/** The caller's environment without variables of ours, and what is given. */
const environment = (extra) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('SHADOWER_'))),
  ...extra,
});

/** Runs a command to its end. */
export async function cli(args, { env = {}, seconds = 60 } = {}) {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (t) => (stdout += t));
  child.stderr.setEncoding('utf8').on('data', (t) => (stderr += t));
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, stdout, stderr, all: stdout + stderr };
}

/** Pids below `pid`, as `ps` sees them. */
export function descendants(pid) {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((l) => l.trim().split(/\s+/).map(Number));
  const below = [];
  for (let level = [pid]; level.length > 0;) {
    level = list.filter(([, parent]) => level.includes(parent)).map(([child]) => child);
    below.push(...level);
  }
  return below;
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** `shadower start` on a data folder; resolves when its API is ready. */
export async function startCommand(dataDir, port, { args = [], env = {}, workspace = 'demo', seconds = 60 } = {}) {
  const child = spawn(
    process.execPath,
    [BIN, 'start', '--data', dataDir, '--port', String(port), '--no-grafana', ...args],
    { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (t) => (output += t));
  const exited = once(child, 'exit').then(([code, signal]) => code ?? signal);
  let ended;
  void exited.then((code) => (ended = code));
  onEnd(() => {
    if (ended !== undefined) return;
    for (const pid of [...descendants(child.pid), child.pid]) if (alive(pid)) process.kill(pid, 'SIGKILL');
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    if (ended !== undefined) throw new Error(`it ended with ${ended}:\n${output}`);
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.status === 200) break;
    if (Date.now() > deadline) throw new Error(`not ready within ${seconds} s:\n${output}`);
    await sleep(200);
  }
  // The credentials' file is written when the API already listens.
  let credentials;
  for (; credentials?.url === undefined; await sleep(50))
    credentials = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8'));
  return {
    url,
    pid: child.pid,
    apiKey: credentials.apiKey,
    api: new Api(url, credentials.apiKey, workspace),
    output: () => output,
    /** Sends the signal; how it ended, how long that took, and which of its processes are still there. */
    end: async (signal) => {
      const below = descendants(child.pid);
      const started = Date.now();
      child.kill(signal);
      const code = await exited;
      return { code, seconds: (Date.now() - started) / 1000, processes: below.length, left: below.filter(alive) };
    },
  };
}
