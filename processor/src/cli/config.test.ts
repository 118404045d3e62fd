import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duration, readApiKeys, readEnvironment, serverConfig } from './config';

const refusal = (env: Record<string, string>): string => {
  try {
    readEnvironment(env);
  } catch (e) {
    expect(e).toMatchObject({ code: 'CONFIG_INVALID' });
    return (e as Error).message;
  }
  throw new Error('was not refused');
};

it('has a default for everything that has one, and needs nothing', () => {
  expect(readEnvironment({})).toMatchObject({
    SHADOWER_HTTP_HOST: '127.0.0.1',
    SHADOWER_LATENESS: '7d',
    SHADOWER_TOPIC_PREFIX: 'shadower',
    SHADOWER_KAFKA_PARTITIONS: 4,
  });
});

it("an empty variable is one that is not set; other programs' variables are none of its business", () => {
  expect(readEnvironment({ SHADOWER_HTTP_PORT: '', PATH: '/bin', KAFKA: 'x' }).SHADOWER_HTTP_PORT).toBeUndefined();
});

it('a misspelt variable is refused by name: its limit would not be set', () => {
  expect(refusal({ SHADOWER_LATENES: '1h' })).toMatch(
    /unknown variable SHADOWER_LATENES; known are .*SHADOWER_LATENESS/,
  );
});

it.each([
  ['SHADOWER_HTTP_PORT', '0'],
  ['SHADOWER_HTTP_PORT', '70000'],
  ['SHADOWER_HTTP_PORT', 'eighty'],
  ['SHADOWER_KAFKA_PARTITIONS', '1.5'],
  ['SHADOWER_KAFKA_TLS', 'yes'],
  ['SHADOWER_CLICKHOUSE_URL', 'localhost'],
  ['SHADOWER_CLICKHOUSE_DATABASE', 'a; DROP'],
  ['SHADOWER_CLICKHOUSE_CLUSTER', "x'y"],
  ['SHADOWER_JWT_SECRET', 'short'],
  ['SHADOWER_WORKSPACE', '-x'],
  ['SHADOWER_LATENESS', '7 days'],
  ['SHADOWER_LOG_LEVEL', 'loud'],
])('%s=%s is refused, and the variable is named', (name, value) => {
  expect(refusal({ [name]: value })).toContain(name);
});

it('reads durations', () => {
  expect(['30s', '5m', '12h', '7d', 'off'].map(duration)).toEqual([30_000, 300_000, 43_200_000, 604_800_000, Infinity]);
  for (const bad of ['', '7', 'd', '1w', '-1d', '1.5h']) expect(() => duration(bad)).toThrow(/no duration/);
});

it('a server is configured only where an address is given', () => {
  expect(serverConfig(readEnvironment({}))).toBeUndefined();
  const env = readEnvironment({ SHADOWER_CLICKHOUSE_URL: 'https://ch:8443', SHADOWER_CLICKHOUSE_PASSWORD: 'p' });
  expect(serverConfig(env)).toEqual({ url: 'https://ch:8443', user: 'default', password: 'p', database: 'shadower' });
});

describe('API keys', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'keys-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const read = (content: string) => {
    const file = join(dir, 'keys.json');
    writeFileSync(file, content);
    return readApiKeys(file);
  };
  const key = { id: 'ci', sha256: 'a'.repeat(64), workspaces: ['demo'], scopes: ['ingest'] };

  it('are read', () => expect(read(JSON.stringify([key]))).toEqual([key]));
  it.each([
    ['no file content', '', /Unexpected end/],
    ['a plain key in place of its hash', JSON.stringify([{ ...key, sha256: 'secret' }]), /0\.sha256/],
    ['a scope that does not exist', JSON.stringify([{ ...key, scopes: ['root'] }]), /0\.scopes/],
    ['no workspace', JSON.stringify([{ ...key, workspaces: [] }]), /0\.workspaces/],
    ['a key that is not known', JSON.stringify([{ ...key, workspace: 'x' }]), /Unrecognized key/],
  ])('%s is refused', (_name, content, message) => {
    expect(() => read(content)).toThrow(message);
  });
  it('a file that is not there is refused by name', () => {
    expect(() => readApiKeys(join(dir, 'none.json'))).toThrow(/none\.json.*ENOENT/);
  });
});
