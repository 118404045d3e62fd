import type { AlertDef } from '../../define';

const open =
  'Open the Integration dashboard of the one that is named: the score terms say what it loses points on and since when, the findings what was seen and what to do.';

const common = { reduce: 'last', dashboard: 'integration' } as const;

export const alerts: AlertDef[] = [
  {
    ...common,
    name: 'integration-availability',
    title: 'Integration unavailable',
    query: 'integration_status',
    column: 'availability',
    condition: { op: 'lt', value: 0.995 },
    windowSeconds: 3600,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'critical',
    summary: '{{ $labels.integration }} was available {{ $values.B.Value | humanizePercentage }} of the last hour',
    runbook: `Fewer than 99.5 % of the health checks of the last hour succeeded (of the calls, where there are no checks). ${open} Checks that fail while calls succeed point at the probe or its network; both failing is an outage. One bad minute keeps this up for an hour: compare with the trend of availability to see whether it is over.`,
  },
  {
    ...common,
    name: 'integration-score-drop',
    title: 'Health score fell',
    query: 'integration_status',
    column: 'score_drop',
    condition: { op: 'gt', value: 20 },
    windowSeconds: 900,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'warning',
    summary: '{{ $labels.integration }} lost {{ $values.B.Value | humanize }} points of health within 15 minutes',
    runbook: `The score of the last 15 minutes is more than 20 points below that of the 15 minutes before. ${open}`,
  },
  {
    ...common,
    name: 'integration-silent',
    title: 'Integration fell silent',
    query: 'integration_status',
    column: 'missing_calls',
    condition: { op: 'gt', value: 10 },
    windowSeconds: 900,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'warning',
    absence: 'fine',
    summary:
      '{{ $labels.integration }} has had no calls for 15 minutes; in the 15 minutes before it had {{ $values.B.Value | humanize }}',
    runbook: `Nothing is known of this integration any more, so no other rule about it can fire. Check whether its callers run and report, and whether the intake is behind (dashboard Intake). ${open}`,
  },
  {
    ...common,
    name: 'integration-token-expiry',
    title: 'Credential ends soon',
    query: 'integration_expiry_window',
    column: 'days_left',
    shownBy: 'integration_expiries',
    condition: { op: 'lt', value: 7 },
    windowSeconds: 3600,
    stepSeconds: 3600,
    forSeconds: 0,
    severity: 'warning',
    absence: 'fine',
    summary:
      'A {{ $labels.what }} of {{ $labels.integration }} ends in {{ $values.B.Value | humanize }} days (negative: it has ended)',
    runbook: `A credential that nobody renews, or a certificate, ends within a week; or one that should have been renewed has ended. The table of ends on the Integration dashboard names it. Rotate the credential, or have the certificate renewed, before that day.`,
  },
];
