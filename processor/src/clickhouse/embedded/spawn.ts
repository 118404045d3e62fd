/** Runs the embedded ClickHouse as a process of its own, so that its crash is not the crash of its caller. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ERRORS, ShadowerError, type ErrorCode } from '../../errors';
import { DEFAULT_LIMITS } from './limits';
import type { EmbeddedOptions } from './server';

export interface EmbeddedProcess {
  url: string;
  pid: number;
  /** Resolves with the exit code (null after a signal) when the process ends, for whatever reason. Restarting is the caller's. */
  exited: Promise<number | null>;
  /** Asks it to finish what is in flight and to end; SIGKILL after `graceMs` (default 30,000). */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
}

/** The compiled entry, also when this module runs from `src` (jest). */
function entry(): string {
  const beside = join(__dirname, 'main.js');
  if (existsSync(beside)) return beside;
  const compiled = beside.replace(`${sep}src${sep}`, `${sep}dist${sep}`);
  if (existsSync(compiled)) return compiled;
  throw new ShadowerError(
    'CONFIG_INVALID',
    `embedded ClickHouse: ${compiled} is missing; run "npm run build" in the processor first`,
  );
}

/**
 * Forks the server; resolves when it listens. `port` 0 (the default here) takes a free one.
 * @throws ShadowerError with the child's own code, or STORE_UNAVAILABLE when it ended or said nothing within `startMs`
 */
export async function startEmbedded(options: Omit<EmbeddedOptions, 'log'>, startMs = 60_000): Promise<EmbeddedProcess> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const child: ChildProcess = fork(entry(), [], {
    execArgv: [],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      // Every statement in flight holds a thread of libuv's pool; files and compression need some too.
      UV_THREADPOOL_SIZE: String(limits.readers + limits.writers + 8),
      SHADOWER_EMBEDDED: JSON.stringify({ port: 0, ...options }),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Ctrl-C goes to the whole process group; the engine has to outlive the caller's last flush.
    detached: true,
  });
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  let timer: NodeJS.Timeout | undefined;
  try {
    const first = await Promise.race([
      once(child, 'message').then(([m]) => m as { ready: boolean; url?: string; code?: string; message?: string }),
      exited.then((code) => ({
        ready: false,
        message: `it ended with exit code ${code} before it listened`,
        url: '',
        code: '',
      })),
      new Promise<never>((_, failed) => {
        timer = setTimeout(
          () =>
            failed(new ShadowerError('STORE_UNAVAILABLE', `embedded ClickHouse did not start within ${startMs} ms`)),
          startMs,
        );
      }),
    ]);
    if (!first.ready || !first.url) {
      const code = first.code && first.code in ERRORS ? (first.code as ErrorCode) : 'STORE_UNAVAILABLE';
      const text = first.message ?? '';
      const prefix = `${ERRORS[code].text}: `;
      throw new ShadowerError(code, text.startsWith(prefix) ? text.slice(prefix.length) : text);
    }
    return {
      url: first.url,
      pid: child.pid!,
      exited,
      stop: async (graceMs = 30_000) => {
        child.kill('SIGTERM');
        const hard = setTimeout(() => child.kill('SIGKILL'), graceMs);
        await exited;
        clearTimeout(hard);
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
