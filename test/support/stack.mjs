/** Starts the real parts on free ports and temporary folders, and takes them away again. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const sharedFolder = resolve(process.env.SHADOWER_SHARED ?? join(root, '../shared'));
/** A compiled module of the processor. */
export const processor = (path) => require(join(root, 'processor/dist', path));

const cleanups = [];
let leaving = false;
/** Remembers how to undo something; everything is undone in reverse order, also after a failure. */
export const onEnd = (undo) => void cleanups.push(undo);
/** Undoes everything. */
export async function cleanUp() {
  for (let undo = cleanups.pop(); undo !== undefined; undo = cleanups.pop())
    await Promise.resolve(undo()).catch((e) => process.stdout.write(`cleaning up: ${e.message}\n`));
}
for (const s of ['SIGINT', 'SIGTERM'])
  process.on(s, () => {
    if (leaving) return;
    leaving = true;
    void cleanUp().finally(() => process.exit(1));
  });

export function tempFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `shadower-e2e-${name}-`));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const listen = (port) =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done(server));
  });
const close = (server) => new Promise((done) => server.close(done));

/** First of `n` consecutive free ports. */
export async function freePorts(n) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const held = [await listen(0)];
    try {
      const first = held[0].address().port;
      for (let i = 1; i < n; i++) held.push(await listen(first + i));
      return first;
    } catch {
      // One of the neighbours is taken; another place is tried.
    } finally {
      await Promise.all(held.map(close));
    }
  }
  throw new Error(`no ${n} consecutive free ports`);
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until `ready` gives something other than undefined; fails with `what` after `seconds`. A throw ends it at once. */
export async function until(what, ready, seconds = 90) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const result = await ready();
    if (result !== undefined) return result;
    if (Date.now() > deadline)
      throw new Error(`${typeof what === 'function' ? what() : what}: not within ${seconds} s`);
    await sleep(250);
  }
}

/** The HTTP API as a client without any of the processor's code sees it. */
export class Api {
  constructor(url, key, workspace) {
    Object.assign(this, { url, key, workspace });
  }

  /** Never throws on a status; the body is parsed where it is JSON. */
  async send(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { 'x-api-key': this.key, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, text, json };
  }

  /** Parts of a query and how they came about; undefined when the processor is too busy to answer now. */
  async query(name, args) {
    const answer = await this.send(
      'POST',
      `/v1/query/${name}`,
      JSON.stringify({ workspace: this.workspace, limit: 50_000, ...args }),
      { 'content-type': 'application/json' },
    );
    if (answer.status === 503 && answer.json?.code === 'BUSY') return undefined;
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  /** What became of everything that was sent in the last day: `outcome reason` → items, over all topics. */
  async totals(workspace = this.workspace) {
    const answer = await this.query('intake_totals', { workspace, from: 'now-1d', to: 'now+1h' });
    if (answer === undefined) return undefined;
    const out = {};
    for (const { outcome, reason, items } of answer.parts.main) {
      const key = `${outcome} ${reason}`;
      out[key] = (out[key] ?? 0) + Number(items);
    }
    return out;
  }

  /** Waits until at least `items` are accounted for, and gives the totals. */
  async accounted(items, { workspace = this.workspace, seconds = 90 } = {}) {
    let last = {};
    return until(
      () => `${items} items accounted for (there are ${JSON.stringify(last)})`,
      async () => {
        const totals = await this.totals(workspace);
        // Busy with catching up: asked again, as the answer says.
        if (totals === undefined) return undefined;
        last = totals;
        return Object.values(last).reduce((a, b) => a + b, 0) >= items ? last : undefined;
      },
      seconds,
    );
  }
}

/** Runs SQL over ClickHouse's HTTP interface; rows as objects. */
export async function clickHouseRows({ url, user, password }, sql) {
  const response = await fetch(`${url}/?default_format=JSONEachRow&output_format_json_quote_64bit_integers=0`, {
    method: 'POST',
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': password },
    body: sql,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql}\n${text}`);
  return jsonLines(text);
}
/** What JSONEachRow holds. */
export const jsonLines = (text) =>
  text
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l));

/** An entry of SHADOWER_API_KEYS_FILE. */
export const apiKeyEntry = (id, key, scopes = ['ingest', 'query', 'admin'], workspaces = ['*']) => ({
  id,
  sha256: createHash('sha256').update(key).digest('hex'),
  workspaces,
  scopes,
});

const USER = { name: 'e2e', password: randomBytes(16).toString('hex') };

/** The embedded ClickHouse in a process of its own; `rows(sql)` answers with objects. */
export async function startClickHouse() {
  const { startEmbedded } = processor('clickhouse/embedded/spawn.js');
  const child = await startEmbedded({ dataDir: join(tempFolder('clickhouse'), 'data'), port: 0, users: [USER] });
  onEnd(() => child.stop());
  const access = { url: child.url, user: USER.name, password: USER.password };
  return { ...access, rows: (sql) => clickHouseRows(access, sql) };
}

/** Pipeline and API over `clickhouse`, with a journal unless `kafka` is given. `latenessMs` is off by default. */
export async function startStack(clickhouse, o) {
  const { startRuntime } = processor('cli/runtime.js');
  const { domains } = processor('domains/index.js');
  const { createLogger } = processor('http/index.js');
  const key = `shk_${randomBytes(16).toString('hex')}`;
  const { url, user, password } = clickhouse;
  const runtime = await startRuntime({
    domains,
    clickhouse: { url, user, password, database: o.database },
    log: o.kafka === undefined ? { journal: join(tempFolder('journal'), 'journal') } : { kafka: o.kafka },
    topicPrefix: 'shadower',
    otlpTopics: o.otlpTopics ?? ['otlp_spans'],
    workspace: o.workspace,
    auth: {
      apiKeys: [apiKeyEntry('e2e', key)],
    },
    http: { host: '127.0.0.1', port: 0, ...(o.limits === undefined ? {} : { limits: o.limits }) },
    time: { latenessMs: o.latenessMs ?? Infinity, futureMs: 600_000 },
    logger: createLogger('warn'),
  });
  let stopped;
  const stop = () => (stopped ??= runtime.stop());
  onEnd(stop);
  return { runtime, domains, key, api: new Api(runtime.url, key, o.workspace), stop };
}
