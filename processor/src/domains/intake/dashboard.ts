import type { DashboardDef } from '../define';

export const dashboards: DashboardDef[] = [
  {
    name: 'intake',
    title: 'Intake',
    description: 'Whether everything that was sent has been counted, and what was refused and why.',
    tags: ['intake'],
    variables: [{ name: 'code', label: 'Error code', query: 'intake_dead_letter_codes' }],
    rows: [
      {
        title: 'Intake',
        panels: [
          {
            title: 'Events by outcome',
            description: 'Used, duplicate, dead letter or ignored, with the reason.',
            kind: 'timeseries',
            query: 'intake_outcomes',
            columns: ['items'],
            w: 14,
            h: 9,
          },
          {
            title: 'Totals',
            description: 'The same over the range, by topic.',
            kind: 'table',
            query: 'intake_totals',
            w: 10,
            h: 9,
          },
          {
            title: 'Dead letters',
            description: 'What was refused, the newest first.',
            kind: 'table',
            query: 'intake_dead_letters',
            columns: ['time', 'code', 'reason', 'topic', 'part', 'off', 'payload_bytes'],
            params: { code: ['$code'] },
            w: 24,
            h: 12,
          },
        ],
      },
    ],
  },
];
