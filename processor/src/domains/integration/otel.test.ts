/** Spans → calls, by table: current and older semantic conventions, both sides of a call, and what is refused or ignored. */
import type { Span } from '../define';
import { createValidator } from '../../pipeline/validate';
import integration from '.';
import { spans } from './otel';
import { isFailure } from './calls/rollups';

const validate = createValidator([integration]);
const span = (o: Partial<Span> = {}): Span => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  name: 'the span',
  kind: 'client',
  startMs: 1_700_000_000_000.25,
  endMs: 1_700_000_000_012.75,
  status: 'unset',
  statusMessage: '',
  attributes: {},
  resource: { 'service.name': 'web' },
  scope: '',
  ...o,
});
const client = (attributes: Span['attributes'], o: Partial<Span> = {}): Span => span({ attributes, ...o });
const server = (attributes: Span['attributes'], o: Partial<Span> = {}): Span =>
  span({ kind: 'server', attributes, ...o });

/** The one event of a span, without undefined fields. */
function event(s: Span): Record<string, unknown> {
  const result = spans(s);
  if ('ignored' in result) throw new Error(`ignored: ${result.ignored}`);
  expect(result.events).toHaveLength(1);
  return Object.fromEntries(Object.entries(result.events[0]!).filter(([, v]) => v !== undefined));
}
const verdict = (s: Span) => validate({ workspace: 'w', ...event(s) });

describe('who, what and where', () => {
  it.each<[string, Span, Record<string, unknown>]>([
    [
      'HTTP client, current',
      client({
        'http.request.method': 'GET',
        'server.address': 'api.stripe.com',
        'server.port': 443,
        'url.full': 'https://api.stripe.com/v1/charges/ch_1',
        'url.template': '/v1/charges/{id}',
        'http.response.status_code': 200,
        'http.request.body.size': 10,
        'http.response.body.size': 2000,
      }),
      {
        integration: 'api.stripe.com',
        kind: 'service',
        provider: 'http',
        caller: 'web',
        endpoint: '/v1/charges/{id}',
        method: 'GET',
        vantage: 'client',
        status_code: 200,
        failed: false,
        bytes_in: 2000,
        bytes_out: 10,
      },
    ],
    [
      'HTTP client, old',
      client(
        { 'http.method': 'POST', 'http.url': 'https://api.dhl.com:8443/rates?x=1', 'http.status_code': 200 },
        { name: 'HTTP POST' },
      ),
      { integration: 'api.dhl.com', endpoint: 'HTTP POST', method: 'POST', status_code: 200, failed: false },
    ],
    [
      'HTTP client, only a host header',
      client({ 'http.method': 'GET', 'http.host': 'cart:7070' }),
      { integration: 'cart' },
    ],
    [
      'HTTP client, a named peer comes before its address',
      client({ 'http.request.method': 'GET', 'peer.service': 'cart', 'server.address': '10.0.0.7' }),
      { integration: 'cart' },
    ],
    [
      'HTTP server, current',
      server({
        'http.request.method': 'GET',
        'http.route': '/cart/{id}',
        'server.address': 'cart.shop.svc',
        'http.response.status_code': 200,
        'http.request.body.size': 7,
      }),
      {
        integration: 'web',
        endpoint: '/cart/{id}',
        vantage: 'server',
        alias: 'cart.shop.svc',
        failed: false,
        bytes_in: 7,
      },
    ],
    [
      'HTTP server, old',
      server({ 'http.method': 'GET', 'http.route': '/x', 'net.host.name': 'cart', 'http.status_code': 204 }),
      { integration: 'web', alias: 'cart', status_code: 204 },
    ],
    [
      'gRPC client, current: a full method name',
      client({
        'rpc.system.name': 'grpc',
        'rpc.method': 'hipstershop.CartService/GetCart',
        'rpc.response.status_code': 'OK',
      }),
      {
        integration: 'hipstershop.CartService',
        endpoint: 'hipstershop.CartService/GetCart',
        method: 'grpc',
        status_code: 0,
        failed: false,
      },
    ],
    [
      'gRPC client, old: service and method apart',
      client({
        'rpc.system': 'grpc',
        'rpc.service': 'hipstershop.CartService',
        'rpc.method': 'GetCart',
        'rpc.grpc.status_code': 0,
      }),
      { integration: 'hipstershop.CartService', endpoint: 'hipstershop.CartService/GetCart', status_code: 0 },
    ],
    [
      'gRPC client, only a span name',
      client({ 'rpc.system': 'grpc', 'server.address': 'cart' }, { name: 'pkg.Cart/Get' }),
      { integration: 'pkg.Cart', endpoint: 'pkg.Cart/Get' },
    ],
    [
      'gRPC server: the alias is its service, whoever the peer is',
      server({ 'rpc.system': 'grpc', 'rpc.service': 'pkg.Cart', 'rpc.method': 'Get', 'peer.service': 'the caller' }),
      { integration: 'web', endpoint: 'pkg.Cart/Get', vantage: 'server', alias: 'pkg.Cart' },
    ],
    [
      'database, current',
      client({
        'db.system.name': 'postgresql',
        'db.namespace': 'orders',
        'server.address': 'db1',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'items',
      }),
      {
        integration: 'postgresql db1 orders',
        kind: 'database',
        provider: 'postgresql',
        endpoint: 'SELECT items',
        method: 'SELECT',
      },
    ],
    [
      'database, current, with a summary',
      client({ 'db.system.name': 'mysql', 'db.namespace': 'x', 'db.query.summary': 'SELECT a b' }),
      { integration: 'mysql x', endpoint: 'SELECT a b' },
    ],
    [
      'database, old',
      client({
        'db.system': 'redis',
        'net.peer.name': 'cache',
        'db.operation': 'HGET',
        'db.sql.table': 't',
        'rpc.system': 'grpc',
      }),
      { integration: 'redis cache', kind: 'database', endpoint: 'HGET t' },
    ],
    [
      'database that does not say where it is',
      client({ 'db.system': 'redis' }, { name: 'GET' }),
      { integration: 'redis of web', endpoint: 'GET' },
    ],
  ])('%s', (_name, s, want) => {
    expect(event(s)).toMatchObject({
      type: 'integration.api_call',
      event_id: `${s.traceId}:${s.spanId}:${s.kind}`,
      time: 1_700_000_000_000,
      latency_ms: 12.5,
      ...want,
    });
    expect(verdict(s)).toMatchObject({ ok: true });
  });

  it('an address that everybody calls "here" is nobody\'s alias', () => {
    for (const address of ['localhost', '127.0.0.1', '::1', '0.0.0.0'])
      expect(event(server({ 'http.request.method': 'GET', 'server.address': address })).alias).toBeUndefined();
  });
});

