/** Runs a Grafana with the plugins, the datasource, the dashboards and the alert rules, for `shadower start`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ShadowerError } from '../../errors';
import { PLUGIN_IDS } from '../../generate/names';
import type { Logger } from '../../pipeline/ports';
import { findGrafana, type FoundGrafana } from './find';

export { GRAFANA_VERSION } from './find';

export interface GrafanaOptions {
  port: number;
  /** Address to listen on; 127.0.0.1 if left out. */
  host?: string;
  /** Folder for Grafana's database and logs; made if it is not there. */
  dataDir: string;
  /** The repository's `plugins/`: one folder per plugin id, each built into `dist/`. */
  pluginsDir: string;
  /** The repository's `provisioning/`. */
  provisioningDir: string;
  /** The repository's `dashboards/`. */
  dashboardsDir: string;
  /** Name of the dashboard that opens first. */
  homeDashboard?: string;
  clickhouse: { url: string; user: string; password: string; database?: string };
  workspace: string;
  /** Password of the user `admin`; Grafana takes it when it makes its database, later ones change nothing. */
  adminPassword: string;
  /** `open`: whoever reaches it is an Editor without logging in, allowed on loopback only; `login`: everybody logs in. */
  access: 'open' | 'login';
  /** Fetch Grafana from its makers if this machine has none. */
  download?: boolean;
  /** How long to wait until it answers, in milliseconds; the first start builds its database. */
  startTimeoutMs?: number;
  env?: NodeJS.ProcessEnv;
  log: Logger;
}

export interface RunningGrafana {
  url: string;
  version: string;
  /** Where it came from: GRAFANA_HOME, PATH, Docker or the download. */
  origin: string;
  /** Resolves with a description when Grafana ends without having been asked to. */
  ended: Promise<string>;
  /** Ends it; resolves when it has ended. */
  stop(): Promise<void>;
}

const unavailable = (detail: string, cause?: unknown): ShadowerError =>
  new ShadowerError('GRAFANA_UNAVAILABLE', detail, { cause });

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** Folder with a plugin's built form. Errors: CONFIG_INVALID when it was not built for this machine. */
function builtPlugin(pluginsDir: string, id: string, found: FoundGrafana): string {
  const dist = resolve(pluginsDir, id, 'dist');
  const manifest = join(dist, 'plugin.json');
  if (!existsSync(manifest) || !existsSync(join(dist, 'module.js')))
    throw new ShadowerError('CONFIG_INVALID', `the plugin ${id} is not built (no ${manifest}); run npm run build`);
  const { backend, executable } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    backend?: boolean;
    executable?: string;
  };
  if (backend === true && executable !== undefined) {
    const system = found.kind === 'docker' ? 'linux' : process.platform === 'win32' ? 'windows' : process.platform;
    const machine = process.arch === 'x64' ? 'amd64' : process.arch;
    const binary = join(dist, `${executable}_${system}_${machine}${system === 'windows' ? '.exe' : ''}`);
    if (!existsSync(binary))
      throw new ShadowerError(
        'CONFIG_INVALID',
        `the backend of the plugin ${id} is not built for ${system} ${machine} (no ${binary}); run mage in its folder`,
      );
  }
  return dist;
}

/** Points `<folder>/<id>` at the built plugin, whatever stood there before as a link. */
function link(folder: string, id: string, dist: string): void {
  const at = join(folder, id);
  const there = lstatSync(at, { throwIfNoEntry: false });
  if (there !== undefined && !there.isSymbolicLink())
    throw new ShadowerError('CONFIG_INVALID', `${at} is in the way; it should be a link to ${dist}`);
  if (there !== undefined) rmSync(at);
  symlinkSync(dist, at, process.platform === 'win32' ? 'junction' : 'dir');
}

/** Fails where somebody else listens already; Grafana's own message for that is easily missed. */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', (cause) =>
      fail(new ShadowerError('CONFIG_INVALID', `port ${port} on ${host} is taken; choose another`, { cause })),
    );
    probe.listen(port, host, () => probe.close(() => done()));
  });
}

