/* Frames the browser tests draw. */

/** Nodes and edges with the columns of our datasource. */
export function shop() {
  const n = [
    ['web', 'storefront', 'service', 'healthy', 97, false],
    ['checkout', 'checkout', 'service', 'degraded', 78, false],
    ['catalog', 'catalog', 'service', 'healthy', 94, false],
    ['search', 'search', 'service', 'healthy', 91, false],
    ['pay', 'Payments (card processor)', 'integration', 'critical', 41, true],
    ['orders', 'orders-db', 'database', 'healthy', 92, false],
    ['products', 'products-db', 'database', 'degraded', 74, false],
    ['events', 'order-events', 'queue', 'healthy', 99, false],
    ['mail', 'mailer', 'service', 'offline', null, false],
    ['tax', 'tax-rates', 'integration', 'unknown', null, true],
    ['agent', 'support-agent', 'agent', 'healthy', 88, false],
    ['host', 'batch-07', 'host', 'unknown', null, false],
  ];
  const e = [
    ['web', 'checkout', 34, 0.012, 420, 'observed'],
    ['web', 'catalog', 182, 0.001, 85, 'observed'],
    ['web', 'search', 95, 0, 140, 'observed'],
    ['checkout', 'pay', 31, 0.094, 1850, 'observed'],
    ['checkout', 'orders', 66, 0, 12, 'observed'],
    ['checkout', 'events', 30, 0, 4, 'observed'],
    ['checkout', 'catalog', 21, 0, 33, 'observed'],
    ['catalog', 'checkout', 3, 0.02, 50, 'observed'],
    ['catalog', 'products', 240, 0.004, 610, 'observed'],
    ['search', 'products', 90, 0, 22, 'observed'],
    ['events', 'mail', 12, 0.002, 35, 'observed'],
    ['checkout', 'tax', null, null, null, 'declared'],
    ['catalog', 'catalog', 9, 0, 3, 'observed'],
    ['agent', 'search', 2.5, 0, 160, 'observed'],
    ['agent', 'search', 0.7, 0.2, 900, 'observed'],
  ];
  const col = (rows, i) => rows.map((row) => row[i]);
  return [
    {
      name: 'nodes',
      meta: { preferredVisualisationType: 'nodeGraph' },
      fields: [
        {
          name: 'id',
          values: col(n, 0),
          config: { links: [{ title: 'Open entity', url: 'https://example.com/entity' }] },
        },
        { name: 'title', values: col(n, 1) },
        { name: 'kind', values: col(n, 2) },
        { name: 'status', values: col(n, 3) },
        { name: 'score', values: col(n, 4), type: 'number' },
        { name: 'mainstat', values: col(n, 4), type: 'number', config: { displayName: 'Score' } },
        { name: 'external', values: col(n, 5), type: 'boolean' },
        {
          name: 'p95_ms',
          values: n.map((_, i) => (i + 1) * 37.5),
          type: 'number',
          config: { unit: 'ms', displayName: 'p95' },
        },
        { name: 'detail__owner', values: n.map((_, i) => `team-${(i % 3) + 1}`) },
      ],
    },
    {
      name: 'edges',
      meta: { preferredVisualisationType: 'nodeGraph' },
      fields: [
        { name: 'id', values: e.map((_, i) => `e${i}`) },
        { name: 'source', values: col(e, 0) },
        { name: 'target', values: col(e, 1) },
        { name: 'rate', values: col(e, 2), type: 'number', config: { unit: 'reqps' } },
        { name: 'error_rate', values: col(e, 3), type: 'number', config: { unit: 'percentunit', decimals: 1 } },
        { name: 'p95_ms', values: col(e, 4), type: 'number', config: { unit: 'ms' } },
        { name: 'origin', values: col(e, 5) },
      ],
    },
  ];
}

/** The same shop with other numbers: only the metrics differ. */
export function shopLater() {
  const [nodes, edges] = shop();
  const scaled = (field) =>
    field.name === 'rate' ? { ...field, values: field.values.map((v) => (v === null ? null : v * 3)) } : field;
  return [nodes, { ...edges, fields: edges.fields.map(scaled) }];
}

/** Rows in another order. */
export function shuffled(frames) {
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, values: [...field.values].reverse() })),
  }));
}

