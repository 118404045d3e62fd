import { createTheme, FieldType, toDataFrame } from '@grafana/data';
import { buildGraph } from './buildGraph';
import { collapse, groupId, shown } from './groups';
import type { GraphModel } from './model';

function columns(name: string, of: Record<string, unknown[]>) {
  return toDataFrame({
    name,
    fields: Object.entries(of).map(([field, values]) => ({
      name: field,
      values,
      type: values.some((v) => typeof v === 'number') ? FieldType.number : FieldType.string,
      config: {},
    })),
  });
}

function model(): GraphModel {
  return buildGraph(
    [
      columns('nodes', {
        id: ['a', 'b', 'c', 'd'],
        team: ['x', 'x', 'y', ''],
        status: ['healthy', 'unknown', 'healthy', 'critical'],
      }),
      columns('edges', {
        source: ['a', 'b', 'a', 'c', 'a'],
        target: ['c', 'c', 'b', 'd', 'd'],
        rate: [30, 10, 5, 2, 1],
        error_rate: [0, 0.4, 0, 0, 0],
        p95_ms: [50, 200, 1, 10, 10],
      }),
    ],
    { theme: createTheme(), groupBy: 'auto', scoreHealthy: 90, scoreDegraded: 70 }
  );
}

describe('collapsed groups', () => {
  it('have their worst member’s status, so that an unknown one keeps them from being healthy', () => {
    const { nodes } = collapse(model(), new Set(['x', 'y']));
    expect(nodes.map((node) => [node.id, node.status])).toEqual([
      ['d', 'critical'],
      [groupId('x'), 'unknown'],
      [groupId('y'), 'healthy'],
    ]);
  });

  it('add up rates, weight error rates by them, and keep the highest p95 as a bound', () => {
    const { edges } = collapse(model(), new Set(['x']));
    const joined = edges.find((edge) => edge.source === groupId('x') && edge.target === 'c');
    expect(joined?.metrics.rate?.value).toBe(40);
    expect(joined?.metrics.errorRate?.value).toBeCloseTo((0 * 30 + 0.4 * 10) / 40);
    expect(joined?.metrics.p95).toMatchObject({ value: 200, text: '≤ 200 ms' });
    // What runs within the group is not drawn.
    expect(edges.some((edge) => edge.source === edge.target)).toBe(false);
  });
});

describe('a graph beyond the limits', () => {
  const limits = { maxNodes: 3, maxEdges: 100 };

  it('is drawn as groups, and says so', () => {
    const { nodes, notices } = shown(model(), new Set(), new Set(), limits);
    expect(nodes.map((node) => node.title)).toEqual(['no group', 'x', 'y']);
    expect(notices[0].text).toContain('4 nodes are more than the limit of 3: drawn as 3 groups');
  });

  it('shows the nodes of an opened group', () => {
    const { nodes } = shown(model(), new Set(), new Set(['y']), limits);
    expect(nodes.map((node) => node.title)).toEqual(['c', 'no group', 'x']);
  });

  it('is grouped around its hubs when nothing else groups it, with every node in one group', () => {
    const ids = Array.from({ length: 200 }, (_, i) => `n${i}`);
    const large = buildGraph(
      [columns('edges', { source: ids.slice(1).map((_, i) => ids[Math.floor(i / 8)]), target: ids.slice(1) })],
      { theme: createTheme(), groupBy: 'auto', scoreHealthy: 90, scoreDegraded: 70 }
    );
    const { nodes } = shown(large, new Set(), new Set(), { maxNodes: 50, maxEdges: 100 });
    expect(nodes.length).toBeLessThanOrEqual(50);
    expect(nodes.flatMap((node) => node.members ?? []).length).toBe(200);
  });
});
