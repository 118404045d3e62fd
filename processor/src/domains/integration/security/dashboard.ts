import type { DashboardDef, ValueMappings } from '../../define';

const selected = { integration: ['$integration'] };
const severities: ValueMappings = {
  critical: { color: 'dark-red' },
  high: { color: 'red' },
  medium: { color: 'orange' },
  low: { color: 'yellow' },
};
const states: ValueMappings = {
  open: { color: 'red' },
  resolved: { color: 'green' },
  fails: { color: 'red' },
  holds: { color: 'green' },
  unknown: { color: 'purple' },
};
const limits = (value: number) => [
  { value: null, color: 'green' },
  { value, color: 'red' },
];

export const dashboards: DashboardDef[] = [
  {
    name: 'integration-security',
    title: 'Integration security',
    description: 'Which integration is at risk, why, and what to do about it.',
    tags: ['integration', 'security'],
    from: 'now-24h',
    variables: [{ name: 'integration', label: 'Integration', query: 'integration_security_names' }],
    rows: [
      {
        title: 'Risk',
        panels: [
          {
            title: 'Security by integration',
            description:
              'Risk is 100 less the score. Open one to see its terms, the risk behind each and what to do. What is not reported is unknown, never well.',
            kind: 'scorecard',
            query: 'integration_security',
            params: selected,
            w: 12,
            h: 14,
          },
          {
            title: 'Authentication',
            description:
              '100 less 20 for more than 10 failed attempts a day, 15 for more than 5 with an expired credential, 25 without a second factor, 10 for a credential older than 90 days.',
            kind: 'scorecard',
            query: 'integration_auth_health',
            params: selected,
            w: 12,
            h: 14,
          },
        ],
      },
      {
        title: 'What happens',
        panels: [
          {
            title: 'Failed attempts to authenticate',
            description: 'In the range.',
            kind: 'stat',
            mappings: { null: { text: 'unknown', color: 'purple' } },
            query: 'integration_security_window',
            columns: ['failed_auth'],
            params: selected,
            thresholds: limits(11),
            w: 8,
            h: 6,
          },
          {
            title: 'Unauthorised attempts',
            description: 'In the range.',
            kind: 'stat',
            mappings: { null: { text: 'unknown', color: 'purple' } },
            query: 'integration_security_window',
            columns: ['attempts'],
            params: selected,
            thresholds: limits(6),
            w: 8,
            h: 6,
          },
          {
            title: 'Not stopped',
            description: 'Unauthorised access or exposure of data in the range that was not stopped.',
            kind: 'stat',
            mappings: { null: { text: 'unknown', color: 'purple' } },
            query: 'integration_security_window',
            columns: ['breaches'],
            params: selected,
            thresholds: limits(1),
            w: 8,
            h: 6,
          },
          {
            title: 'Events over time',
            description: 'By category, with failed attempts to authenticate.',
            kind: 'timeseries',
            draw: 'stacked',
            query: 'integration_security_activity',
            params: selected,
            w: 16,
            h: 9,
          },
          {
            title: 'Far from usual',
            description:
              'Attempts of the last whole hour beside the hours of the week before, in robust deviations. Unknown with less than a day of history.',
            kind: 'stat',
            mappings: { null: { text: 'unknown', color: 'purple' } },
            query: 'integration_security_window',
            columns: ['deviation'],
            params: selected,
            thresholds: limits(3.5),
            w: 8,
            h: 9,
          },
          {
            title: 'Events',
            description: 'The newest first, without audit entries.',
            kind: 'table',
            query: 'integration_security_events',
            params: selected,
            styles: { severity: { cell: 'color-text', mappings: severities } },
            w: 24,
            h: 10,
          },
        ],
      },
      {
        title: 'What to do',
        // The scorecards say it per integration; here it is all in one list.
        collapsed: true,
        panels: [
          {
            title: 'Terms that lose points',
            description: 'Terms that lose points, by what they bring back.',
            kind: 'table',
            query: 'integration_security_mitigations',
            columns: ['integration', 'problem', 'priority', 'points', 'value', 'action', 'effort', 'since'],
            params: selected,
            styles: {
              priority: {
                cell: 'color-text',
                mappings: { high: { color: 'red' }, medium: { color: 'orange' }, low: { color: 'yellow' } },
              },
            },
            w: 24,
            h: 9,
          },
        ],
      },
      {
        title: 'Weaknesses and proof',
        panels: [
          {
            title: 'Vulnerabilities and exposures',
            description: 'Open ones first, the worst first.',
            kind: 'table',
            query: 'integration_security_issues',
            params: selected,
            styles: {
              severity: { cell: 'color-background', mappings: severities },
              state: { cell: 'color-text', mappings: states },
            },
            w: 24,
            h: 8,
          },
          {
            title: 'Compliance',
            description: 'The latest check of each control. Controls that nobody checks are not here.',
            kind: 'table',
            query: 'integration_security_controls',
            params: selected,
            styles: { state: { cell: 'color-background', mappings: states } },
            w: 12,
            h: 8,
          },
          {
            title: 'Audit trail',
            description: 'Of the entries of 30 days: who names an actor, and gaps in the running numbers.',
            kind: 'table',
            query: 'integration_security_audit',
            columns: ['integration', 'entries', 'attributed', 'complete', 'lost'],
            params: selected,
            w: 12,
            h: 8,
          },
        ],
      },
    ],
  },
];
