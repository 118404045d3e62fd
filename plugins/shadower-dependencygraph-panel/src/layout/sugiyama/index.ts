import type { Point } from '../../types';
import { fitScale, round, setOwn } from '../components';
import type { LayoutInput, LayoutResult } from '../types';
import { order, proper } from './order';
import { place } from './place';
import { acyclic, type Digraph, layersOf } from './rank';

/** Distances in layout units: between nodes of a row, for an edge that passes, between rows of one layer, between layers. */
const GAP = { node: 10, edge: 6, row: 14, layer: 56 };
/** Beyond so many edges lines run straight: nobody follows a bend among thousands, and each costs at every frame. */
const ROUTED_EDGES = 1500;
/** Edges per node from which a graph counts as dense. */
const DENSE = 6;
/** Beyond so many dummy nodes long edges no longer take part in ordering. */
const MAX_DUMMIES = 60_000;

/**
 * Sugiyama's layered layout over typed arrays, for graphs that dagre takes seconds for: a connected part with 2,000
 * nodes and 5,000 edges takes a fraction of a second. Wide layers are wrapped into as many rows as make the drawing fit the
 * viewport best. Pure: same input, same drawing.
 */
export function sugiyama(input: LayoutInput): LayoutResult {
  const { nodes } = input;
  const whole = acyclic(simple(input));
  const layer = folded(whole, layersOf(whole));
  const dag = without(whole, (e) => layer[whole.to[e]] === layer[whole.from[e]]);
  const spans = dag.from.reduce((sum, v, e) => sum + layer[dag.to[e]] - layer[v] - 1, 0);
  const long = (e: number) => layer[dag.to[e]] - layer[dag.from[e]] > 1;
  const graph = proper(spans > MAX_DUMMIES ? without(dag, long) : dag, layer);
  const layers = order(graph, nodes.length > 800 ? 8 : 16);
  const directions = input.direction === 'auto' ? (['LR', 'TB'] as const) : [input.direction];
  const drawings = directions.flatMap((direction) => {
    const real = layers.map((list) => list.filter((v) => v < graph.real).length);
    return caps(real, input, direction).map((cap) => draw(input, graph, layers, direction, cap));
  });
  const best = drawings.reduce((a, b) => (fitScale(b, input.viewport) > fitScale(a, input.viewport) * 1.02 ? b : a));
  return input.edges.length > ROUTED_EDGES ? best : { ...best, routes: routes(input, graph, dag, best) };
}

type Direction = 'LR' | 'TB';
type Drawing = LayoutResult & { middles: Point[] };

/** Without self-loops; edges between the same two nodes as one, in the direction of the majority, else of the first. */
function simple(input: LayoutInput): Digraph {
  const index = new Map(input.nodes.map((node, i) => [node.id, i]));
  const pairs = new Map<number, { a: number; b: number; along: number }>();
  for (const edge of input.edges) {
    const a = index.get(edge.source) ?? 0;
    const b = index.get(edge.target) ?? 0;
    if (a === b) {
      continue;
    }
    const key = Math.min(a, b) * input.nodes.length + Math.max(a, b);
    const pair = pairs.get(key);
    if (pair === undefined) {
      pairs.set(key, { a, b, along: 1 });
    } else {
      pair.along += pair.a === a ? 1 : -1;
    }
  }
  const all = [...pairs.values()];
  return {
    n: input.nodes.length,
    from: Int32Array.from(all, ({ a, b, along }) => (along >= 0 ? a : b)),
    to: Int32Array.from(all, ({ a, b, along }) => (along >= 0 ? b : a)),
  };
}

/**
 * Where nearly everything calls everything, layers are one long chain that says nothing: neighbouring ones are put together
 * until the drawing is about as wide as high. Callers still are not behind what they call.
 */
function folded(dag: Digraph, layer: Int32Array): Int32Array {
  const depth = layer.reduce((a, b) => Math.max(a, b), 0) + 1;
  const most = Math.ceil(1.2 * Math.sqrt(dag.n));
  return dag.from.length > DENSE * dag.n && depth > 2 * most ? layer.map((l) => Math.floor((l * most) / depth)) : layer;
}

function without(dag: Digraph, drop: (edge: number) => boolean): Digraph {
  const kept = Array.from(dag.from.keys()).filter((e) => !drop(e));
  return { n: dag.n, from: Int32Array.from(kept, (e) => dag.from[e]), to: Int32Array.from(kept, (e) => dag.to[e]) };
}

/** How many nodes a row may have: unwrapped, and what makes the drawing about as wide as the viewport is. */
function caps(sizes: number[], input: LayoutInput, direction: Direction): number[] {
  const widest = Math.max(...sizes);
  const mean = (side: 'width' | 'height') =>
    input.nodes.reduce((sum, node) => sum + node[side], 0) / input.nodes.length;
  const across = (direction === 'LR' ? mean('height') : mean('width')) + GAP.node;
  const along = (direction === 'LR' ? mean('width') : mean('height')) + GAP.row;
  const aspect = input.viewport.width / input.viewport.height;
  const wanted = direction === 'LR' ? 1 / aspect : aspect;
  let low = 1;
  let high = widest;
  while (low < high) {
    const cap = Math.floor((low + high) / 2);
    const rows = sizes.reduce((sum, size) => sum + Math.ceil(size / cap), 0);
    if ((cap * across) / (rows * along + sizes.length * (GAP.layer - GAP.row)) < wanted) {
      low = cap + 1;
    } else {
      high = cap;
    }
  }
  return [...new Set([low, Math.ceil(low * 0.75)])];
}

