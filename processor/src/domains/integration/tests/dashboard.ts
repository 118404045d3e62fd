import type { DashboardDef, ValueMappings } from '../../define';

const selected = { integration: ['$integration'] };
const shares = [
  { value: null, color: 'red' },
  { value: 0.7, color: 'orange' },
  { value: 0.85, color: 'yellow' },
  { value: 0.95, color: 'green' },
];
const states: ValueMappings = {
  passing: { color: 'green' },
  stale: { color: 'yellow' },
  never_ran: { color: 'yellow' },
  failing: { color: 'red' },
  untested: { color: 'purple' },
};
const qualities: ValueMappings = {
  excellent: { color: 'green' },
  good: { color: 'light-green' },
  acceptable: { color: 'yellow' },
  needs_improvement: { text: 'needs improvement', color: 'red' },
  unknown: { color: 'purple' },
};

export const dashboards: DashboardDef[] = [
  {
    name: 'integration-tests',
    title: 'Integration tests',
    description: 'What of each integration is tested, what fails, and what has not run for long.',
    tags: ['integration', 'tests'],
    from: 'now-24h',
    variables: [{ name: 'integration', label: 'Integration', query: 'integration_test_names' }],
    rows: [
      {
        title: 'Coverage',
        panels: [
          {
            title: 'Coverage by integration',
            description:
              'Over the last 30 days. Excellent: more than 95 % of the runs pass and more than 80 % of the endpoints are tested; good: 85 and 60; acceptable: 70 and 40.',
            kind: 'table',
            query: 'integration_test_coverage',
            columns: [
              'integration',
              'quality',
              'pass_rate',
              'endpoint_coverage',
              'untested_critical',
              'failing_tests',
              'stale_tests',
              'tests',
              'endpoints',
              'staleness',
            ],
            params: selected,
            styles: { quality: { cell: 'color-background', mappings: qualities } },
            links: [{ title: 'Calls', dashboard: 'integrations', variables: { integration: 'integration' } }],
            w: 24,
            h: 9,
          },
          {
            title: 'Pass rate by endpoint and kind of test',
            description: 'Over the last 30 days. Empty: no run, so nothing is known.',
            kind: 'table',
            query: 'integration_test_matrix',
            params: selected,
            pivot: { rows: 'endpoint', columns: 'test_type', value: 'pass_rate' },
            thresholds: shares,
            w: 12,
            h: 12,
          },
          {
            title: 'Results by endpoint over time',
            description: 'Colour is the share of runs that passed; a gap is a time without runs.',
            kind: 'state-timeline',
            query: 'integration_test_history',
            params: selected,
            thresholds: shares,
            w: 12,
            h: 12,
          },
        ],
      },
      {
        title: 'Where',
        panels: [
          {
            title: 'Endpoints',
            description: 'The inventory with its tests: what is critical or much used and not tested stands first.',
            kind: 'table',
            query: 'integration_test_endpoints',
            params: selected,
            styles: { status: { cell: 'color-background', mappings: states } },
            w: 24,
            h: 10,
          },
          {
            title: 'Tests',
            description: 'What fails stands first, with since when.',
            kind: 'table',
            query: 'integration_tests',
            params: selected,
            styles: { status: { cell: 'color-background', mappings: states } },
            w: 24,
            h: 10,
          },
          {
            title: 'Failing tests',
            description: 'Tests whose last run did not pass, as the alert rule counts them, at the end of the range.',
            kind: 'stat',
            query: 'integration_test_window',
            columns: ['failing_tests'],
            params: selected,
            thresholds: [
              { value: null, color: 'green' },
              { value: 1, color: 'red' },
            ],
            w: 8,
            h: 6,
          },
          {
            title: 'Critical endpoints without a test',
            description: 'No run in 30 days. Unknown without an inventory.',
            kind: 'stat',
            query: 'integration_test_window',
            columns: ['untested_critical'],
            params: selected,
            thresholds: [
              { value: null, color: 'green' },
              { value: 1, color: 'red' },
            ],
            w: 8,
            h: 6,
          },
          {
            title: 'Oldest test',
            description: 'Time since the last run of the test that has not run for longest.',
            kind: 'stat',
            query: 'integration_test_window',
            columns: ['staleness'],
            params: selected,
            thresholds: [
              { value: null, color: 'green' },
              { value: 604800, color: 'yellow' },
            ],
            w: 8,
            h: 6,
          },
        ],
      },
      {
        title: 'Runs',
        panels: [
          {
            title: 'Runs that did not pass',
            description: 'Runs that failed or could not run, per step.',
            kind: 'timeseries',
            draw: 'stacked',
            query: 'integration_test_results',
            columns: ['failed'],
            params: selected,
            w: 12,
            h: 8,
          },
          {
            title: 'Duration, p95',
            description: 'From merged histograms; within 2 % of the true value.',
            kind: 'timeseries',
            query: 'integration_test_results',
            columns: ['p95_ms'],
            params: selected,
            w: 12,
            h: 8,
          },
        ],
      },
    ],
  },
];