/** What Grafana's node graph documentation describes, without any column of ours. */
export function plain() {
  return [
    {
      refId: 'nodes',
      fields: [
        { name: 'ID', values: ['a', 'b', 'c'] },
        { name: 'Title', values: ['api', 'worker', 'cache'] },
        { name: 'subTitle', values: ['http', 'jobs', ''] },
        { name: 'mainStat', values: [12.5, 3, 7], type: 'number', config: { unit: 'ms' } },
        { name: 'secondaryStat', values: [100, 20, 5], type: 'number', config: { unit: 'reqps' } },
        {
          name: 'arc__success',
          values: [0.9, 1, 0.5],
          type: 'number',
          config: { color: { mode: 'fixed', fixedColor: 'green' } },
        },
        {
          name: 'arc__errors',
          values: [0.1, 0, 0.5],
          type: 'number',
          config: { color: { mode: 'fixed', fixedColor: 'red' } },
        },
        { name: 'icon', values: ['database', '', 'cloud'] },
      ],
    },
    {
      refId: 'edges',
      fields: [
        { name: 'id', values: ['1', '2', '3'] },
        { name: 'source', values: ['a', 'a', 'b'] },
        { name: 'target', values: ['b', 'c', 'c'] },
        { name: 'mainStat', values: [4, 5, 6], type: 'number', config: { unit: 'reqps' } },
      ],
    },
  ];
}

/** Duplicates, missing ids, dangling edges, numbers that are none. */
export function broken() {
  return [
    {
      name: 'nodes',
      fields: [
        { name: 'id', values: ['a', 'a', '', null, 'b', '__proto__'] },
        { name: 'title', values: ['A', 'A again', 'none', 'none', 'x'.repeat(80), '<script>alert(1)</script>'] },
        { name: 'status', values: ['healthy', 'healthy', 'healthy', 'healthy', 'purple', 'ok'] },
        { name: 'score', values: [NaN, 90, 1, 1, 140, Infinity], type: 'number' },
      ],
    },
    {
      name: 'edges',
      fields: [
        { name: 'id', values: ['1', '1', '2', '3'] },
        { name: 'source', values: ['a', 'b', 'a', ''] },
        { name: 'target', values: ['b', 'ghost', '__proto__', 'a'] },
        { name: 'rate', values: [NaN, -4, Infinity, 1], type: 'number' },
      ],
    },
  ];
}

/**
 * `count` services as a tree with a few hubs, and edges from callers to called across it, `edgeCount` in all; from a fixed
 * formula.
 */
export function big(count, edgeCount = Math.round(count * 2)) {
  const ids = Array.from({ length: count }, (_, i) => `svc-${String(i).padStart(3, '0')}`);
  let state = 42;
  const random = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const pairs = [];
  for (let i = 1; i < count; i++) {
    pairs.push([Math.floor(i * random() * random()), i]);
  }
  while (pairs.length < edgeCount) {
    const [a, b] = [Math.floor(random() * count), Math.floor(random() * count)];
    if (a !== b) {
      pairs.push([Math.min(a, b), Math.max(a, b)]);
    }
  }
  const statuses = ['healthy', 'healthy', 'healthy', 'degraded', 'critical'];
  return [
    {
      name: 'nodes',
      fields: [
        { name: 'id', values: ids },
        { name: 'status', values: ids.map((_, i) => statuses[i % 5]) },
        { name: 'score', values: ids.map((_, i) => [95, 98, 92, 75, 40][i % 5]), type: 'number' },
      ],
    },
    {
      name: 'edges',
      fields: [
        { name: 'id', values: pairs.map((_, i) => `e${i}`) },
        { name: 'source', values: pairs.map(([i]) => ids[i]) },
        { name: 'target', values: pairs.map(([, j]) => ids[j]) },
        { name: 'rate', values: pairs.map((_, i) => (i % 40) + 0.5), type: 'number' },
        { name: 'error_rate', values: pairs.map((_, i) => (i % 9 === 0 ? 0.06 : 0)), type: 'number' },
      ],
    },
  ];
}

/** Two teams of four services each. */
export function grouped() {
  const [nodes, edges] = graph(
    ['web', 'cart', 'search', 'catalog', 'api', 'ledger', 'fraud', 'bank'].map((id, i) => [
      id,
      'service',
      id === 'bank' ? 'critical' : 'healthy',
      id === 'bank' ? 30 : 95 - i,
    ]),
    [
      ['web', 'cart', 40, 0],
      ['web', 'search', 90, 0],
      ['search', 'catalog', 80, 0],
      ['cart', 'api', 12, 0.02],
      ['web', 'api', 6, 0],
      ['api', 'ledger', 18, 0],
      ['api', 'fraud', 18, 0.01],
      ['fraud', 'bank', 9, 0.12],
    ]
  );
  const team = { name: 'team', values: [...Array(4).fill('shop'), ...Array(4).fill('payments')] };
  return [{ ...nodes, fields: [...nodes.fields, team] }, edges];
}

