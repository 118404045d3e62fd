/** The `shadower` command. Exit codes: 0 done; 1 it failed, or some of the input was refused; 2 wrong use. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClickHouse } from '../clickhouse/client';
import { migrate } from '../clickhouse/migrate';
import { DEAD_LETTERS, domains } from '../domains';
import { ShadowerError } from '../errors';
import { Api } from './api-client';
import { readEnvironment, serverConfig } from './config';
import { demoEvents } from './demo';
import { replayDeadLetters } from './dlq';
import { loadFile } from './load';
import { describeLoad, progressLine } from './report';
import { start, type StartOptions } from './start';
import { table } from './table';

const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
const out = (text: string): void => void process.stdout.write(`${text}\n`);

const positive = (text: string): number => {
  const n = Number(text);
  if (!Number.isFinite(n) || n <= 0) throw new InvalidArgumentError('a number above 0 is needed');
  return n;
};
const speed = (text: string): number => {
  if (text === 'max') return Infinity;
  return positive(text === 'original' ? '1' : text.replace(/x$/, ''));
};
const collect = (value: string, before: Record<string, string[]> = {}): Record<string, string[]> => {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as name=value');
  const name = value.slice(0, at);
  return { ...before, [name]: [...(before[name] ?? []), value.slice(at + 1)] };
};

const program = new Command('shadower')
  .description('Windows operational events into ClickHouse rollups, exactly once, and answers questions about them.')
  .version(version)
  .showHelpAfterError()
  .exitOverride((e) => process.exit(e.exitCode === 0 ? 0 : 2));

const remote = (c: Command): Command =>
  c
    .option('--url <url>', 'address of the running processor (SHADOWER_URL)')
    .option('--api-key <key>', 'its API key (SHADOWER_API_KEY)')
    .option('--data <folder>', 'folder of a processor started here, for its address and key')
    .option('--workspace <name>', 'workspace, where the key has several', 'demo');

interface RemoteOptions {
  url?: string;
  apiKey?: string;
  data?: string;
  workspace: string;
}

program
  .command('start')
  .description('run everything embedded, or a processor beside the Kafka and ClickHouse that the environment names')
  .option('--port <port>', 'port of the API; ClickHouse and Grafana take the next two', positive)
  .option('--data <folder>', 'folder of the data (SHADOWER_DATA)')
  .option('--reset', 'throw the data away first')
  .option('--input <file>', 'load a file (NDJSON events or OTLP/JSON lines, plain or gzip) instead of generating')
  .option('--shift-to-now', "move the file's times so that its last event is now")
  .addOption(
    new Option('--speed <factor>', 'speed of the file: max, original, or a factor such as 10x')
      .argParser(speed)
      .default(Infinity, 'max'),
  )
  .option('--demo', 'generate beside --input')
  .option('--no-demo', 'generate nothing')
  .option('--no-grafana', 'start no Grafana')
  .option('--download-grafana', 'fetch a Grafana if this machine has none')
  .option('--workspace <name>', 'workspace of what is generated or loaded')
  .action((o: StartOptions) => start(readEnvironment(), o));

remote(program.command('load'))
  .description('send a file to a running processor: NDJSON events or OTLP/JSON lines, plain or gzip')
  .argument('<file>')
  .option('--shift-to-now', 'move the times so that the last event is now')
  .addOption(
    new Option('--speed <factor>', 'max, original, or a factor such as 10x').argParser(speed).default(Infinity, 'max'),
  )
  .option('--concurrency <n>', 'requests in flight', positive, 4)
  .action(async (file: string, o: RemoteOptions & { shiftToNow?: boolean; speed: number; concurrency: number }) => {
    const report = await loadFile(Api.from(o), file, {
      shift: o.shiftToNow ? 'now' : 0,
      speed: o.speed,
      workspace: o.workspace,
      concurrency: o.concurrency,
      progress: progressLine('loading'),
    });
    out(describeLoad(report));
    if (report.refused > 0 || report.truncated !== undefined) process.exitCode = 1;
  });

remote(program.command('query'))
  .description('run a catalog query')
  .argument('<name>')
  .option('--param <name=value>', 'parameter of the query; may be repeated', collect)
  .option('--from <time>', 'ISO 8601, milliseconds, or relative', 'now-1h')
  .option('--to <time>', 'likewise', 'now')
  .option('--step <seconds>', 'distance of the points', positive)
  .addOption(new Option('--format <format>').choices(['table', 'json', 'csv']).default('table'))
  .option('--part <part>', 'only this part')
  .action(
    async (
      name: string,
      o: RemoteOptions & {
        param?: Record<string, string[]>;
        from: string;
        to: string;
        step?: number;
        format: string;
        part?: string;
      },
    ) => {
      const api = Api.from(o);
      const args = {
        workspace: o.workspace,
        from: o.from,
        to: o.to,
        ...(o.step === undefined ? {} : { step: o.step }),
        ...(o.part === undefined ? {} : { part: o.part }),
        params: o.param ?? {},
      };
      if (o.format === 'csv') {
        out((await api.csv(name, args)).trimEnd());
        return;
      }
      const answer = await api.query(name, args);
      if (o.format === 'json') {
        out(JSON.stringify(answer, null, 2));
        return;
      }
      const query = (await api.catalog()).queries.find((q) => q.name === name)!;
      for (const part of query.parts) {
        const rows = answer.parts[part.name];
        if (rows === undefined) continue;
        out(`${query.parts.length > 1 ? `${part.name}\n` : ''}${table(part.columns, rows)}\n`);
      }
      const until = answer.meta.completeUntil;
      out(
        `grain ${answer.meta.grain}, step ${answer.meta.step} s, complete until ${until === null ? 'unknown' : new Date(until).toISOString()}${answer.meta.truncated ? ', TRUNCATED: rows beyond the limit are missing' : ''}`,
      );
    },
  );

remote(program.command('catalog'))
  .description('list the queries')
  .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
  .action(async (o: RemoteOptions & { format: string }) => {
    const catalog = await Api.from(o).catalog();
    if (o.format === 'json') out(JSON.stringify(catalog, null, 2));
    else
      out(
        table(
          [{ name: 'name' }, { name: 'kind' }, { name: 'title' }, { name: 'parameters' }],
          catalog.queries.map((q) => ({ ...q, parameters: q.params.map((p) => p.name).join(', ') })),
        ),
      );
  });

program
  .command('migrate')
  .description(
    'bring the schema of the ClickHouse server in SHADOWER_CLICKHOUSE_URL to this version ("start" does it by itself)',
  )
  .action(async () => {
    const env = readEnvironment();
    const server = serverConfig(env);
    if (server === undefined)
      throw new ShadowerError(
        'CONFIG_INVALID',
        'SHADOWER_CLICKHOUSE_URL is not set; the embedded engine is migrated by "shadower start"',
      );
    const ch = new ClickHouse(server);
    try {
      const { statements } = await migrate(
        ch,
        domains,
        env.SHADOWER_CLICKHOUSE_CLUSTER === undefined ? {} : { cluster: env.SHADOWER_CLICKHOUSE_CLUSTER },
      );
      for (const s of statements) out(s.length > 160 ? `${s.slice(0, 160)} …` : s);
      out(statements.length === 0 ? 'Nothing to do.' : `${statements.length} statements run.`);
    } finally {
      await ch.close();
    }
  });

const dlq = program.command('dlq').description('dead letters: what was refused, and why');
const range = (c: Command): Command =>
  remote(c)
    .option('--code <code>', 'only this error code; may be repeated', (v: string, b: string[] = []) => [...b, v])
    .option('--from <time>', 'when they were appended: ISO 8601, milliseconds, or relative', 'now-24h')
    .option('--to <time>', 'likewise', 'now');
type DlqOptions = RemoteOptions & { code?: string[]; from: string; to: string; format: string };

range(dlq.command('list'))
  .description('list them, the newest first')
  .addOption(new Option('--format <format>').choices(['table', 'json']).default('table'))
  .action(async (o: DlqOptions) => {
    const answer = await Api.from(o).query(DEAD_LETTERS, {
      workspace: o.workspace,
      from: o.from,
      to: o.to,
      params: { code: o.code ?? [] },
    });
    const rows = answer.parts.main ?? [];
    if (o.format === 'json') out(JSON.stringify(rows, null, 2));
    else
      out(
        rows.length === 0
          ? 'No dead letters.'
          : table(
              [
                { name: 'time' },
                { name: 'code' },
                { name: 'reason' },
                { name: 'topic' },
                { name: 'part' },
                { name: 'off' },
              ],
              rows,
            ),
      );
  });

range(dlq.command('replay'))
  .description('send them in again, after what was wrong has been mended; their event ids stay the same')
  .action(async (o: DlqOptions) => {
    const r = await replayDeadLetters(Api.from(o), {
      workspace: o.workspace,
      from: o.from,
      to: o.to,
      codes: o.code ?? [],
    });
    out(
      `${r.sent} sent again, ${r.accepted} valid now, ${r.refused} refused again, ${r.cut} left out because only their beginning is kept.`,
    );
    if (r.refused > 0 || r.cut > 0) process.exitCode = 1;
  });

program
  .command('generate-data')
  .description('write demo events as NDJSON to standard output')
  .option('--minutes <n>', 'minutes up to now', positive, 10)
  .option('--workspace <name>', 'workspace of the events', 'demo')
  .action(async (o: { minutes: number; workspace: string }) => {
    const to = Math.floor(Date.now() / 1000) * 1000;
    for (let at = to - Math.round(o.minutes * 60) * 1000; at < to; at += 60_000) {
      const lines = demoEvents(domains, at, Math.min(to, at + 60_000)).map((e) =>
        JSON.stringify({ ...e, workspace: o.workspace, time: new Date(e.time as number).toISOString() }),
      );
      if (lines.length > 0 && !process.stdout.write(`${lines.join('\n')}\n`))
        await new Promise((r) => process.stdout.once('drain', r));
    }
  });

// A reader that went away (| head) is no failure.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0);
  throw e;
});

program.parseAsync().catch((e: unknown) => {
  const error =
    e instanceof ShadowerError
      ? e
      : new ShadowerError('INTERNAL', e instanceof Error ? (e.stack ?? e.message) : String(e));
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
});
