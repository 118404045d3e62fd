import { MultiDirectedGraph } from 'graphology';
import type { GraphEdge, GraphModel, GraphNode } from '../data/model';

export type Adjacency = MultiDirectedGraph<GraphNode, GraphEdge>;

/** The graph as a graphology graph, for neighbours, paths and cut points. */
export function adjacency(model: Pick<GraphModel, 'nodes' | 'edges'>): Adjacency {
  const graph: Adjacency = new MultiDirectedGraph();
  for (const node of model.nodes) {
    graph.addNode(node.id, node);
  }
  for (const edge of model.edges) {
    graph.addEdgeWithKey(edge.id, edge.source, edge.target, edge);
  }
  return graph;
}

/** A part of a graph to light up. */
export interface Lit {
  nodes: Set<string>;
  edges: Set<string>;
}