/** Everything Grafana is told, as environment variables: no secret lands in a file or an argument. */
function settings(o: GrafanaOptions, host: string): Record<string, string> {
  return {
    GF_SERVER_HTTP_ADDR: host,
    GF_SERVER_HTTP_PORT: String(o.port),
    GF_SECURITY_ADMIN_PASSWORD: o.adminPassword,
    GF_SECURITY_DISABLE_GRAVATAR: 'true',
    GF_USERS_ALLOW_SIGN_UP: 'false',
    GF_AUTH_ANONYMOUS_ENABLED: String(o.access === 'open'),
    ...(o.access === 'open'
      ? {
          GF_AUTH_ANONYMOUS_ORG_ROLE: 'Editor',
          // Or a web page whose name resolves to 127.0.0.1 could act as that Editor.
          GF_SERVER_DOMAIN: host,
          GF_SERVER_ENFORCE_DOMAIN: 'true',
        }
      : {}),
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: PLUGIN_IDS.join(','),
    GF_PLUGINS_PREINSTALL_DISABLED: 'true',
    GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    GF_NEWS_NEWS_FEED_ENABLED: 'false',
    SHADOWER_CLICKHOUSE_URL: o.clickhouse.url,
    SHADOWER_CLICKHOUSE_USER: o.clickhouse.user,
    SHADOWER_CLICKHOUSE_PASSWORD: o.clickhouse.password,
    SHADOWER_CLICKHOUSE_DATABASE: o.clickhouse.database ?? 'shadower',
    SHADOWER_WORKSPACE: o.workspace,
  };
}

