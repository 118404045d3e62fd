import { createTheme, FieldType, toDataFrame } from '@grafana/data';
import { buildGraph } from '../data/buildGraph';
import { cuts } from './cuts';
import { type Adjacency, adjacency } from './graphs';
import { blastRadius, neighbourhood } from './neighbourhood';
import { criticalPath, shortestPaths } from './paths';

type Row = [source: string, target: string, p95?: number];

function graphOf(rows: Row[]): Adjacency {
  const column = (name: string, values: unknown[], type = FieldType.string) => ({ name, values, type, config: {} });
  const frame = toDataFrame({
    fields: [
      column(
        'id',
        rows.map(([a, b], i) => `${a}${b}${i}`)
      ),
      column(
        'source',
        rows.map(([a]) => a)
      ),
      column(
        'target',
        rows.map(([, b]) => b)
      ),
      column(
        'p95_ms',
        rows.map(([, , p95]) => p95 ?? null),
        FieldType.number
      ),
    ],
  });
  const settings = { theme: createTheme(), groupBy: '', scoreHealthy: 90, scoreDegraded: 70 };
  return adjacency(buildGraph([frame], settings));
}

/** A small random graph, the same for the same seed. */
function randomRows(seed: number): Row[] {
  let state = seed;
  const random = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: 14 }, () => [
    String.fromCharCode(97 + Math.floor(random() * 10)),
    String.fromCharCode(97 + Math.floor(random() * 10)),
    Math.ceil(random() * 100),
  ]);
}

/** Number of connected parts among some nodes and edges, counted by flooding. */
function parts(nodes: string[], edges: Array<[string, string]>): number {
  const left = new Set(nodes);
  let count = 0;
  for (const start of nodes) {
    if (left.delete(start)) {
      count++;
      const queue = [start];
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        for (const [a, b] of edges) {
          for (const other of [a === id ? b : undefined, b === id ? a : undefined]) {
            if (other !== undefined && left.delete(other)) {
              queue.push(other);
            }
          }
        }
      }
    }
  }
  return count;
}

describe('single points of failure', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are what tears the graph apart when it is taken out (random graph %d)', (seed) => {
    const graph = graphOf(randomRows(seed));
    const ends = graph.mapEdges((_edge, _attributes, a, b): [string, string] => [a, b]);
    const whole = parts(graph.nodes(), ends);
    const nodes = graph.nodes().filter((id) => {
      const rest = graph.nodes().filter((other) => other !== id);
      const alone = graph.neighbors(id).filter((other) => other !== id).length === 0;
      const without = ends.filter(([a, b]) => a !== id && b !== id);
      return parts(rest, without) > whole - (alone ? 1 : 0);
    });
    const edges = graph.edges().filter((_edge, i) => {
      const without = ends.filter((_, j) => j !== i);
      return parts(graph.nodes(), without) > whole;
    });
    const found = cuts(graph);
    expect([...found.nodes].sort()).toEqual(nodes.sort());
    expect([...found.edges].sort()).toEqual(edges.sort());
  });
});

describe('neighbourhood', () => {
  const graph = graphOf([
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'd'],
    ['x', 'b'],
    ['d', 'a'],
  ]);

  it('goes as many hops up or down as asked', () => {
    expect([...neighbourhood(graph, 'b', 1, 'both').nodes].sort()).toEqual(['a', 'b', 'c', 'x']);
    expect([...neighbourhood(graph, 'b', 2, 'down').nodes].sort()).toEqual(['b', 'c', 'd']);
    expect([...neighbourhood(graph, 'b', 2, 'up').nodes].sort()).toEqual(['a', 'b', 'd', 'x']);
  });

  it('has no siblings that merely share a caller', () => {
    const tree = graphOf([
      ['root', 'left'],
      ['root', 'right'],
    ]);
    expect([...neighbourhood(tree, 'left', 3, 'both').nodes].sort()).toEqual(['left', 'root']);
  });

  it('of a failure is everyone who calls, around cycles too', () => {
    const { distance } = blastRadius(graph, 'c');
    expect(Object.fromEntries(distance)).toEqual({ c: 0, b: 1, a: 2, x: 2, d: 3 });
  });
});

describe('paths', () => {
  it('finds all shortest ones', () => {
    const graph = graphOf([
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
      ['a', 'e'],
      ['e', 'f'],
      ['f', 'd'],
    ]);
    const found = shortestPaths(graph, 'a', 'd');
    expect(found).toMatchObject({ hops: 2, directed: true });
    expect([...(found?.nodes ?? [])].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(found?.edges.size).toBe(4);
  });

  it('goes against directions only when there is no other way, and finds none where there is none', () => {
    const graph = graphOf([
      ['a', 'b'],
      ['c', 'b'],
      ['x', 'y'],
    ]);
    expect(shortestPaths(graph, 'a', 'c')).toMatchObject({ hops: 2, directed: false });
    expect(shortestPaths(graph, 'a', 'x')).toBeUndefined();
  });
});

describe('critical path', () => {
  it('is the chain with the greatest sum of p95s', () => {
    const graph = graphOf([
      ['a', 'b', 10],
      ['b', 'd', 10],
      ['a', 'c', 5],
      ['c', 'd', 100],
      ['d', 'e', 1],
      ['a', 'z', 80],
    ]);
    expect(criticalPath(graph)).toMatchObject({ order: ['a', 'c', 'd', 'e'], p95: 106 });
  });

  it('leaves out what closes a cycle, and needs a p95', () => {
    const cycle = graphOf([
      ['a', 'b', 10],
      ['b', 'c', 10],
      ['c', 'a', 1000],
    ]);
    expect(criticalPath(cycle)).toMatchObject({ order: ['a', 'b', 'c'], p95: 20 });
    expect(criticalPath(graphOf([['a', 'b']]))).toBeUndefined();
  });
});