function draw(
  input: LayoutInput,
  graph: ReturnType<typeof proper>,
  layers: number[][],
  direction: Direction,
  cap: number
): Drawing {
  const [across, along] = direction === 'LR' ? (['height', 'width'] as const) : (['width', 'height'] as const);
  const room = new Float64Array(graph.count);
  const rowsOf = layers.map((list) => Math.max(1, Math.ceil(list.filter((v) => v < graph.real).length / cap)));
  layers.forEach((list, l) => {
    for (const v of list) {
      // Nodes of a wrapped layer take turns, so each needs only its share along the layer.
      room[v] = v < graph.real ? (input.nodes[v][across] + GAP.node) / rowsOf[l] : GAP.edge / rowsOf[l];
    }
  });
  const x = place(graph, layers, room, 0, 10);
  const y = new Float64Array(graph.count);
  let depth = 0;
  layers.forEach((list, l) => {
    const real = list.filter((v) => v < graph.real);
    const step = Math.max(0, ...real.map((v) => input.nodes[v][along])) + GAP.row;
    real.forEach((v, i) => (y[v] = depth + (i % rowsOf[l]) * step + step / 2));
    const height = rowsOf[l] * step - GAP.row;
    list.filter((v) => v >= graph.real).forEach((v) => (y[v] = depth + height / 2));
    depth += height + GAP.layer;
  });
  if (rowsOf.some((rows) => rows > 1)) {
    separate(input, layers, graph.real, rowsOf, across, x);
  }
  return framed(input, graph.count, direction === 'LR' ? y : x, direction === 'LR' ? x : y);
}

/** Nodes of one row take turns with those of others, whose widths differ: pushes apart what still overlaps. */
function separate(
  input: LayoutInput,
  layers: number[][],
  real: number,
  rowsOf: number[],
  across: 'width' | 'height',
  x: Float64Array
): void {
  layers.forEach((list, l) => {
    const nodes = list.filter((v) => v < real);
    for (let row = 0; row < rowsOf[l]; row++) {
      const own = nodes.filter((_, i) => i % rowsOf[l] === row).sort((a, b) => x[a] - x[b] || a - b);
      let shift = 0;
      let end = -Infinity;
      const before = own.reduce((sum, v) => sum + x[v], 0);
      for (const v of own) {
        const half = (input.nodes[v][across] + GAP.node) / 2;
        x[v] = Math.max(x[v], end + half);
        end = x[v] + half;
      }
      shift = own.length === 0 ? 0 : (own.reduce((sum, v) => sum + x[v], 0) - before) / own.length;
      own.forEach((v) => (x[v] -= shift));
    }
  });
}

function framed(input: LayoutInput, count: number, x: Float64Array, y: Float64Array): Drawing {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let v = 0; v < count; v++) {
    const { width, height } = input.nodes[v] ?? { width: 0, height: 0 };
    left = Math.min(left, x[v] - width / 2);
    right = Math.max(right, x[v] + width / 2);
    top = Math.min(top, y[v] - height / 2);
    bottom = Math.max(bottom, y[v] + height / 2);
  }
  const at = (v: number): Point => ({ x: round(x[v] - left), y: round(y[v] - top) });
  const result: Drawing = { positions: {}, routes: {}, width: right - left, height: bottom - top, middles: [] };
  for (let v = 0; v < count; v++) {
    if (v < input.nodes.length) {
      setOwn(result.positions, input.nodes[v].id, at(v));
    }
    result.middles.push(at(v));
  }
  return result;
}

/** Long edges run through their dummies; edges between the same two nodes are left to the renderer, which bows them apart. */
function routes(
  input: LayoutInput,
  graph: ReturnType<typeof proper>,
  dag: Digraph,
  drawing: Drawing
): LayoutResult['routes'] {
  const index = new Map(input.nodes.map((node, i) => [node.id, i]));
  const key = (a: number, b: number) => Math.min(a, b) * input.nodes.length + Math.max(a, b);
  const count = new Map<number, number>();
  const ends = input.edges.map((edge) => [index.get(edge.source) ?? 0, index.get(edge.target) ?? 0]);
  ends.forEach(([a, b]) => count.set(key(a, b), (count.get(key(a, b)) ?? 0) + 1));
  const chains = new Map<number, { chain: number[]; from: number }>();
  if (graph.chains.length === dag.from.length) {
    graph.chains.forEach((chain, e) => chains.set(key(dag.from[e], dag.to[e]), { chain, from: dag.from[e] }));
  }
  const result: LayoutResult['routes'] = {};
  input.edges.forEach((edge, i) => {
    const [a, b] = ends[i];
    const found = chains.get(key(a, b));
    if (found === undefined || found.chain.length === 0 || (count.get(key(a, b)) ?? 0) > 1) {
      return;
    }
    const bends = found.chain.map((v) => drawing.middles[v]);
    setOwn(result, edge.id, {
      bends: found.from === a ? bends : bends.reverse(),
      label: bends[Math.floor(bends.length / 2)],
    });
  });
  return result;
}
