/** What is found out about an integration apart from calls: probes of its connection, and its authentication. */
import { event, field } from '../../define';
import { ENTITY_KINDS } from '../kinds';

export const healthCheck = event({
  type: 'integration.health_check',
  title: 'Health check',
  description: 'One probe of an integration: whether it answered, how fast, and the state of its name and certificate.',
  privacy: 'operational',
  rawRetentionDays: 30,
  fields: {
    integration: field.name('Integration that was probed'),
    kind: field.choice(ENTITY_KINDS, 'What the integration is').default('integration'),
    provider: field.name('Who runs it').optional(),
    target: field.name('Host or endpoint that was probed, without secrets').optional(),
    check: field.choice(['ping', 'tcp', 'dns', 'tls', 'http', 'synthetic'], 'What was probed').default('http'),
    ok: field.flag('Whether the probe found it well'),
    error_code: field.name('Why not').optional(),
    latency_ms: field.number('Time until the answer', 'ms', 0, 86_400_000).optional(),
    dns_ms: field.number('Time to resolve the name', 'ms', 0, 86_400_000).optional(),
    tls_valid: field.flag('Whether the certificate is valid for the host and trusted').optional(),
    tls_expires_at: field.number('When the certificate expires, seconds since the epoch', 's', 0, 1e11).optional(),
    reconnections: field.count('Times the connection was made anew since the check before').optional(),
  },
  example: {
    type: 'integration.health_check',
    event_id: 'check-payments-1763726400',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    provider: 'stripe',
    target: 'api.stripe.com',
    check: 'http',
    ok: true,
    latency_ms: 41.2,
    dns_ms: 2.3,
    tls_valid: true,
    tls_expires_at: 1801440000,
    reconnections: 0,
  },
});

export const auth = event({
  type: 'integration.auth',
  title: 'Authentication',
  description:
    'Something that happened to the credentials of an integration: an attempt to authenticate, a renewal, a change.',
  privacy: 'security',
  rawRetentionDays: 90,
  fields: {
    integration: field.name('Integration'),
    kind: field.choice(ENTITY_KINDS, 'What the integration is').default('integration'),
    provider: field.name('Who runs it').optional(),
    agent: field.name('Agent whose credential it is').optional(),
    auth_type: field.choice(['oauth2', 'api_key', 'basic', 'custom'], 'Kind of authentication'),
    action: field
      .choice(['authenticate', 'refresh', 'rotate', 'revoke', 'scope_change', 'mfa_change'], 'What happened')
      .default('authenticate'),
    ok: field.flag('Whether it succeeded'),
    error_code: field.name('Why not, e.g. token_expired, invalid_client').optional(),
    credential: field.name('Which credential: a name, never the secret').optional(),
    expires_at: field.number('When the credential expires, seconds since the epoch', 's', 0, 1e11).optional(),
    renewable: field.flag('Whether it is renewed without people (refresh token, rotation job)').optional(),
    scopes: field.text('Permissions that it has from now on').optional(),
    mfa: field.flag('Whether the account is protected by a second factor').optional(),
  },
  example: {
    type: 'integration.auth',
    event_id: 'auth-crm-1763726400',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'crm',
    provider: 'salesforce',
    agent: 'crm-agent',
    auth_type: 'oauth2',
    action: 'refresh',
    ok: true,
    credential: 'crm-agent token',
    expires_at: 1763733600,
    renewable: true,
    scopes: 'api refresh_token',
    mfa: true,
  },
});
