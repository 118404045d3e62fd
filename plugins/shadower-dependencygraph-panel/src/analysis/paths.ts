import { compareText } from '../data/compare';
import type { Adjacency, Lit } from './graphs';

export interface FoundPath extends Lit {
  /** Number of edges. */
  hops: number;
  /** False when there is a connection only if directions are disregarded. */
  directed: boolean;
}

/** All shortest paths (by hops) from one node to another; against directions when there is no other way. */
export function shortestPaths(graph: Adjacency, from: string, to: string): FoundPath | undefined {
  return search(graph, from, to, true) ?? search(graph, from, to, false);
}

function search(graph: Adjacency, from: string, to: string, directed: boolean): FoundPath | undefined {
  const distance = new Map([[from, 0]]);
  const queue = [from];
  for (let i = 0; i < queue.length && !distance.has(to); i++) {
    const at = distance.get(queue[i]) ?? 0;
    for (const next of directed ? graph.outNeighbors(queue[i]) : graph.neighbors(queue[i])) {
      if (!distance.has(next)) {
        distance.set(next, at + 1);
        queue.push(next);
      }
    }
  }
  const hops = distance.get(to);
  if (hops === undefined) {
    return undefined;
  }
  const nodes = new Set([to]);
  const edges = new Set<string>();
  // Back from the end, over every edge that comes one hop nearer to the start.
  const back = [to];
  for (let i = 0; i < back.length; i++) {
    const id = back[i];
    const visit = (edge: string, source: string, target: string) => {
      const other = source === id ? target : source;
      if (distance.get(other) === (distance.get(id) ?? 0) - 1) {
        edges.add(edge);
        if (!nodes.has(other)) {
          nodes.add(other);
          back.push(other);
        }
      }
    };
    if (directed) {
      graph.forEachInEdge(id, (edge, _attributes, source, target) => visit(edge, source, target));
    } else {
      graph.forEachEdge(id, (edge, _attributes, source, target) => visit(edge, source, target));
    }
  }
  return { nodes, edges, hops, directed };
}

export interface CriticalPath extends Lit {
  /** Ids of the nodes from the first caller to the last callee. */
  order: string[];
  /** The p95s along it added up, in milliseconds. An upper estimate: percentiles of parts do not add up to that of the whole. */
  p95: number;
}

/**
 * The chain of calls with the greatest sum of p95s: where waiting adds up. Calls that close a cycle (found by a
 * depth-first search from the nodes that nobody calls, then by id) are left out. undefined when no edge has a p95.
 */
export function criticalPath(graph: Adjacency): CriticalPath | undefined {
  const order = topological(graph);
  const rank = new Map(order.map((id, i) => [id, i]));
  const best = new Map<string, { cost: number; edge?: string; from?: string }>(order.map((id) => [id, { cost: 0 }]));
  let end: string | undefined;
  let most = 0;
  for (const id of order) {
    const here = best.get(id)?.cost ?? 0;
    graph.forEachOutEdge(id, (edge, { metrics }, _source, target) => {
      const cost = here + (metrics.p95?.value ?? 0);
      const forward = (rank.get(target) ?? 0) > (rank.get(id) ?? 0);
      if (forward && metrics.p95 !== undefined && cost > (best.get(target)?.cost ?? 0)) {
        best.set(target, { cost, edge, from: id });
        if (cost > most) {
          most = cost;
          end = target;
        }
      }
    });
  }
  if (end === undefined) {
    return undefined;
  }
  const path: CriticalPath = { nodes: new Set(), edges: new Set(), order: [], p95: most };
  for (let at: string | undefined = end; at !== undefined; at = best.get(at)?.from) {
    path.nodes.add(at);
    path.order.unshift(at);
    const edge = best.get(at)?.edge;
    if (edge !== undefined) {
      path.edges.add(edge);
    }
  }
  return path;
}

/** Nodes so that edges run forward, but for those that close a cycle. */
function topological(graph: Adjacency): string[] {
  const starts = graph
    .nodes()
    .sort((a, b) => Number(graph.inDegree(a) > 0) - Number(graph.inDegree(b) > 0) || compareText(a, b));
  const seen = new Set<string>();
  const done: string[] = [];
  for (const start of starts) {
    if (seen.has(start)) {
      continue;
    }
    seen.add(start);
    const stack = [{ id: start, next: graph.outNeighbors(start).sort(compareText), i: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const child = top.next[top.i++];
      if (child === undefined) {
        done.push(top.id);
        stack.pop();
      } else if (!seen.has(child)) {
        seen.add(child);
        stack.push({ id: child, next: graph.outNeighbors(child).sort(compareText), i: 0 });
      }
    }
  }
  return done.reverse();
}
