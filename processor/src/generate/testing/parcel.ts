/** A domain that is not in the registry, for tests of what declarations become. */
import { domain, event, field, rollup, type Domain } from '../../domains/define';

/** A whole domain in one object: what adding one takes. */
export function parcelDomain(): Domain {
  const delivery = event({
    type: 'parcel.delivery',
    title: 'Delivery',
    description: 'One parcel handed over.',
    privacy: 'operational',
    rawRetentionDays: 3,
    fields: {
      parcel: field.name('Parcel'),
      wait_ms: field.number('Time it waited', 'ms'),
    },
    example: {
      type: 'parcel.delivery',
      time: '2026-11-21T12:00:00.000Z',
      workspace: 'demo',
      parcel: 'orders',
      wait_ms: 12,
    },
  });
  const deliveries = rollup(delivery, {
    name: 'parcel_deliveries',
    title: 'Deliveries per parcel',
    dimensions: { parcel: { value: (e) => e.parcel, description: 'Parcel' } },
    measures: {
      deliveries: { kind: 'count', value: () => 1, unit: 'short', description: 'Deliveries' },
      wait: { kind: 'histogram', value: (e) => e.wait_ms, unit: 'ms', description: 'Time waited' },
    },
  });
  return domain({
    name: 'parcel',
    title: 'Parcels',
    description: 'Parcels.',
    events: [delivery],
    rollups: [deliveries],
    queries: [
      {
        name: 'parcel_names',
        kind: 'values',
        title: 'Parcels',
        description: 'Names of parcels.',
        cache: 'systemMetrics',
        rollup: 'parcel_deliveries',
        parts: {
          main: {
            columns: { value: { type: 'string', description: 'Parcel' } },
            sql: (s) =>
              `SELECT DISTINCT parcel AS value FROM ${s.table('parcel_deliveries')} WHERE ${s.scope} ORDER BY value`,
          },
        },
      },
      {
        name: 'parcel_deliveries',
        kind: 'timeseries',
        title: 'Deliveries over time',
        description: 'Deliveries and waiting time per parcel.',
        cache: 'systemMetrics',
        rollup: 'parcel_deliveries',
        params: { parcel: { type: 'string[]', description: 'Parcels', values: 'parcel_names' } },
        parts: {
          main: {
            columns: {
              time: { type: 'time', description: 'Start of the step' },
              parcel: { type: 'string', role: 'dimension', description: 'Parcel' },
              deliveries: { type: 'number', role: 'measure', unit: 'short', description: 'Deliveries' },
              p95_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'p95 of the time waited' },
            },
            sql: (s) =>
              `SELECT ${s.bucket} AS time, parcel, sum(deliveries) AS deliveries, ${s.quantile(0.95, 'sumMap(wait_hist)')} AS p95_ms FROM ${s.table('parcel_deliveries')} WHERE ${s.scope} AND ${s.filter('parcel')} GROUP BY time, parcel ORDER BY time, parcel`,
          },
        },
      },
    ],
    alerts: [
      {
        name: 'parcel-wait',
        title: 'Parcel waits',
        query: 'parcel_deliveries',
        column: 'p95_ms',
        reduce: 'sum',
        condition: { op: 'gt', value: 500 },
        windowSeconds: 300,
        stepSeconds: 60,
        forSeconds: 0,
        severity: 'warning',
        summary: '{{ $labels.parcel }} waits',
        runbook: 'Look at the carriers.',
        dashboard: 'parcels',
      },
    ],
    dashboards: [
      {
        name: 'parcels',
        title: 'Parcels',
        description: 'Where parcels wait.',
        tags: ['parcel'],
        variables: [{ name: 'parcel', label: 'Parcel', query: 'parcel_names' }],
        rows: [
          {
            title: 'Waiting',
            panels: [
              {
                title: 'Waiting time, p95',
                description: 'Per parcel.',
                kind: 'timeseries',
                query: 'parcel_deliveries',
                columns: ['p95_ms'],
                params: { parcel: ['$parcel'] },
                w: 12,
                h: 8,
              },
            ],
          },
        ],
      },
    ],
    routes: [],
  });
}
