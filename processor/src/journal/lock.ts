/**
 * One process per journal folder. The lock file names its owner and is touched every 2 s. A process of this machine is
 * asked for directly; one of another machine (or container) is taken for dead when its lock stays untouched for 7 s.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShadowerError } from '../errors';

const TOUCH_MS = 2000;
const FOREIGN_STALE_MS = 7000;

interface Owner {
  pid: number;
  host: string;
  /** Start of the process, since a pid alone is used again. '' where the system does not tell. */
  started: string;
  token: string;
}

/** Start time of a process in clock ticks since boot (Linux), or ''; null when there is no such process. */
async function startOf(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

const parse = (text: string): Owner | null => {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return null; // cut short by a crash while it was written
  }
};

export class FolderLock {
  private lost = false;
  private touched = Date.now();
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly content: string,
  ) {
    this.timer = setInterval(() => void this.touch(), TOUCH_MS);
    this.timer.unref();
  }

  /** Rejects with LOG_UNAVAILABLE when another process has the folder. */
  static async acquire(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock');
    const started = (await startOf(process.pid)) ?? '';
    const owner: Owner = { pid: process.pid, host: hostname(), started, token: randomUUID() };
    const content = JSON.stringify(owner);
    try {
      await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      const holder = parse(await readFile(path, 'utf8').catch(() => ''));
      if (holder && (await isHeld(path, holder))) {
        throw new ShadowerError(
          'LOG_UNAVAILABLE',
          `the journal in ${folder} is in use by process ${holder.pid} on ${holder.host}; stop it, or use another folder`,
        );
      }
      const mine = `${path}.${owner.token}`;
      await writeFile(mine, content, { mode: 0o600 });
      await rename(mine, path);
      // Two that found the same stale lock both get here; the later rename wins and the other one sees it now.
      await sleep(50);
      if ((await readFile(path, 'utf8')) !== content) {
        throw new ShadowerError('LOG_UNAVAILABLE', `the journal in ${folder} was taken by another process just now`);
      }
    }
    return new FolderLock(path, content);
  }

  /** Throws LOG_FENCED when the lock has gone to another process. */
  assertHeld(): void {
    // After a long stop (SIGSTOP, a suspended machine) the timer has not run yet: look now.
    if (!this.lost && Date.now() - this.touched > 2 * TOUCH_MS) this.look();
    if (this.lost) throw new ShadowerError('LOG_FENCED', `another process has taken over the journal (${this.path})`);
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    if (this.lost) return;
    this.look();
    if (!this.lost) await unlink(this.path).catch(() => undefined);
    this.lost = true;
  }

  private look(): void {
    try {
      this.lost = readFileSync(this.path, 'utf8') !== this.content;
    } catch {
      this.lost = true;
    }
    this.touched = Date.now();
  }

  private async touch(): Promise<void> {
    this.look();
    if (!this.lost) await utimes(this.path, new Date(), new Date()).catch(() => undefined);
  }
}

async function isHeld(path: string, holder: Owner): Promise<boolean> {
  if (holder.host === hostname()) {
    const started = await startOf(holder.pid);
    return started !== null && started === holder.started;
  }
  const touchedAt = async () => (await stat(path).catch(() => null))?.mtimeMs ?? 0;
  const before = await touchedAt();
  await sleep(FOREIGN_STALE_MS);
  return (await touchedAt()) !== before;
}
