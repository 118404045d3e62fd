/** Finds a Grafana on this machine: GRAFANA_HOME, PATH, Docker, or a download that was asked for. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ShadowerError } from '../../errors';
import { downloadGrafana } from './download';

const run = promisify(execFile);

/** The version that is run where we choose: the image, the download. */
export const GRAFANA_VERSION = '12.4.0';
export const GRAFANA_IMAGE = `grafana/grafana:${GRAFANA_VERSION}`;
/** The oldest version that the plugins declare (`grafanaDependency`). */
const OLDEST = [12, 3] as const;

export type FoundGrafana =
  | { kind: 'binary'; executable: string; args: string[]; homepath: string; version: string; origin: string }
  | { kind: 'docker'; executable: string; image: string; version: string; origin: string };

const executableSuffix = process.platform === 'win32' ? '.exe' : '';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const isHome = (folder: string): boolean =>
  existsSync(join(folder, 'conf', 'defaults.ini')) && existsSync(join(folder, 'public'));

/** Version as the executable tells it. Throws GRAFANA_UNAVAILABLE if it does not run or is too old. */
async function versionOf(executable: string, origin: string): Promise<string> {
  let text: string;
  try {
    text = (await run(executable, ['--version'], { timeout: 20_000 })).stdout;
  } catch (cause) {
    throw new ShadowerError('GRAFANA_UNAVAILABLE', `${executable} (from ${origin}) does not run`, { cause });
  }
  const found = /(\d+)\.(\d+)\.\d+\S*/.exec(text);
  if (found === null)
    throw new ShadowerError('GRAFANA_UNAVAILABLE', `${executable} --version answers "${text.trim().slice(0, 100)}"`);
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new ShadowerError(
      'GRAFANA_UNAVAILABLE',
      `${executable} (from ${origin}) is version ${found[0]}; the plugins need ${OLDEST.join('.')} or newer`,
    );
  return found[0];
}

/** The executable inside a Grafana folder and how it is told to serve: `grafana server`, before that `grafana-server`. */
function serverIn(bin: string): { executable: string; args: string[] } | undefined {
  const one = join(bin, `grafana${executableSuffix}`);
  if (isExecutable(one)) return { executable: one, args: ['server'] };
  const old = join(bin, `grafana-server${executableSuffix}`);
  return isExecutable(old) ? { executable: old, args: [] } : undefined;
}

async function inHome(home: string, origin: string): Promise<FoundGrafana> {
  const server = serverIn(join(home, 'bin'));
  if (server === undefined || !isHome(home))
    throw new ShadowerError(
      'CONFIG_INVALID',
      `${origin} is ${home}, but there is no bin/grafana with conf/defaults.ini and public/ beside it`,
    );
  return { kind: 'binary', ...server, homepath: home, version: await versionOf(server.executable, origin), origin };
}

/** Grafana on PATH. Packages put conf/ and public/ elsewhere than the executable, so both places are tried. */
async function onPath(env: NodeJS.ProcessEnv): Promise<FoundGrafana | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter((f) => f !== '')) {
    const server = serverIn(folder);
    if (server === undefined) continue;
    const prefix = dirname(dirname(realpathSync(server.executable)));
    const home = [prefix, join(prefix, 'share', 'grafana'), '/usr/share/grafana'].find(isHome);
    // A lone command line tool of the same name is no server.
    if (home === undefined) continue;
    return {
      kind: 'binary',
      ...server,
      homepath: home,
      version: await versionOf(server.executable, 'PATH'),
      origin: 'PATH',
    };
  }
  return undefined;
}

async function inDocker(): Promise<FoundGrafana | undefined> {
  try {
    // Only a daemon that answers counts; the client alone runs nothing.
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
  } catch {
    return undefined;
  }
  return { kind: 'docker', executable: 'docker', image: GRAFANA_IMAGE, version: GRAFANA_VERSION, origin: 'Docker' };
}

export interface FindOptions {
  env: NodeJS.ProcessEnv;
  /** Folder for a downloaded Grafana; undefined forbids downloading. */
  downloadTo?: string;
  onDownload?: (url: string) => void;
}

/**
 * The Grafana to run. A GRAFANA_HOME that is set must be right; it is never skipped in silence.
 * Errors: CONFIG_INVALID, GRAFANA_UNAVAILABLE (with all that was tried).
 */
export async function findGrafana(o: FindOptions): Promise<FoundGrafana> {
  if (o.env.GRAFANA_HOME !== undefined && o.env.GRAFANA_HOME !== '') return inHome(o.env.GRAFANA_HOME, 'GRAFANA_HOME');
  const found = (await onPath(o.env)) ?? (await inDocker());
  if (found !== undefined) return found;
  if (o.downloadTo !== undefined)
    return inHome(await downloadGrafana(GRAFANA_VERSION, o.downloadTo, o.onDownload), 'the download');
  throw new ShadowerError(
    'GRAFANA_UNAVAILABLE',
    'GRAFANA_HOME is not set, PATH has no grafana, and no Docker daemon answers. ' +
      'Install Grafana, set GRAFANA_HOME to its folder, or allow a download with --download-grafana',
  );
}