const homeFile = (dashboards: string, name: string | undefined): Record<string, string> =>
  name === undefined ? {} : { GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${dashboards}/${name}.json` };

function spawnBinary(
  found: FoundGrafana & { kind: 'binary' },
  o: GrafanaOptions,
  env: Record<string, string>,
): ChildProcess {
  const plugins = join(o.dataDir, 'plugins');
  mkdirSync(plugins, { recursive: true });
  for (const id of PLUGIN_IDS) link(plugins, id, builtPlugin(o.pluginsDir, id, found));
  const dashboards = resolve(o.dashboardsDir);
  return spawn(found.executable, [...found.args, '--homepath', found.homepath], {
    cwd: found.homepath,
    env: {
      ...(o.env ?? process.env),
      ...env,
      ...homeFile(dashboards, o.homeDashboard),
      GF_PATHS_DATA: resolve(o.dataDir),
      GF_PATHS_LOGS: resolve(o.dataDir, 'log'),
      GF_PATHS_PLUGINS: resolve(plugins),
      GF_PATHS_PROVISIONING: resolve(o.provisioningDir),
      SHADOWER_DASHBOARDS_PATH: dashboards,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Grafana in a container. On Linux it shares the host's network, since ClickHouse listens on the host's loopback only;
 * elsewhere Docker forwards `host.docker.internal` to it.
 */
function spawnDocker(
  found: FoundGrafana & { kind: 'docker' },
  o: GrafanaOptions,
  env: Record<string, string>,
  host: string,
  name: string,
): ChildProcess {
  const shared = process.platform === 'linux';
  const inside: Record<string, string> = {
    ...env,
    ...homeFile('/shadower/dashboards', o.homeDashboard),
    GF_PATHS_DATA: '/shadower/data',
    GF_PATHS_LOGS: '/shadower/data/log',
    GF_PATHS_PLUGINS: '/shadower/plugins',
    GF_PATHS_PROVISIONING: '/shadower/provisioning',
    SHADOWER_DASHBOARDS_PATH: '/shadower/dashboards',
  };
  if (!shared) {
    inside.GF_SERVER_HTTP_ADDR = '0.0.0.0';
    const url = new URL(o.clickhouse.url);
    if (isLoopback(url.hostname)) url.hostname = 'host.docker.internal';
    inside.SHADOWER_CLICKHOUSE_URL = url.toString();
  }
  const mount = (from: string, to: string, mode: 'ro' | 'rw'): string[] => ['-v', `${resolve(from)}:${to}:${mode}`];
  const args = [
    ...['run', '--rm', '--name', name],
    ...(shared ? ['--network', 'host'] : ['-p', `${host}:${o.port}:${o.port}`]),
    ...(process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid!()}`]),
    // Names only: the values come from our environment and do not show in the list of processes.
    ...Object.keys(inside).flatMap((key) => ['-e', key]),
    ...mount(o.dataDir, '/shadower/data', 'rw'),
    ...mount(o.provisioningDir, '/shadower/provisioning', 'ro'),
    ...mount(o.dashboardsDir, '/shadower/dashboards', 'ro'),
    ...PLUGIN_IDS.flatMap((id) => mount(builtPlugin(o.pluginsDir, id, found), `/shadower/plugins/${id}`, 'ro')),
    found.image,
  ];
  return spawn(found.executable, args, {
    env: { ...(o.env ?? process.env), ...inside },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Errors that Grafana logged last, for a message about a failed start. */
function lastErrors(lines: readonly string[]): string {
  const errors = lines.filter((l) => /level=(error|crit)|panic|Error:|✗/.test(l));
  return (errors.length > 0 ? errors : lines).slice(-5).join('\n').slice(0, 2000);
}

/** How long Grafana gets to end by itself, in milliseconds. */
const GRACE_MS = 15_000;

/**
 * Starts Grafana and resolves when it answers. Errors: CONFIG_INVALID (port taken, plugin not built, GRAFANA_HOME wrong,
 * open access beyond loopback), GRAFANA_UNAVAILABLE (none found, ended early with its last errors, or no answer in time).
 */
export async function startGrafana(o: GrafanaOptions): Promise<RunningGrafana> {
  const host = o.host ?? '127.0.0.1';
  if (o.access === 'open' && !isLoopback(host))
    throw new ShadowerError('CONFIG_INVALID', `Grafana without login is for loopback only, not for ${host}`);
  const found = await findGrafana({
    env: o.env ?? process.env,
    downloadTo: o.download === true ? join(o.dataDir, 'download') : undefined,
    onDownload: (url) => o.log.info({ url }, 'fetching Grafana'),
  });
  await checkPort(host, o.port);
  mkdirSync(join(o.dataDir, 'log'), { recursive: true });
  const env = settings(o, host);
  const name = `shadower-grafana-${o.port}`;
  const child = found.kind === 'binary' ? spawnBinary(found, o, env) : spawnDocker(found, o, env, host, name);

  const lines: string[] = [];
  const keep = (chunk: Buffer): void => {
    lines.push(...chunk.toString('utf8').split('\n').filter(Boolean));
    lines.splice(0, lines.length - 400);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  let exit: string | undefined;
  const ended = new Promise<string>((done) => {
    const end = (text: string): void => {
      exit ??= text;
      done(exit);
    };
    child.once('error', (e) => end(`${found.executable} does not run: ${e.message}`));
    child.once('exit', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
  });
  // The last resort when this process ends without calling stop.
  const onExit = (): void => void child.kill('SIGTERM');
  process.once('exit', onExit);

  const stop = async (): Promise<void> => {
    process.removeListener('exit', onExit);
    if (exit !== undefined) return;
    child.kill('SIGTERM');
    await Promise.race([ended, setTimeout(GRACE_MS, undefined, { ref: false })]);
    if (exit !== undefined) return;
    if (found.kind === 'docker') spawn(found.executable, ['kill', name], { stdio: 'ignore' });
    child.kill('SIGKILL');
    await ended;
  };

  const url = `http://${host.includes(':') ? `[${host}]` : host}:${o.port}`;
  const deadline = Date.now() + (o.startTimeoutMs ?? 180_000);
  for (;;) {
    if (exit !== undefined) {
      process.removeListener('exit', onExit);
      throw unavailable(`${found.origin} ${found.version} ${String(exit)} while starting:\n${lastErrors(lines)}`);
    }
    if (await healthy(url)) break;
    if (Date.now() > deadline) {
      await stop();
      throw unavailable(`no answer on ${url} in time:\n${lastErrors(lines)}`);
    }
    await setTimeout(300);
  }
  o.log.info({ url, version: found.version, origin: found.origin }, 'Grafana answers');
  return { url, version: found.version, origin: found.origin, ended, stop };
}

async function healthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(3000) });
    return response.ok && ((await response.json()) as { database?: string }).database === 'ok';
  } catch {
    return false;
  }
}
