import type { AlertDef } from '../../define';

const where =
  'Open the Integration dashboard of the one that is named: endpoints and bottlenecks show where it is, the errors table which codes and who meets them, the findings since when.';

const common = { dashboard: 'integration', stepSeconds: 60, forSeconds: 60 } as const;

export const alerts: AlertDef[] = [
  {
    ...common,
    name: 'integration-error-rate',
    title: 'Integration failing',
    query: 'integration_window',
    shownBy: 'integration_calls',
    column: 'error_rate',
    reduce: 'last',
    condition: { op: 'gt', value: 0.05 },
    windowSeconds: 300,
    severity: 'critical',
    summary: '{{ $labels.integration }} fails {{ $values.B.Value | humanizePercentage }} of its calls',
    runbook: `More than 5 % of the calls of the last five minutes failed. ${where} A failure share that is high on one endpoint only points at a change of the provider; on all endpoints at credentials, network or an outage.`,
  },
  {
    ...common,
    name: 'integration-latency-p95',
    title: 'Integration slow',
    query: 'integration_calls',
    column: 'p95_ms',
    reduce: 'min',
    condition: { op: 'gt', value: 2000 },
    windowSeconds: 300,
    severity: 'warning',
    summary:
      '{{ $labels.integration }} has had a p95 above 2 s for five minutes ({{ $values.B.Value | humanize }} ms at best)',
    runbook: `In each minute of the window one call in twenty took longer than 2 s. ${where} Compare p50 and p95: when both rose, the integration is slow for everybody; when only p95 did, look for one slow endpoint or for calls near the rate limit.`,
  },
  {
    ...common,
    name: 'integration-latency-avg',
    title: 'Mean response time above target',
    query: 'integration_window',
    shownBy: 'integration_calls',
    column: 'avg_ms',
    reduce: 'last',
    condition: { op: 'gt', value: 200 },
    windowSeconds: 3600,
    forSeconds: 300,
    severity: 'info',
    summary: '{{ $labels.integration }} takes {{ $values.B.Value | humanize }} ms on average; the target is 200 ms',
    runbook: `The mean response time of the last hour is above the target of 200 ms. This is no outage: it says where to look for time to save. ${where}`,
  },
  {
    ...common,
    name: 'integration-quota',
    title: 'Quota is used up soon',
    query: 'integration_quota_window',
    shownBy: 'integration_rate_limits',
    column: 'exhaustion_s',
    reduce: 'last',
    condition: { op: 'lt', value: 1800 },
    windowSeconds: 3600,
    forSeconds: 0,
    severity: 'warning',
    absence: 'fine',
    summary: 'The quota of {{ $labels.integration }} is used up in {{ $values.B.Value | humanizeDuration }}',
    runbook: `At the present rate the quota is used up within half an hour and before it is renewed; calls are refused with 429 from then on. "Who uses the quota" on the Integration dashboard names the services and agents: have the heaviest back off, batch or cache. ${where}`,
  },
];
