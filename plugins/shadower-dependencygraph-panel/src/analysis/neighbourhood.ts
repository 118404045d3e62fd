import type { Adjacency, Lit } from './graphs';

/** Callers, callees or both. */
export type Reach = 'up' | 'down' | 'both';

/**
 * A node and what lies within `hops` of it, with how many hops away each node is. Up follows edges against their
 * direction (who calls it), down along it (what it calls); both is the union of the two, not any walk: a sibling that
 * merely shares a caller is not part of it.
 */
export function neighbourhood(
  graph: Adjacency,
  start: string,
  hops: number,
  reach: Reach
): Lit & { distance: Map<string, number> } {
  const distance = new Map([[start, 0]]);
  const edges = new Set<string>();
  const walk = (up: boolean) => {
    const seen = new Set([start]);
    let front = [start];
    for (let hop = 1; hop <= hops && front.length > 0; hop++) {
      const next: string[] = [];
      for (const id of front) {
        const visit = (edge: string, other: string) => {
          edges.add(edge);
          if (!seen.has(other)) {
            seen.add(other);
            next.push(other);
            distance.set(other, Math.min(hop, distance.get(other) ?? Infinity));
          }
        };
        if (up) {
          graph.forEachInEdge(id, (edge, _attributes, source) => visit(edge, source));
        } else {
          graph.forEachOutEdge(id, (edge, _attributes, _source, target) => visit(edge, target));
        }
      }
      front = next;
    }
  };
  if (reach !== 'down') {
    walk(true);
  }
  if (reach !== 'up') {
    walk(false);
  }
  return { nodes: new Set(distance.keys()), edges, distance };
}

/** Everything that fails or waits when a node does: all that calls it, directly or through others. */
export function blastRadius(graph: Adjacency, id: string): Lit & { distance: Map<string, number> } {
  return neighbourhood(graph, id, Infinity, 'up');
}
