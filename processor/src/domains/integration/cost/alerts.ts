import type { AlertDef } from '../../define';
import { ANOMALY } from './ledger';

export const alerts: AlertDef[] = [
  {
    name: 'integration-cost-anomaly',
    title: 'Integration costs far more than usual',
    query: 'integration_cost_window',
    column: 'deviation',
    reduce: 'last',
    condition: { op: 'gt', value: ANOMALY },
    windowSeconds: 600,
    stepSeconds: 300,
    forSeconds: 0,
    severity: 'warning',
    // Nothing to compare is the normal state of whoever sends no costs.
    absence: 'fine',
    summary:
      'The last 24 hours of {{ $labels.integration }} cost {{ $values.B.Value | humanize }} robust deviations more than the days before',
    runbook: `The usage cost of the last 24 whole hours lies more than ${ANOMALY} robust standard deviations above the median of the 24-hour windows before it (28 at most, 7 at least). Open the Integration cost dashboard and choose the integration: "Cost over time" shows the kind of cost and the hour in which it began; "Savings" shows whether it pays for failed or repeated calls. A rise of api_calls that calls explain is traffic; one that they do not explain is a price, a retry loop or somebody else's use of the key. The rule resolves by itself once the day has left the window.`,
    dashboard: 'integration-cost',
  },
];
