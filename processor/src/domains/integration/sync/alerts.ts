import type { AlertDef } from '../../define';
import { BACKLOG, FAILURE_RATE, OVERDUE } from './thresholds';

const dashboard = 'integration-sync';
const where = 'Open the Integration sync dashboard and choose the stream.';

export const alerts: AlertDef[] = [
  {
    name: 'integration-sync-failures',
    title: 'Syncs failing',
    query: 'integration_sync_window',
    shownBy: 'integration_syncs',
    column: 'failure_rate',
    reduce: 'last',
    condition: { op: 'gt', value: FAILURE_RATE },
    windowSeconds: 1800,
    stepSeconds: 60,
    forSeconds: 60,
    severity: 'critical',
    summary:
      '{{ $labels.integration }} {{ $labels.stream }}: {{ $values.B.Value | humanizePercentage }} of the syncs failed',
    runbook: `More than 10 % of the sync operations that ended in the last half hour failed. ${where} The table "Why syncs failed" has the error codes: rate limits and timeouts point at the integration (see its calls), validation and schema errors at a change of the data. Operations are repeated by the sync itself; if the backlog grows, take the load off by pausing other streams of the same integration.`,
    dashboard,
  },
  {
    name: 'integration-sync-backlog',
    title: 'Sync backlog',
    query: 'integration_sync_window',
    shownBy: 'integration_syncs',
    column: 'backlog',
    reduce: 'last',
    condition: { op: 'gt', value: BACKLOG },
    windowSeconds: 600,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'warning',
    summary: '{{ $labels.integration }} {{ $labels.stream }}: {{ $values.B.Value | humanize }} records wait',
    runbook: `A report of the last ten minutes left more than ${BACKLOG.toLocaleString('en')} records waiting. ${where} Compare the records synchronised per second with what comes in: if operations fail, treat that first; if they run and are too slow, look at the throughput and the duration, and at the rate limit of the integration.`,
    dashboard,
  },
  {
    name: 'integration-sync-stale',
    title: 'Sync stale',
    query: 'integration_sync_freshness',
    column: 'overdue',
    reduce: 'last',
    condition: { op: 'gt', value: OVERDUE },
    windowSeconds: 300,
    stepSeconds: 60,
    forSeconds: 60,
    severity: 'warning',
    summary:
      '{{ $labels.integration }} {{ $labels.stream }} has not been synchronised for {{ $values.B.Value | humanize }} times as long as usual',
    runbook: `The last completed sync is more than ${OVERDUE} times its usual distance ago, so whoever reads the data sees an old state. ${where} If the timeline shows failures, treat them; if it shows nothing at all, the job does not run or does not report: look at its scheduler and its logs. How far Shadower itself is complete is on the Intake dashboard.`,
    dashboard,
  },
  {
    name: 'integration-sync-data-loss',
    title: 'Sync lost data',
    query: 'integration_conflict_window',
    shownBy: 'integration_conflicts',
    column: 'data_loss',
    reduce: 'last',
    condition: { op: 'gt', value: 0 },
    windowSeconds: 3600,
    stepSeconds: 60,
    forSeconds: 0,
    severity: 'critical',
    absence: 'fine',
    summary:
      '{{ $labels.integration }} {{ $labels.stream }}: {{ $values.B.Value | humanize }} conflicts lost data in the last hour',
    runbook: `Conflicts were resolved in a way that lost data. ${where} The table of fields says which; switch automatic resolution off for them, and restore the values from the side that still has them. The events (type integration.sync_conflict, data_loss true) name the operations.`,
    dashboard,
  },
];
