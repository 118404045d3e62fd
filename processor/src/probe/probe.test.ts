/** Probes against real servers on this machine: good ones, and each thing that can be wrong with one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ProbeOutcome } from '../domains/define';
import { ShadowerError } from '../errors';
import { addressRule, isNetwork } from './address';
import { parseTargets } from './config';
import { createProber, PROBE_LIMITS, type Suite } from './runner';
import { authority } from './testing/certificates';

const DAY = 86_400_000;
const ca = authority();
const stranger = authority('stranger');
const folder = mkdtempSync(join(tmpdir(), 'probe-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterAll(async () => {
  for (const s of sockets) s.destroy();
  await Promise.all(servers.map((s) => new Promise((done) => s.close(done))));
  rmSync(folder, { recursive: true, force: true });
});
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (s) => {
    sockets.add(s);
    s.on('close', () => sockets.delete(s));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}
const json = (res: http.ServerResponse, body: unknown, status = 200): void =>
  void res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
const overTls = (
  o: { hosts?: string[]; from?: Date; to?: Date; by?: typeof ca },
  seen: string[] = [],
): Promise<number> => {
  const issued = (o.by ?? ca).issue({
    hosts: o.hosts ?? ['localhost'],
    from: o.from,
    to: o.to ?? new Date(Date.now() + 90 * DAY),
  });
  return listen(
    https.createServer(issued, (req, res) => {
      seen.push(req.headers.authorization ?? '');
      if (req.headers.authorization === 'Bearer right') json(res, { id: 'x', amount: 3 });
      else json(res, { error: 'no' }, 401);
    }),
  );
};

const base = (url: string, more: object = {}): object => ({
  workspace: 'w',
  entity: 'payments',
  name: 'charges',
  url,
  allow_networks: ['127.0.0.0/8'],
  timeout_ms: 2000,
  samples: 1,
  ...more,
});
const probe = async (
  target: object | object[],
  suite: Suite = 'comprehensive',
  env: NodeJS.ProcessEnv = {},
): Promise<ProbeOutcome> =>
  createProber(parseTargets({ targets: [target].flat() }, 'test', env), { ...PROBE_LIMITS, pauseMs: 0 }).run(
    'w',
    'payments',
    suite,
  );
const outcome = (r: ProbeOutcome): string[] =>
  r.results.map((x) => `${x.test_name}: ${x.result}${x.code === undefined ? '' : ` (${x.code})`}`);
const secure = { ca: caFile, headers: {}, auth: { headers: { authorization: { env: 'TOKEN' } } } };

it('a good one passes everything, and says what was found out', async () => {
  const port = await overTls({});
  const schema = { type: 'object', required: ['id', 'amount'], properties: { amount: { type: 'integer' } } };
  const run = await probe(
    base(`https://localhost:${port}/v1`, {
      ...secure,
      endpoint: '/v1/charges',
      expect: { content_type: 'application/json', schema },
      allow_networks: ['127.0.0.0/8', '::1'],
    }),
    'comprehensive',
    { TOKEN: 'Bearer right' },
  );
  expect(outcome(run)).toEqual([
    'name resolves: passed',
    'connection opens: passed',
    'certificate is valid: passed',
    'answers in time: passed',
    'answer is as agreed: passed',
    'credentials are accepted: passed',
    'nothing without credentials: passed',
  ]);
  expect(run.results.every((r) => r.endpoint === '/v1/charges' && r.method === 'GET' && r.duration_ms >= 0)).toBe(true);
  const [facts] = run.facts;
  expect(facts).toMatchObject({ target: 'charges', ok: true, tls_valid: true });
  expect(Math.abs(facts!.tls_expires_at! - (Date.now() + 90 * DAY) / 1000)).toBeLessThan(60);
  expect(facts!.latency_ms).toBeGreaterThan(0);
});

describe('certificates', () => {
  it.each([
    ['expired', { to: new Date(Date.now() - DAY) }, 'CERT_HAS_EXPIRED'],
    ['not yet valid', { from: new Date(Date.now() + DAY) }, 'CERT_NOT_YET_VALID'],
    ['of another host', { hosts: ['elsewhere.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of an authority that is not trusted', { by: stranger }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['about to expire', { to: new Date(Date.now() + 3 * DAY) }, 'tls_expires'],
  ])('%s', async (_name, o, code) => {
    const seen: string[] = [];
    const port = await overTls(o, seen);
    const run = await probe(base(`https://localhost:${port}/`, secure), 'comprehensive', { TOKEN: 'Bearer right' });
    expect(outcome(run).slice(0, 4)).toEqual([
      'name resolves: passed',
      'connection opens: passed',
      `certificate is valid: failed (${code})`,
      'answers in time: skipped (not_reached)',
    ]);
    expect(run.facts[0]).toMatchObject({ ok: false, error_code: code, tls_valid: code === 'tls_expires' });
    // Credentials went to nobody.
    expect(seen).toEqual([]);
  });

  it('a self-signed one is not trusted, unless it is the one to trust', async () => {
    const port = await listen(https.createServer({ cert: ca.cert, key: ca.key }, (_q, res) => json(res, {})));
    const run = await probe(base(`https://localhost:${port}/`), 'security');
    expect(outcome(run)).toEqual(['certificate is valid: failed (DEPTH_ZERO_SELF_SIGNED_CERT)']);
  });

  it('something that speaks no TLS', async () => {
    const port = await listen(http.createServer((_q, res) => json(res, {})));
    const run = await probe(base(`https://localhost:${port}/`), 'security');
    expect(run.results).toMatchObject([{ test_name: 'certificate is valid', result: 'failed' }]);
  });
});

describe('answers', () => {
  const answering = async (
    handler: http.RequestListener,
    more: object = {},
    suite: Suite = 'comprehensive',
    env?: NodeJS.ProcessEnv,
  ): Promise<ProbeOutcome> =>
    probe(base(`http://localhost:${await listen(http.createServer(handler))}/`, more), suite, env);
  const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };

  it.each<[string, http.RequestListener, object, string]>([
    ['another status', (_q, res) => json(res, {}, 500), {}, 'status'],
    [
      'a redirect, which is not followed',
      (_q, res) => void res.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      {},
      'status',
    ],
    [
      'another type',
      (_q, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      { content_type: 'application/json' },
      'content_type',
    ],
    ['no JSON', (_q, res) => void res.end('{'), { schema }, 'not_json'],
    ['another shape', (_q, res) => json(res, { id: 7, secret: 's3cret' }), { schema }, 'shape'],
  ])('%s', async (_name, handler, expectation, code) => {
    const run = await answering(handler, { expect: expectation }, 'contract');
    expect(outcome(run)).toEqual([`answer is as agreed: failed (${code})`]);
    expect(JSON.stringify(run)).not.toContain('s3cret');
  });

  it('a redirect may be what is agreed', async () => {
    const run = await answering(
      (_q, res) => void res.writeHead(302, { location: '/' }).end(),
      { expect: { status: [302] } },
      'contract',
    );
    expect(outcome(run)).toEqual(['answer is as agreed: passed']);
  });

  it('too slow for its limit, and too slow for ours', async () => {
    const slow: http.RequestListener = (_q, res) => void setTimeout(() => json(res, {}), 120);
    expect(outcome(await answering(slow, { expect: { latency_ms: 60 } }, 'performance'))).toEqual([
      'answers in time: failed (slow)',
    ]);
    expect(outcome(await answering(slow, { timeout_ms: 60 }, 'performance'))).toEqual([
      'answers in time: failed (timeout)',
    ]);
    // Headers at once, the rest never.
    const endless: http.RequestListener = (_q, res) => void res.writeHead(200).write('x');
    expect(outcome(await answering(endless, { timeout_ms: 100 }, 'contract'))).toEqual([
      'answer is as agreed: failed (timeout)',
    ]);
  });

  it('the limit is one of the median', async () => {
    let n = 0;
    const once: http.RequestListener = (_q, res) => void setTimeout(() => json(res, {}), n++ === 1 ? 400 : 0);
    expect(outcome(await answering(once, { samples: 5, expect: { latency_ms: 300 } }, 'performance'))).toEqual([
      'answers in time: passed',
    ]);
    expect(n).toBe(5);
  });

  it('too large', async () => {
    const run = await answering((_q, res) => void res.end('x'.repeat(5000)), { max_bytes: 4999 }, 'contract');
    expect(outcome(run)).toEqual(['answer is as agreed: failed (too_large)']);
    expect(
      outcome(await answering((_q, res) => void res.end('x'.repeat(4999)), { max_bytes: 4999 }, 'contract')),
    ).toEqual(['answer is as agreed: passed']);
  });

  it('open doors, and credentials that do not fit', async () => {
    const auth = { headers: { 'x-api-key': 'k-1234' } };
    const open = await answering((_q, res) => json(res, {}), { auth }, 'security');
    expect(outcome(open)).toEqual(['credentials are accepted: passed', 'nothing without credentials: failed (open)']);
    const shut = await answering((_q, res) => json(res, {}, 403), { auth }, 'security');
    expect(outcome(shut)).toEqual([
      'credentials are accepted: failed (refused)',
      'nothing without credentials: passed',
    ]);
    expect(JSON.stringify([open, shut])).not.toContain('k-1234');
  });

  it('a connection that is cut, refused, or not to be had', async () => {
    const cut = await answering((q) => void q.socket.destroy(), {}, 'contract');
    expect(outcome(cut)).toEqual(['answer is as agreed: failed (ECONNRESET)']);
    const port = await listen(createTcp());
    const server = servers.pop()!;
    await new Promise((done) => server.close(done));
    expect(outcome(await probe(base(`http://localhost:${port}/`), 'contract'))).toEqual([
      'connection opens: failed (ECONNREFUSED)',
      'answer is as agreed: skipped (not_reached)',
    ]);
    const nobody = await probe(base('http://nobody.invalid/'), 'connectivity');
    expect(nobody.results[0]).toMatchObject({ test_name: 'name resolves', result: 'failed' });
    expect(nobody.results[1]!.result).toBe('skipped');
  });
});

describe('where it may connect to', () => {
  it('a name that leads inside is refused before anything is sent', async () => {
    let connections = 0;
    const port = await listen(createTcp(() => connections++));
    for (const host of ['localhost', '127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      const run = await probe(base(`http://${host}:${port}/`, { allow_networks: [] }));
      expect(outcome(run)[0]).toBe('name resolves: error (address_refused)');
      expect(run.results.slice(1).every((r) => r.result === 'skipped')).toBe(true);
    }
    expect(connections).toBe(0);
  });

  it('public addresses only', () => {
    const may = addressRule([]);
    const inside =
      '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.2.1 198.18.0.1 198.51.100.9 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:10.0.0.1 ::ffff:a00:1 ::10.0.0.1 64:ff9b::a00:1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001::1 2001:db8::1 2002:a00:1:: nonsense';
    for (const a of inside.split(' ')) expect([a, may(a)]).toEqual([a, false]);
    for (const a of '1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 100.128.0.1 2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8'.split(
      ' ',
    ))
      expect([a, may(a)]).toEqual([a, true]);
    const named = addressRule(['10.1.0.0/16', '::1', 'fd00::/8']);
    expect(['10.1.255.1', '::ffff:10.1.0.9', '::1', 'fd12::9', '10.2.0.1', '127.0.0.1', 'fc00::1'].map(named)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('every private IPv4 address is refused, however it is written', () => {
    const may = addressRule([]);
    const part = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.constantFrom([10], [127], [192, 168], [169, 254]), part, part, part, (head, a, b, c) => {
        const bytes = [...head, a, b, c].slice(0, 4);
        const hex = (x: number, y: number): string => ((x << 8) | y).toString(16);
        expect(may(bytes.join('.'))).toBe(false);
        expect(may(`::ffff:${bytes.join('.')}`)).toBe(false);
        expect(may(`::ffff:${hex(bytes[0]!, bytes[1]!)}:${hex(bytes[2]!, bytes[3]!)}`)).toBe(false);
      }),
    );
    expect(
      ['10.0.0.0/8', '::1', '1.2.3.4', '10.0.0.0/33', '10.0.0/8', 'x', '10.0.0.0/8/9', '::/129'].map(isNetwork),
    ).toEqual([true, true, true, false, false, false, false, false]);
  });
});

describe('limits and configuration', () => {
  it('nothing but what is configured for the workspace', async () => {
    const prober = createProber(parseTargets({ targets: [base('http://localhost:1/')] }, 'test'), PROBE_LIMITS);
    for (const [workspace, entity] of [
      ['w', 'http://169.254.169.254/'],
      ['other', 'payments'],
      ['w', 'unknown'],
    ] as const)
      await expect(prober.run(workspace, entity, 'comprehensive')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('a pause between two runs, and so many at a time', async () => {
    let release: (() => void)[] = [];
    const port = await listen(http.createServer((_q, res) => void release.push(() => json(res, {}))));
    const targets = parseTargets(
      { targets: ['a', 'b', 'c'].map((entity) => base(`http://localhost:${port}/`, { entity })) },
      'test',
    );
    let now = 0;
    const prober = createProber(targets, { concurrency: 2, pauseMs: 10_000, runMs: 60_000 }, () => now);
    const first = [prober.run('w', 'a', 'contract'), prober.run('w', 'b', 'contract')];
    await expect(prober.run('w', 'c', 'contract')).rejects.toMatchObject({ code: 'BUSY' });
    await expect(prober.run('w', 'a', 'contract')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('10 s'),
    });
    while (release.length < 2) await new Promise((r) => setTimeout(r, 5));
    release.forEach((f) => f());
    for (const r of await Promise.all(first)) expect(outcome(r)).toEqual(['answer is as agreed: passed']);
    now = 10_000;
    release = [];
    const again = prober.run('w', 'a', 'contract');
    while (release.length < 1) await new Promise((r) => setTimeout(r, 5));
    release.forEach((f) => f());
    expect(outcome(await again)).toEqual(['answer is as agreed: passed']);
  });

  it('a run that takes too long skips what is left', async () => {
    const targets = parseTargets({ targets: [base('http://localhost:1/')] }, 'test');
    const run = await createProber(targets, { ...PROBE_LIMITS, runMs: -1 }).run('w', 'payments', 'connectivity');
    expect(outcome(run)).toEqual(['name resolves: skipped (out_of_time)', 'connection opens: skipped (not_reached)']);
  });

  it.each<[string, object, string]>([
    ['another scheme', { url: 'file:///etc/passwd' }, 'url'],
    ['credentials in the address', { url: 'https://user:pass@localhost/' }, 'holds credentials'],
    ['a misspelt key', { timeout: 5 }, 'timeout'],
    ['a network that is none', { allow_networks: ['10.0.0.0/99'] }, 'is no network'],
    ['a schema that is none', { expect: { schema: { type: 'nonsense' } } }, 'expect.schema'],
    ['a variable that is not set', { headers: { authorization: { env: 'NOT_SET' } } }, 'NOT_SET, which is not set'],
    ['a header that breaks out of its line', { headers: { a: 'b\r\nhost: x' } }, 'control character'],
    ['a certificate that is not there', { ca: '/nowhere/ca.pem' }, 'ENOENT'],
    ['a limit beyond ours', { timeout_ms: 60_000 }, 'timeout_ms'],
  ])('%s is refused', (_name, more, message) => {
    const parse = (): unknown => parseTargets({ targets: [base('http://localhost:1/', more)] }, 'probes.json', {});
    expect(parse).toThrow(ShadowerError);
    expect(parse).toThrow(message);
    expect(parse).toThrow('probes.json');
  });

  it('two targets of one name are refused', () => {
    expect(() => parseTargets({ targets: [base('http://a.example/'), base('http://b.example/')] }, 'x')).toThrow(
      'two targets charges',
    );
  });
});