/** Sites on four continents, and one thing without a place. */
export function places() {
  const sites = [
    ['Frankfurt', 50.1, 8.7],
    ['Dublin', 53.3, -6.3],
    ['Ashburn', 39, -77.5],
    ['São Paulo', -23.5, -46.6],
    ['Tokyo', 35.7, 139.7],
    ['Sydney', -33.9, 151.2],
    ['laptop', null, null],
  ];
  const [nodes, edges] = graph(
    sites.map(([id], i) => [id, 'host', i === 3 ? 'degraded' : 'healthy', i === 3 ? 74 : 96]),
    [
      ['Frankfurt', 'Dublin', 120, 0],
      ['Frankfurt', 'Ashburn', 60, 0.002],
      ['Ashburn', 'São Paulo', 20, 0.03],
      ['Ashburn', 'Tokyo', 30, 0],
      ['Tokyo', 'Sydney', 8, 0],
      ['laptop', 'Dublin', 1, 0],
    ]
  );
  const columns = [
    { name: 'latitude', values: sites.map(([, latitude]) => latitude), type: 'number' },
    { name: 'longitude', values: sites.map(([, , longitude]) => longitude), type: 'number' },
  ];
  return [{ ...nodes, fields: [...nodes.fields, ...columns] }, edges];
}

/** Five minutes of three services; one edge is there only in the last two. */
export function overTime() {
  const start = Date.UTC(2026, 10, 21, 12);
  const times = [0, 1, 2, 3, 4].map((i) => start + i * 60_000);
  const rows = (ids, skip = () => false) =>
    times.flatMap((t, i) => ids.filter((id) => !skip(id, i)).map((id) => [t, id, i]));
  const nodes = rows(['api', 'db', 'web']);
  const edges = rows(['api:db', 'web:api', 'web:db'], (id, i) => id === 'web:db' && i < 3);
  return [
    {
      name: 'nodes',
      fields: [
        { name: 'time', values: nodes.map(([t]) => t), type: 'time' },
        { name: 'id', values: nodes.map(([, id]) => id) },
        { name: 'title', values: nodes.map(([, id]) => id) },
        { name: 'status', values: nodes.map(([, id, i]) => (id === 'db' && i > 2 ? 'critical' : 'healthy')) },
        { name: 'score', values: nodes.map(([, id, i]) => (id === 'db' ? 95 - 15 * i : 97 - i)), type: 'number' },
      ],
    },
    {
      name: 'edges',
      fields: [
        { name: 'time', values: edges.map(([t]) => t), type: 'time' },
        { name: 'id', values: edges.map(([, id]) => id) },
        { name: 'source', values: edges.map(([, id]) => id.split(':')[0]) },
        { name: 'target', values: edges.map(([, id]) => id.split(':')[1]) },
        {
          name: 'rate',
          values: edges.map(([, id, i]) => (id === 'web:api' ? [10, 16, 24, 33, 40][i] : 7)),
          type: 'number',
          config: { unit: 'reqps' },
        },
      ],
    },
  ];
}

/** The period before in columns: an edge each that is new, lost, worse, better and unchanged. */
export function compared() {
  const rows = [
    // id, target, rate, errors, p95; the same before
    ['e-new', 'new', 12, 0, 80, null, null, null],
    ['e-lost', 'lost', null, null, null, 9, 0, 50],
    ['e-worse', 'worse', 30, 0.08, 400, 31, 0.004, 380],
    ['e-better', 'better', 22, 0, 90, 20, 0.02, 300],
    ['e-same', 'same', 15, 0.001, 101, 15, 0.001, 100],
  ];
  const ids = ['gateway', ...rows.map(([, target]) => target)];
  const scores = [92, 95, 90, 55, 97, 99];
  const before = [93, 96, 91, 94, 80, 99];
  const column = (i) => rows.map((row) => row[i]);
  return [
    {
      name: 'nodes',
      fields: [
        { name: 'id', values: ids },
        { name: 'score', values: scores, type: 'number' },
        { name: 'previous_score', values: before, type: 'number' },
      ],
    },
    {
      name: 'edges',
      fields: [
        { name: 'id', values: column(0) },
        { name: 'source', values: rows.map(() => 'gateway') },
        { name: 'target', values: column(1) },
        ...['', 'previous_'].flatMap((prefix, i) => [
          { name: `${prefix}rate`, values: column(2 + 3 * i), type: 'number' },
          { name: `${prefix}error_rate`, values: column(3 + 3 * i), type: 'number' },
          { name: `${prefix}p95_ms`, values: column(4 + 3 * i), type: 'number' },
        ]),
      ],
    },
  ];
}

