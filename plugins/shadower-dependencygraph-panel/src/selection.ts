import type { GraphModel } from './data/model';

/** What the user looks at: one node or one edge. */
export interface Selection {
  kind: 'node' | 'edge';
  id: string;
}

/** Ids of the nodes whose title, id, subtitle, kind, group or status contains the text, in the model's order. */
export function search(model: GraphModel, text: string): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') {
    return [];
  }
  return model.nodes
    .filter(
      (node) =>
        [node.title, node.id, node.subtitle, node.kind, node.group, node.status ?? ''].some((part) =>
          part.toLowerCase().includes(wanted)
        ) || node.members?.some((member) => member.title.toLowerCase().includes(wanted)) === true
    )
    .map((node) => node.id);
}