describe('what is ignored, and why', () => {
  it.each<[string, Span, string]>([
    ['internal', span({ kind: 'internal' }), 'span_kind_internal'],
    ['unspecified', span({ kind: 'unspecified' }), 'span_kind_unspecified'],
    ['producer', span({ kind: 'producer', attributes: { 'messaging.system': 'kafka' } }), 'span_kind_producer'],
    ['consumer', span({ kind: 'consumer', attributes: { 'messaging.system': 'kafka' } }), 'span_kind_consumer'],
    ['no service.name', client({ 'http.method': 'GET' }, { resource: {} }), 'span_without_service_name'],
    [
      'empty service.name',
      client({ 'http.method': 'GET' }, { resource: { 'service.name': '' } }),
      'span_without_service_name',
    ],
    ['no protocol', client({}), 'client_span_without_protocol'],
    ['no protocol on the server', server({}), 'server_span_without_protocol'],
    ['no peer', client({ 'http.request.method': 'GET' }), 'client_span_without_peer'],
    [
      'a relative url is no peer',
      client({ 'http.request.method': 'GET', 'http.url': '/cart' }),
      'client_span_without_peer',
    ],
    ['a database span on the server side', server({ 'db.system': 'redis' }), 'server_span_without_protocol'],
  ])('%s', (_name, s, reason) => {
    expect(spans(s)).toEqual({ ignored: reason });
  });
});

