import { compareText } from '../data/compare';
import type { Layout, LayoutInput, LayoutResult } from './types';

/** Room between parts of the graph that are not connected. */
const GAP = 48;
/** Width to height the packed drawing aims at: about that of a panel. Fixed, so that resizing moves nothing. */
const ASPECT = 16 / 9;

/** Splits a graph into its connected parts, largest first, then by smallest id. */
export function splitComponents(input: LayoutInput): LayoutInput[] {
  const parent = new Map(input.nodes.map((node) => [node.id, node.id]));
  const find = (id: string): string => {
    let root = id;
    while (parent.get(root) !== root) {
      root = parent.get(root) ?? root;
    }
    for (let at = id; at !== root;) {
      const next = parent.get(at) ?? root;
      parent.set(at, root);
      at = next;
    }
    return root;
  };
  for (const edge of input.edges) {
    const [a, b] = [find(edge.source), find(edge.target)];
    if (a !== b) {
      parent.set(compareText(a, b) < 0 ? b : a, compareText(a, b) < 0 ? a : b);
    }
  }
  const parts = new Map<string, LayoutInput>();
  for (const node of input.nodes) {
    const root = find(node.id);
    const part = parts.get(root);
    if (part === undefined) {
      parts.set(root, { ...input, nodes: [node], edges: [] });
    } else {
      part.nodes.push(node);
    }
  }
  for (const edge of input.edges) {
    parts.get(find(edge.source))?.edges.push(edge);
  }
  return [...parts.values()].sort(
    (a, b) => b.nodes.length - a.nodes.length || compareText(a.nodes[0].id, b.nodes[0].id)
  );
}

/**
 * Lays out each connected part by itself and packs the parts in rows. Without this, unconnected nodes stretch a layered
 * drawing into one long column and drift away in a force-directed one.
 */
export function packed(layout: Layout): Layout {
  return (input) => {
    const parts = splitComponents(input).map(layout);
    const area = parts.reduce((sum, part) => sum + (part.width + GAP) * (part.height + GAP), 0);
    const rowWidth = Math.max(Math.sqrt(area * ASPECT), ...parts.map((part) => part.width));
    const all: LayoutResult = { positions: {}, routes: {}, width: 0, height: 0 };
    let x = 0;
    let y = 0;
    let rowHeight = 0;
    for (const part of parts) {
      if (x > 0 && x + part.width > rowWidth) {
        x = 0;
        y += rowHeight + GAP;
        rowHeight = 0;
      }
      const move = (p: { x: number; y: number }) => ({ x: round(p.x + x), y: round(p.y + y) });
      for (const [id, at] of Object.entries(part.positions)) {
        setOwn(all.positions, id, move(at));
      }
      for (const [id, route] of Object.entries(part.routes)) {
        setOwn(all.routes, id, { bends: route.bends.map(move), label: move(route.label) });
      }
      all.width = Math.max(all.width, x + part.width);
      all.height = Math.max(all.height, y + part.height);
      rowHeight = Math.max(rowHeight, part.height);
      x += part.width + GAP;
    }
    return all;
  };
}

/** Sets a key that comes from data; a plain assignment to `__proto__` would be lost. */
export function setOwn<T>(record: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Hundredths of a pixel: hides the last bits in which floating point may differ between machines. */
function round(n: number): number {
  return Math.round(n * 100) / 100;
}
