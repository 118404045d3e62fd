import { fitScale, pack, splitComponents } from './components';
import { runLayout } from './runLayout';
import type { LayoutInput, LayoutResult } from './types';

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

describe.each(['layered', 'force', 'radial', 'grouped', 'geographic'] as const)('%s layout', (algorithm) => {
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

/** A tree with edges across it, from callers to called; beyond what dagre and d3-force are used for. */
function large(algorithm: LayoutInput['algorithm'], count: number): LayoutInput {
  let state = 7;
  const random = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const ids = Array.from({ length: count }, (_, i) => `n${String(i).padStart(4, '0')}`);
  const tree = ids.slice(1).map((id, i): [string, string] => [ids[Math.floor((i + 1) * random() * random())], id]);
  const across = ids.map((): [string, string] => {
    const [a, b] = [Math.floor(random() * count), Math.floor(random() * count)];
    return [ids[Math.min(a, b)], ids[Math.max(a, b)]];
  });
  const graph = input(algorithm, ids, [...tree, ...across]);
  return { ...graph, nodes: graph.nodes.map((node, i) => ({ ...node, group: `g${i % 9}` })) };
}

/** Pairs of nodes whose boxes overlap by more than a few units. */
function overlaps({ positions }: LayoutResult, width: number, height: number): string[] {
  const all = Object.entries(positions);
  return all.flatMap(([id, at], i) =>
    all
      .slice(i + 1)
      .flatMap(([other, there]) =>
        Math.abs(at.x - there.x) < width && Math.abs(at.y - there.y) < height ? [`${id} ${other}`] : []
      )
  );
}

describe('large graphs', () => {
  it.each(['layered', 'force', 'radial', 'grouped'] as const)(
    '%s: all are placed, apart, the same every time',
    (name) => {
      const graph = large(name, 400);
      const result = runLayout(graph);
      expect(Object.keys(result.positions)).toHaveLength(400);
      // Boxes are 100 × 90; the ring in them has a diameter of 52.
      expect(overlaps(result, 60, 60)).toEqual([]);
      expect(runLayout(graph)).toEqual(result);
    }
  );

  it('layered: callers come before what they call, whatever wraps', () => {
    const graph = large('layered', 400);
    const { positions } = runLayout({ ...graph, direction: 'TB' });
    const backwards = graph.edges.filter(({ source, target }) => positions[source].y > positions[target].y);
    expect(backwards.filter(({ source, target }) => source !== target)).toEqual([]);
  });

  it('layered: where nearly everything calls everything, the drawing is no thin line', () => {
    const ids = Array.from({ length: 60 }, (_, i) => `n${String(i).padStart(2, '0')}`);
    const all = ids.flatMap((a, i) => ids.slice(i + 1).map((b): [string, string] => [a, b]));
    const { width, height } = runLayout({ ...input('layered', ids, all), direction: 'auto' });
    expect(Math.max(width / height, height / width)).toBeLessThan(5);
  });

  it('layered: of a cycle few edges run backwards', () => {
    const ids = Array.from({ length: 130 }, (_, i) => `n${String(i).padStart(3, '0')}`);
    const ring = ids.map((id, i): [string, string] => [id, ids[(i + 1) % ids.length]]);
    const { positions } = runLayout({ ...input('layered', ids, ring), direction: 'LR' });
    expect(ring.filter(([a, b]) => positions[a].x > positions[b].x)).toHaveLength(1);
  });

  it('grouped: every node lies in the box of its group, and boxes lie apart', () => {
    const graph = large('grouped', 200);
    const { positions, groups = [] } = runLayout(graph);
    expect(groups.map(({ name }) => name).sort()).toEqual(['g0', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6', 'g7', 'g8']);
    for (const { id, group } of graph.nodes) {
      const box = groups.find(({ name }) => name === group);
      const at = positions[id];
      const inside =
        box !== undefined && at.x > box.x && at.x < box.x + box.width && at.y > box.y && at.y < box.y + box.height;
      expect({ id, inside }).toEqual({ id, inside: true });
    }
    groups.forEach((a, i) =>
      groups.slice(i + 1).forEach((b) => {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect([a.name, b.name, apart]).toEqual([a.name, b.name, true]);
      })
    );
  });
});

describe('geographic layout', () => {
  it('places by Mercator: equal degrees of longitude are equally far, those of latitude farther towards a pole', () => {
    const places = { equator: [0, 0], north: [30, 0], arctic: [60, 0], east: [0, 30] };
    const graph = input('geographic', Object.keys(places).sort(), []);
    const { positions } = runLayout({
      ...graph,
      nodes: graph.nodes.map((node) => {
        const [latitude, longitude] = places[node.id as keyof typeof places];
        return { ...node, width: 1, height: 1, geo: { latitude, longitude } };
      }),
    });
    const { equator, north, arctic, east } = positions;
    // ln(tan(45° + φ/2)) for 30° and 60°, against 30° of longitude in radians.
    const unit = (east.x - equator.x) / (Math.PI / 6);
    expect(equator.y - north.y).toBeCloseTo(0.549306 * unit, 1);
    expect(equator.y - arctic.y).toBeCloseTo(1.316958 * unit, 1);
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
