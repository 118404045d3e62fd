import type { GraphModel, GraphNode } from '../data/model';
import type { LayoutAlgorithm, LayoutDirection } from '../types';
import type { LayoutInput } from './types';

/** Radius of a node's ring, in layout units. */
export const NODE_RADIUS = 26;
/** Longest title drawn below a node, in characters; longer ones are cut with an ellipsis. */
export const TITLE_CHARS = 22;
export const TITLE_LINE = 16;
/** Room for the badge and the ring's stroke around a node. */
const MARGIN = 8;
/** Mean width of a character at the label's size. An estimate, because measuring would tie the layout to fonts and a DOM. */
const CHAR_WIDTH = 6.6;

/** Cuts a label to what the layout made room for. */
export function shorten(text: string, most = TITLE_CHARS): string {
  const chars = [...text];
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join('')}…`;
}

/** The second line below a node: the subtitle, else the kind. */
export function subtitleOf(node: GraphNode): string {
  return node.subtitle || node.kind;
}

/** The room a node takes with its label lines. The ring is centred; the label hangs below. */
export function nodeBox(node: GraphNode): { width: number; height: number } {
  const chars = Math.max([...shorten(node.title)].length, [...shorten(subtitleOf(node))].length);
  const lines = subtitleOf(node) === '' ? 1 : 2;
  return {
    width: Math.max(2 * (NODE_RADIUS + MARGIN), Math.ceil(chars * CHAR_WIDTH) + MARGIN),
    // Twice the larger half: layouts centre boxes, and the ring has to sit on the centre.
    height: 2 * (NODE_RADIUS + MARGIN + lines * TITLE_LINE),
  };
}

/** What the layout needs of a graph. */
export function layoutInput(model: GraphModel, algorithm: LayoutAlgorithm, direction: LayoutDirection): LayoutInput {
  return {
    algorithm,
    // Force has no direction: leaving it out of the key keeps a switch from laying out anew.
    direction: algorithm === 'force' ? 'LR' : direction,
    nodes: model.nodes.map((node) => ({ id: node.id, ...nodeBox(node) })),
    edges: model.edges.map(({ id, source, target }) => ({ id, source, target })),
  };
}

/** Two graphs with the same key have the same layout. */
export function topologyKey(input: LayoutInput): string {
  return JSON.stringify([
    input.algorithm,
    input.direction,
    input.nodes.map((node) => [node.id, node.width, node.height]),
    input.edges.map((edge) => [edge.id, edge.source, edge.target]),
  ]);
}
