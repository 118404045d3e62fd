/** The whole product as a person starts it, for tests: `shadower start` with its generator and a Grafana. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

export interface Credentials {
  apiKey: string;
  clickhouse: { reader: string; readerPassword: string };
  grafanaAdminPassword: string;
}
export interface Stack {
  apiUrl: string;
  clickhouseUrl: string;
  grafanaUrl: string;
  credentials: Credentials;
  folder: string;
  stop(): Promise<void>;
}

/** Why there is no Grafana for `shadower start` to find, or undefined. Synchronous, so that tests can be skipped by it. */
export function missingGrafana(): string | undefined {
  const find = join(ROOT, 'processor/dist/cli/grafana/find.js');
  if (!existsSync(find)) return 'the processor is not built; run npm run build';
  const script = `require(${JSON.stringify(find)}).findGrafana({ env: process.env }).catch((e) => { console.error(e.message); process.exit(1); })`;
  const found = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return found.status === 0 ? undefined : found.stderr.trim();
}

/** A port with two free ones after it. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => probe.once('listening', done));
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    if (port < 65_000) return port;
  }
}

/**
 * Starts it and resolves when Grafana answers; fails with what was said when it does not. With `--no-grafana` among the
 * arguments there is no grafanaUrl.
 */
export async function startStack(args: readonly string[] = []): Promise<Stack> {
  const entry = join(ROOT, 'processor/bin/shadower.js');
  if (!existsSync(join(ROOT, 'processor/dist/cli/main.js')))
    throw new Error('the processor is not built; run npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'shadower-e2e-'));
  const data = join(folder, 'data');
  const port = await freePorts();
  const child: ChildProcess = spawn(
    process.execPath,
    [entry, 'start', '--port', String(port), '--data', data, ...args],
    {
      env: Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('SHADOWER_'))),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  const ended = new Promise<string>((done) => child.once('exit', (code, signal) => done(`${code ?? signal}`)));
  child.stderr!.on('data', (d: Buffer) => (text += d.toString()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  // Where Grafana is comes as soon as it answers; without it, what comes last tells that all else is there.
  const waitFor = args.includes('--no-grafana') ? /^(Ctrl-C.*|Health, .*)$/m : /^ {2}Grafana +(.+)$/m;
  const line = await Promise.race([
    new Promise<string>((done) =>
      child.stdout!.on('data', (d: Buffer) => {
        text += d.toString();
        const found = waitFor.exec(text);
        if (found !== null && text.includes('\n', found.index)) done(found[1]!);
      }),
    ),
    ended.then((code) => {
      throw new Error(`shadower start ended with ${code}:\n${text}`);
    }),
  ]).catch(async (e: unknown) => {
    await stop();
    throw e;
  });
  const grafanaUrl = /^http\S+/.exec(line)?.[0] ?? '';
  if (grafanaUrl === '' && !args.includes('--no-grafana')) {
    await stop();
    throw new Error(`Grafana: ${line}`);
  }
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    clickhouseUrl: `http://127.0.0.1:${port + 1}`,
    grafanaUrl,
    credentials: JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8')) as Credentials,
    folder,
    stop,
  };
}

/** Asks until `ask` gives something, or throws with the last thing that was wrong. */
export async function until<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (e) {
      last = e;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(
    `${what} did not come about in ${timeoutMs / 1000} s${last === undefined ? '' : `: ${String(last)}`}`,
  );
}
