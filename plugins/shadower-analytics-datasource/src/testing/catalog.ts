import { type Catalog } from '../types';

const views = (name: string) => [
  { grain: '1m', seconds: 60, view: `${name}__1m` },
  { grain: '1h', seconds: 3600, view: `${name}__1h` },
];

/** A small catalog with every kind of query. */
export const catalog: Catalog = {
  version: 1,
  schema: 'test',
  domains: [
    { name: 'integration', title: 'Integrations', description: 'Calls to other systems' },
    { name: 'network', title: 'Network', description: 'Flows' },
  ],
  queries: [
    {
      name: 'network_flows',
      domain: 'network',
      kind: 'table',
      title: 'Flows',
      description: 'Bytes by flow',
      params: [],
      parts: [
        {
          name: 'main',
          columns: [
            { name: 'source', type: 'string', description: 'Source' },
            { name: 'bytes', type: 'number', unit: 'bytes', description: 'Bytes' },
          ],
          views: views('network_flows__main'),
          args: ['workspace', 'from', 'to'],
        },
      ],
    },
    {
      name: 'integration_calls',
      domain: 'integration',
      kind: 'timeseries',
      title: 'Calls over time',
      description: 'Rate, errors and latency of calls',
      params: [
        { name: 'integration', description: 'Integration', values: 'integration_names' },
        { name: 'endpoint', description: 'Endpoint', values: 'integration_endpoints' },
      ],
      parts: [
        {
          name: 'main',
          columns: [
            { name: 'time', type: 'time', description: 'Start of the step' },
            { name: 'integration', type: 'string', role: 'dimension', description: 'Integration' },
            { name: 'rate', type: 'number', role: 'measure', unit: 'reqps', description: 'Calls per second' },
            { name: 'p95_ms', type: 'number', role: 'measure', unit: 'ms', description: '95th percentile' },
          ],
          views: views('integration_calls__main'),
          args: ['workspace', 'from', 'to', 'step', 'integration', 'endpoint'],
        },
      ],
    },
    {
      name: 'integration_health',
      domain: 'integration',
      kind: 'scorecard',
      title: 'Health',
      description: 'Score of each integration',
      params: [{ name: 'integration', description: 'Integration', values: 'integration_names' }],
      parts: ['scores', 'terms', 'trend'].map((name) => ({
        name,
        columns: [
          { name: 'entity', type: 'string' as const, description: 'Entity' },
          { name: 'score', type: 'number' as const, description: 'Score' },
        ],
        views: views(`integration_health__${name}`),
        args: ['workspace', 'from', 'to', 'integration'],
      })),
    },
    {
      name: 'integration_names',
      domain: 'integration',
      kind: 'values',
      title: 'Integration names',
      description: 'Names of integrations',
      params: [],
      parts: [
        {
          name: 'main',
          columns: [{ name: 'value', type: 'string', description: 'Name' }],
          views: views('integration_names__main'),
          args: ['workspace', 'from', 'to'],
        },
      ],
    },
    {
      name: 'integration_endpoints',
      domain: 'integration',
      kind: 'values',
      title: 'Endpoints',
      description: 'Endpoints of integrations',
      params: [{ name: 'integration', description: 'Integration', values: 'integration_names' }],
      parts: [
        {
          name: 'main',
          columns: [{ name: 'value', type: 'string', description: 'Name' }],
          views: views('integration_endpoints__main'),
          args: ['workspace', 'from', 'to', 'integration'],
        },
      ],
    },
  ],
};
