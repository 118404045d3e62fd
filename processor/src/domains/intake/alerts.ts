import type { AlertDef } from '../define';

export const alerts: AlertDef[] = [
  {
    name: 'intake-dead-letters',
    title: 'Events are being refused',
    query: 'intake_refused',
    column: 'items',
    reduce: 'sum',
    condition: { op: 'gt', value: 0 },
    windowSeconds: 600,
    stepSeconds: 60,
    forSeconds: 0,
    severity: 'warning',
    // No code is known as long as nothing was ever refused.
    absence: 'fine',
    summary: '{{ $values.B.Value | humanize }} events were refused in ten minutes ({{ $labels.code }})',
    runbook:
      'Open the Intake dashboard: the dead-letter table says for each refused event what is wrong and where. Mend the producer, then replay with "shadower dlq replay".',
    dashboard: 'intake',
  },
];
