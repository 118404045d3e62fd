import { createTheme, type DataFrame, type Field, FieldType, toDataFrame } from '@grafana/data';
import { adjacency } from '../analysis/graphs';
import { nodeName } from '../render/describe';
import { buildGraph, type BuildSettings } from './buildGraph';
import { emptiness, recognise } from './frames';
import { limited } from './limits';

const SETTINGS: BuildSettings = {
  theme: createTheme(),
  groupBy: 'auto',
  scoreHealthy: 90,
  scoreDegraded: 70,
};

type Column = unknown[] | { values: unknown[]; config: Field['config'] };

function frame(name: string, columns: Record<string, Column>, meta?: DataFrame['meta']): DataFrame {
  return toDataFrame({
    name,
    meta,
    fields: Object.entries(columns).map(([field, column]) => {
      const { values, config } = Array.isArray(column) ? { values: column, config: {} } : column;
      const isNumber = values.some((v) => typeof v === 'number');
      return { name: field, values, config, type: isNumber ? FieldType.number : FieldType.string };
    }),
  });
}

function build(frames: DataFrame[], settings: Partial<BuildSettings> = {}) {
  return buildGraph(frames, { ...SETTINGS, ...settings });
}

const texts = (frames: DataFrame[]) => build(frames).notices.map((notice) => notice.text);

describe('recognising frames', () => {
  it('goes by fields, whatever their case', () => {
    const found = recognise([
      frame('A', { ID: ['a'], Title: ['A'] }),
      frame('B', { Id: ['1'], SOURCE: ['a'], Target: ['a'] }),
    ]);
    expect([found.nodes.length, found.edges.length, found.ignored.length]).toEqual([1, 1, 0]);
  });

  it('takes edges alone, and a bare list of ids', () => {
    const found = recognise([frame('', { source: ['a'], target: ['b'] }), frame('', { id: ['a'] })]);
    expect([found.nodes.length, found.edges.length]).toEqual([1, 1]);
  });

  it('lets the name decide when a nodes frame has source and target columns', () => {
    const found = recognise([frame('nodes', { id: ['a'], source: ['s'], target: ['t'] })]);
    expect([found.nodes.length, found.edges.length]).toEqual([1, 0]);
  });

  it('leaves a table that only has an id alone, unless it is meant for the node graph', () => {
    const columns = { id: ['a'], amount: [1] };
    expect(recognise([frame('orders', columns)]).ignored).toHaveLength(1);
    expect(recognise([frame('orders', columns, { preferredVisualisationType: 'nodeGraph' })]).nodes).toHaveLength(1);
  });

  it('tells no frames, no rows and no graph apart', () => {
    const why = (frames: DataFrame[]) => emptiness(frames, recognise(frames));
    expect(why([])).toBe('no-frames');
    expect(why([frame('nodes', { id: [], title: [] })])).toBe('no-rows');
    expect(why([frame('A', { time: [1], value: [2] })])).toBe('not-a-graph');
    expect(why([frame('nodes', { id: ['a'] })])).toBeUndefined();
  });
});

describe('nodes', () => {
  it('formats with the unit of the field, and with the column’s own unit when the field has none', () => {
    const { nodes } = build([
      frame('nodes', {
        id: ['a'],
        title: ['A'],
        rate: [150],
        error_rate: [0.0312],
        p95_ms: { values: [1850], config: { unit: 's' } },
      }),
    ]);
    expect(nodes[0].metrics.rate?.text).toBe('150 req/s');
    expect(nodes[0].metrics.errorRate?.text).toBe('3.1%');
    expect(nodes[0].metrics.p95?.text).toBe('30.8 mins');
  });

  it('keeps unknown apart from zero and from saying nothing', () => {
    const { nodes } = build([frame('nodes', { id: ['a', 'b'], status: ['unknown', 'critical'], score: [null, 0] })]);
    expect(nodes.map((node) => [node.status, node.score?.value])).toEqual([
      ['unknown', undefined],
      ['critical', 0],
    ]);
    const silent = build([frame('nodes', { id: ['a'], title: ['A'] })]);
    expect(silent.nodes[0].status).toBeUndefined();
  });

  it('derives the status from the score only when there is no status column', () => {
    const { nodes } = build([frame('nodes', { id: ['a', 'b', 'c', 'd'], score: [95, 75, 20, null] })]);
    expect(nodes.map((node) => node.status)).toEqual(['healthy', 'degraded', 'critical', 'unknown']);
  });

  it('takes the usual words for a status, and says which it does not know', () => {
    const frames = [frame('nodes', { id: ['a', 'b', 'c'], status: ['OK', 'Warning', 'purple'] })];
    expect(build(frames).nodes.map((node) => node.status)).toEqual(['healthy', 'degraded', 'unknown']);
    expect(texts(frames)).toEqual([expect.stringContaining('"purple"')]);
  });

  it('scales arcs that exceed the whole, and says so', () => {
    const frames = [frame('nodes', { id: ['a'], arc__ok: [3], arc__errors: [1] })];
    expect(build(frames).nodes[0].arcs.map((arc) => [arc.name, arc.share])).toEqual([
      ['errors', 0.25],
      ['ok', 0.75],
    ]);
    expect(texts(frames)).toEqual([expect.stringContaining('add up')]);
  });

  it('has one accessible name with health and traffic', () => {
    const model = build([
      frame('nodes', {
        id: ['f', 'b'],
        title: ['frontend', 'backend'],
        kind: ['service', 'service'],
        status: ['degraded', 'healthy'],
        score: [72, 99],
      }),
      frame('edges', { id: ['1', '2'], source: ['b', 'f'], target: ['f', 'b'], rate: [12, 4] }),
    ]);
    const graph = adjacency(model);
    const frontend = model.nodes.find((node) => node.id === 'f');
    expect(frontend && nodeName(frontend, graph, model.formatRate)).toBe(
      'frontend, service, degraded, score 72, 12 req/s in, 4 req/s out'
    );
  });
});

