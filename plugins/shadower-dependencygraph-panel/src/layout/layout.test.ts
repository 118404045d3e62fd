import { fitScale, pack, splitComponents } from './components';
import { runLayout } from './runLayout';
import type { LayoutInput } from './types';

function input(algorithm: LayoutInput['algorithm'], ids: string[], pairs: Array<[string, string]>): LayoutInput {
  return {
    algorithm,
    direction: 'LR',
    viewport: { width: 707, height: 354 },
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

describe('layered layout for a viewport', () => {
  const star = (direction: LayoutInput['direction'], width: number, height: number): LayoutInput => {
    const leaves = Array.from({ length: 20 }, (_, i) => `leaf-${String(i).padStart(2, '0')}`);
    const graph = input(
      'layered',
      ['hub', ...leaves],
      leaves.map((leaf): [string, string] => ['hub', leaf])
    );
    return { ...graph, direction, viewport: { width, height } };
  };

  it('takes the direction that shows the graph larger', () => {
    const chain = input(
      'layered',
      ['a', 'b', 'c', 'd', 'e'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'd'],
        ['d', 'e'],
      ]
    );
    const flat = runLayout({ ...chain, direction: 'auto', viewport: { width: 900, height: 200 } });
    const tall = runLayout({ ...chain, direction: 'auto', viewport: { width: 200, height: 900 } });
    expect(flat.width).toBeGreaterThan(flat.height);
    expect(tall.height).toBeGreaterThan(tall.width);
  });

  it.each(['LR', 'TB', 'auto'] as const)('wraps a wide layer, %s', (direction) => {
    const graph = star(direction, 707, 354);
    const result = runLayout(graph);
    // One layer of 20 would need 20 × 98 units: scale 0.36 in width, 0.18 in height.
    expect(fitScale(result, graph.viewport)).toBeGreaterThan(0.45);
    for (const id of Object.keys(result.positions)) {
      const axis = direction === 'LR' ? 'x' : 'y';
      if (id !== 'hub' && direction !== 'auto') {
        expect(result.positions[id][axis]).toBeGreaterThan(result.positions.hub[axis]);
      }
    }
  });

  it('draws straight lines only where they pass no other node', () => {
    const graph = star('auto', 707, 354);
    const { positions, routes } = runLayout(graph);
    for (const { id, source, target } of graph.edges) {
      if (routes[id].bends.length === 0) {
        const [a, b] = [positions[source], positions[target]];
        for (const [other, p] of Object.entries(positions)) {
          const t = ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / ((b.x - a.x) ** 2 + (b.y - a.y) ** 2);
          const distance = Math.hypot(a.x + (b.x - a.x) * t - p.x, a.y + (b.y - a.y) * t - p.y);
          const clear = other === source || other === target || t < 0 || t > 1 || distance >= 34;
          expect({ id, other, clear }).toEqual({ id, other, clear: true });
        }
      }
    }
  });
});

describe('packing', () => {
  const part = { positions: {}, routes: {}, width: 100, height: 100 };

  it('follows the shape of the viewport', () => {
    const parts = Array.from({ length: 6 }, () => part);
    expect(pack(parts, { width: 1000, height: 100 })).toMatchObject({ height: 100 });
    expect(pack(parts, { width: 100, height: 1000 })).toMatchObject({ width: 100 });
    const { width, height } = pack(parts, { width: 300, height: 200 });
    expect(width / height).toBeCloseTo(1.5, 0);
  });

  it('keeps parts of different sizes apart', () => {
    const sizes = [400, 60, 250, 90, 90];
    const parts = sizes.map((size, i) => ({
      positions: { [`p${i}`]: { x: size / 2, y: size / 4 } },
      routes: {},
      width: size,
      height: size / 2,
    }));
    const { positions, width, height } = pack(parts, { width: 500, height: 300 });
    sizes.forEach((a, i) => {
      const p = positions[`p${i}`];
      expect(p.x + a / 2).toBeLessThanOrEqual(width);
      expect(p.y + a / 4).toBeLessThanOrEqual(height);
      sizes.slice(0, i).forEach((b, j) => {
        const q = positions[`p${j}`];
        expect(Math.abs(p.x - q.x) >= (a + b) / 2 || Math.abs(p.y - q.y) >= (a + b) / 4).toBe(true);
      });
    });
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