/** Our datasource's columns from short rows: `[id, kind, status, score]` and `[source, target, rate, error rate, origin]`. */
function graph(n, e) {
  const col = (rows, i) => rows.map((row) => row[i] ?? null);
  return [
    {
      name: 'nodes',
      fields: [
        { name: 'id', values: col(n, 0) },
        { name: 'title', values: col(n, 0) },
        { name: 'subtitle', values: n.map((row) => `${row[1]}, ${row[2]}`) },
        { name: 'kind', values: col(n, 1) },
        { name: 'status', values: col(n, 2) },
        { name: 'score', values: col(n, 3), type: 'number' },
        { name: 'external', values: n.map((row) => row[1] === 'integration'), type: 'boolean' },
      ],
    },
    {
      name: 'edges',
      fields: [
        { name: 'id', values: e.map((row, i) => `${row[0]}:${row[1]}:${i}`) },
        { name: 'source', values: col(e, 0) },
        { name: 'target', values: col(e, 1) },
        { name: 'rate', values: col(e, 2), type: 'number', config: { unit: 'reqps' } },
        { name: 'error_rate', values: col(e, 3), type: 'number', config: { unit: 'percentunit', decimals: 1 } },
        { name: 'origin', values: e.map((row) => row[4] ?? 'observed') },
      ],
    },
  ];
}

/** Twelve services of a web shop in one connected part: one entry, a wide middle. */
export function boutique() {
  const service = (id, score = 100, status = 'healthy') => [id, 'service', status, score];
  return graph(
    [
      service('frontend', 72, 'degraded'),
      service('recommendationservice'),
      service('currencyservice'),
      service('checkoutservice', 88),
      service('adservice'),
      service('shippingservice'),
      service('productcatalogservice'),
      service('paymentservice'),
      service('emailservice'),
      service('cartservice', 99.6),
      ['other_sql of productcatalogservice', 'database', 'healthy', 100],
      ['other_sql addatabase', 'database', 'healthy', 100],
    ],
    [
      ['frontend', 'recommendationservice', 1.2, 0],
      ['frontend', 'currencyservice', 3.8, 0],
      ['frontend', 'checkoutservice', 0.4, 0],
      ['frontend', 'adservice', 1.1, 0],
      ['frontend', 'shippingservice', 0.7, 0],
      ['frontend', 'productcatalogservice', 8, 0],
      ['frontend', 'cartservice', 1.4, 0],
      ['recommendationservice', 'productcatalogservice', 1.2, 0],
      ['checkoutservice', 'currencyservice', 0.6, 0.02],
      ['checkoutservice', 'productcatalogservice', 0.5, 0],
      ['checkoutservice', 'shippingservice', 0.4, 0],
      ['checkoutservice', 'paymentservice', 0.2, 0],
      ['checkoutservice', 'emailservice', 0.2, 0],
      ['checkoutservice', 'cartservice', 0.4, 0],
      ['productcatalogservice', 'other_sql of productcatalogservice', 9.4, 0],
      ['adservice', 'other_sql addatabase', 1.2, 0],
    ]
  );
}

/** Thirteen nodes in three connected parts: callers of unknown health, integrations, declared beside observed edges. */
export function demo() {
  const caller = (id) => [id, 'service', 'unknown', null];
  const integration = (id, score = 100, status = 'healthy') => [id, 'integration', status, score];
  const calls = [
    ['warehouse', 'shipping', 1.2, 0.018],
    ['checkout', 'shipping', 0.3, 0.02],
    ['checkout', 'payments-eu', 2.2, 0.002],
    ['accounting', 'payments-eu', null, null],
    ['billing', 'payments-eu', 1.4, 0.003],
    ['billing', 'mail', 0.4, 0],
    ['notify', 'mail', 0.9, 0],
    ['notify', 'chat', 1.8, 0.003],
    ['storefront', 'search', 4.5, 0],
    ['sync', 'crm', 1.1, 0.006],
  ];
  const declared = ['checkout:shipping', 'accounting:payments-eu', 'notify:mail', 'storefront:search'];
  return graph(
    [
      ...['warehouse', 'checkout', 'accounting', 'billing', 'notify', 'storefront', 'sync'].map(caller),
      integration('shipping', 52.3, 'degraded'),
      integration('payments-eu', 99.8),
      integration('mail'),
      integration('chat'),
      integration('search'),
      integration('crm', 88),
    ],
    [
      ...calls.filter(([, , rate]) => rate !== null),
      ...calls
        .filter(([source, target]) => declared.includes(`${source}:${target}`))
        .map(([source, target]) => [source, target, null, null, 'declared']),
    ]
  );
}
