/** Against a real process: needs `npm run build` first, because the server runs from dist. */
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startEmbedded, type EmbeddedProcess } from './spawn';

const users = [
  { name: 'writer', password: 'w-secret' },
  { name: 'reader', password: 'r-secret', readonly: true },
];
const limits = { readers: 3, writers: 1, queue: 2, hardSeconds: 20, bodyBytes: 32 * 1024 * 1024 };
let dataDir: string;
let db: EmbeddedProcess;
let client: ClickHouseClient;

const connect = (user = 'writer', password = 'w-secret'): ClickHouseClient =>
  createClient({ url: db.url, username: user, password, database: 'shadower', log: { level: ClickHouseLogLevel.OFF } });
interface Answer {
  status: number;
  text: string;
  bytes: Buffer;
  headers: Headers;
}
async function http(
  query: Record<string, string>,
  init: RequestInit & { user?: string; key?: string } = {},
): Promise<Answer> {
  const { user = 'writer', key = 'w-secret', ...rest } = init;
  const response = await fetch(`${db.url}/?${new URLSearchParams(query)}`, {
    ...rest,
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': key, ...(rest.headers as Record<string, string>) },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, text: bytes.toString(), bytes, headers: response.headers };
}
const post = (
  body: string | Buffer,
  query: Record<string, string> = {},
  init: Parameters<typeof http>[1] = {},
): Promise<Answer> =>
  http(query, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body), ...init });
