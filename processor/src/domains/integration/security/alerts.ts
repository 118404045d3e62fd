import type { AlertDef } from '../../define';
import { ANOMALY } from './anomalies';

/** What all rules of this part have in common: they compare one point per integration, made of the whole window. */
const rule = {
  query: 'integration_security_window',
  reduce: 'last',
  windowSeconds: 900,
  stepSeconds: 60,
  forSeconds: 0,
  // Who sends neither authentication nor security events has nothing to compare; the dashboard says unknown.
  absence: 'fine',
  dashboard: 'integration-security',
} as const;

export const alerts: AlertDef[] = [
  {
    ...rule,
    name: 'integration-auth-failures',
    title: 'Many failed attempts to authenticate',
    column: 'failed_auth',
    condition: { op: 'gt', value: 10 },
    severity: 'warning',
    summary: '{{ $values.B.Value }} failed attempts to authenticate with {{ $labels.integration }} in 15 minutes',
    runbook:
      'More than 10 attempts failed in 15 minutes. On the Integration security dashboard the score of authentication shows whether they failed with an expired credential (renew it) or with a wrong one. Wrong ones that come from one job are a bad deployment; from many sources they are guesses: block them, and rotate the credential if one got through.',
  },
  {
    ...rule,
    name: 'integration-unauthorised',
    title: 'Unauthorised attempts',
    column: 'attempts',
    condition: { op: 'gt', value: 5 },
    severity: 'warning',
    summary: '{{ $values.B.Value }} unauthorised attempts at {{ $labels.integration }} in 15 minutes',
    runbook:
      'More than 5 unauthorised attempts in 15 minutes. "Events" on the Integration security dashboard shows actor and source of each, and whether it was refused. Narrow what the credential may do and from where; when the actor is one of yours, find out whether its credential is in other hands.',
  },
  {
    ...rule,
    name: 'integration-breach',
    title: 'Unauthorised access or exposure of data',
    column: 'breaches',
    condition: { op: 'gt', value: 0 },
    windowSeconds: 3600,
    severity: 'critical',
    summary:
      '{{ $values.B.Value }} unauthorised access(es) or exposure(s) at {{ $labels.integration }} were not stopped',
    runbook:
      'Somebody got what is not theirs, or data lie open. Revoke the credential that is named in the events first, then find out what was read or changed since ("Events" on the Integration security dashboard, and the audit trail of the provider), and tell whoever must be told: many rules leave 72 hours.',
  },
  {
    ...rule,
    name: 'integration-attempts-anomaly',
    title: 'Attempts far above the usual',
    column: 'deviation',
    condition: { op: 'gt', value: ANOMALY },
    // It judges whole hours.
    stepSeconds: 300,
    severity: 'info',
    summary:
      'Failed and unauthorised attempts at {{ $labels.integration }} lie {{ $values.B.Value | humanize }} robust deviations above the hours before',
    runbook: `The last whole hour had far more failed and unauthorised attempts than the hours of the week before (more than ${ANOMALY} robust deviations). It may stay below the fixed limits and still be the beginning of something: look at the sources in "Events" on the Integration security dashboard.`,
  },
];
