import type { DashboardDef } from '../../define';

const selected = { integration: ['$integration'] };
const detail = {
  title: 'Calls of this integration',
  dashboard: 'integrations',
  variables: { integration: 'integration' },
};

export const dashboards: DashboardDef[] = [
  {
    name: 'integration-cost',
    title: 'Integration cost',
    description: 'What integrations cost, where it is going, what is paid for in vain, and what comes back.',
    tags: ['integration', 'cost'],
    from: 'now-60d',
    variables: [{ name: 'integration', label: 'Integration', query: 'integration_cost_names' }],
    rows: [
      {
        title: 'What it costs',
        panels: [
          {
            title: 'By kind',
            description: 'Running cost of the range by kind of cost.',
            kind: 'piechart',
            query: 'integration_cost_kinds',
            columns: ['cost_kind', 'cost'],
            params: selected,
            w: 6,
            h: 9,
          },
          {
            title: 'Cost over time',
            description: 'Running cost per step. Bills count at the time they carry.',
            kind: 'timeseries',
            draw: 'stacked',
            query: 'integration_costs',
            params: selected,
            w: 18,
            h: 9,
          },
          {
            title: 'Last 24 hours beside the days before',
            description:
              'Usage cost of the last 24 whole hours, the median of the windows before, and how far apart they are. Unknown with less than a week of history.',
            kind: 'table',
            query: 'integration_cost_summary',
            params: selected,
            styles: {
              deviation: {
                cell: 'color-background',
                thresholds: [
                  { value: null, color: 'transparent' },
                  { value: 2.5, color: 'yellow' },
                  { value: 3.5, color: 'red' },
                ],
              },
            },
            links: [detail],
            w: 24,
            h: 9,
          },
          {
            title: 'How far from usual',
            description:
              'Robust deviation of the last 24 hours from the days before, as the alert rule compares it, at the end of the range.',
            kind: 'stat',
            mappings: { null: { text: 'unknown', color: 'purple' } },
            query: 'integration_cost_window',
            columns: ['deviation'],
            params: selected,
            thresholds: [
              { value: null, color: 'green' },
              { value: 2.5, color: 'yellow' },
              { value: 3.5, color: 'red' },
            ],
            w: 24,
            h: 5,
          },
        ],
      },
      {
        title: 'Where it goes',
        panels: [
          {
            title: 'By month',
            description: 'Calendar months in UTC. Growth only between whole months.',
            kind: 'table',
            query: 'integration_cost_months',
            params: selected,
            w: 12,
            h: 10,
          },
          {
            title: 'Breakdown',
            description: 'Billed costs come from bills, metered ones from the price of single calls.',
            kind: 'table',
            query: 'integration_cost_breakdown',
            params: selected,
            w: 12,
            h: 10,
          },
        ],
      },
      {
        title: 'What it is worth',
        panels: [
          {
            title: 'Savings',
            description:
              'What was paid in vain, counted: failed calls, calls that were sent again, and what a plan includes and nobody used. No estimate.',
            kind: 'table',
            query: 'integration_cost_savings',
            params: selected,
            links: [detail],
            w: 24,
            h: 8,
          },
          {
            title: 'Return on investment',
            description: 'Unknown where no value was reported.',
            kind: 'table',
            query: 'integration_cost_roi',
            params: selected,
            w: 24,
            h: 8,
          },
        ],
      },
    ],
  },
];
