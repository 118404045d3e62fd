import type { AlertDef } from '../../define';

const where = 'Open the Integrations dashboard, choose the integration, and look at its score terms and endpoints.';

export const alerts: AlertDef[] = [
  {
    name: 'integration-error-rate',
    title: 'Integration failing',
    query: 'integration_window',
    shownBy: 'integration_calls',
    column: 'error_rate',
    reduce: 'last',
    condition: { op: 'gt', value: 0.05 },
    windowSeconds: 300,
    stepSeconds: 60,
    forSeconds: 60,
    severity: 'critical',
    summary: '{{ $labels.integration }} fails {{ $values.B.Value | humanizePercentage }} of its calls',
    runbook: `More than 5 % of the calls of the last five minutes failed. ${where} The endpoints table shows which endpoint fails and from which side it was measured; the dependency graph shows who is hit. A failure share that is high on one endpoint only points at a change of the provider; on all endpoints at credentials, network or an outage.`,
    dashboard: 'integrations',
  },
  {
    name: 'integration-latency-p95',
    title: 'Integration slow',
    query: 'integration_calls',
    column: 'p95_ms',
    reduce: 'min',
    condition: { op: 'gt', value: 2000 },
    windowSeconds: 300,
    stepSeconds: 60,
    forSeconds: 60,
    severity: 'warning',
    summary:
      '{{ $labels.integration }} has had a p95 above 2 s for five minutes ({{ $values.B.Value | humanize }} ms at best)',
    runbook: `In each minute of the window one call in twenty took longer than 2 s. ${where} Compare p50 and p95: when both rose, the integration is slow for everybody; when only p95 did, look for one slow endpoint or for calls near the rate limit.`,
    dashboard: 'integrations',
  },
];