describe('what failed', () => {
  const peer = { 'server.address': 'x' };
  const http = (code: number, name = 'http.response.status_code') => ({
    ...peer,
    'http.request.method': 'GET',
    [name]: code,
  });
  const old = (code: number) => ({ ...peer, 'http.method': 'GET', 'http.status_code': code });
  const grpc = (code: number) => ({ ...peer, 'rpc.system': 'grpc', 'rpc.grpc.status_code': code });
  const named = (code: string) => ({ ...peer, 'rpc.system.name': 'grpc', 'rpc.response.status_code': code });

  it.each<[string, Span, boolean, string?]>([
    ['client 200', client(http(200)), false],
    ['client 302', client(http(302)), false],
    ['client 404', client(http(404)), true, '404'],
    ['client 404, old names', client(old(404)), true, '404'],
    ['client 503, old names', client(old(503)), true, '503'],
    ['client 200, old names', client(old(200)), false],
    ['server 404', server(http(404)), false],
    ['server 404, old names', server(old(404)), false],
    ['server 500', server(http(500)), true, '500'],
    ['server 500, old names', server(old(500)), true, '500'],
    ['status error says so', client(http(200), { status: 'error' }), true, 'error'],
    ['status error, named', client({ ...http(200), 'error.type': 'timeout' }, { status: 'error' }), true, 'timeout'],
    [
      'error.type alone',
      client({ ...peer, 'http.request.method': 'GET', 'error.type': 'ECONNRESET' }),
      true,
      'ECONNRESET',
    ],
    ['ok overrules the code', client(http(500), { status: 'ok' }), false],
    ['database error', client({ 'db.system': 'mysql', 'error.type': '1062' }), true, '1062'],
    ['gRPC server NOT_FOUND with an error status', server(grpc(5), { status: 'error' }), true, 'error'],
    [
      'JSON-RPC codes are not judged',
      client({ ...peer, 'rpc.system': 'jsonrpc', 'rpc.response.status_code': '7' }),
      false,
    ],
  ])('%s', (...[, s, fails, code]) => {
    const e = event(s);
    expect([e.failed, e.error_code]).toEqual([fails, code]);
    expect(isFailure(e)).toBe(fails);
    expect(verdict(s)).toMatchObject({ ok: true });
  });

  it('gRPC: a client fails with anything but OK, a server with what it is to blame for', () => {
    const codes = Array.from({ length: 17 }, (_, i) => i);
    const failing = (make: (code: number) => Span) => codes.filter((c) => event(make(c)).failed);
    expect(failing((c) => client(grpc(c)))).toEqual(codes.slice(1));
    // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
    expect(failing((c) => server(grpc(c)))).toEqual([2, 4, 12, 13, 14, 15]);
  });

  it('reads gRPC codes by name', () => {
    expect(event(client(named('OK')))).toMatchObject({ failed: false, status_code: 0 });
    expect(event(client(named('UNAVAILABLE')))).toMatchObject({ failed: true, status_code: 14, error_code: '14' });
    expect(event(server(named('NOT_FOUND')))).toMatchObject({ failed: false, status_code: 5 });
    expect(event(server(named('DEADLINE_EXCEEDED')))).toMatchObject({ failed: true, status_code: 4 });
    expect(event(client(named('14')))).toMatchObject({ failed: true, status_code: 14 });
  });
});

describe('what is not believable', () => {
  const http = { 'http.request.method': 'GET', 'server.address': 'x' };
  it('a span that ends before it starts is refused, with the reason', () => {
    const v = verdict(client(http, { endMs: 1_699_999_999_000 }));
    expect(v).toMatchObject({ ok: false, code: 'EVENT_INVALID' });
    expect(v.ok ? '' : v.reason).toMatch(/latency_ms: .*>=0/);
  });

  it('a span longer than a day is refused, with the reason', () => {
    const v = verdict(client(http, { endMs: 1_700_000_000_000 + 2 * 86_400_000 }));
    expect(v.ok ? '' : v.reason).toMatch(/latency_ms/);
  });

  it('long names are cut at 256 characters everywhere', () => {
    const long = 'n'.repeat(5000);
    for (const s of [
      client({ ...http, 'server.address': long, 'http.route': long, 'error.type': long }),
      client({ ...http }, { name: long, resource: { 'service.name': long } }),
      client({ 'rpc.system': long, 'rpc.service': long, 'rpc.method': long }),
      client({ 'rpc.system': 'grpc', 'server.address': 'x' }, { name: `${long}/${long}` }),
      client({ 'db.system': long, 'db.namespace': long, 'db.operation': long, 'db.sql.table': long }),
      client({ 'db.system': 'x' }, { name: long, resource: { 'service.name': long } }),
      server({ ...http, 'server.address': long }, { name: long, resource: { 'service.name': long } }),
    ])
      expect(verdict(s)).toMatchObject({ ok: true });
  });

  it('a control character in a name is refused, with the field and the reason', () => {
    for (const [s, field] of [
      [client({ ...http, 'server.address': 'a\u001fb' }), 'integration'],
      [client({ ...http, 'http.route': 'a\u0000' }), 'endpoint'],
      [client(http, { resource: { 'service.name': 'a\nb' } }), 'caller'],
    ] as const) {
      const v = verdict(s);
      expect(v).toMatchObject({ ok: false, code: 'EVENT_INVALID' });
      expect(v.ok ? '' : v.reason).toMatch(new RegExp(`${field}: holds a control character`));
    }
  });

  it('numbers that are none are left out', () => {
    expect(event(client({ ...http, 'http.response.status_code': 'abc' })).status_code).toBeUndefined();
    expect(event(client({ ...http, 'http.response.body.size': -1 })).bytes_in).toBeUndefined();
  });
});
