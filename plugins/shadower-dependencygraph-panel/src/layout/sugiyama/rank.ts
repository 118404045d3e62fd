/** A directed graph over 0…n−1 without self-loops and without two edges between the same nodes. */
export interface Digraph {
  n: number;
  from: Int32Array;
  to: Int32Array;
}

/** Edges by node, as offsets into one array: the edges of `v` are `list[start[v]] … list[start[v + 1] - 1]`. */
export interface Incidence {
  start: Int32Array;
  list: Int32Array;
}

export function incidence(n: number, ends: Int32Array): Incidence {
  const start = new Int32Array(n + 1);
  for (const end of ends) {
    start[end + 1]++;
  }
  for (let v = 0; v < n; v++) {
    start[v + 1] += start[v];
  }
  const next = start.slice(0, n);
  const list = new Int32Array(ends.length);
  ends.forEach((end, edge) => (list[next[end]++] = edge));
  return { start, list };
}

/**
 * Turns edges so that none closes a cycle, few being turned (Eades, Lin & Smyth 1993): sinks are taken off to the end of
 * an order, sources to its beginning, else the node with the most outgoing over incoming edges; what then runs backwards
 * is turned. Linear but for that choice, which looks at each node once per round of a bucket.
 */
export function acyclic({ n, from, to }: Digraph): Digraph {
  const out = incidence(n, from);
  const into = incidence(n, to);
  const outDegree = Int32Array.from({ length: n }, (_, v) => out.start[v + 1] - out.start[v]);
  const inDegree = Int32Array.from({ length: n }, (_, v) => into.start[v + 1] - into.start[v]);
  const place = new Int32Array(n).fill(-1);
  let first = 0;
  let last = n - 1;
  const sinks: number[] = [];
  const sources: number[] = [];
  const enlist = (v: number) => {
    if (outDegree[v] === 0) {
      sinks.push(v);
    } else if (inDegree[v] === 0) {
      sources.push(v);
    }
  };
  const take = (v: number, at: number) => {
    place[v] = at;
    for (let i = out.start[v]; i < out.start[v + 1]; i++) {
      const w = to[out.list[i]];
      if (place[w] < 0) {
        inDegree[w]--;
        enlist(w);
      }
    }
    for (let i = into.start[v]; i < into.start[v + 1]; i++) {
      const w = from[into.list[i]];
      if (place[w] < 0) {
        outDegree[w]--;
        enlist(w);
      }
    }
  };
  for (let v = 0; v < n; v++) {
    enlist(v);
  }
  // Nodes by out − in at the start; later changes are looked up when a node comes up, which is close enough.
  const byExcess = Array.from({ length: n }, (_, v) => v).sort(
    (a, b) => outDegree[b] - inDegree[b] - (outDegree[a] - inDegree[a]) || a - b
  );
  let candidate = 0;
  while (first <= last) {
    const sink = sinks.pop();
    const source = sink === undefined ? sources.pop() : undefined;
    if (sink !== undefined) {
      if (place[sink] < 0) {
        take(sink, last--);
      }
    } else if (source !== undefined) {
      if (place[source] < 0) {
        take(source, first++);
      }
    } else {
      while (place[byExcess[candidate]] >= 0) {
        candidate++;
      }
      take(byExcess[candidate], first++);
    }
  }
  const turnedFrom = from.slice();
  const turnedTo = to.slice();
  for (let e = 0; e < from.length; e++) {
    if (place[from[e]] > place[to[e]]) {
      [turnedFrom[e], turnedTo[e]] = [to[e], from[e]];
    }
  }
  return { n, from: turnedFrom, to: turnedTo };
}

/**
 * Layers: the longest path from a source, then every node drawn towards where most of its edges lead, so that few
 * edges are long. `dag` must be acyclic.
 */
export function layersOf(dag: Digraph): Int32Array {
  const { n, from, to } = dag;
  const out = incidence(n, from);
  const into = incidence(n, to);
  const open = Int32Array.from({ length: n }, (_, v) => into.start[v + 1] - into.start[v]);
  const order: number[] = [];
  for (let v = 0; v < n; v++) {
    if (open[v] === 0) {
      order.push(v);
    }
  }
  const layer = new Int32Array(n);
  for (let i = 0; i < order.length; i++) {
    const v = order[i];
    for (let j = out.start[v]; j < out.start[v + 1]; j++) {
      const w = to[out.list[j]];
      layer[w] = Math.max(layer[w], layer[v] + 1);
      if (--open[w] === 0) {
        order.push(w);
      }
    }
  }
  const deepest = layer.reduce((a, b) => Math.max(a, b), 0);
  for (let pass = 0; pass < 4; pass++) {
    const down = pass % 2 === 0;
    for (let i = 0; i < n; i++) {
      const v = order[down ? n - 1 - i : i];
      let lowest = 0;
      let highest = deepest;
      for (let j = into.start[v]; j < into.start[v + 1]; j++) {
        lowest = Math.max(lowest, layer[from[into.list[j]]] + 1);
      }
      for (let j = out.start[v]; j < out.start[v + 1]; j++) {
        highest = Math.min(highest, layer[to[out.list[j]]] - 1);
      }
      const pull = out.start[v + 1] - out.start[v] - (into.start[v + 1] - into.start[v]);
      if (pull > 0) {
        layer[v] = highest;
      } else if (pull < 0) {
        layer[v] = lowest;
      }
    }
  }
  const least = layer.reduce((a, b) => Math.min(a, b), deepest);
  return layer.map((l) => l - least);
}
