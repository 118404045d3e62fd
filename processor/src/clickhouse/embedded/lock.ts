/** One process per data directory: a lock file with the pid, taken over when its owner is gone. */
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ShadowerError } from '../../errors';

interface Owner {
  pid: number;
  /** Start time of the process in clock ticks since boot where the system tells; a recycled pid has another one. */
  started: string;
}

function startedAt(pid: number): string {
  try {
    // Field 22 of /proc/<pid>/stat; the command in field 2 may hold spaces and ends at the last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function alive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startedAt(owner.pid);
  return owner.started === '' || now === '' || now === owner.started;
}

const lockFile = (dataDir: string): string => join(dataDir, 'embedded.lock');

/** Process that serves a data directory and is alive. */
export function ownerOf(dataDir: string): number | undefined {
  const owner = readOwner(lockFile(dataDir));
  return owner !== undefined && alive(owner) ? owner.pid : undefined;
}

/**
 * Takes the lock of a data directory. Returns the function that gives it back.
 * @throws ShadowerError STORE_UNAVAILABLE when a living process holds it
 */
export function lockDirectory(dataDir: string): () => void {
  const file = lockFile(dataDir);
  const mine: Owner = { pid: process.pid, started: startedAt(process.pid) };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, JSON.stringify(mine));
      closeSync(fd);
      return () => {
        if (readOwner(file)?.pid === process.pid) unlinkSync(file);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner && owner.pid !== process.pid && alive(owner))
      throw new ShadowerError(
        'STORE_UNAVAILABLE',
        `process ${owner.pid} already serves ${dataDir}; stop it, or choose another data directory`,
      );
    try {
      unlinkSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new ShadowerError('STORE_UNAVAILABLE', `another process is taking the lock of ${dataDir}; try again`);
}

function readOwner(file: string): Owner | undefined {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    return typeof parsed.pid === 'number' ? { pid: parsed.pid, started: String(parsed.started ?? '') } : undefined;
  } catch {
    return undefined;
  }
}
