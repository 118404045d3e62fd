import { splitComponents } from './components';
import { runLayout } from './runLayout';
import type { LayoutInput } from './types';

function input(algorithm: LayoutInput['algorithm'], ids: string[], pairs: Array<[string, string]>): LayoutInput {
  return {
    algorithm,
    direction: 'LR',
    nodes: ids.map((id) => ({ id, width: 100, height: 90 })),
    edges: pairs.map(([source, target], i) => ({ id: `e${i}`, source, target })),
  };
}

const PAIRS: Array<[string, string]> = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'd'],
  ['c', 'd'],
  ['d', 'a'],
  ['d', 'd'],
  ['a', 'b'],
  ['x', 'y'],
];
const IDS = ['a', 'b', 'c', 'd', 'lone', 'x', 'y'];

describe.each(['layered', 'force'] as const)('%s layout', (algorithm) => {
  it('gives the same result every time', () => {
    expect(runLayout(input(algorithm, IDS, PAIRS))).toEqual(runLayout(input(algorithm, IDS, PAIRS)));
  });

  it('places every node inside the drawing, and no two boxes on each other', () => {
    const { positions, width, height } = runLayout(input(algorithm, IDS, PAIRS));
    expect(Object.keys(positions).sort()).toEqual(IDS);
    const all = Object.entries(positions);
    for (const [id, at] of all) {
      expect(at.x - 50).toBeGreaterThanOrEqual(-0.01);
      expect(at.y - 45).toBeGreaterThanOrEqual(-0.01);
      expect(at.x + 50).toBeLessThanOrEqual(width + 0.01);
      expect(at.y + 45).toBeLessThanOrEqual(height + 0.01);
      for (const [other, there] of all) {
        if (other > id) {
          const apart = Math.abs(at.x - there.x) >= 99 || Math.abs(at.y - there.y) >= 89;
          expect({ id, other, apart }).toEqual({ id, other, apart: true });
        }
      }
    }
  });

  it('takes ids that are special to JavaScript or to dagre', () => {
    const ids = ['\u0000', '1', '__proto__', '_d1', 'constructor', 'n0'];
    const pairs = ids.slice(1).map((id, i): [string, string] => [ids[i], id]);
    const { positions } = runLayout(input(algorithm, ids, pairs));
    expect(Object.keys(positions).sort()).toEqual([...ids].sort());
  });

  it('lays out an empty graph', () => {
    expect(runLayout(input(algorithm, [], [])).positions).toEqual({});
  });
});

describe('layered layout', () => {
  it('puts callers left of what they call, or above when top to bottom', () => {
    const graph = input(
      'layered',
      ['a', 'b', 'c'],
      [
        ['a', 'b'],
        ['b', 'c'],
      ]
    );
    const across = runLayout(graph).positions;
    expect(across.a.x).toBeLessThan(across.b.x);
    expect(across.b.x).toBeLessThan(across.c.x);
    const down = runLayout({ ...graph, direction: 'TB' }).positions;
    expect(down.a.y).toBeLessThan(down.b.y);
    expect(down.b.y).toBeLessThan(down.c.y);
  });

  it('routes parallel and opposite edges apart, and leaves self-loops to the renderer', () => {
    const { routes } = runLayout(
      input(
        'layered',
        ['a', 'b'],
        [
          ['a', 'b'],
          ['a', 'b'],
          ['b', 'a'],
          ['a', 'a'],
        ]
      )
    );
    expect(Object.keys(routes).sort()).toEqual(['e0', 'e1', 'e2']);
    const labels = Object.values(routes).map((route) => `${route.label.x},${route.label.y}`);
    expect(new Set(labels).size).toBe(3);
  });
});

describe('splitComponents', () => {
  it('finds connected parts, largest first', () => {
    const parts = splitComponents(input('layered', IDS, PAIRS));
    expect(parts.map((part) => part.nodes.map((node) => node.id))).toEqual([
      ['a', 'b', 'c', 'd'],
      ['x', 'y'],
      ['lone'],
    ]);
    expect(parts.map((part) => part.edges.length)).toEqual([7, 1, 0]);
  });
});
