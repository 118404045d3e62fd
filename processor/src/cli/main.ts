/**
 * The `shadower` command. Exit codes: 0 done; 1 it failed, some of the input was refused, or a check found a difference;
 * 2 wrong use. What a command needs is loaded when it runs, so that help comes at once.
 */
import { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertTestOptions } from './commands/alerts';
import type { DlqOptions } from './commands/dlq';
import type { LoadOptions } from './commands/load';
import type { QueryOptions } from './commands/query';
import type { RebuildCommand } from './commands/rebuild';
import type { ReconcileCommand } from './commands/reconcile';
import { collect, formats, list, positive, remote, speed, whole, type RemoteOptions } from './options';
import type { StartOptions } from './start';

const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };

const program = new Command('shadower')
  .description('Windows operational events into ClickHouse rollups, exactly once, and answers questions about them.')
  .version(version)
  .showHelpAfterError()
  .exitOverride((e) => process.exit(e.exitCode === 0 ? 0 : 2));

const speedOption = (description: string): Option =>
  new Option('--speed <factor>', description).argParser(speed).default(Infinity, 'max');

program
  .command('start')
  .description('run everything embedded, or a processor beside the Kafka and ClickHouse that the environment names')
  .option('--port <port>', 'port of the API; ClickHouse and Grafana take the next two', positive)
  .option('--data <folder>', 'folder of the data (SHADOWER_DATA)')
  .option('--reset', 'throw the data away first')
  .option('--input <file>', 'load a file (NDJSON events or OTLP/JSON lines, plain or gzip) instead of generating')
  .option('--shift-to-now', "move the file's times so that its last event is now")
  .addOption(speedOption('speed of the file: max, original, or a factor such as 10x'))
  .option('--demo', 'generate beside --input')
  .option('--no-demo', 'generate nothing')
  .option('--no-grafana', 'start no Grafana')
  .option('--download-grafana', 'fetch a Grafana if this machine has none')
  .option('--workspace <name>', 'workspace of what is generated or loaded')
  .action(async (o: StartOptions) => {
    const { readEnvironment } = await import('./config.js');
    return (await import('./start.js')).start(readEnvironment(), o);
  });

remote(program.command('load'))
  .description('send a file to a running processor: NDJSON events or OTLP/JSON lines, plain or gzip')
  .argument('<file>')
  .option('--shift-to-now', 'move the times so that the last event is now')
  .addOption(speedOption('max, original, or a factor such as 10x'))
  .option('--concurrency <n>', 'requests in flight', positive, 4)
  .action(async (file: string, o: LoadOptions) => (await import('./commands/load.js')).load(file, o));

remote(program.command('query'))
  .description('run a catalog query')
  .argument('<name>')
  .option('--param <name=value>', 'parameter of the query; may be repeated', collect)
  .option('--from <time>', 'ISO 8601, milliseconds, or relative', 'now-1h')
  .option('--to <time>', 'likewise', 'now')
  .option('--step <seconds>', 'distance of the points', positive)
  .addOption(formats('table', 'json', 'csv'))
  .option('--part <part>', 'only this part')
  .action(async (name: string, o: QueryOptions) => (await import('./commands/query.js')).query(name, o));

remote(program.command('catalog'))
  .description('list the queries')
  .addOption(formats('table', 'json'))
  .action(async (o: RemoteOptions & { format: string }) => (await import('./commands/query.js')).catalog(o));

program
  .command('migrate')
  .description(
    'bring the schema of the ClickHouse server in SHADOWER_CLICKHOUSE_URL to this version ("start" does it by itself)',
  )
  .action(async () => (await import('./commands/migrate.js')).migrate());

const repairs = (c: Command): Command =>
  c.option('--data <folder>', 'folder of the journal and the embedded engine (SHADOWER_DATA)');

repairs(program.command('rebuild'))
  .description('recompute the rollups of whole days from the raw events, with all processors stopped')
  .requiredOption('--from <time>', 'ISO 8601, milliseconds, or relative; its whole day is rebuilt (UTC)')
  .option('--to <time>', 'likewise, its day included unless it is midnight', 'now')
  .option('--domain <name>', 'only the rollups that this domain feeds')
  .option('--dry-run', 'compute and compare, and replace nothing; exit code 1 when something differs')
  .action(async (o: RebuildCommand) => (await import('./commands/rebuild.js')).rebuild(o));

