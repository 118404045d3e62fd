// @ts-check
/** The processor as a user runs it: `shadower start` in its own process, beside a Kafka and a ClickHouse. */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiKeyEntry, freePorts, onEnd, root, sleep, tempFolder } from '../test/support/stack.mjs';
import { DATABASE } from './engines.mjs';

/**
 * @param {{brokers: string[], prefix: string, group: string, engine: {url: string, user: string, password: string}, nodeArgs?: string[]}} o
 */
export async function startProcessor({ brokers, prefix, group, engine, nodeArgs = [] }) {
  const folder = tempFolder('processor');
  const key = `shk_${randomBytes(16).toString('hex')}`;
  const keys = join(folder, 'keys.json');
  writeFileSync(keys, JSON.stringify([apiKeyEntry('bench', key)]));
  const port = await freePorts(1);
  const own = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('SHADOWER_')));
  const child = spawn(
    process.execPath,
    [
      ...nodeArgs,
      join(root, 'processor/bin/shadower.js'),
      'start',
      '--no-demo',
      '--no-grafana',
      '--data',
      join(folder, 'data'),
      '--port',
      String(port),
    ],
    {
      env: {
        ...own,
        SHADOWER_KAFKA_BROKERS: brokers.join(','),
        SHADOWER_KAFKA_GROUP: group,
        SHADOWER_TOPIC_PREFIX: prefix,
        SHADOWER_CLICKHOUSE_URL: engine.url,
        SHADOWER_CLICKHOUSE_USER: engine.user,
        SHADOWER_CLICKHOUSE_PASSWORD: engine.password,
        SHADOWER_CLICKHOUSE_DATABASE: DATABASE,
        SHADOWER_API_KEYS_FILE: keys,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (t) => (output = (output + t).slice(-8000)));
  /** @type {string | undefined} */
  let ended;
  const exited = once(child, 'exit').then(([code, signal]) => (ended = `${signal ?? `exit code ${code}`}\n${output}`));
  const stop = async () => {
    if (ended !== undefined) return;
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await exited;
    clearTimeout(hard);
  };
  onEnd(stop);
  const url = `http://127.0.0.1:${port}`;
  return {
    pid: /** @type {number} */ (child.pid),
    url,
    key,
    output: () => output,
    /** Why it ended, if it did. */
    ended: () => ended,
    check: () => {
      if (ended !== undefined) throw new Error(`the processor ended: ${ended}`);
    },
    untilReady: async (seconds = 60) => {
      for (const deadline = Date.now() + seconds * 1000; ; await sleep(100)) {
        if ((await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200) return;
        if (ended !== undefined) throw new Error(`the processor ended: ${ended}`);
        if (Date.now() > deadline) throw new Error(`the processor is not ready:\n${output}`);
      }
    },
    stop,
  };
}
