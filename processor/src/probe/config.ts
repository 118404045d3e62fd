/** What may be probed: a file that the operator writes. A request names a target of it, and can name nothing else. */
import { readFileSync } from 'node:fs';
import type { ValidateFunction } from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { envelope } from '../domains/define';
import { ShadowerError } from '../errors';
import { addressRule, isNetwork } from './address';

const network = z.string().refine(isNetwork, 'is no network; write 10.0.0.0/8 or a single address');
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'is no name of a header');
/** A value, or the name of the environment variable that holds it, so that secrets stay out of the file. */
const headerValue = z.union([z.string().max(8192), z.strictObject({ env: z.string().min(1) })]);
const statuses = z.array(z.number().int().min(100).max(599)).min(1);

const targetSchema = z.strictObject({
  workspace: envelope.workspace.describe('Workspace whose credentials may run it, and in which its results count'),
  entity: z.string().min(1).max(256).describe('What it is a target of; requests name it'),
  name: z.string().min(1).max(100).describe('Name of the target, unique per entity'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((u) => new URL(u).username === '' && new URL(u).password === '', 'holds credentials; use headers'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST']).default('GET').describe('POST only for what changes nothing'),
  endpoint: z.string().min(1).max(256).optional().describe('Endpoint as the inventory and calls name it'),
  body: z.string().max(65_536).optional(),
  headers: z.record(headerName, headerValue).default({}).describe('Sent with every request'),
  auth: z
    .strictObject({
      headers: z.record(headerName, headerValue).describe('Credentials; left out to see whether they are asked for'),
      refused: statuses.default([401, 403]).describe('Statuses that mean: refused'),
    })
    .optional(),
  expect: z
    .strictObject({
      status: statuses.default([200]),
      content_type: z.string().max(100).optional().describe('Beginning of the content type'),
      schema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema (2020-12) of the body'),
      latency_ms: z.number().min(1).max(60_000).default(2000).describe('Limit of the median of the samples'),
      tls_days: z.number().min(0).max(825).default(14).describe('Days that the certificate must still be valid'),
    })
    .prefault({}),
  samples: z.number().int().min(1).max(10).default(3),
  timeout_ms: z.number().int().min(50).max(30_000).default(5000).describe('Limit of each step'),
  max_bytes: z
    .number()
    .int()
    .min(1)
    .max(16 * 1024 * 1024)
    .default(1024 * 1024)
    .describe('Limit of an answer'),
  allow_networks: z
    .array(network)
    .default([])
    .describe('Networks beside the public internet to which it may connect, such as 10.1.0.0/16'),
  ca: z.string().optional().describe('File of certificates in PEM that are trusted instead of the usual ones'),
});
const fileSchema = z.strictObject({ targets: z.array(targetSchema).max(1000) });

type Parsed = z.output<typeof targetSchema>;
export interface Target extends Omit<Parsed, 'headers' | 'auth' | 'ca' | 'allow_networks'> {
  headers: Readonly<Record<string, string>>;
  auth?: { headers: Readonly<Record<string, string>>; refused: readonly number[] };
  /** PEM. */
  ca?: string;
  mayConnect: (address: string) => boolean;
  /** Judges the body; undefined where there is no schema. */
  shape?: ValidateFunction;
}

const invalid = (where: string, what: string, cause?: unknown): ShadowerError =>
  new ShadowerError('CONFIG_INVALID', `${where}: ${what}`, cause === undefined ? undefined : { cause });

function resolveHeaders(
  headers: Parsed['headers'],
  where: string,
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, v]) => {
      const value = typeof v === 'string' ? v : env[v.env];
      if (value === undefined)
        throw invalid(
          where,
          `header ${name} wants the environment variable ${(v as { env: string }).env}, which is not set`,
        );
      // eslint-disable-next-line no-control-regex -- these are what must not be in it
      if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
        throw invalid(where, `the value of header ${name} holds a control character`);
      return [name, value];
    }),
  );
}

function compile(p: Parsed, where: string, env: NodeJS.ProcessEnv): Target {
  const { headers, auth, ca, allow_networks, ...rest } = p;
  let shape: ValidateFunction | undefined;
  if (p.expect.schema !== undefined) {
    const ajv = new Ajv2020({ allErrors: false, strict: false });
    addFormats(ajv);
    try {
      shape = ajv.compile(p.expect.schema);
    } catch (e) {
      throw invalid(`${where}, expect.schema`, (e as Error).message, e);
    }
  }
  let pem: string | undefined;
  if (ca !== undefined)
    try {
      pem = readFileSync(ca, 'utf8');
    } catch (e) {
      throw invalid(`${where}, ca`, (e as Error).message, e);
    }
  return {
    ...rest,
    headers: resolveHeaders(headers, where, env),
    ...(auth === undefined
      ? {}
      : { auth: { refused: auth.refused, headers: resolveHeaders(auth.headers, where, env) } }),
    ...(pem === undefined ? {} : { ca: pem }),
    ...(shape === undefined ? {} : { shape }),
    mayConnect: addressRule(allow_networks),
  };
}

/** Targets of a parsed file. Throws CONFIG_INVALID with what is wrong and where. */
export function parseTargets(json: unknown, where: string, env: NodeJS.ProcessEnv = process.env): Target[] {
  const result = fileSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalid(where, `${issue.path.join('.')}: ${issue.message}`);
  }
  const names = new Set<string>();
  return result.data.targets.map((p, i) => {
    const at = `${where}: targets.${i} (${p.name})`;
    const key = JSON.stringify([p.workspace, p.entity, p.name]);
    if (names.has(key)) throw invalid(at, `there are two targets ${p.name} of ${p.entity}`);
    names.add(key);
    return compile(p, at, env);
  });
}

export function readTargets(file: string, env: NodeJS.ProcessEnv = process.env): Target[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (e) {
    throw invalid(`probe targets ${file}`, (e as Error).message, e);
  }
  return parseTargets(json, `probe targets ${file}`, env);
}
