import type { Adjacency, Lit } from './graphs';

/**
 * Single points of failure: the nodes (articulation points) and edges (bridges) without which a connected part of the
 * graph falls into several, whatever the directions. Hopcroft & Tarjan 1973, without recursion. Parallel edges back each
 * other up, so they are no bridges. A node is named even when it only cuts off one leaf.
 */
export function cuts(graph: Adjacency): Lit {
  const nodes = new Set<string>();
  const edges = new Set<string>();
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const incident = (id: string) => graph.edges(id).filter((edge) => !graph.isSelfLoop(edge));

  for (const root of graph.nodes()) {
    if (index.has(root)) {
      continue;
    }
    let children = 0;
    index.set(root, index.size);
    low.set(root, index.get(root) ?? 0);
    const stack: Array<{ id: string; via?: string; edges: string[]; i: number }> = [
      { id: root, edges: incident(root), i: 0 },
    ];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const edge = top.edges[top.i++];
      if (edge !== undefined) {
        if (edge === top.via) {
          continue;
        }
        const other = graph.opposite(top.id, edge);
        const seen = index.get(other);
        if (seen === undefined) {
          index.set(other, index.size);
          low.set(other, index.get(other) ?? 0);
          stack.push({ id: other, via: edge, edges: incident(other), i: 0 });
        } else {
          low.set(top.id, Math.min(low.get(top.id) ?? 0, seen));
        }
        continue;
      }
      stack.pop();
      const parent = stack[stack.length - 1];
      if (parent === undefined) {
        continue;
      }
      const reach = low.get(top.id) ?? 0;
      low.set(parent.id, Math.min(low.get(parent.id) ?? 0, reach));
      const at = index.get(parent.id) ?? 0;
      if (reach > at && top.via !== undefined) {
        edges.add(top.via);
      }
      if (parent.id === root) {
        children++;
      } else if (reach >= at) {
        nodes.add(parent.id);
      }
    }
    if (children > 1) {
      nodes.add(root);
    }
  }
  return { nodes, edges };
}
