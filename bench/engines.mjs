// @ts-check
/** The two ways to run ClickHouse here: the processor's embedded engine, and the bare one for its Kafka engine. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { clickHouseRows, jsonLines, onEnd, processor, tempFolder } from '../test/support/stack.mjs';

export const DATABASE = 'shadower';

/**
 * @typedef {object} Engine
 * @property {number} pid
 * @property {(sql: string) => Promise<any[]>} rows
 * @property {() => Promise<unknown>} stop
 */

/** @returns {Promise<Engine>} chDB without a guard, with an empty database */
export async function startBareEngine() {
  const child = fork(new URL('./engine-host.cjs', import.meta.url), [join(tempFolder('engine'), 'data')], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map();
  let ids = 0;
  let ended = false;
  child.once('exit', (code, signal) => {
    ended = true;
    for (const w of waiting.values()) w.failed(new Error(`the engine ended (${signal ?? code})`));
  });
  await once(child, 'message');
  child.on('message', (/** @type {any} */ m) => {
    const w = waiting.get(m.id);
    waiting.delete(m.id);
    if (m.error !== undefined) w.failed(new Error(`${w.sql}\n${m.error}`));
    else w.done(jsonLines(m.text));
  });
  const rows = (/** @type {string} */ sql) =>
    new Promise((done, failed) => {
      waiting.set(++ids, { done, failed, sql });
      child.send({ id: ids, sql });
    });
  const stop = async () => {
    if (ended) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onEnd(stop);
  await rows('SET output_format_json_quote_64bit_integers = 0');
  await rows(`CREATE DATABASE ${DATABASE}`);
  return { pid: /** @type {number} */ (child.pid), rows: /** @type {any} */ (rows), stop };
}

/**
 * The processor's embedded engine in its own process, as `shadower start` runs it.
 * @param {number} [port] 0 takes a free one
 * @param {string} [dataDir]
 * @returns {Promise<Engine & {url: string, user: string, password: string, kill: () => Promise<void>, dataDir: string}>}
 */
export async function startEmbeddedEngine(
  port = 0,
  dataDir = join(tempFolder('engine'), 'data'),
  password = randomBytes(16).toString('hex'),
) {
  const { startEmbedded } = processor('clickhouse/embedded/spawn.js');
  const user = 'bench';
  const child = await startEmbedded({ dataDir, port, database: DATABASE, users: [{ name: user, password }] });
  const rows = (/** @type {string} */ sql) => clickHouseRows({ url: child.url, user, password }, sql);
  let stopped = false;
  const once = (/** @type {() => Promise<void>} */ end) => async () => {
    if (stopped) return;
    stopped = true;
    await end();
  };
  const stop = once(() => child.stop());
  onEnd(stop);
  return { pid: child.pid, url: child.url, user, password, dataDir, rows, stop, kill: once(() => child.kill()) };
}