const value = async (sql: string): Promise<string> => {
  const a = await post(sql);
  if (a.status !== 200) throw new Error(a.text);
  return a.text.trim();
};

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded-'));
  db = await startEmbedded({ dataDir, users, limits });
  client = connect();
});
afterAll(async () => {
  await client.close();
  await db.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('@clickhouse/client', () => {
  it('pings, makes tables, inserts and queries with parameters', async () => {
    expect(await client.ping()).toEqual({ success: true });
    await client.command({
      query:
        "CREATE TABLE c1 (w String, n UInt64, t DateTime64(3, 'UTC'), x String DEFAULT 'd') ENGINE = MergeTree ORDER BY w",
    });
    const inserted = await client.insert({
      table: 'c1',
      values: [
        { w: "it's; \\ -- \u20ac", n: 1, t: '2026-11-21 10:00:00.123' },
        { w: 'b', n: '2', t: '2026-11-21 11:00:00.000', x: 'y' },
      ],
      format: 'JSONEachRow',
    });
    expect(inserted.summary).toMatchObject({ written_rows: '2' });
    const rows = await client.query({
      query:
        'SELECT w, n, x FROM c1 WHERE w IN {ws:Array(String)} AND t >= {from:DateTime64(3)} ORDER BY n LIMIT {n:UInt32}',
      query_params: { ws: ["it's; \\ -- \u20ac", 'b'], from: new Date('2026-11-21T00:00:00Z'), n: 5 },
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([
      { w: "it's; \\ -- \u20ac", n: 1, x: 'd' },
      { w: 'b', n: 2, x: 'y' },
    ]);
  });

  it('calls parameterised views, many at once, each with its own parameters', async () => {
    await client.command({
      query:
        "CREATE VIEW pv AS SELECT {workspace:String} AS w, has({list:Array(String)}, 'a') AS a, {from:DateTime64(3,'UTC')} AS f FROM numbers(3)",
    });
    const answers = await Promise.all(
      ['w1', 'w2', 'w3', 'w4'].map(async (workspace) => {
        const r = await client.query({
          query:
            "SELECT DISTINCT w, a FROM pv(workspace={workspace:String}, list={list:Array(String)}, from={from:DateTime64(3,'UTC')})",
          query_params: { workspace, list: [workspace === 'w2' ? 'b' : 'a'], from: '2026-11-21 00:00:00.000' },
          format: 'JSONEachRow',
        });
        return (await r.json<{ w: string; a: number }>())[0];
      }),
    );
    expect(answers).toEqual([
      { w: 'w1', a: 1 },
      { w: 'w2', a: 0 },
      { w: 'w3', a: 1 },
      { w: 'w4', a: 1 },
    ]);
  });

  it('sends long parameters as a form, and settings per query', async () => {
    const r = await client.query({
      query: "SELECT length({s:String}) AS n, getSetting('max_threads') AS t",
      query_params: { s: 'x'.repeat(50_000) },
      use_multipart_params: true,
      clickhouse_settings: { max_threads: 3 },
      format: 'JSONEachRow',
    });
    expect(await r.json()).toEqual([{ n: 50000, t: 3 }]);
    const after = await client.query({ query: "SELECT getSetting('max_threads') AS t", format: 'JSONEachRow' });
    expect(await after.json()).not.toEqual([{ t: 3 }]);
  });

  it('reports errors with code and type', async () => {
    await expect(client.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(client.query({ query: 'SELECT {p:String}' })).rejects.toMatchObject({ code: '456' });
    const bad = connect('writer', 'wrong');
    await expect(bad.query({ query: 'SELECT 1' })).rejects.toMatchObject({
      code: '516',
      type: 'AUTHENTICATION_FAILED',
    });
    await bad.close();
  });
});

describe('over plain HTTP', () => {
  it('answers health checks without credentials', async () => {
    for (const path of ['/ping', '/', '/replicas_status']) {
      const r = await fetch(db.url + path);
      expect([r.status, await r.text()]).toEqual([200, 'Ok.\n']);
    }
    expect((await fetch(`${db.url}/nope`)).status).toBe(404);
  });

  it('takes queries from URL and body, and formats from header, URL and FORMAT, the last winning', async () => {
    expect((await http({ query: 'SELECT 1 AS a' })).text).toBe('1\n');
    expect((await post('SELECT 1 AS a', { default_format: 'JSONEachRow' })).text).toBe('{"a":1}\n');
    const r = await post(
      'SELECT 1 AS a FORMAT CSV',
      { default_format: 'JSON', query_id: 'q-1' },
      { headers: { 'X-ClickHouse-Format': 'XML' } },
    );
    expect(r.text).toBe('1\n');
    expect(r.headers.get('x-clickhouse-format')).toBe('CSV');
    expect(r.headers.get('x-clickhouse-query-id')).toBe('q-1');
    expect(r.headers.get('x-clickhouse-timezone')).toBeTruthy();
    expect(
      JSON.parse((await post('SELECT number FROM numbers(5) FORMAT JSON')).headers.get('x-clickhouse-summary')!),
    ).toMatchObject({
      read_rows: '5',
      result_rows: '5',
    });
    expect(
      (await post('SELECT {a:Array(String)}[2], {b:String}', { param_a: "['x','y\\'z']", param_b: 'tab\\there' })).text,
    ).toBe("y\\'z\ttab\\there\n");
  });

  it('maps errors to statuses', async () => {
    const cases: [string, Record<string, string>, number, string][] = [
      ['SELECT * FROM nope', {}, 404, '60'],
      ['SELEC 1', {}, 400, '62'],
      ['SELECT FROM WHERE', {}, 400, '62'],
      ['SELECT 1', { nope_setting: '1' }, 404, '115'],
      ['SELECT 1', { database: 'nodb' }, 404, '81'],
      ['SELECT 1', { session_id: 'x' }, 501, '48'],
      ['SELECT 1', { compress: '1' }, 501, '48'],
      ['SELECT 1; SELECT 2', {}, 400, '62'],
      ['SELECT sum(cityHash64(number)) FROM numbers(1000000000000)', { max_execution_time: '1' }, 408, '159'],
      ['SELECT * FROM numbers(100)', { max_result_rows: '10' }, 500, '396'],
      ['SELECT 1', { default_format: 'Nope' }, 404, '73'],
    ];
    for (const [sql, query, status, code] of cases) {
      const r = await post(sql, query);
      expect([sql, r.status, r.headers.get('x-clickhouse-exception-code')]).toEqual([sql, status, code]);
      expect(r.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: [^]*\\([A-Z_]+\\) \\(version `));
    }
  });

  it('authenticates by headers, Basic and URL, and tells missing from wrong', async () => {
    const ask = (headers: Record<string, string>, url = ''): Promise<number> =>
      fetch(`${db.url}/?query=SELECT+1${url}`, { headers }).then((r) => r.status);
    const basic = (pair: string): Record<string, string> => ({
      Authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    });
    expect(await ask(basic('writer:w-secret'))).toBe(200);
    expect(await ask({}, '&user=reader&password=r-secret')).toBe(200);
    expect(await ask({})).toBe(401);
    expect(await ask(basic('writer:r-secret'))).toBe(403);
    expect(await ask({ 'X-ClickHouse-User': 'writer' })).toBe(403);
    expect(await ask({}, '&user=nobody&password=')).toBe(403);
  });

  it('keeps GET and the read-only user from writing, also by their own settings', async () => {
    await post('CREATE TABLE ro (a UInt8) ENGINE = Memory');
    expect((await http({ query: 'INSERT INTO ro VALUES (1)' })).text).toContain('Code: 164');
    expect((await http({ query: 'DROP TABLE ro' })).text).toContain('Code: 164');
    expect((await http({ query: 'SELECT count() FROM ro', max_threads: '1' })).text).toBe('0\n');
    const reader = { user: 'reader', key: 'r-secret' };
    for (const sql of [
      'INSERT INTO ro VALUES (1)',
      'DROP TABLE ro',
      'INSERT INTO ro SELECT 1',
      'CREATE TABLE x (a UInt8) ENGINE = Memory',
      'TRUNCATE TABLE ro',
      'SYSTEM STOP MERGES',
      'SELECT 1 SETTINGS readonly = 0',
    ])
      expect([sql, (await post(sql, {}, reader)).text]).toEqual([sql, expect.stringContaining('Code: 164')]);
    expect((await post('SELECT 1', { readonly: '0' }, reader)).text).toContain('Code: 164');
    for (const sql of ['SELECT 1', 'SHOW TABLES', 'DESCRIBE ro', 'EXISTS ro', 'EXPLAIN SELECT 1'])
      expect((await post(sql, { max_threads: '1' }, reader)).status).toBe(200);
    expect(await value('SELECT count() FROM ro')).toBe('0');
  });

  it('compresses answers and takes compressed bodies', async () => {
    await post('CREATE TABLE gz (a UInt64) ENGINE = Memory');
    const put = await post(
      gzipSync('1\n2\n3\n'),
      { query: 'INSERT INTO gz FORMAT TSV' },
      { headers: { 'Content-Encoding': 'gzip' } },
    );
    expect([put.status, put.text]).toEqual([200, '']);
    const { request } = await import('node:http');
    const raw = await new Promise<{ encoding: string | undefined; bytes: Buffer }>((done, failed) => {
      const u = new URL(
        `${db.url}/?enable_http_compression=1&query=SELECT+sum(a)+FROM+gz&user=reader&password=r-secret`,
      );
      request(u, { headers: { 'Accept-Encoding': 'gzip' } }, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (c: Buffer) => parts.push(c));
        res.on('end', () => done({ encoding: res.headers['content-encoding'], bytes: Buffer.concat(parts) }));
      })
        .on('error', failed)
        .end();
    });
    expect(raw.encoding).toBe('gzip');
    expect(gunzipSync(raw.bytes).toString()).toBe('6\n');
    const cut = await post(
      gzipSync('1\n2\n3\n'.repeat(1000)).subarray(0, 30),
      { query: 'INSERT INTO gz FORMAT TSV' },
      { headers: { 'Content-Encoding': 'gzip' } },
    );
    expect(cut.status).toBe(400);
    expect(await value('SELECT count() FROM gz')).toBe('3');
    expect((await post('x', {}, { headers: { 'Content-Encoding': 'zstd' } })).status).toBe(415);
  });

  it('inserts every way a client may put it', async () => {
    await post("CREATE TABLE w (a UInt64, s String DEFAULT 'd') ENGINE = Memory");
    const ok = async (a: Promise<Answer>): Promise<void> => expect((await a).text).toBe('');
    await ok(post("INSERT INTO w VALUES (1, 'x; DROP'), (1 + 1, concat('a', 'b'))"));
    await ok(post('INSERT INTO w (a) FORMAT JSONEachRow\n{"a":3}\n{"a":4}\n\n{"a":5}\n'));
    await ok(post("(6, 'y')", { query: 'INSERT INTO w VALUES' }));
    await ok(post('7,z\n', { query: 'INSERT INTO w', default_format: 'CSV' }));
    await ok(post('{"a":9}\n', { query: 'INSERT INTO w (a) FORMAT JSONEachRow {"a":8}' }));
    await ok(post('INSERT INTO w (a) SELECT number FROM numbers(10, 2)'));
    expect(await value('SELECT groupArray((a, s)) FROM (SELECT * FROM w ORDER BY a) FORMAT TSVRaw')).toBe(
      "[(1,'x; DROP'),(2,'ab'),(3,'d'),(4,'d'),(5,'d'),(6,'y'),(7,'z'),(8,'d'),(9,'d'),(10,'d'),(11,'d')]",
    );
    expect((await post("INSERT INTO w VALUES (1, file('/etc/hostname'))")).status).toBe(403);
    const big = Buffer.from('INSERT INTO w (a) FORMAT TSV\n' + '12\n'.repeat(1_000_000));
    await ok(post(big));
    expect(await value('SELECT countIf(a = 12) FROM w')).toBe('1000000');
    expect((await post(Buffer.alloc(33 * 1024 * 1024, '1\n'), { query: 'INSERT INTO w (a) FORMAT TSV' })).status).toBe(
      413,
    );
    expect(readdirSync(join(dataDir, 'spool'))).toEqual([]);
  });
});

describe('Native', () => {
  const block =
    'SELECT toLowCardinality(toString(number % 10)) AS w, map(toInt16(number % 100), toUInt64(1)) AS h, toUInt64(1) AS c FROM numbers(100000)';
  const columns =
    '(w LowCardinality(String), h SimpleAggregateFunction(sumMap, Map(Int16, UInt64)), c SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY w';

  it('writes and takes blocks, and deduplicates by token where the table has a window; without it not', async () => {
    const out = await post(block, { default_format: 'Native', max_block_size: '1000000' });
    // Number of columns, number of rows as a varint (100000), then name and type of the first.
    expect([...out.bytes.subarray(0, 6)]).toEqual([3, 0xa0, 0x8d, 0x06, 1, 'w'.charCodeAt(0)]);
    expect(out.headers.get('content-type')).toBe('application/octet-stream');
    await post(`CREATE TABLE deduplicated ${columns} SETTINGS non_replicated_deduplication_window = 100`);
    await post(`CREATE TABLE control ${columns}`);
    for (const table of ['deduplicated', 'control']) {
      for (let i = 0; i < 2; i++) {
        const r = await post(out.bytes, {
          query: `INSERT INTO ${table} (w, h, c) FORMAT Native`,
          insert_deduplication_token: 'a:0:0-100',
        });
        expect([r.text, JSON.parse(r.headers.get('x-clickhouse-summary')!).written_rows]).toEqual(['', '100000']);
      }
    }
    expect(await value('SELECT sum(c), sumMap(h)[5] FROM deduplicated')).toBe('100000\t1000');
    expect(await value('SELECT sum(c), sumMap(h)[5] FROM control')).toBe('200000\t2000');
    await post(out.bytes, {
      query: 'INSERT INTO deduplicated (w, h, c) FORMAT Native',
      insert_deduplication_token: 'a:0:100-200',
    });
    expect(await value('SELECT sum(c) FROM deduplicated')).toBe('200000');
    expect(
      await value("SELECT max(rows) FROM system.parts WHERE table = 'control' AND level = 0 OR table = 'control'"),
    ).toBe('10');
    const cut = await post(out.bytes.subarray(0, 50_000), { query: 'INSERT INTO control (w, h, c) FORMAT Native' });
    expect(cut.status).toBeGreaterThanOrEqual(400);
    expect(await value('SELECT sum(c) FROM control')).toBe('200000');
  });
});

describe('what it may not reach', () => {
  it('reads no file by any of the ways the engine has', async () => {
    const secret = join(dataDir, 'secret.csv');
    writeFileSync(secret, 'top-secret\n');
    const attempts: [string, Record<string, string>?][] = [
      [`SELECT * FROM file('${secret}')`],
      [`SELECT * FROM \`${secret}\``],
      [`SELECT * FROM '${secret}'`],
      [`SELECT * FROM default.\`${secret}\``],
      [`SELECT * FROM \`${secret}\``, { database: 'default' }],
      ['SELECT * FROM {t:Identifier}', { param_t: secret }],
      ['SELECT * FROM {d:Identifier}.{t:Identifier}', { param_t: secret, param_d: 'default' }],
      [`SELECT * FROM merge('default', '.*secret.*')`],
      [`SELECT * FROM merge(REGEXP('.*'), '.*secret.*')`],
      [`CREATE VIEW leak AS SELECT * FROM \`${secret}\``],
      [`CREATE VIEW leak2 AS SELECT * FROM (SELECT * FROM fiLE('${secret}'))`],
      [`SELECT (SELECT * FROM view(SELECT * FROM file('${secret}')))`],
      ['SELECT 1', { additional_result_filter: `file('${secret}') = ''` }],
      [`SELECT file('${secret}')`],
      [`SELECT * FROM format('Values', 'a String', '(file(\\'${secret}\\'))')`],
      [`SELECT * FROM format(concat('Val', 'ues'), 'a String', '(file(\\'${secret}\\'))')`],
      ['SELECT * FROM {d:/**/Identifier}.{t:Identifier}', { param_t: 'x', param_d: 'default' }],
      ['SELECT *', { implicit_table_at_top_level: `default.\`${secret}\`` }],
      [`DESCRIBE TABLE file('${secret}')`],
      [`DESCRIBE '${secret}'`],
      [`EXPLAIN SELECT * FROM file('${secret}')`],
      [`INSERT INTO FUNCTION file('${join(dataDir, 'out.csv')}') SELECT 1`],
      [`SELECT 1 INTO OUTFILE '${join(dataDir, 'out.csv')}'`],
    ];
    for (const [sql, query] of attempts) {
      const r = await post(sql, query);
      expect([sql, r.status >= 400, r.text.includes('top-secret')]).toEqual([sql, true, false]);
    }
    expect(readdirSync(dataDir)).not.toContain('out.csv');
  });
});

describe('many at once', () => {
  const slow = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000) SETTINGS max_threads = 1';
  it('runs a fast query beside slow ones, refuses beyond the queue, and cancels for clients that leave', async () => {
    const leave = new AbortController();
    const running = [0, 1].map(() => post(slow, {}, { signal: leave.signal }).catch(() => undefined));
    await new Promise((r) => setTimeout(r, 300));
    const start = Date.now();
    expect(await value('SELECT 1')).toBe('1');
    expect(Date.now() - start).toBeLessThan(3000);
    const more = [0, 1, 2].map(() => post(slow, {}, { signal: leave.signal }).catch(() => undefined));
    await new Promise((r) => setTimeout(r, 300));
    const refused = await post('SELECT 1');
    expect([refused.status, refused.headers.get('x-clickhouse-exception-code')]).toEqual([503, '202']);
    leave.abort();
    await Promise.all([...running, ...more]);
    for (let i = 0; ; i++) {
      const r = await post(
        "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'",
      );
      if (r.text === '0\n') break;
      if (i > 40) throw new Error(`still running: ${r.text}`);
      await new Promise((x) => setTimeout(x, 250));
    }
  });
});

describe('life and death', () => {
  it('refuses a second process, recovers from kill -9, and stops cleanly', async () => {
    await post('CREATE TABLE keep (a UInt64) ENGINE = MergeTree ORDER BY a');
    await post('INSERT INTO keep SELECT number FROM numbers(1000)');
    await expect(startEmbedded({ dataDir, users })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(String(db.pid)),
    });
    await db.kill();
    expect(await db.exited).toBeNull();
    writeFileSync(join(dataDir, 'spool', 'half.data'), 'x');
    db = await startEmbedded({ dataDir, users, limits });
    expect(await value('SELECT count(), sum(a) FROM keep')).toBe('1000\t499500');
    expect(readdirSync(join(dataDir, 'spool'))).toEqual([]);
    const inFlight = post('INSERT INTO keep SELECT number + sleepEachRow(0.5) FROM numbers(3)', {
      max_block_size: '1',
    });
    await new Promise((r) => setTimeout(r, 400));
    await db.stop();
    expect((await inFlight).status).toBe(200);
    expect(await db.exited).toBe(0);
    expect(readdirSync(dataDir)).not.toContain('embedded.lock');
    db = await startEmbedded({ dataDir, users, limits });
    expect(await value('SELECT count() FROM keep')).toBe('1003');
  });

  it('refuses configurations that are not safe', async () => {
    const other = join(dataDir, 'other');
    await expect(
      startEmbedded({ dataDir: other, host: '0.0.0.0', users: [{ name: 'default', password: '' }] }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(startEmbedded({ dataDir: other, users: [] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
