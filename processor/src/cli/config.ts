/** Configuration from the environment. A value that cannot be meant is refused at start, with what would be right. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ClickHouseConfig } from '../clickhouse/client';
import { ShadowerError } from '../errors';
import { SCOPES, type ApiKey } from '../http';

/** Every variable, its rule and its meaning; `docs/running.md` is held to this list by a test. */
export const VARIABLES = {
  SHADOWER_KAFKA_BROKERS: z
    .string()
    .optional()
    .describe('Kafka brokers, host:port separated by commas; without it the journal on disk is the log'),
  SHADOWER_KAFKA_GROUP: z.string().min(1).default('shadower').describe('Consumer group'),
  SHADOWER_KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Partitions of topics that have to be created'),
  SHADOWER_KAFKA_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe('Replicas of topics that have to be created'),
  SHADOWER_KAFKA_TLS: z.enum(['true', 'false']).default('false').describe('Speak TLS to Kafka'),
  SHADOWER_KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('SASL mechanism'),
  SHADOWER_KAFKA_USERNAME: z.string().optional().describe('SASL user'),
  SHADOWER_KAFKA_PASSWORD: z.string().optional().describe('SASL password'),
  SHADOWER_CLICKHOUSE_URL: z
    .url()
    .optional()
    .describe('HTTP(S) address of a ClickHouse server; without it the embedded engine runs'),
  SHADOWER_CLICKHOUSE_USER: z.string().default('default').describe('ClickHouse user'),
  SHADOWER_CLICKHOUSE_PASSWORD: z.string().default('').describe('ClickHouse password'),
  SHADOWER_CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
    .default('shadower')
    .describe('Database'),
  SHADOWER_CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
    .optional()
    .describe('Cluster name: tables become replicated and distributed'),
  SHADOWER_HTTP_HOST: z.string().min(1).default('127.0.0.1').describe('Address the API listens on'),
  SHADOWER_HTTP_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65533)
    .optional()
    .describe('Port of the API, 8780 unless told otherwise'),
  SHADOWER_API_KEYS_FILE: z
    .string()
    .optional()
    .describe(
      'JSON file: list of {id, sha256, workspaces, scopes}; the file or a JWT secret is needed beside a server',
    ),
  SHADOWER_PROBES_FILE: z
    .string()
    .optional()
    .describe('JSON file of the targets that may be probed on request; without it none may'),
  SHADOWER_JWT_SECRET: z.string().min(32).optional().describe('Secret of HS256 tokens, 32 bytes at least'),
  SHADOWER_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/)
    .default('shadower')
    .describe('Topics of events are <prefix>.<type>'),
  SHADOWER_OTLP_TOPICS: z.string().default('otlp_spans').describe('Topics of OTLP traces, separated by commas'),
  SHADOWER_WORKSPACE: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .optional()
    .describe('Workspace of Kafka records that name none'),
  SHADOWER_LATENESS: z
    .string()
    .regex(/^(\d+[smhd]|off)$/)
    .default('7d')
    .describe('Age beyond which an event is a dead letter: 30s, 5m, 12h, 7d, or off'),
  SHADOWER_DATA: z
    .string()
    .default('.shadower')
    .describe('Folder of the journal, the embedded engine and generated credentials'),
  SHADOWER_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
    .describe('Log level; normal operation logs nothing at warn'),
  SHADOWER_URL: z.url().optional().describe('Address of the API, for the commands that talk to a running processor'),
  SHADOWER_API_KEY: z.string().optional().describe('Key for the same'),
} as const;

const schema = z.object(VARIABLES);
export type Environment = z.output<typeof schema>;

/** Reads the environment; unknown SHADOWER_ variables are refused, since a misspelt limit is a limit not set. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const own = Object.fromEntries(Object.entries(env).filter(([k, v]) => k.startsWith('SHADOWER_') && v !== ''));
  const unknown = Object.keys(own).filter((k) => !(k in VARIABLES) && !INTERNAL.has(k));
  if (unknown.length > 0)
    throw new ShadowerError(
      'CONFIG_INVALID',
      `unknown variable ${unknown.join(', ')}; known are ${Object.keys(VARIABLES).join(', ')}`,
    );
  const result = schema.safeParse(own);
  if (!result.success)
    throw new ShadowerError(
      'CONFIG_INVALID',
      result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '),
    );
  return result.data;
}
/** Variables of other parts: the embedded engine's process, Grafana's provisioning, and tests. */
const INTERNAL = new Set([
  'SHADOWER_EMBEDDED',
  'SHADOWER_DASHBOARDS_PATH',
  'SHADOWER_TEST_CLICKHOUSE_URL',
  'SHADOWER_TEST_CLICKHOUSE_USER',
  'SHADOWER_TEST_CLICKHOUSE_PASSWORD',
]);

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `7d` → milliseconds; `off` → Infinity. */
export function duration(text: string): number {
  if (text === 'off') return Infinity;
  const m = /^(\d+)([smhd])$/.exec(text);
  if (m === null) throw new ShadowerError('CONFIG_INVALID', `${text} is no duration; write 30s, 5m, 12h, 7d or off`);
  return Number(m[1]) * UNITS[m[2] as keyof typeof UNITS];
}

export function serverConfig(env: Environment): ClickHouseConfig | undefined {
  if (env.SHADOWER_CLICKHOUSE_URL === undefined) return undefined;
  return {
    url: env.SHADOWER_CLICKHOUSE_URL,
    user: env.SHADOWER_CLICKHOUSE_USER,
    password: env.SHADOWER_CLICKHOUSE_PASSWORD,
    database: env.SHADOWER_CLICKHOUSE_DATABASE,
  };
}

const keys = z.array(
  z.strictObject({
    id: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    workspaces: z.array(z.string()).min(1),
    scopes: z.array(z.enum(SCOPES)).min(1),
  }),
);

export function readApiKeys(file: string): ApiKey[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (e) {
    throw new ShadowerError('CONFIG_INVALID', `SHADOWER_API_KEYS_FILE ${file}: ${(e as Error).message}`);
  }
  const result = keys.safeParse(json);
  if (!result.success)
    throw new ShadowerError(
      'CONFIG_INVALID',
      `SHADOWER_API_KEYS_FILE ${file}: ${result.error.issues[0]?.path.join('.')}: ${result.error.issues[0]?.message}`,
    );
  return result.data;
}