repairs(program.command('reconcile'))
  .description(
    'compare positions, raw, accounting and rollups, also beside running processors; exit code 1 on a difference',
  )
  .option('--from <time>', 'ISO 8601, milliseconds, or relative', 'now-1h')
  .option('--to <time>', 'likewise; what is not complete yet is not judged', 'now')
  .option('--deep', 'also recompute every rollup row of the days in the range, and compare')
  .option('--transactional <topic>', 'topic that transactional producers write to; may be repeated', list)
  .option('--json', 'the whole report as one line of JSON')
  .action(async (o: ReconcileCommand) => (await import('./commands/reconcile.js')).reconcile(o));

const dlq = program.command('dlq').description('dead letters: what was refused, and why');
const letters = (c: Command): Command =>
  remote(c)
    .option('--code <code>', 'only this error code; may be repeated', list)
    .option('--topic <topic>', 'only of this topic')
    .option('--partition <n>', 'only of this partition', whole)
    .option('--offset <range>', 'only these offsets: 100, 100-200, 100- or -200')
    .option('--type <type>', 'only events of this type, as payload or topic name it; may be repeated', list)
    .option('--contains <text>', 'only with this text in payload or reason; may be repeated', list)
    .option('--from <time>', 'when they were appended: ISO 8601, milliseconds, or relative', 'now-24h')
    .option('--to <time>', 'likewise', 'now')
    .option('--limit <n>', 'letters at most', positive);

letters(dlq.command('list'))
  .description("list them, the newest first; --workspace '' has those that name no workspace (admin keys only)")
  .addOption(formats('table', 'json'))
  .action(async (o: DlqOptions & { format: string }) => (await import('./commands/dlq.js')).list(o));

remote(dlq.command('show'))
  .description('show what lies at a place, whole: topic/partition/offset, or with /index')
  .argument('<place>')
  .option('--raw', 'only the payload, byte by byte')
  .action(async (place: string, o: RemoteOptions & { raw?: boolean }) =>
    (await import('./commands/dlq.js')).show(place, o),
  );

letters(dlq.command('replay'))
  .description(
    'send them in again, after what was wrong has been mended; each counts once, however often it is replayed',
  )
  .option('--dry-run', 'say what would be sent, and send nothing')
  .option('--into <workspace>', 'workspace of what names none, for letters of no workspace')
  .action(async (o: DlqOptions & { dryRun?: boolean; into?: string }) => (await import('./commands/dlq.js')).replay(o));

remote(program.command('alerts').description('the shipped alert rules').command('test'))
  .description('replay a time range against the shipped alert rules, and tell when each would have fired')
  .option('--rule <name>', 'only this rule; may be repeated', list)
  .option('--from <time>', 'ISO 8601, milliseconds, or relative', 'now-6h')
  .option('--to <time>', 'likewise; at most until the data are complete', 'now')
  .option('--every <seconds>', "distance of the evaluations (default: each rule's own)", positive)
  .option('--lag <seconds>', 'how far the data were behind at each evaluation', whole, 0)
  .addOption(formats('table', 'json'))
  .action(async (o: AlertTestOptions) => (await import('./commands/alerts.js')).test(o));

program
  .command('generate-data')
  .description('write demo events as NDJSON to standard output')
  .option('--minutes <n>', 'minutes up to now', positive, 10)
  .option('--workspace <name>', 'workspace of the events', 'demo')
  .action(async (o: { minutes: number; workspace: string }) =>
    (await import('./commands/generate-data.js')).generateData(o),
  );

// A reader that went away (| head) is no failure.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0);
  throw e;
});

program.parseAsync().catch(async (e: unknown) => {
  const { ShadowerError } = await import('../errors.js');
  const error =
    e instanceof ShadowerError
      ? e
      : new ShadowerError('INTERNAL', e instanceof Error ? (e.stack ?? e.message) : String(e));
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
});
