/** `shadower start`: everything on this machine, or a processor beside existing servers, by what the environment names. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startEmbedded, type EmbeddedProcess } from '../clickhouse/embedded/spawn';
import { TIME_LIMITS } from '../pipeline/batch';
import type { ClickHouseConfig } from '../clickhouse/client';
import { domains } from '../domains';
import { DEMO_HISTORY_DAYS } from '../domains/define';
import { ShadowerError } from '../errors';
import { createLogger, type AuthConfig } from '../http';
import { Api } from './api-client';
import { embeddedStore, logConfig } from './backends';
import { Closers } from './closers';
import { duration, readApiKeys, serverConfig, type Environment } from './config';
import { ensureCredentials, saveCredentials, sha256, type Credentials } from './credentials';
import { runDemo } from './demo';
import { startGrafana, type RunningGrafana } from './grafana';
import { loadFile } from './load';
import { describeLoad, progressLine } from './report';
import { journalFolder, startRuntime, type Runtime } from './runtime';
import { table } from './table';

export interface StartOptions {
  port?: number;
  data?: string;
  input?: string;
  demo?: boolean;
  grafana: boolean;
  downloadGrafana?: boolean;
  reset?: boolean;
  shiftToNow?: boolean;
  speed: number;
  workspace?: string;
}

const DEFAULT_PORT = 8780;
/** How much of the past the generator makes up on a first start. */
const DEMO_HISTORY_MS = 2 * 3600_000;
const HEALTH_QUERY = domains.flatMap((d) => d.queries).find((q) => q.kind === 'scorecard')!.name;
const HOME = domains.flatMap((d) => d.dashboards)[0]!.name;

const root = resolve(__dirname, '../../..');
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Keeps the embedded engine running: when it dies, it is started again on the same port and data. */
class Supervised {
  private stopping = false;
  constructor(
    private child: EmbeddedProcess,
    private readonly options: Parameters<typeof startEmbedded>[0],
  ) {
    this.watch();
  }
  private watch(): void {
    void this.child.exited.then(async (code) => {
      for (let attempt = 0; !this.stopping; attempt++) {
        process.stderr.write(
          `embedded ClickHouse ended (${code === null ? 'killed' : `exit ${code}`}); starting it again\n`,
        );
        try {
          this.child = await startEmbedded(this.options);
          if (this.stopping) await this.child.stop();
          else this.watch();
          return;
        } catch (e) {
          process.stderr.write(`${(e as Error).message}\n`);
          await new Promise((r) => setTimeout(r, Math.min(30_000, 1000 * 2 ** attempt)));
        }
      }
    });
  }
  async stop(): Promise<void> {
    this.stopping = true;
    await this.child.stop();
  }
}

function authOf(env: Environment, embedded: Credentials | undefined): AuthConfig {
  const apiKeys = env.SHADOWER_API_KEYS_FILE === undefined ? [] : readApiKeys(env.SHADOWER_API_KEYS_FILE);
  if (embedded !== undefined)
    apiKeys.push({
      id: 'local',
      sha256: sha256(embedded.apiKey),
      workspaces: ['*'],
      scopes: ['ingest', 'query', 'admin'],
    });
  const jwt =
    env.SHADOWER_JWT_SECRET === undefined ? {} : { jwt: { algorithm: 'HS256' as const, key: env.SHADOWER_JWT_SECRET } };
  if (apiKeys.length === 0 && env.SHADOWER_JWT_SECRET === undefined)
    throw new ShadowerError(
      'CONFIG_INVALID',
      'nobody could use the API: set SHADOWER_API_KEYS_FILE or SHADOWER_JWT_SECRET',
    );
  return { apiKeys, ...jwt };
}

