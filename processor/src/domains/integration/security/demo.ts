/** Weaknesses, controls and an audit trail, and somebody who guesses keys during the incidents. */
import type { DemoSource } from '../../define';
import { due } from '../due';
import { auth } from '../health/events';
import { securityEvent } from './events';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const event = (
  id: string,
  time: number,
  integration: string,
  category: string,
  more: Record<string, unknown>,
): Record<string, unknown> => ({
  type: securityEvent.type,
  event_id: `demo-security-${id}-${time}`,
  time,
  integration,
  category,
  ...more,
});
const CONTROLS = [
  { integration: 'payments-eu', control: 'PCI DSS 4.2.1', passed: true, title: 'Transport is encrypted' },
  { integration: 'payments-eu', control: 'PCI DSS 8.6.3', passed: true, title: 'Application passwords are rotated' },
  { integration: 'crm', control: 'GDPR Art. 30', passed: true, title: 'Processing is recorded' },
  { integration: 'crm', control: 'SOC 2 CC6.1', passed: false, title: 'Two accounts can do more than they need' },
];
const controls = (time: number): Record<string, unknown>[] =>
  CONTROLS.map(({ integration, ...check }) =>
    event(check.control, time, integration, 'compliance_check', { severity: check.passed ? 'low' : 'high', ...check }),
  );
/** Entry number n of the trail of an integration; the CRM loses some, and some do not say who it was. */
const audit = (time: number, random: () => number): Record<string, unknown>[] =>
  ['crm', 'payments-eu', 'mail', 'search'].flatMap((integration) => {
    const flawed = integration === 'crm' && random() < 0.06;
    if (flawed && random() < 0.5) return [];
    return [
      event(`audit-${integration}`, time, integration, 'audit', {
        severity: 'low',
        sequence: Math.floor(time / (5 * MINUTE)),
        ...(flawed ? {} : { actor: `${integration} job` }),
      }),
    ];
  });

export const demo: DemoSource = {
  events(from, to, random, incident) {
    const out: Record<string, unknown>[] = [
      ...due(from, to, 5 * MINUTE, 40_000).flatMap((t) => audit(t, random)),
      ...due(from, to, HOUR, 50_000).flatMap(controls),
    ];
    if (incident < 0.5) return out;
    for (const t of due(from, to, 15_000, 3000)) {
      const source = `198.51.100.${10 + Math.floor(random() * 4)}`;
      out.push(
        event('guess', t, 'mail', 'unauthorized_access', {
          severity: 'medium',
          title: 'Call with an unknown key',
          blocked: true,
          source,
        }),
        {
          type: auth.type,
          event_id: `demo-guess-${t}`,
          time: t,
          integration: 'mail',
          provider: 'sendgrid',
          auth_type: 'api_key',
          ok: false,
          error_code: 'unknown_key',
          credential: 'unknown',
        },
      );
    }
    for (const t of due(from, to, 5 * MINUTE, 20_000))
      out.push(
        event('threat', t, 'mail', 'threat', {
          severity: 'high',
          title: 'Keys are being guessed from one network',
          source: '198.51.100.0/24',
        }),
      );
    return out;
  },
  history(until, random) {
    return [
      event('cve', until - 9 * DAY, 'shipping', 'vulnerability', {
        severity: 'high',
        issue: 'CVE-2026-21007',
        title: 'Client library reads beyond its buffer',
      }),
      event('cve', until - 30 * DAY, 'chat', 'vulnerability', {
        severity: 'critical',
        issue: 'CVE-2026-18812',
        title: 'Signature of webhooks is not checked',
      }),
      event('cve', until - 26 * DAY, 'chat', 'vulnerability', {
        severity: 'critical',
        issue: 'CVE-2026-18812',
        title: 'Signature of webhooks is not checked',
        state: 'resolved',
      }),
      event('low', until - 3 * DAY, 'search', 'vulnerability', {
        severity: 'low',
        issue: 'DEP-114',
        title: 'A library is no longer maintained',
      }),
      ...controls(until - DAY),
      ...due(until - 6 * HOUR, until, 5 * MINUTE, 40_000).flatMap((t) => audit(t, random)),
      ...[
        { integration: 'mail', provider: 'sendgrid', agent: 'notify-agent', days: 118 },
        { integration: 'search', provider: 'algolia', agent: 'search-agent', days: 20 },
      ].map(({ days, integration, ...who }) => ({
        ...who,
        integration,
        type: auth.type,
        event_id: `demo-renewed-${integration}-${until}`,
        time: until - days * DAY,
        auth_type: 'api_key',
        action: 'rotate',
        ok: true,
        credential: `${integration} key`,
        mfa: true,
      })),
    ];
  },
};
