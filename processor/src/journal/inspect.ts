/** The positions in a journal's folder, which is locked meanwhile: nobody can consume from it or append to it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadowerError } from '../errors';
import type { LogInspector, LogState } from '../pipeline/log-state';
import { FolderLock } from './lock';
import { parseState } from './topic';

export class JournalInspector implements LogInspector {
  private constructor(
    private readonly folder: string,
    private readonly lock: FolderLock | undefined,
  ) {}

  /** Rejects with LOG_UNAVAILABLE while a processor has the folder. A folder that does not exist is an empty journal. */
  static async open(folder: string): Promise<JournalInspector> {
    return new JournalInspector(folder, existsSync(folder) ? await FolderLock.acquire(folder) : undefined);
  }

  /** Rejects with LOG_FENCED when the lock was lost, and with LOG_GAP when a state file is damaged. */
  async state(): Promise<LogState> {
    if (this.lock === undefined) return { consumers: [], partitions: [] };
    this.lock.assertHeld();
    const partitions: LogState['partitions'] = [];
    for (const entry of await readdir(this.folder, { withFileTypes: true })) {
      const file = join(this.folder, entry.name, 'state.json');
      if (!entry.isDirectory() || !existsSync(file)) continue;
      const state = parseState(await readFile(file, 'utf8'));
      if (state === null) throw new ShadowerError('LOG_GAP', `${file} is damaged`);
      const tp = { topic: entry.name, partition: 0 };
      partitions.push({
        ...tp,
        committed: state.committed,
        ...(state.pending && { pending: { ...tp, ...state.pending } }),
      });
    }
    return { consumers: [], partitions };
  }

  async close(): Promise<void> {
    await this.lock?.release();
  }
}
