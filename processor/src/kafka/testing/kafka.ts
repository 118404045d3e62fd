/**
 * A real Apache Kafka for tests: a container where a Docker daemon answers, else the jars from Maven Central run with
 * the machine's Java in KRaft mode (256 MiB heap, loopback ports only).
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.3.1';
const LOG4J_VERSION = '2.25.4';

export interface TestKafka {
  /** `host:port` list, the same after a restart. */
  brokers: string[];
  /** How it runs. */
  by: 'docker' | 'java';
  /** Where the first broker's logs lie, for tests that spoil them; not with Docker. */
  data?: string;
  /** kill -9 of the first broker, the data stay. */
  kill9(): Promise<void>;
  /** Starts it again on the same data and port; resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>shadower</groupId><artifactId>test-kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${LOG4J_VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${LOG4J_VERSION}</version></dependency>
  </dependencies>
</project>
`;

const LOG4J = `Configuration:
  status: warn
  Appenders: { Console: { name: out, PatternLayout: { pattern: "%d %p %c: %m%n" } } }
  Loggers: { Root: { level: warn, AppenderRef: { ref: out } } }
`;

async function answers(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args, { timeout: 15_000 }).then(
    () => true,
    () => false,
  );
}

const dockerAnswers = () => answers('docker', 'info');

const cacheDir = () =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'shadower-test', `kafka-${KAFKA_VERSION}`);

let verdict: Promise<string | null> | undefined;
/** Null when a real Kafka can be run here, else the reason why not, fit to be printed. Downloads the jars once. */
export function kafkaUnavailable(): Promise<string | null> {
  return (verdict ??= (async () => {
    if (await dockerAnswers()) return null;
    if (!(await answers('java', '-version')))
      return 'no Docker daemon answers and there is no `java` to run Kafka with';
    try {
      await jars();
      return null;
    } catch (e) {
      return `no Docker daemon answers and Kafka's jars could not be had: ${(e as Error).message}`;
    }
  })());
}

/** The folder with Kafka's jars; fetched on first use, complete or absent. */
async function jars(): Promise<string> {
  const dir = cacheDir();
  const libs = join(dir, 'libs');
  if (existsSync(libs)) return libs;
  await mkdir(dir, { recursive: true });
  const work = await mkdtemp(join(dir, 'fetch-'));
  try {
    await writeFile(join(work, 'pom.xml'), POM);
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=libs'], {
      cwd: work,
      timeout: 300_000,
    });
    await rename(join(work, 'libs'), libs).catch((e: NodeJS.ErrnoException) => {
      if (!existsSync(libs)) throw e; // another run was first
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return libs;
}

/**
 * Runs Oracle.java (Kafka's own clients) and answers with what it prints. Rejects where there is no JDK, or no jars.
 */
export async function javaClients(...args: string[]): Promise<string> {
  const java = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(await jars(), '*')];
  const source = join(__dirname, 'Oracle.java');
  const { stdout } = await run('java', [...java, source, ...args], { maxBuffer: 1024 ** 3, timeout: 180_000 });
  return stdout;
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const portOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });

