import { type Digraph, incidence } from './rank';

/** The graph with a chain of dummy nodes for every edge that spans more than one layer. */
export interface Proper {
  /** Nodes and dummies; the first `real` are nodes. */
  count: number;
  real: number;
  layer: Int32Array;
  /** Segments: each joins neighbouring layers, from the lower to the higher. */
  from: Int32Array;
  to: Int32Array;
  /** For each edge the dummies it runs through, in the order of layers. */
  chains: number[][];
}

export function proper(dag: Digraph, layer: Int32Array): Proper {
  const layers = Array.from(layer);
  const from: number[] = [];
  const to: number[] = [];
  const chains: number[][] = [];
  for (let e = 0; e < dag.from.length; e++) {
    const chain: number[] = [];
    let last = dag.from[e];
    for (let l = layer[last] + 1; l < layer[dag.to[e]]; l++) {
      const dummy = layers.push(l) - 1;
      from.push(last);
      to.push(dummy);
      chain.push(dummy);
      last = dummy;
    }
    from.push(last);
    to.push(dag.to[e]);
    chains.push(chain);
  }
  return {
    count: layers.length,
    real: dag.n,
    layer: Int32Array.from(layers),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    chains,
  };
}

/**
 * Orders every layer so that few segments cross: sweeps of barycentres down and up, of which the order with the fewest
 * crossings is kept. Ties keep the order they had, so the result is the same every time.
 */
export function order(graph: Proper, sweeps: number): number[][] {
  const depth = graph.layer.reduce((a, b) => Math.max(a, b), 0) + 1;
  const out = incidence(graph.count, graph.from);
  const into = incidence(graph.count, graph.to);
  let layers = initial(graph, depth, out);
  const position = new Float64Array(graph.count);
  const index = (list: number[]) => list.forEach((v, i) => (position[v] = i));
  layers.forEach(index);

  let best = layers.map((list) => list.slice());
  let fewest = crossings(graph, layers, position, out);
  const key = new Float64Array(graph.count);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (let i = 1; i < depth; i++) {
      const list = layers[down ? i : depth - 1 - i];
      const { start, list: edges } = down ? into : out;
      const ends = down ? graph.from : graph.to;
      for (const v of list) {
        let sum = 0;
        for (let j = start[v]; j < start[v + 1]; j++) {
          sum += position[ends[edges[j]]];
        }
        const degree = start[v + 1] - start[v];
        key[v] = degree === 0 ? position[v] : sum / degree;
      }
      list.sort((a, b) => key[a] - key[b] || position[a] - position[b]);
      index(list);
    }
    const now = crossings(graph, layers, position, out);
    if (now < fewest) {
      fewest = now;
      best = layers.map((list) => list.slice());
    }
  }
  layers = best;
  return layers;
}

/** A first order by depth-first search from the sources, so that what belongs together starts together. */
function initial(graph: Proper, depth: number, out: ReturnType<typeof incidence>): number[][] {
  const layers: number[][] = Array.from({ length: depth }, () => []);
  const seen = new Uint8Array(graph.count);
  const roots = Array.from({ length: graph.count }, (_, v) => v).sort(
    (a, b) => graph.layer[a] - graph.layer[b] || a - b
  );
  for (const root of roots) {
    const stack = [root];
    while (stack.length > 0) {
      const v = stack.pop() ?? 0;
      if (seen[v] === 1) {
        continue;
      }
      seen[v] = 1;
      layers[graph.layer[v]].push(v);
      for (let i = out.start[v + 1] - 1; i >= out.start[v]; i--) {
        stack.push(graph.to[out.list[i]]);
      }
    }
  }
  return layers;
}

/** How many pairs of segments cross (Barth, Jünger & Mutzel 2004: inversions counted in a Fenwick tree). */
function crossings(
  graph: Proper,
  layers: number[][],
  position: Float64Array,
  out: ReturnType<typeof incidence>
): number {
  let total = 0;
  for (let l = 0; l + 1 < layers.length; l++) {
    const size = layers[l + 1].length;
    const tree = new Int32Array(size + 1);
    let inserted = 0;
    for (const v of layers[l]) {
      const ends: number[] = [];
      for (let i = out.start[v]; i < out.start[v + 1]; i++) {
        ends.push(position[graph.to[out.list[i]]]);
      }
      for (const end of ends) {
        let before = 0;
        for (let i = end + 1; i > 0; i -= i & -i) {
          before += tree[i];
        }
        total += inserted - before;
      }
      for (const end of ends) {
        for (let i = end + 1; i <= size; i += i & -i) {
          tree[i]++;
        }
        inserted++;
      }
    }
  }
  return total;
}