describe('edges', () => {
  it('adds nodes that only edges name, as unknown when the data speaks of health, and says so', () => {
    const frames = [
      frame('nodes', { id: ['a'], status: ['healthy'] }),
      frame('edges', { id: ['1'], source: ['a'], target: ['ghost'] }),
    ];
    const ghost = build(frames).nodes.find((node) => node.id === 'ghost');
    expect(ghost).toMatchObject({ implied: true, status: 'unknown' });
    expect(texts(frames)).toEqual([expect.stringContaining('1 node added because edges name them')]);
  });

  it('gives edges without an id one, and draws duplicates under ids of their own', () => {
    const model = build([
      frame('nodes', { id: ['a', 'b'] }),
      frame('edges', { id: ['', '', 'x', 'x'], source: ['a', 'a', 'a', 'b'], target: ['b', 'b', 'b', 'a'] }),
    ]);
    expect(model.edges.map((edge) => edge.id)).toEqual(['a → b', 'a → b #2', 'x', 'x #2']);
    expect(model.notices.map((notice) => notice.text)).toEqual([
      expect.stringContaining('Edge ids that occur more than once: 1'),
    ]);
  });

  it('treats NaN, infinite, negative and over-range values as missing, and says so', () => {
    const frames = [
      frame('nodes', { id: ['a', 'b'] }),
      frame('edges', {
        id: ['1', '2', '3'],
        source: ['a', 'a', 'a'],
        target: ['b', 'b', 'b'],
        rate: [NaN, Infinity, -1],
        error_rate: [0.5, 2, 0],
      }),
    ];
    const { edges } = build(frames);
    expect(edges.map((edge) => edge.metrics.rate)).toEqual([undefined, undefined, undefined]);
    expect(edges.map((edge) => edge.metrics.errorRate?.value)).toEqual([0.5, undefined, 0]);
    expect(texts(frames)).toEqual([
      'Values that are not finite numbers are treated as missing: rate of 1, rate of 2.',
      'Values outside their range are treated as missing: error_rate of 2, rate of 3.',
    ]);
  });

  it('takes ids that every JavaScript object has as a property', () => {
    const model = build([frame('edges', { id: ['toString'], source: ['__proto__'], target: ['constructor'] })]);
    const graph = adjacency(model);
    expect(model.nodes).toHaveLength(2);
    expect(model.nodes.map((node) => graph.degree(node.id))).toEqual([1, 1]);
  });

  it('tells declared from observed', () => {
    const { edges } = build([
      frame('edges', { id: ['1', '2'], source: ['a', 'a'], target: ['b', 'c'], origin: ['Declared', 'observed'] }),
    ]);
    expect(edges.map((edge) => edge.declared)).toEqual([true, false]);
  });
});

describe('the whole graph', () => {
  const nodes = {
    id: ['c', 'a', 'b', 'a', ''],
    title: ['C', 'A2', 'B', 'A1', 'x'],
    status: ['healthy', 'critical', 'odd', 'healthy', 'x'],
  };
  const edges = { id: ['2', '1', '2'], source: ['b', 'a', 'c'], target: ['c', 'z', 'a'], rate: [1, 2, 3] };
  const reversed = (columns: Record<string, unknown[]>) =>
    Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, [...v].reverse()]));
  const comparable = (frames: DataFrame[]) => JSON.parse(JSON.stringify(build(frames)).replace(/row \d+/g, 'row'));

  it('does not depend on row order, broken rows included', () => {
    expect(comparable([frame('nodes', reversed(nodes)), frame('edges', reversed(edges))])).toEqual(
      comparable([frame('nodes', nodes), frame('edges', edges)])
    );
  });

  it('keeps the unhealthy and the connected when a limit cuts, and says how many it hides', () => {
    const model = limited(
      build([
        frame('nodes', { id: ['a', 'b', 'c', 'd'], status: ['healthy', 'healthy', 'critical', 'healthy'] }),
        frame('edges', { id: ['1', '2'], source: ['a', 'd'], target: ['d', 'c'] }),
      ]),
      { maxNodes: 2, maxEdges: 100 }
    );
    expect(model.nodes.map((node) => node.id)).toEqual(['c', 'd']);
    expect(model.hidden).toEqual({ nodes: 2, edges: 1 });
    expect(model.notices[0].text).toContain('2 nodes and 1 edge hidden by the limit of 2 nodes');
  });

  it('groups by the column that says what a node belongs to, else by kind', () => {
    const groups = (columns: Record<string, Column>, groupBy = 'auto') =>
      build([frame('nodes', columns)], { groupBy }).nodes.map((node) => node.group);
    const base = { id: ['a', 'b'], title: ['A', 'B'], kind: ['service', 'database'] };
    expect(groups({ ...base, detail__team: ['x', 'y'] })).toEqual(['x', 'y']);
    expect(groups(base)).toEqual(['service', 'database']);
    expect(groups({ ...base, region: ['eu', 'us'] }, 'kind')).toEqual(['service', 'database']);
    expect(groups(base, '')).toEqual(['', '']);
  });

  it('passes on the notices of the datasource', () => {
    expect(
      texts([frame('nodes', { id: ['a'] }, { notices: [{ severity: 'warning', text: 'Truncated at 500 rows.' }] })])
    ).toEqual(['Truncated at 500 rows.']);
  });
});
