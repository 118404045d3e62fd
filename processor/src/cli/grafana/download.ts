/**
 * Fetches an official Grafana archive, only when a person asks for it. The checksum comes from the same host over TLS: it
 * catches a broken download, not a broken host.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ShadowerError } from '../../errors';

const BASE = 'https://dl.grafana.com/oss/release';
const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' };
const MACHINES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

const failed = (detail: string, cause?: unknown): ShadowerError =>
  new ShadowerError('GRAFANA_UNAVAILABLE', `download: ${detail}`, { cause });

/** Address of the archive for a platform. Errors: GRAFANA_UNAVAILABLE where there is none that we can unpack. */
export function archiveUrl(version: string, platform = process.platform, arch = process.arch, base = BASE): string {
  const system = SYSTEMS[platform];
  const machine = MACHINES[arch];
  if (system === undefined || machine === undefined)
    throw failed(`no archive for ${platform} ${arch}; install Grafana and set GRAFANA_HOME`);
  return `${base}/grafana-${version}.${system}-${machine}.tar.gz`;
}

/** The digest in a `.sha256` file, which holds it alone or followed by a file name. */
export function digestIn(text: string): string {
  const digest = /^[0-9a-f]{64}(?=\s|$)/i.exec(text.trim())?.[0];
  if (digest === undefined) throw failed('the .sha256 file holds no SHA-256 digest');
  return digest.toLowerCase();
}

async function get(url: string, timeoutMs: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw failed(`${url} cannot be reached`, cause);
  }
  if (!response.ok || response.body === null) throw failed(`${url} answers ${response.status}`);
  return response;
}

function unpack(archive: string, folder: string): Promise<void> {
  return new Promise((done, fail) => {
    // One leading folder, whose name has changed between versions.
    const tar = spawn('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'], { stdio: 'ignore' });
    tar.once('error', (cause) => fail(failed('tar does not run', cause)));
    tar.once('exit', (code) => (code === 0 ? done() : fail(failed(`tar ended with ${code}`))));
  });
}

/**
 * Puts Grafana `version` under `folder`, unless it is there, and returns its home. An interrupted download leaves nothing
 * that could be taken for a whole one. Errors: GRAFANA_UNAVAILABLE.
 */
export async function downloadGrafana(
  version: string,
  folder: string,
  onDownload?: (url: string) => void,
  base = BASE,
): Promise<string> {
  const home = join(folder, `grafana-${version}`);
  if (existsSync(home)) return home;
  const url = archiveUrl(version, process.platform, process.arch, base);
  onDownload?.(url);
  const wanted = digestIn(await (await get(`${url}.sha256`, 30_000)).text());
  const part = join(folder, `grafana-${version}.${process.pid}.part`);
  const archive = `${part}.tar.gz`;
  mkdirSync(part, { recursive: true });
  try {
    const hash = createHash('sha256');
    const response = await get(url, 30 * 60_000);
    try {
      await pipeline(
        Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
        new Transform({
          transform(chunk: Buffer, _encoding, next) {
            hash.update(chunk);
            next(null, chunk);
          },
        }),
        createWriteStream(archive),
      );
    } catch (cause) {
      throw failed(`${url} broke off`, cause);
    }
    const got = hash.digest('hex');
    if (got !== wanted) throw failed(`${url} has the SHA-256 ${got}, its .sha256 file says ${wanted}; try again`);
    await unpack(archive, part);
    renameSync(part, home);
    return home;
  } finally {
    rmSync(archive, { force: true });
    rmSync(part, { force: true, recursive: true });
  }
}
