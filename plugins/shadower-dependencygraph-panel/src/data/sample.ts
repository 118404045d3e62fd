import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';

/** A made-up shop, for people who want to see the panel before they have data. Every status and several kinds occur. */
export function sampleFrames(): DataFrame[] {
  const node = (id: string, kind: string, status: string, score: number | null, external = false) => ({
    id,
    kind,
    status,
    score,
    external,
  });
  const nodes = [
    node('storefront', 'service', 'healthy', 97),
    node('checkout', 'service', 'degraded', 78),
    node('catalog', 'service', 'healthy', 94),
    node('payments', 'integration', 'critical', 41, true),
    node('orders-db', 'database', 'healthy', 92),
    node('order-events', 'queue', 'healthy', 99),
    node('mailer', 'service', 'offline', null),
    node('tax-rates', 'integration', 'unknown', null, true),
  ];
  const edge = (
    source: string,
    target: string,
    rate: number | null,
    errors: number | null,
    p95: number | null,
    origin = 'observed'
  ) => ({
    source,
    target,
    rate,
    errors,
    p95,
    origin,
  });
  const edges = [
    edge('storefront', 'checkout', 34, 0.012, 420),
    edge('storefront', 'catalog', 182, 0.001, 85),
    edge('checkout', 'payments', 31, 0.094, 1850),
    edge('checkout', 'orders-db', 66, 0, 12),
    edge('checkout', 'order-events', 30, 0, 4),
    edge('order-events', 'mailer', 12, 0.002, 35),
    edge('mailer', 'checkout', 0.4, 0, 60),
    edge('checkout', 'tax-rates', null, null, null, 'declared'),
    edge('catalog', 'catalog', 9, 0, 3),
  ];
  const column = <T, V>(rows: T[], name: string, type: FieldType, get: (row: T) => V, config = {}) => ({
    name,
    type,
    config,
    values: rows.map(get),
  });
  return [
    toDataFrame({
      name: 'nodes',
      meta: { preferredVisualisationType: 'nodeGraph' },
      fields: [
        column(nodes, 'id', FieldType.string, (n) => n.id),
        column(nodes, 'title', FieldType.string, (n) => n.id),
        column(nodes, 'kind', FieldType.string, (n) => n.kind),
        column(nodes, 'status', FieldType.string, (n) => n.status),
        column(nodes, 'score', FieldType.number, (n) => n.score),
        column(nodes, 'external', FieldType.boolean, (n) => n.external),
      ],
    }),
    toDataFrame({
      name: 'edges',
      meta: { preferredVisualisationType: 'nodeGraph' },
      fields: [
        column(edges, 'id', FieldType.string, (e) => `${e.source}:${e.target}`),
        column(edges, 'source', FieldType.string, (e) => e.source),
        column(edges, 'target', FieldType.string, (e) => e.target),
        column(edges, 'origin', FieldType.string, (e) => e.origin),
        column(edges, 'rate', FieldType.number, (e) => e.rate, { unit: 'reqps' }),
        column(edges, 'error_rate', FieldType.number, (e) => e.errors, { unit: 'percentunit', decimals: 1 }),
        column(edges, 'p95_ms', FieldType.number, (e) => e.p95, { unit: 'ms' }),
      ],
    }),
  ];
}
