/** The kafkajs client and its errors, in this project's words. */
import type { ConnectionOptions } from 'node:tls';
import { Kafka, logLevel, type LogEntry, type SASLOptions } from 'kafkajs';
import { ShadowerError } from '../errors';
import type { Logger } from '../pipeline/ports';
import { registerCodecs } from './codecs';

export interface KafkaConnection {
  /** `host:port`, at least one. */
  brokers: readonly string[];
  /** Default `shadower`. */
  clientId?: string;
  /** TLS: true, or Node's options (`ca`, `cert`, `key`, `servername` …). */
  ssl?: ConnectionOptions | boolean;
  /** `{ mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', username, password }`. */
  sasl?: SASLOptions;
}

export function kafkaClient({ brokers, clientId = 'shadower', ssl, sasl }: KafkaConnection, logger: Logger): Kafka {
  registerCodecs();
  if (brokers.length === 0) throw new ShadowerError('CONFIG_INVALID', 'no Kafka broker is named');
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl !== undefined && { ssl }),
    ...(sasl && { sasl }),
    connectionTimeout: 5000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5000, retries: 7 },
    logLevel: logLevel.WARN,
    // kafkajs calls an error what it then retries, and a warning what is normal in a rebalance.
    logCreator: () => (entry: LogEntry) => {
      const { message, ...rest } = entry.log;
      const fields = { from: `kafkajs ${entry.namespace}`, ...rest, timestamp: undefined, logger: undefined };
      if (entry.level === logLevel.ERROR) logger.warn(fields, message);
      else logger.debug(fields, message);
    },
  });
}

/** The error with this code or the ShadowerError among an error's causes. */
export function shadowerCause(error: unknown): ShadowerError | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 10; e = e.cause, depth++) {
    if (e instanceof ShadowerError) return e;
  }
  return undefined;
}

/** Kafka's name of a protocol error (`ILLEGAL_GENERATION` …), wherever kafkajs has wrapped it. */
export function protocolError(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 10; e = e.cause, depth++) {
    const { type } = e as { type?: unknown };
    if (typeof type === 'string') return type;
  }
  return undefined;
}

/** Any error as one of ours; LOG_UNAVAILABLE where nothing more precise is known. */
export function asLogError(error: unknown, doing: string): ShadowerError {
  const known = shadowerCause(error);
  if (known) return known;
  const message = error instanceof Error ? error.message : String(error);
  if (protocolError(error) === 'MESSAGE_TOO_LARGE' || protocolError(error) === 'RECORD_LIST_TOO_LARGE') {
    return new ShadowerError('EVENT_TOO_LARGE', `${doing}: ${message}`, { cause: error });
  }
  return new ShadowerError('LOG_UNAVAILABLE', `${doing}: ${message}`, { cause: error });
}

/** An error that kafkajs must not try again. */
export const final = (error: ShadowerError): ShadowerError => Object.assign(error, { retriable: false });
