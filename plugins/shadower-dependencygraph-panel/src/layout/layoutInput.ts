import type { GraphModel, GraphNode } from '../data/model';
import type { LayoutAlgorithm, LayoutDirection } from '../types';
import type { LayoutInput, Size } from './types';

/** Radius of a node's ring, in layout units. */
export const NODE_RADIUS = 26;
/** Longest title drawn below a node, in characters; longer ones are cut with an ellipsis. */
export const TITLE_CHARS = 22;
export const TITLE_LINE = 15;
/** Distance of the title's upper edge from the node's centre. */
export const TITLE_TOP = NODE_RADIUS + 7;
/** Room for the badge and the ring's stroke around a node. */
const MARGIN = 6;
/** Mean width of a character of a title. An estimate, because measuring would tie the layout to fonts and a DOM. */
export const CHAR_WIDTH = 6.4;

/** Cuts a label to what the layout made room for. */
export function shorten(text: string, most = TITLE_CHARS): string {
  const chars = [...text];
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join('')}…`;
}

/** The second line below a node: the subtitle, else the kind. */
export function subtitleOf(node: GraphNode): string {
  return node.subtitle || node.kind;
}

/** The room a node takes with its title, in layout units around the ring's centre. */
export interface NodeBox {
  width: number;
  height: number;
  /** How far the box reaches above and below the ring's centre. */
  top: number;
  bottom: number;
}

/**
 * The room a node takes. Layouts centre boxes, and the title hangs below; since that is the same for all nodes, putting
 * the ring on the box's centre only shifts the whole drawing. The second line is drawn when there is room, so it takes none.
 */
export function nodeBox(node: GraphNode): NodeBox {
  const chars = [...shorten(node.title)].length;
  const top = NODE_RADIUS + MARGIN;
  const bottom = TITLE_TOP + TITLE_LINE;
  return { width: Math.max(2 * top, Math.ceil(chars * CHAR_WIDTH) + MARGIN), height: top + bottom, top, bottom };
}

/** What the layout needs of a graph. */
export function layoutInput(
  model: GraphModel,
  algorithm: LayoutAlgorithm,
  direction: LayoutDirection,
  viewport: Size
): LayoutInput {
  return {
    algorithm,
    // The others have no direction: leaving it out of the key keeps a switch from laying out anew.
    direction: algorithm === 'layered' || algorithm === 'grouped' ? direction : 'LR',
    viewport,
    nodes: model.nodes.map((node) => {
      const { width, height } = nodeBox(node);
      return {
        id: node.id,
        width,
        height,
        ...(algorithm === 'grouped' && node.members === undefined ? { group: node.group } : {}),
        ...(algorithm === 'geographic' ? { geo: node.geo } : {}),
      };
    }),
    edges: model.edges.map(({ id, source, target }) => ({ id, source, target })),
  };
}

/** Two graphs with the same key have the same layout. */
export function topologyKey(input: LayoutInput): string {
  return JSON.stringify([
    input.algorithm,
    input.direction,
    input.viewport.width,
    input.viewport.height,
    input.nodes.map((node) => [node.id, node.width, node.height, node.group, node.geo?.latitude, node.geo?.longitude]),
    input.edges.map((edge) => [edge.id, edge.source, edge.target]),
  ]);
}
