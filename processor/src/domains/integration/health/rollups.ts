import { rollup, type EventOf, type Measure } from '../../define';
import { auth, healthCheck } from './events';

type Check = EventOf<typeof healthCheck>;
type Auth = EventOf<typeof auth>;

const counted = <E>(holds: (e: E) => boolean, description: string): Measure<E> => ({
  kind: 'sum',
  integer: true,
  value: (e) => (holds(e) ? 1 : 0),
  unit: 'short',
  description,
});
/** Latest time at which something held, seconds since the epoch. */
const latest = <E extends { time: number }>(holds: (e: E) => boolean, description: string): Measure<E> => ({
  kind: 'max',
  value: (e) => (holds(e) ? e.time / 1000 : null),
  unit: 'dateTimeAsIso',
  description,
});

export const checks = rollup(healthCheck, {
  name: 'integration_checks',
  title: 'Health checks',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    kind: { value: (e) => e.kind, description: 'What the integration is' },
    provider: { value: (e) => e.provider ?? '', description: 'Who runs it' },
    target: { value: (e) => e.target ?? '', description: 'What was probed' },
    check: { value: (e) => e.check, description: 'Kind of probe' },
  },
  measures: {
    checks: { kind: 'count', value: () => 1, unit: 'short', description: 'Checks' },
    failures: counted<Check>((e) => !e.ok, 'Checks that failed'),
    latency: { kind: 'histogram', value: (e) => e.latency_ms, unit: 'ms', description: 'Time until the answer' },
    dns: { kind: 'histogram', value: (e) => e.dns_ms, unit: 'ms', description: 'Time to resolve the name' },
    tls_invalid: counted<Check>((e) => e.tls_valid === false, 'Checks that found the certificate invalid'),
    tls_expires_at: {
      kind: 'max',
      value: (e) => e.tls_expires_at,
      unit: 'dateTimeAsIso',
      description: 'When the newest certificate that was seen expires',
    },
    reconnections: {
      kind: 'sum',
      integer: true,
      value: (e) => e.reconnections,
      unit: 'short',
      description: 'Connections made anew',
    },
    last_success: latest<Check>((e) => e.ok, 'Last check that succeeded'),
    last_check: latest<Check>(() => true, 'Last check'),
  },
});

/** Whether an attempt failed because its credential had expired. */
export const isExpired = (e: Pick<Auth, 'ok' | 'error_code'>): boolean => !e.ok && /expired/i.test(e.error_code ?? '');

export const authentications = rollup(auth, {
  name: 'integration_auth',
  title: 'Authentication',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    kind: { value: (e) => e.kind, description: 'What the integration is' },
    provider: { value: (e) => e.provider ?? '', description: 'Who runs it' },
    agent: { value: (e) => e.agent ?? '', description: 'Agent' },
    auth_type: { value: (e) => e.auth_type, description: 'Kind of authentication' },
    credential: { value: (e) => e.credential ?? '', description: 'Credential' },
    action: { value: (e) => e.action, description: 'What happened' },
  },
  measures: {
    events: { kind: 'count', value: () => 1, unit: 'short', description: 'How often' },
    failures: counted<Auth>((e) => !e.ok, 'How often it failed'),
    expired: counted<Auth>(isExpired, 'How often it failed because the credential had expired'),
    expires_at: {
      kind: 'max',
      value: (e) => (e.ok ? e.expires_at : null),
      unit: 'dateTimeAsIso',
      description: 'When the newest credential expires',
    },
    renewable: {
      kind: 'max',
      value: (e) => (e.renewable === undefined ? null : e.renewable ? 1 : 0),
      unit: 'none',
      description: '1 if it is renewed without people',
    },
    mfa_seen: latest<Auth>((e) => e.mfa === true, 'Last time that a second factor was seen to be on'),
    no_mfa_seen: latest<Auth>((e) => e.mfa === false, 'Last time that a second factor was seen to be off'),
    last_success: latest<Auth>((e) => e.ok, 'Last success'),
    last_event: latest<Auth>(() => true, 'Last event'),
  },
});
