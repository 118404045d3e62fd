import type { GraphModel } from './data/model';
import type { Adjacency } from './render/describe';

/** What the user looks at: one node or one edge. */
export interface Selection {
  kind: 'node' | 'edge';
  id: string;
}

export interface Lit {
  nodes: Set<string>;
  edges: Set<string>;
}

/** The selection and what is one hop around it, or undefined when nothing (or nothing that still exists) is selected. */
export function around(selection: Selection | undefined, graph: Adjacency): Lit | undefined {
  if (selection?.kind === 'node' && graph.hasNode(selection.id)) {
    return {
      nodes: new Set([selection.id, ...graph.neighbors(selection.id)]),
      edges: new Set(graph.edges(selection.id)),
    };
  }
  if (selection?.kind === 'edge' && graph.hasEdge(selection.id)) {
    return { nodes: new Set(graph.extremities(selection.id)), edges: new Set([selection.id]) };
  }
  return undefined;
}

/** Ids of the nodes whose title, id, subtitle or kind contains the text, in the model's order. */
export function search(model: GraphModel, text: string): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') {
    return [];
  }
  return model.nodes
    .filter((node) =>
      [node.title, node.id, node.subtitle, node.kind, node.status ?? ''].some((part) =>
        part.toLowerCase().includes(wanted)
      )
    )
    .map((node) => node.id);
}
