/** What happens at an integration: a call to (or served by) it. */
import { event, field } from '../../define';
import { ENTITY_KINDS } from '../kinds';

export const apiCall = event({
  type: 'integration.api_call',
  title: 'API call',
  description: 'One request to an integration, seen by its caller (client) or by the integration itself (server).',
  privacy: 'operational',
  rawRetentionDays: 7,
  fields: {
    integration: field.name('Integration called: a provider account, a service or a database'),
    kind: field.choice(ENTITY_KINDS, 'What the integration is').default('integration'),
    provider: field.name('Who runs it, e.g. stripe, grpc, mysql').optional(),
    agent: field.name('Agent on whose behalf the call was made').optional(),
    caller: field.name('Service that made the call').optional(),
    endpoint: field.name('Endpoint or operation, with identifiers replaced by placeholders'),
    method: field.name('HTTP method, RPC system or database operation').optional(),
    vantage: field.choice(['client', 'server'], 'Side that measured the call').default('client'),
    status_code: field.count('HTTP or RPC status code', 'none').optional(),
    error_code: field.name('Error type or provider error code; its presence makes the call a failure').optional(),
    failed: field
      .flag('Whether the call failed; left out, it follows from error_code and status_code ≥ 400')
      .optional(),
    latency_ms: field.number('Time from sending the request to the end of the response', 'ms', 0, 86_400_000),
    bytes_in: field.count('Bytes received by the caller', 'bytes').optional(),
    bytes_out: field.count('Bytes sent by the caller', 'bytes').optional(),
    rate_limit_limit: field.count('Requests allowed in the current quota period').optional(),
    rate_limit_remaining: field.count('Requests left in the current quota period').optional(),
    rate_limit_reset_s: field
      .number('Time from the response until the quota is renewed', 's', 0, 31_622_400)
      .optional(),
    retry_after_s: field
      .number('Time that the provider asks to wait before the next call', 's', 0, 31_622_400)
      .optional(),
    resend_count: field
      .count('How often this request had been sent before (retries and redirects)', 'short')
      .optional(),
    api_version: field.name('API version that answered').optional(),
    deprecated: field.flag('Whether the provider marked the endpoint as deprecated').optional(),
    cost: field.number('What the call cost', 'currencyUSD', 0, 1e9).optional(),
    alias: field.name('Another name under which callers know a service (rpc.service, host name)').optional(),
    trace_id: field.id('Trace the call belongs to').optional(),
  },
  example: {
    type: 'integration.api_call',
    event_id: '6f1c0c9e-1f0e-4a51-9c39-0d1b0d4d8f10',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    provider: 'stripe',
    agent: 'checkout-agent',
    caller: 'checkout',
    endpoint: '/v1/charges',
    method: 'POST',
    status_code: 200,
    latency_ms: 182.4,
    bytes_in: 2180,
    bytes_out: 640,
    rate_limit_limit: 1000,
    rate_limit_remaining: 412,
    rate_limit_reset_s: 1260,
    api_version: '2026-08-01',
    cost: 0.0004,
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
});