/** Runs until SIGINT or SIGTERM. */
export async function start(env: Environment, o: StartOptions): Promise<void> {
  const dataDir = resolve(o.data ?? env.SHADOWER_DATA);
  if (o.reset) {
    // Only a folder that a start made is thrown away.
    if (existsSync(dataDir) && !existsSync(join(dataDir, 'credentials.json')))
      throw new ShadowerError('CONFIG_INVALID', `${dataDir} holds no data of Shadower; --reset leaves it alone`);
    rmSync(dataDir, { recursive: true, force: true });
  }
  if (o.input !== undefined && !existsSync(o.input))
    throw new ShadowerError('CONFIG_INVALID', `--input ${o.input}: no such file`);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const port = o.port ?? env.SHADOWER_HTTP_PORT ?? DEFAULT_PORT;
  const server = serverConfig(env);
  const credentials = server === undefined ? ensureCredentials(dataDir) : undefined;
  const workspace = o.workspace ?? env.SHADOWER_WORKSPACE ?? (credentials === undefined ? undefined : 'demo');
  const demo = credentials !== undefined && (o.demo ?? o.input === undefined);
  const logger = createLogger(env.SHADOWER_LOG_LEVEL);
  const started = new Date();
  const closers = new Closers({
    slow: (what, seconds) => say(`Still waiting for ${what} (${seconds} s) …`),
    failed: (what, e) => process.stderr.write(`${what}: ${e.message}\n`),
  });
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= closers.close());
  const signal = new Promise<void>((done) => {
    for (const s of ['SIGINT', 'SIGTERM'] as const)
      process.on(s, () => {
        say(ending === undefined ? '\nStopping: flushing and committing what is open …' : 'Already stopping …');
        done();
      });
  });
  // Whatever waits or works on its own must let go, or it would keep the process after everything was closed.
  const stopped = new AbortController();
  void signal.then(() => stopped.abort());

  try {
    let clickhouse = server;
    if (credentials !== undefined) {
      const own = await embeddedStore(env, dataDir, port + 1, credentials);
      const supervised = new Supervised(own.process, own.options);
      closers.add('ClickHouse', () => supervised.stop());
      clickhouse = own.config;
    }
    const runtime: Runtime = await startRuntime({
      domains,
      clickhouse: clickhouse!,
      ...(env.SHADOWER_CLICKHOUSE_CLUSTER === undefined ? {} : { cluster: env.SHADOWER_CLICKHOUSE_CLUSTER }),
      log: logConfig(env, dataDir),
      topicPrefix: env.SHADOWER_TOPIC_PREFIX,
      otlpTopics: env.SHADOWER_OTLP_TOPICS.split(',').map((t) => t.trim()),
      ...(workspace === undefined ? {} : { workspace }),
      auth: authOf(env, credentials),
      ...(env.SHADOWER_PROBES_FILE === undefined ? {} : { probes: env.SHADOWER_PROBES_FILE }),
      http: { host: env.SHADOWER_HTTP_HOST, port },
      time: {
        ...TIME_LIMITS,
        latenessMs:
          o.input !== undefined
            ? Infinity
            : Math.max(duration(env.SHADOWER_LATENESS), demo ? DEMO_HISTORY_DAYS * 86_400_000 : 0),
      },
      logger,
    });
    closers.add('the processor', () => runtime.stop());

    say(`Shadower Analytics, started ${started.toISOString()}`);
    say(`  API         ${runtime.url}  (OpenAPI at ${runtime.url}/docs)`);
    say(`  ClickHouse  ${clickhouse!.url}  ${server === undefined ? `(embedded, data in ${dataDir})` : ''}`);
    say(`  Event log   ${env.SHADOWER_KAFKA_BROKERS ?? `journal on disk in ${journalFolder(dataDir)}`}`);
    if (workspace === undefined)
      say(
        "  Workspace   none by default: a record that names none becomes a dead letter of the workspace '', which only ClickHouse shows; SHADOWER_WORKSPACE sets one",
      );
    if (credentials === undefined) {
      await signal;
      return;
    }
    saveCredentials(dataDir, { ...credentials, url: runtime.url });
    say(`  API key     in ${join(dataDir, 'credentials.json')}; try: curl -H "X-API-Key: …" ${runtime.url}/v1/catalog`);
    const api = Api.of(runtime.url, credentials.apiKey);

    if (demo) {
      const position = join(dataDir, 'demo-position');
      const saved = existsSync(position) ? Number(readFileSync(position, 'utf8')) : 0;
      const stopDemo = runDemo(runtime.log, {
        domains,
        prefix: env.SHADOWER_TOPIC_PREFIX,
        workspace: workspace!,
        since: Math.max(saved, Date.now() - DEMO_HISTORY_MS),
        history: saved === 0,
        advanced: (to) => writeFileSync(position, String(to)),
        failed: (err) => logger.warn({ err }, 'The generator could not append; it tries again'),
      });
      closers.add('the generator', stopDemo);
      say(
        '  Input       the built-in generator (a shop with six providers and an incident every 40 minutes); --no-demo leaves it out',
      );
    }

    const grafana = o.grafana
      ? await tryGrafana(env, o, {
          dataDir,
          port: port + 2,
          clickhouse: clickhouse!,
          credentials,
          workspace: workspace!,
          logger,
        })
      : undefined;
    if (grafana !== undefined) {
      closers.add('Grafana', () => grafana.stop());
      say(
        `  Grafana     ${grafana.url}  (${grafana.version} from ${grafana.origin}; anyone on this machine may look, user admin has its password in credentials.json)`,
      );
      // Ctrl-C reaches Grafana as well; only an end that nobody asked for is news.
      void grafana.ended.then((why) => {
        if (ending === undefined) process.stderr.write(`Grafana ended: ${why}. The API and the rollups go on.\n`);
      });
    }

    let range = { from: 'now-1h', to: 'now' };
    if (o.input !== undefined) {
      say(`  Input       ${o.input}`);
      const report = await Promise.race([
        loadFile(api, o.input, {
          shift: o.shiftToNow ? 'now' : 0,
          speed: o.speed,
          workspace: workspace!,
          concurrency: 4,
          progress: progressLine('loading'),
          signal: stopped.signal,
        }).catch((e: unknown) => {
          if (stopped.signal.aborted) return undefined;
          throw e;
        }),
        signal.then(() => undefined),
      ]);
      if (report === undefined) return;
      await settled(runtime, stopped.signal);
      if (stopped.signal.aborted) return;
      say(describeLoad(report));
      if (report.from !== undefined) {
        range = { from: String(report.from - 60_000), to: String(report.to! + 60_000) };
        if (grafana !== undefined)
          say(`  Look at it  ${grafana.url}/d/shadower-${HOME}?from=${range.from}&to=${range.to}`);
      }
    }
    if (grafana === undefined) {
      await Promise.race([showHealth(api, workspace!, range, signal), signal]);
      return;
    }
    say('\nCtrl-C ends it; the next start goes on where this one ended.');
    await signal;
  } finally {
    await end();
  }
}

