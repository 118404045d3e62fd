/** Credentials of embedded mode: made on first start, kept in the data folder, readable by its owner alone. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ShadowerError } from '../errors';

const schema = z.object({
  /** Key of the API, all workspaces and scopes. */
  apiKey: z.string(),
  clickhouse: z.object({
    user: z.string(),
    password: z.string(),
    /** The datasource's user, which may only read. */
    reader: z.string(),
    readerPassword: z.string(),
  }),
  grafanaAdminPassword: z.string(),
  /** Where the last start listened. */
  url: z.string().optional(),
});
export type Credentials = z.output<typeof schema>;

const secret = (): string => randomBytes(24).toString('base64url');
const fileOf = (dataDir: string): string => join(dataDir, 'credentials.json');
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function readCredentials(dataDir: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataDir), 'utf8');
  } catch {
    return undefined;
  }
  const result = schema.safeParse(JSON.parse(text));
  if (!result.success)
    throw new ShadowerError('CONFIG_INVALID', `${fileOf(dataDir)} is damaged; remove it to have new credentials made`);
  return result.data;
}

export function saveCredentials(dataDir: string, c: Credentials): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(dataDir), `${JSON.stringify(c, null, 2)}\n`, { mode: 0o600 });
}

export function ensureCredentials(dataDir: string): Credentials {
  const existing = readCredentials(dataDir);
  if (existing !== undefined) return existing;
  const made: Credentials = {
    apiKey: `shk_${secret()}`,
    clickhouse: { user: 'shadower', password: secret(), reader: 'shadower_reader', readerPassword: secret() },
    grafanaAdminPassword: secret(),
  };
  saveCredentials(dataDir, made);
  return made;
}