/** Ready when the group coordinator answers, not only the port. */
async function untilReady(port: number, gone: () => string | null, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const sleep = () => new Promise((resolve) => setTimeout(resolve, 250));
  for (;;) {
    const reason = gone();
    if (reason) throw new Error(`Kafka ended while it started: ${reason}`);
    if (await portOpen(port)) {
      const admin = new Kafka({
        brokers: [`127.0.0.1:${port}`],
        logLevel: logLevel.NOTHING,
        retry: { retries: 1, initialRetryTime: 100 },
      }).admin();
      try {
        await admin.connect();
        await admin.fetchOffsets({ groupId: 'ready', topics: [] });
        return;
      } catch {
        // not yet
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
    }
    if (Date.now() > deadline) throw new Error(`Kafka did not answer within ${timeoutMs / 1000} s`);
    await sleep();
  }
}

/**
 * Starts a cluster, of one broker unless more are asked for (with Java only); resolves when it answers. Rejects with the
 * reason of {@link kafkaUnavailable} where it cannot.
 */
export async function startKafka(settings: Record<string, string> = {}, brokers = 1): Promise<TestKafka> {
  const reason = await kafkaUnavailable();
  if (reason) throw new Error(reason);
  const docker = await dockerAnswers();
  if (docker && brokers > 1) throw new Error('several brokers are only started with Java, and there is Docker here');
  const config: Record<string, string> = {
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    'log.retention.check.interval.ms': '1000',
    'log.initial.task.delay.ms': '500',
    ...settings,
  };
  return docker ? startInDocker(config) : startInJava(config, brokers);
}

/** One node of a cluster: the first is also the controller. */
async function javaNode(o: {
  id: number;
  dir: string;
  clusterId: string;
  controller: number;
  settings: Record<string, string>;
}): Promise<{ port: number; start: () => Promise<void>; end: (signal: NodeJS.Signals) => Promise<void> }> {
  const { id, dir, clusterId, controller, settings } = o;
  const libs = await jars();
  const port = await freePort();
  const first = id === 1;
  const properties: Record<string, string> = {
    'process.roles': first ? 'broker,controller' : 'broker',
    'node.id': String(id),
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port}${first ? `,CONTROLLER://127.0.0.1:${controller}` : ''}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dir, `data-${id}`),
    'num.network.threads': '2',
    'num.io.threads': '2',
    ...settings,
  };
  const file = join(dir, `server-${id}.properties`);
  await writeFile(
    file,
    Object.entries(properties)
      .map(([k, v]) => `${k}=${v}\n`)
      .join(''),
  );
  await writeFile(join(dir, 'log4j2.yaml'), LOG4J);
  const java = [
    '-Xmx256m',
    '-Xms128m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    join(libs, '*'),
    `-Dlog4j2.configurationFile=${join(dir, 'log4j2.yaml')}`,
  ];
  // In one argument: an id may begin with a dash, and would be taken for an option.
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', file]);

  let child: ChildProcess | undefined;
  const onExit = () => child?.kill('SIGKILL');
  return {
    port,
    start: async () => {
      let tail = '';
      let ended: string | null = null;
      const mine = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', 'pipe', 'pipe'] });
      child = mine;
      process.once('exit', onExit);
      for (const stream of [mine.stdout, mine.stderr]) {
        stream.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-4000)));
      }
      mine.once('exit', (code, signal) => (ended = `${signal ?? `exit code ${code}`}\n${tail}`));
      await untilReady(port, () => ended);
    },
    end: async (signal) => {
      process.off('exit', onExit);
      const mine = child;
      child = undefined;
      if (!mine || mine.exitCode !== null || mine.signalCode !== null) return;
      const exited = new Promise((resolve) => mine.once('exit', resolve));
      mine.kill(signal);
      await exited;
    },
  };
}

async function startInJava(settings: Record<string, string>, brokers: number): Promise<TestKafka> {
  const dir = await mkdtemp(join(tmpdir(), 'shadower-kafka-'));
  const controller = await freePort();
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  const nodes: Awaited<ReturnType<typeof javaNode>>[] = [];
  const stop = async () => {
    for (const node of [...nodes].reverse()) await node.end('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (let id = 1; id <= brokers; id++) {
      const node = await javaNode({ id, dir, clusterId, controller, settings });
      nodes.push(node);
      await node.start();
    }
  } catch (e) {
    await stop();
    throw e;
  }
  const [first] = nodes as [(typeof nodes)[number]];
  return {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    by: 'java',
    data: join(dir, 'data-1'),
    kill9: () => first.end('SIGKILL'),
    restart: () => first.start(),
    stop,
  };
}

async function startInDocker(settings: Record<string, string>): Promise<TestKafka> {
  const port = await freePort();
  const name = `shadower-kafka-${randomUUID().slice(0, 8)}`;
  const environment: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': '1@127.0.0.1:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093',
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    ...settings,
  };
  // A fixed host port and no auto-removal: the container must come back under the same address after a kill.
  await run(
    'docker',
    [
      'run',
      '-d',
      '--name',
      name,
      '-p',
      `127.0.0.1:${port}:9092`,
      '-e',
      'KAFKA_HEAP_OPTS=-Xmx256m -Xms128m',
      ...Object.entries(environment).flatMap(([k, v]) => ['-e', `KAFKA_${k.toUpperCase().replaceAll('.', '_')}=${v}`]),
      `apache/kafka:${KAFKA_VERSION}`,
    ],
    { timeout: 300_000 },
  );
  const stop = async () => {
    await run('docker', ['rm', '-f', '-v', name]).catch(() => undefined);
  };
  const ready = () => untilReady(port, () => null);
  await ready().catch(async (e: unknown) => {
    const logs = await run('docker', ['logs', '--tail', '40', name]).then(
      (r) => r.stdout,
      () => '',
    );
    await stop();
    throw new Error(`${(e as Error).message}\n${logs}`);
  });
  return {
    brokers: [`127.0.0.1:${port}`],
    by: 'docker',
    kill9: async () => void (await run('docker', ['kill', '-s', 'KILL', name])),
    restart: async () => {
      await run('docker', ['start', name]);
      await ready();
    },
    stop,
  };
}