async function tryGrafana(
  env: Environment,
  o: StartOptions,
  c: {
    dataDir: string;
    port: number;
    clickhouse: ClickHouseConfig;
    credentials: Credentials;
    workspace: string;
    logger: ReturnType<typeof createLogger>;
  },
): Promise<RunningGrafana | undefined> {
  try {
    return await startGrafana({
      port: c.port,
      dataDir: join(c.dataDir, 'grafana'),
      pluginsDir: join(root, 'plugins'),
      provisioningDir: join(root, 'provisioning'),
      dashboardsDir: join(root, 'dashboards'),
      homeDashboard: HOME,
      clickhouse: {
        url: c.clickhouse.url,
        user: c.credentials.clickhouse.reader,
        password: c.credentials.clickhouse.readerPassword,
        database: env.SHADOWER_CLICKHOUSE_DATABASE,
      },
      workspace: c.workspace,
      adminPassword: c.credentials.grafanaAdminPassword,
      access: 'open',
      download: o.downloadGrafana ?? false,
      log: c.logger,
    });
  } catch (e) {
    say(`  Grafana     none: ${(e as Error).message}`);
    say(
      '              Without it the API, the CLI and everything that is counted still work; the health table follows here.',
    );
    return undefined;
  }
}

/** Waits until what was loaded is counted, or the signal comes. */
async function settled(runtime: Runtime, signal: AbortSignal): Promise<void> {
  const show = progressLine('counting');
  let most = 1;
  while (!signal.aborted) {
    await runtime.pipeline.flushAll();
    const ends = await runtime.log.endOffsets();
    const lag = Math.max(runtime.pipeline.lag(), runtime.pipeline.lagTo(ends));
    most = Math.max(most, lag);
    show({ lines: most - lag, bytes: most - lag, totalBytes: most });
    if (lag === 0) return;
    await new Promise((r) => setTimeout(r, 200));
  }
}

const HEALTH_COLUMNS = [
  { name: 'entity' },
  { name: 'status' },
  { name: 'score', unit: 'none' },
  { name: 'change', unit: 'none' },
  { name: 'calls', unit: 'short' },
  { name: 'error_rate', unit: 'percentunit' },
  { name: 'p95_ms', unit: 'ms' },
];

async function showHealth(
  api: Api,
  workspace: string,
  range: { from: string; to: string },
  stop: Promise<void>,
): Promise<void> {
  let stopped = false;
  void stop.then(() => (stopped = true));
  while (!stopped) {
    await Promise.race([stop, new Promise((r) => setTimeout(r, 5000).unref())]);
    if (stopped) return;
    try {
      const answer = await api.query(HEALTH_QUERY, { workspace, ...range });
      say(`\nHealth, ${new Date(answer.meta.from).toISOString()} to ${new Date(answer.meta.to).toISOString()}`);
      say(table(HEALTH_COLUMNS, answer.parts.scores ?? []));
    } catch (e) {
      say(`Health table: ${(e as Error).message}`);
    }
    await Promise.race([stop, new Promise((r) => setTimeout(r, 25_000).unref())]);
  }
}
