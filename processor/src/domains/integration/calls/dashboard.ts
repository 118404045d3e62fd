import type { DashboardDef } from '../../define';

const selected = { integration: ['$integration'] };

export const dashboards: DashboardDef[] = [
  {
    name: 'integrations',
    title: 'Integrations',
    description: 'Which integration hurts, since when, why, and what it touches.',
    tags: ['integration'],
    variables: [{ name: 'integration', label: 'Integration', query: 'integration_names' }],
    rows: [
      {
        title: 'Health',
        panels: [
          {
            title: 'Health by integration',
            description:
              'Score of each integration, worst first; open one to see the terms it loses points on and since when.',
            kind: 'scorecard',
            query: 'integration_health',
            params: selected,
            w: 12,
            h: 13,
          },
          {
            title: 'Dependencies',
            description:
              'Who calls whom. Thickness is the call rate, colour the failure share; dashed edges are declared.',
            kind: 'graph',
            query: 'integration_dependencies',
            params: selected,
            w: 12,
            h: 13,
          },
        ],
      },
      {
        title: 'Calls',
        panels: [
          {
            title: 'Failure share',
            description: 'Share of calls that failed. Gaps are minutes without calls.',
            kind: 'timeseries',
            query: 'integration_calls',
            columns: ['error_rate'],
            params: selected,
            w: 8,
            h: 8,
          },
          {
            title: 'Response time, p95',
            description: 'From merged histograms; within 2 % of the true value.',
            kind: 'timeseries',
            query: 'integration_calls',
            columns: ['p95_ms'],
            params: selected,
            w: 8,
            h: 8,
          },
          {
            title: 'Call rate',
            description: 'Calls per second.',
            kind: 'timeseries',
            query: 'integration_calls',
            columns: ['rate'],
            params: selected,
            w: 8,
            h: 8,
          },
        ],
      },
      {
        title: 'Where',
        panels: [
          {
            title: 'Endpoints',
            description: 'The busiest endpoints first.',
            kind: 'table',
            query: 'integration_endpoints',
            columns: [
              'integration',
              'endpoint',
              'method',
              'vantage',
              'calls',
              'rate',
              'error_rate',
              'p50_ms',
              'p95_ms',
              'p99_ms',
              'rate_limited',
              'cost',
            ],
            params: selected,
            w: 24,
            h: 10,
          },
        ],
      },
    ],
  },
];
