/** The embedded ClickHouse: chDB in this process, served over ClickHouse's HTTP interface. */
import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { ShadowerError } from '../../errors';
import { watchUnused } from '../../net/unused-connections';
import { Engine } from './engine';
import { handle, type HttpContext, type User } from './http';
import { DEFAULT_LIMITS, type EmbeddedLimits } from './limits';
import { lockDirectory } from './lock';
import { setTableFunctions } from './sql-guard';

export type { User } from './http';

export interface EmbeddedOptions {
  /** Directory of the data; made if missing. One process at a time. */
  dataDir: string;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** 0 takes a free one. Default 8123. */
  port?: number;
  users: readonly User[];
  /** Database of requests that name none, or `default`. Default `shadower`. */
  database?: string;
  limits?: Partial<EmbeddedLimits>;
  log?: HttpContext['log'];
}
export interface EmbeddedClickHouse {
  url: string;
  /** Finishes what is in flight, then closes the engine and gives the lock back. */
  close(): Promise<void>;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function checkOptions(o: EmbeddedOptions, host: string): void {
  const invalid = (detail: string): ShadowerError =>
    new ShadowerError('CONFIG_INVALID', `embedded ClickHouse: ${detail}`);
  if (o.users.length === 0) throw invalid('no user; give at least one with name and password');
  if (new Set(o.users.map((u) => u.name)).size !== o.users.length) throw invalid('two users have the same name');
  if (!isLoopback(host) && o.users.some((u) => u.password === ''))
    throw invalid(`listening on ${host} needs a password for every user; set one, or listen on 127.0.0.1`);
  // The engine reads inserted data from files below it and takes these characters for patterns.
  if (/[*?{}\0]/.test(resolve(o.dataDir)))
    throw invalid(`the data directory must not contain *, ?, { or }: ${o.dataDir}`);
}

/**
 * Starts serving; resolves when it listens.
 * libuv's pool runs the statements: start the process with `UV_THREADPOOL_SIZE` above readers + writers (`startEmbedded` does).
 * @throws ShadowerError CONFIG_INVALID, or STORE_UNAVAILABLE when the directory is locked or cannot be opened
 */
export async function createEmbeddedClickHouse(o: EmbeddedOptions): Promise<EmbeddedClickHouse> {
  const host = o.host ?? '127.0.0.1';
  checkOptions(o, host);
  const limits = { ...DEFAULT_LIMITS, ...o.limits };
  const dataDir = resolve(o.dataDir);
  const spoolDir = join(dataDir, 'spool');
  mkdirSync(spoolDir, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(dataDir);
  let engine: Engine | undefined;
  try {
    // What a killed process left half-received was never inserted and never confirmed.
    for (const name of readdirSync(spoolDir)) unlinkSync(join(spoolDir, name));
    engine = new Engine(join(dataDir, 'store'), o.database ?? 'shadower', limits);
    const { settings, tableFunctions, version, timezone } = await engine.start();
    setTableFunctions(tableFunctions);
    const ctx: HttpContext = {
      engine,
      users: o.users,
      limits,
      spoolDir,
      knownSettings: new Set(settings),
      version,
      timezone,
      log: o.log ?? (() => undefined),
    };
    const server = createServer(
      { requestTimeout: limits.hardSeconds * 1000, headersTimeout: 15_000, keepAliveTimeout: 30_000 },
      (req, res) => {
        void handle(ctx, req, res);
      },
    );
    server.maxConnections = limits.connections;
    const endUnused = watchUnused(server, limits.hardSeconds * 1000);
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen(o.port ?? 8123, host, () => done());
    });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : (o.port ?? 8123);
    const running = engine;
    let closing: Promise<void> | undefined;
    return {
      url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      close: () =>
        (closing ??= (async () => {
          const stopped = new Promise<void>((done) => server.close(() => done()));
          endUnused();
          server.closeIdleConnections();
          // A client that keeps its connection open must not hold the shutdown up once its answer is out.
          const sweep = setInterval(() => server.closeIdleConnections(), 50);
          await stopped;
          clearInterval(sweep);
          await running.close();
          unlock();
        })()),
    };
  } catch (error) {
    await engine?.close();
    unlock();
    if (error instanceof ShadowerError) throw error;
    throw new ShadowerError('STORE_UNAVAILABLE', `embedded ClickHouse in ${dataDir}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
