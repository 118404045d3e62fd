/** Event log and store as the environment names them: Kafka or the journal, a ClickHouse server or the embedded engine. */
import { join, resolve } from 'node:path';
import { ClickHouse, type ClickHouseConfig } from '../clickhouse/client';
import { ownerOf } from '../clickhouse/embedded/lock';
import { startEmbedded, type EmbeddedProcess } from '../clickhouse/embedded/spawn';
import { ShadowerError } from '../errors';
import { JournalInspector } from '../journal/inspect';
import { KafkaInspector } from '../kafka/inspect';
import type { LogInspector } from '../pipeline/log-state';
import { createLogger } from '../http/logger';
import { serverConfig, type Environment } from './config';
import { readCredentials, type Credentials } from './credentials';
import { journalFolder, type RuntimeOptions } from './runtime';

export async function embeddedStore(
  env: Environment,
  dataDir: string,
  port: number,
  c: Credentials,
): Promise<{ config: ClickHouseConfig; process: EmbeddedProcess; options: Parameters<typeof startEmbedded>[0] }> {
  const options = {
    dataDir: join(dataDir, 'clickhouse'),
    port,
    database: env.SHADOWER_CLICKHOUSE_DATABASE,
    users: [
      { name: c.clickhouse.user, password: c.clickhouse.password },
      { name: c.clickhouse.reader, password: c.clickhouse.readerPassword, readonly: true },
    ],
  };
  const child = await startEmbedded(options);
  return {
    config: {
      url: child.url,
      user: c.clickhouse.user,
      password: c.clickhouse.password,
      database: env.SHADOWER_CLICKHOUSE_DATABASE,
    },
    process: child,
    options,
  };
}

/** The log that `start` consumes. */
export const logConfig = (env: Environment, dataDir: string): RuntimeOptions['log'] => {
  if (env.SHADOWER_KAFKA_BROKERS === undefined) return { journal: journalFolder(dataDir) };
  const mechanism = env.SHADOWER_KAFKA_SASL_MECHANISM;
  return {
    kafka: {
      brokers: env.SHADOWER_KAFKA_BROKERS.split(',').map((b) => b.trim()),
      groupId: env.SHADOWER_KAFKA_GROUP,
      createTopics: { partitions: env.SHADOWER_KAFKA_PARTITIONS, replicationFactor: env.SHADOWER_KAFKA_REPLICATION },
      ssl: env.SHADOWER_KAFKA_TLS === 'true',
      ...(mechanism === undefined
        ? {}
        : {
            sasl: {
              mechanism,
              username: env.SHADOWER_KAFKA_USERNAME ?? '',
              password: env.SHADOWER_KAFKA_PASSWORD ?? '',
            } as never,
          }),
    },
  };
};

/** A store and a log for work beside (or instead of) a processor. */
export interface Backends {
  ch: ClickHouse;
  /** `running`: a processor of this folder serves the embedded engine, and keeps its journal to itself. */
  mode: 'server' | 'started' | 'running';
  log: LogInspector | undefined;
  close(): Promise<void>;
}

/**
 * Connects to the ClickHouse server that the environment names. Without one: to the embedded engine of a processor that
 * runs on the data folder, or, when none does, to one that is started for as long as this lasts.
 * @throws ShadowerError CONFIG_INVALID where the folder holds no data; what the log and the engine throw
 */
export async function openBackends(env: Environment, dataOption: string | undefined): Promise<Backends> {
  const dataDir = resolve(dataOption ?? env.SHADOWER_DATA);
  const server = serverConfig(env);
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const c of closers.reverse()) await c().catch((e: Error) => process.stderr.write(`${e.message}\n`));
  };
  try {
    let mode: Backends['mode'] = 'server';
    let config = server;
    if (config === undefined) {
      const credentials = readCredentials(dataDir);
      if (credentials === undefined)
        throw new ShadowerError(
          'CONFIG_INVALID',
          `${dataDir} holds no data of Shadower; name the folder with --data, or a server with SHADOWER_CLICKHOUSE_URL`,
        );
      if (ownerOf(join(dataDir, 'clickhouse')) !== undefined && credentials.url !== undefined) {
        mode = 'running';
        const url = new URL(credentials.url);
        url.hostname = '127.0.0.1';
        url.port = String(Number(url.port) + 1);
        config = {
          url: url.origin,
          user: credentials.clickhouse.user,
          password: credentials.clickhouse.password,
          database: env.SHADOWER_CLICKHOUSE_DATABASE,
        };
      } else {
        mode = 'started';
        const own = await embeddedStore(env, dataDir, 0, credentials);
        closers.push(() => own.process.stop());
        config = own.config;
      }
    }
    const ch = new ClickHouse({ ...config, timeoutMs: 600_000 });
    closers.push(() => ch.close());
    const log = await openLog(env, dataDir, mode);
    if (log !== undefined) closers.push(() => log.close());
    return { ch, mode, log, close };
  } catch (e) {
    await close();
    throw e;
  }
}

async function openLog(env: Environment, dataDir: string, mode: Backends['mode']): Promise<LogInspector | undefined> {
  const config = logConfig(env, dataDir);
  if ('kafka' in config) return new KafkaInspector(config.kafka, createLogger(env.SHADOWER_LOG_LEVEL));
  // The processor that serves the engine has the journal; nobody else may look into it.
  return mode === 'running' ? undefined : JournalInspector.open(config.journal);
}
