import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { ERRORS, ShadowerError } from '../errors';
import { createHttpServer, createLogger, type AuthConfig, type JwtConfig } from '.';
import { toCsv } from './query';
import { auth, KEYS, NOW, sha256, start, validEvent, type Harness } from './testing/harness';

let h: Harness;
afterEach(() => h.app.close());

const b64 = (v: unknown): string => Buffer.from(typeof v === 'string' ? v : JSON.stringify(v)).toString('base64url');
const hs = (payload: unknown, key: string, alg = 'HS256'): string => {
  const body = `${b64({ alg, typ: 'JWT' })}.${b64(payload)}`;
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
};
const EXP = Math.floor(Date.now() / 1000) + 600;
const SECRET = 'a-secret-of-more-than-thirty-two-bytes';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const key = (k: string) => ({ 'x-api-key': k });

const QUERY = 'integration_health';
const ROUTES: {
  method: 'GET' | 'POST';
  url: string;
  payload?: string;
  scope: 'ingest' | 'query' | 'admin' | 'any' | 'public';
}[] = [
  { method: 'POST', url: '/v1/events', payload: JSON.stringify(validEvent()), scope: 'ingest' },
  { method: 'POST', url: '/v1/traces', payload: '{}', scope: 'ingest' },
  { method: 'GET', url: '/v1/catalog', scope: 'query' },
  { method: 'GET', url: `/v1/query/${QUERY}`, scope: 'query' },
  { method: 'POST', url: `/v1/query/${QUERY}`, payload: '{}', scope: 'query' },
  { method: 'GET', url: '/analytics/integrations/dependencies', scope: 'query' },
  { method: 'GET', url: '/metrics', scope: 'admin' },
  { method: 'GET', url: '/docs/json', scope: 'any' },
  { method: 'GET', url: '/docs', scope: 'any' },
  { method: 'GET', url: '/docs/static/index.html', scope: 'any' },
  { method: 'GET', url: '/healthz', scope: 'public' },
  { method: 'GET', url: '/readyz', scope: 'public' },
  { method: 'GET', url: '/no/such/page', scope: 'any' },
];
const call = (r: (typeof ROUTES)[number], headers: Record<string, string> = {}, url = r.url) =>
  h.app.inject({
    method: r.method,
    url,
    ...(r.payload === undefined ? {} : { payload: r.payload }),
    headers: { ...(r.payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });

describe('credentials', () => {
  it('lists every route that the server has', async () => {
    h = await start();
    const paths = Object.entries((h.app.swagger() as { paths: Record<string, object> }).paths);
    const tested = ROUTES.map((r) => `${r.method} ${r.url}`);
    for (const [path, item] of paths)
      for (const method of Object.keys(item)) {
        if (path.startsWith('/analytics')) continue;
        expect(tested).toContain(`${method.toUpperCase()} ${path.replace('{name}', QUERY)}`);
      }
    expect(paths.length).toBeGreaterThan(8);
  });

  it.each(ROUTES.map((r) => [`${r.method} ${r.url}`, r] as const))('%s', async (_, r) => {
    h = await start({ auth: { ...auth, jwt: { algorithm: 'HS256', key: SECRET } } });
    const scopes = { ingest: KEYS.ingest, query: KEYS.query, admin: KEYS.admin };
    if (r.scope === 'public') {
      expect((await call(r)).statusCode).toBe(200);
      return;
    }
    for (const [headers, status] of [
      [{}, 401],
      [key('wrong'), 401],
      [key(''), 401],
      [{ authorization: 'Basic dTpw' }, 401],
      [{ authorization: 'Bearer' }, 401],
      [bearer('a.b.c'), 401],
      [bearer(hs({ workspaceId: 'demo', role: 'admin' }, SECRET)), 401],
      [bearer(hs({ workspaceId: 'demo', role: 'admin', exp: EXP }, `${SECRET}!`)), 401],
      // A refused key is not made good by a token beside it.
      [{ ...key('wrong'), ...bearer(hs({ workspaceId: 'demo', role: 'admin', exp: EXP }, SECRET)) }, 401],
    ] as const) {
      const res = await call(r, headers);
      expect([headers, res.statusCode]).toEqual([headers, status]);
      if (!r.url.startsWith('/v1/traces')) expect(res.json().code).toMatch(/^AUTH_(MISSING|INVALID)$/);
      expect(res.headers['www-authenticate']).toContain('Bearer');
    }
    const ok = r.url.startsWith('/no/') ? [404] : [200, 202, 302];
    for (const [scope, k] of Object.entries(scopes)) {
      const res = await call(r, key(k));
      if (r.scope === 'any' || r.scope === scope) expect(ok).toContain(res.statusCode);
      else expect(res.statusCode).toBe(403);
    }
    expect(ok).toContain(
      (await call(r, bearer(hs({ workspaceId: 'demo', role: 'admin', exp: EXP }, SECRET)))).statusCode,
    );
    if (r.scope === 'query' && r.url !== '/v1/catalog') {
      const other = await call(r, key(KEYS.query), `${r.url}?workspace=other`);
      // A query in a body takes its workspace from there.
      if (r.method === 'GET') expect([other.statusCode, other.json().code]).toEqual([403, 'AUTH_FORBIDDEN']);
      expect((await call(r, { ...key(KEYS.query), 'x-shadower-workspace': 'other' })).statusCode).toBe(403);
      expect((await call(r, key(KEYS.both))).statusCode).toBe(400);
      expect((await call(r, { ...key(KEYS.both), 'x-shadower-workspace': 'other' })).statusCode).toBe(200);
      expect(h.runner.calls.at(-1)!.args.workspace).toBe('other');
    }
  });

  it('fences the workspace in a query’s body and in a domain route’s own parameter', async () => {
    h = await start();
    const inBody = await h.app.inject({
      method: 'POST',
      url: `/v1/query/${QUERY}`,
      payload: { workspace: 'other' },
      headers: key(KEYS.query),
    });
    expect(inBody.statusCode).toBe(403);
    const own = await h.app.inject({
      url: '/analytics/integrations/dependencies?workspace_id=other',
      headers: key(KEYS.query),
    });
    expect(own.statusCode).toBe(403);
    const two = await h.app.inject({
      url: '/analytics/integrations/dependencies?workspace_id=other&workspace=demo',
      headers: key(KEYS.both),
    });
    expect([two.statusCode, two.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(h.runner.calls).toEqual([]);
  });

  it('opens metrics and docs when told to', async () => {
    h = await start({ auth: { ...auth, openMetrics: true, openDocs: true } });
    for (const url of ['/metrics', '/docs/json']) expect((await h.app.inject(url)).statusCode).toBe(200);
  });

  it('slows down guessing, and nobody else', async () => {
    h = await start({ limits: { authFailuresMax: 5 } });
    const codes = [];
    for (let i = 0; i < 8; i++)
      codes.push((await h.app.inject({ url: '/v1/catalog', headers: key(`guess${i}`) })).statusCode);
    expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect((await h.app.inject({ url: '/v1/catalog', headers: key(KEYS.query) })).statusCode).toBe(200);
  });
});

describe('tokens', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = (k: typeof rsa.publicKey) => k.export({ type: 'spki', format: 'pem' }) as string;
  const sign = (payload: unknown, alg: 'RS256' | 'ES256'): string => {
    const body = `${b64({ alg, typ: 'JWT' })}.${b64(payload)}`;
    const signer = createSign('sha256').update(body);
    const signature =
      alg === 'RS256' ? signer.sign(rsa.privateKey) : signer.sign({ key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${body}.${signature.toString('base64url')}`;
  };
  const status = async (token: string, url = '/v1/catalog') =>
    (await h.app.inject({ url, headers: bearer(token) })).statusCode;
  const begin = async (jwt: JwtConfig) => void (h = await start({ auth: { apiKeys: [], jwt } }));
  const good = { workspaceId: 'demo', role: 'viewer', exp: EXP };

  it.each(['RS256', 'ES256'] as const)('%s: takes its own and nothing else', async (alg) => {
    const publicKey = pem(alg === 'RS256' ? rsa.publicKey : ec.publicKey);
    await begin({ algorithm: alg, key: publicKey });
    expect(await status(sign(good, alg))).toBe(200);
    expect(await status(sign(good, alg === 'RS256' ? 'ES256' : 'RS256'))).toBe(401);
    // The public key as an HMAC secret: the classic confusion.
    expect(await status(hs(good, publicKey))).toBe(401);
    expect(await status(`${b64({ alg: 'none' })}.${b64(good)}.`)).toBe(401);
    expect(await status(sign({ ...good, exp: undefined }, alg))).toBe(401);
    expect(await status(sign({ ...good, exp: EXP - 1200 }, alg))).toBe(401);
    expect(await status(sign({ ...good, nbf: EXP }, alg))).toBe(401);
  });

  it('reads workspaces and scopes from the claims', async () => {
    await begin({ algorithm: 'HS256', key: SECRET, issuer: 'me', audience: 'shadower' });
    const claims = (over: object) => hs({ exp: EXP, iss: 'me', aud: 'shadower', workspaceId: 'demo', ...over }, SECRET);
    for (const over of [
      { role: 'viewer' },
      { role: 'admin' },
      { scope: 'openid query' },
      { scopes: ['query'] },
      { permissions: ['query'] },
    ])
      expect([over, await status(claims(over))]).toEqual([over, 200]);
    for (const over of [{}, { role: 'constructor' }, { scope: 'ingest' }, { scopes: [5] }])
      expect(await status(claims(over))).toBe(403);
    for (const over of [
      { workspaceId: undefined },
      { workspaceId: '*' },
      { workspaceId: 'a b' },
      { workspaceId: undefined, workspaces: '*' },
      { iss: 'you' },
      { aud: 'grafana' },
    ])
      expect([over, await status(claims({ role: 'viewer', ...over }))]).toEqual([over, 401]);
    const url = `/v1/query/${QUERY}?workspace=b`;
    expect(await status(claims({ role: 'viewer', workspaces: ['a', 'b'] }), url)).toBe(200);
    expect(await status(claims({ role: 'viewer', workspaces: ['a'] }), url)).toBe(403);
    expect(await status(claims({ role: 'viewer', workspaces: ['*'] }), url)).toBe(200);
  });

  it('refuses configurations that leave a door open', async () => {
    h = await start();
    const attempt = (a: Partial<AuthConfig>) => start({ auth: { apiKeys: [], ...a } });
    const one = auth.apiKeys[0]!;
    for (const [a, message] of [
      [{ jwt: { algorithm: 'HS256', key: 'short' } }, '32 bytes'],
      [{ jwt: { algorithm: 'HS256', key: pem(rsa.publicKey) } }, 'not a PEM key'],
      [{ jwt: { algorithm: 'RS256', key: SECRET } }, 'public key in PEM'],
      [{ jwt: { algorithm: 'ES256', key: pem(rsa.publicKey) } }, 'takes ec'],
      [{ apiKeys: [{ ...one, sha256: 'plain' }] }, 'apiKeys.0.sha256'],
      [{ apiKeys: [{ ...one, workspaces: [] }] }, 'apiKeys.0.workspaces'],
      [{ apiKeys: [one, { ...one, sha256: sha256('x') }] }, 'two API keys'],
    ] as [Partial<AuthConfig>, string][])
      await expect(attempt(a)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(message),
      });
  });
});

describe('queries', () => {
  const get = (url: string) => h.app.inject({ url, headers: key(KEYS.query) });
  beforeEach(async () => {
    h = await start();
  });

  it('passes on range, step and parameters', async () => {
    const r = await get(
      `/v1/query/${QUERY}?from=now-6h&to=2026-11-21T11:00:00%2B01:00&step=300&limit=5&integration=a&integration=b,c&part=scores&columns=entity`,
    );
    expect(r.statusCode).toBe(200);
    expect(h.runner.calls[0]).toMatchObject({
      name: QUERY,
      args: {
        workspace: 'demo',
        from: NOW - 6 * 3_600_000,
        to: Date.parse('2026-11-21T10:00:00Z'),
        step: 300,
        limit: 5,
        part: 'scores',
        columns: ['entity'],
        params: { integration: ['a', 'b,c'] },
      },
    });
    const body = { from: NOW - 1000, to: 'now', params: { integration: ['x'] } };
    await h.app.inject({ method: 'POST', url: `/v1/query/${QUERY}`, payload: body, headers: key(KEYS.query) });
    expect(h.runner.calls[1]!.args).toMatchObject({ from: NOW - 1000, to: NOW, params: { integration: ['x'] } });
    await get(`/v1/query/${QUERY}?from=${NOW - 5}`);
    expect(h.runner.calls[2]!.args).toMatchObject({ from: NOW - 5, to: NOW });
  });

  it('answers JSON and CSV', async () => {
    h.runner.rows = {
      scores: [
        { entity: 'pay, "eu"', score: null },
        { entity: '=cmd', score: 99.5 },
      ],
    };
    const j = await get(`/v1/query/${QUERY}`);
    expect(j.json()).toMatchObject({
      parts: { scores: h.runner.rows.scores, terms: [] },
      meta: { completeUntil: NOW, truncated: false },
    });
    const c = await get(`/v1/query/${QUERY}?format=csv&part=scores&columns=entity&columns=score`);
    expect([c.headers['content-type'], c.body]).toEqual([
      'text/csv; charset=utf-8',
      'entity,score\r\n"pay, ""eu""",\r\n\'=cmd,99.5\r\n',
    ]);
    expect((await get(`/v1/query/${QUERY}?format=csv`)).json()).toMatchObject({
      code: 'QUERY_BAD_PARAM',
      message: expect.stringContaining('scores, terms'),
    });
    expect(toCsv(['a'], [{ a: -1 }, { a: true }, { a: [1] }])).toBe('a\r\n-1\r\ntrue\r\n[1]\r\n');
  });

  it.each([
    [`/v1/query/${QUERY}?from=yesterday`, 400, 'QUERY_BAD_PARAM'],
    [`/v1/query/${QUERY}?step=soon`, 400, 'REQUEST_INVALID'],
    [`/v1/query/${QUERY}?format=xml`, 400, 'REQUEST_INVALID'],
    ['/v1/query/no_such', 404, 'QUERY_UNKNOWN'],
    ['/v1/query/', 404, 'NOT_FOUND'],
    ['/analytics/integrations/x/health?timeframe=1y', 400, 'REQUEST_INVALID'],
    ['/analytics/integrations/x/health', 404, 'NOT_FOUND'],
    ['/%c0', 400, 'REQUEST_INVALID'],
  ])('%s is refused', async (url, status, code) => {
    const r = await get(url);
    expect([r.statusCode, r.json().code, typeof r.json().requestId]).toEqual([status, code, 'string']);
  });

  it('runs the domains’ routes inside the workspace', async () => {
    h.runner.rows = { scores: [{ entity: 'payments', score: 93, status: 'healthy' }] };
    const r = await get('/analytics/integrations/payments/health?timeframe=6h');
    expect(r.json()).toMatchObject({ integration: 'payments', health: { score: 93 } });
    expect(h.runner.calls[0]!.args).toMatchObject({
      workspace: 'demo',
      from: NOW - 6 * 3_600_000,
      to: NOW,
      params: { integration: ['payments'] },
    });
  });

  it('bounds what runs and what waits', async () => {
    await h.app.close();
    h = await start({ limits: { queryConcurrency: 2, queryQueue: 2, queryWaitMs: 300 } });
    const open: (() => void)[] = [];
    h.runner.before = () => new Promise((resolve) => open.push(resolve));
    const all = Array.from({ length: 5 }, () => get(`/v1/query/${QUERY}`));
    const refused = await Promise.race(all);
    expect([refused.statusCode, refused.json().code, refused.headers['retry-after']]).toEqual([503, 'BUSY', '2']);
    expect(h.runner.calls).toHaveLength(2);
    expect(await h.metrics.metrics()).toContain('shadower_http_queries_waiting 2');
    h.runner.before = async () => {};
    open.shift()!();
    await new Promise((r) => setTimeout(r, 100));
    open.shift()!();
    expect((await Promise.all(all)).map((r) => r.statusCode).sort()).toEqual([200, 200, 200, 200, 503]);
    expect(await h.metrics.metrics()).toContain('shadower_http_queries_running 0');
  });

  it('maps the store’s errors, and keeps unknown ones to itself', async () => {
    for (const code of ['STORE_UNAVAILABLE', 'QUERY_TIMEOUT', 'QUERY_LIMIT', 'QUERY_INCOMPLETE'] as const) {
      h.runner.before = () => Promise.reject(new ShadowerError(code, 'why'));
      const r = await get(`/v1/query/${QUERY}`);
      expect([r.statusCode, r.json().code]).toEqual([ERRORS[code].status, code]);
    }
    h.runner.before = () => Promise.reject(new Error('password is hunter2'));
    const r = await get(`/v1/query/${QUERY}`);
    expect([r.statusCode, r.json().code]).toEqual([500, 'INTERNAL']);
    expect(r.body).not.toContain('hunter2');
    expect(h.logged.join()).toContain('hunter2');
  });
});

describe('operations', () => {
  it('says why it is not ready, without details for strangers', async () => {
    h = await start({
      probes: {
        log: async () => {},
        store: () => Promise.reject(new ShadowerError('STORE_UNAVAILABLE', 'connect ECONNREFUSED 10.1.2.3:8123')),
        schema: () => new Promise(() => {}),
      },
      limits: { probeTimeoutMs: 50 },
    });
    const r = await h.app.inject('/readyz');
    expect([r.statusCode, r.json()]).toEqual([
      503,
      {
        status: 'not_ready',
        checks: {
          log: { ok: true },
          store: { ok: false, code: 'STORE_UNAVAILABLE', reason: ERRORS.STORE_UNAVAILABLE.text },
          schema: { ok: false, code: 'STORE_SCHEMA', reason: ERRORS.STORE_SCHEMA.text },
        },
      },
    ]);
    expect(h.logged.join()).toContain('10.1.2.3');
    expect((await h.app.inject('/healthz')).json()).toEqual({ status: 'ok' });
  });

  it('limits the rate per credentials', async () => {
    h = await start({ limits: { rateMax: 3 } });
    const codes = [];
    for (let i = 0; i < 5; i++)
      codes.push((await h.app.inject({ url: '/v1/catalog', headers: key(KEYS.query) })).statusCode);
    expect(codes).toEqual([200, 200, 200, 429, 429]);
    const r = await h.app.inject({ url: '/v1/catalog', headers: key(KEYS.query) });
    expect(r.json()).toMatchObject({ code: 'RATE_LIMITED' });
    expect(Number(r.headers['retry-after'])).toBeGreaterThan(0);
    expect((await h.app.inject({ url: '/v1/catalog', headers: key(KEYS.both) })).statusCode).toBe(200);
    for (let i = 0; i < 5; i++) expect((await h.app.inject('/healthz')).statusCode).toBe(200);
    const otlp = async () =>
      h.app.inject({
        method: 'POST',
        url: '/v1/traces',
        payload: '{}',
        headers: { ...key(KEYS.ingest), 'content-type': 'application/json' },
      });
    for (let i = 0; i < 3; i++) expect((await otlp()).statusCode).toBe(200);
    const limited = await otlp();
    expect([limited.statusCode, limited.json().code]).toEqual([429, 8]);
  });

  it('serves an OpenAPI document with the events in it, and its page', async () => {
    h = await start();
    const doc = (await h.app.inject({ url: '/docs/json', headers: key(KEYS.query) })).json();
    expect(doc.openapi).toBe('3.1.0');
    expect(Object.keys(doc.paths)).toEqual(
      expect.arrayContaining(['/v1/events', '/v1/traces', '/v1/query/{name}', '/analytics/integrations/{id}/health']),
    );
    expect(JSON.stringify(doc.paths['/v1/events'])).toContain('latency_ms');
    expect(doc.components.securitySchemes).toHaveProperty('apiKey');
    expect(doc.paths['/healthz'].get.security).toEqual([]);
    const page = await h.app.inject({ url: '/docs/', headers: key(KEYS.query) });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
    expect(page.headers['content-security-policy']).toBeDefined();
  });

  it('sends security headers and logs nothing in normal operation', async () => {
    h = await start();
    const r = await h.app.inject({
      method: 'POST',
      url: '/v1/events',
      payload: validEvent(),
      headers: key(KEYS.ingest),
    });
    expect(r.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.any(String),
      'x-request-id': expect.any(String),
    });
    expect(h.logged).toEqual([]);
  });

  it('redacts secrets in what is logged', async () => {
    h = await start();
    let out = '';
    createLogger('info', { write: (s) => (out += s) }).info(
      { req: { headers: { authorization: 'Bearer x', 'x-api-key': 'secret', host: 'h' } } },
      'm',
    );
    expect(JSON.parse(out).req.headers).toEqual({ authorization: '[redacted]', 'x-api-key': '[redacted]', host: 'h' });
  });

  it('refuses more bytes than it may hold', async () => {
    h = await start({ limits: { inFlightBytes: 1000 } });
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const log = { append: () => held };
    const app: FastifyInstance = await createHttpServer({
      log,
      topics: { prefix: 'shadower', otlp: 'otlp_spans' },
      domains: [],
      runner: h.runner,
      auth,
      metrics: new (await import('prom-client')).Registry(),
      probes: { log: async () => {}, store: async () => {}, schema: async () => {} },
      limits: { inFlightBytes: 1000, eventLoopDelayMs: 0 },
    });
    const post = () =>
      app.inject({
        method: 'POST',
        url: '/v1/events',
        payload: gzipSync(JSON.stringify([{ x: 'y'.repeat(900) }])),
        headers: { ...key(KEYS.ingest), 'content-type': 'application/json', 'content-encoding': 'gzip' },
      });
    const first = post();
    await new Promise((r) => setTimeout(r, 100));
    const second = await post();
    expect([second.statusCode, second.json().code]).toEqual([503, 'BUSY']);
    release();
    await first;
    expect((await post()).statusCode).toBe(400);
    await app.close();
  });
});
