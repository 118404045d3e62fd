/** POST …/test from the request to the log, with real probes against a real server. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEYS, NOW, start, type Harness } from '../../../http/testing/harness';
import { parseTargets } from '../../../probe/config';
import { createProber, PROBE_LIMITS } from '../../../probe/runner';

let h: Harness;
let server: http.Server;
beforeAll(async () => {
  server = http.createServer((_q, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"id":1}'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const target = (name: string, type: string): object => ({
    workspace: 'demo',
    entity: 'payments-eu',
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    endpoint: `/v1/${name}`,
    expect: { schema: { type: 'object', properties: { id: { type } } } },
    allow_networks: ['127.0.0.1'],
  });
  const prober = createProber(
    parseTargets({ targets: [target('charges', 'integer'), target('refunds', 'string')] }, 'test'),
    PROBE_LIMITS,
  );
  h = await start({ prober });
});
afterAll(async () => {
  await h.app.close();
  await new Promise((done) => server.close(done));
});

const post = (id: string, key: string, query = '', headers = {}) =>
  h.app.inject({
    method: 'POST',
    url: `/analytics/integrations/${id}/test${query}`,
    headers: { 'x-api-key': key, ...headers },
  });

it('is refused without the scope, for another workspace, and for what is not configured', async () => {
  for (const key of [KEYS.query, KEYS.ingest])
    expect((await post('payments-eu', key)).json()).toMatchObject({ code: 'AUTH_FORBIDDEN' });
  expect((await post('payments-eu', KEYS.admin, '?workspace=other')).json()).toMatchObject({ code: 'AUTH_FORBIDDEN' });
  const elsewhere = await post('payments-eu', KEYS.all, '?workspace=other');
  expect([elsewhere.statusCode, elsewhere.json().code]).toEqual([404, 'NOT_FOUND']);
  const free = await post(encodeURIComponent('http://169.254.169.254/'), KEYS.admin);
  expect([free.statusCode, free.json().code]).toEqual([404, 'NOT_FOUND']);
  expect((await post('payments-eu', KEYS.admin, '?test_suite=everything')).statusCode).toBe(400);
  expect(h.items()).toEqual([]);
});

it('answers with the results and appends them as events', async () => {
  const answer = await post('payments-eu', KEYS.admin, '?test_suite=contract');
  expect(answer.statusCode).toBe(200);
  const body = answer.json();
  expect(body).toMatchObject({ integration: 'payments-eu', passed: false });
  expect(body.results).toMatchObject([
    { target: 'charges', test_name: 'answer is as agreed', result: 'passed' },
    { target: 'refunds', test_name: 'answer is as agreed', result: 'failed', code: 'shape' },
  ]);
  const events = h.items().map((i) => {
    if (i.kind !== 'event') throw new Error(JSON.stringify(i));
    return i.event as unknown as Record<string, unknown>;
  });
  expect(events.filter((e) => e.type === 'integration.test_execution')).toMatchObject([
    {
      workspace: 'demo',
      time: NOW,
      integration: 'payments-eu',
      endpoint: '/v1/charges',
      method: 'GET',
      test_name: 'charges: answer is as agreed',
      result: 'passed',
      source: 'shadower-probe',
      run_id: body.run_id,
    },
    { endpoint: '/v1/refunds', result: 'failed', message: expect.stringMatching(/^shape: .*\/id must be string/) },
  ]);
  expect(events.filter((e) => e.type === 'integration.health_check')).toMatchObject([
    { target: 'charges', ok: true, check: 'synthetic' },
    { target: 'refunds', ok: false, error_code: 'shape' },
  ]);
  expect(new Set(events.map((e) => e.event_id)).size).toBe(events.length);
  // At once again is too soon.
  const again = await post('payments-eu', KEYS.admin);
  expect([again.statusCode, again.json().code]).toEqual([429, 'RATE_LIMITED']);
});

it('without a file of targets nothing can be probed', async () => {
  const bare = await start();
  const answer = await bare.app.inject({
    method: 'POST',
    url: '/analytics/integrations/payments-eu/test',
    headers: { 'x-api-key': KEYS.admin },
  });
  expect([answer.statusCode, answer.json().message]).toEqual([404, expect.stringContaining('SHADOWER_PROBES_FILE')]);
  await bare.app.close();
});
