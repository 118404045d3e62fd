import { compareText } from '../data/compare';
import type { Point } from '../types';
import type { Layout, LayoutInput, LayoutResult, Size } from './types';

/** Room between parts of the graph that are not connected. */
const GAP = 32;
/** How many row widths, and column heights, are tried. */
const PACKINGS = 24;

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

/** The scale at which a drawing fits a viewport. */
export function fitScale(drawing: Size, viewport: Size): number {
  return Math.min(viewport.width / Math.max(drawing.width, 1), viewport.height / Math.max(drawing.height, 1));
}

interface Packing extends Size {
  /** Top left corners, in the order of the parts. */
  at: Point[];
}

/** Puts boxes side by side until a row is `rowWidth` wide, then starts the next row. */
function shelves(parts: Size[], rowWidth: number): Packing {
  const packing: Packing = { at: [], width: 0, height: 0 };
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  for (const part of parts) {
    if (x > 0 && x + part.width > rowWidth) {
      x = 0;
      y += rowHeight + GAP;
      rowHeight = 0;
    }
    packing.at.push({ x, y });
    packing.width = Math.max(packing.width, x + part.width);
    packing.height = Math.max(packing.height, y + part.height);
    rowHeight = Math.max(rowHeight, part.height);
    x += part.width + GAP;
  }
  return packing;
}

/** The same with columns. */
function columns(parts: Size[], columnHeight: number): Packing {
  const turned = shelves(
    parts.map((part) => ({ width: part.height, height: part.width })),
    columnHeight
  );
  return { at: turned.at.map(({ x, y }) => ({ x: y, y: x })), width: turned.height, height: turned.width };
}

/** Row widths worth trying: with 1, 2, 3 … parts in the first row, thinned out when there are many. */
function limits(lengths: number[]): number[] {
  const longest = Math.max(...lengths);
  const sums: number[] = [];
  let sum = -GAP;
  for (const length of lengths) {
    sum += length + GAP;
    sums.push(Math.max(sum, longest) + 0.01);
  }
  const step = Math.ceil(sums.length / PACKINGS);
  return sums.filter((_, i) => i % step === 0 || i === sums.length - 1);
}

/** Puts the drawings of unconnected parts together, in the rows or columns that the viewport shows largest. */
export function pack(parts: LayoutResult[], viewport: Size): LayoutResult {
  const all: LayoutResult = { positions: {}, routes: {}, width: 0, height: 0 };
  if (parts.length === 0) {
    return all;
  }
  const tries = [
    ...limits(parts.map((part) => part.width)).map((limit) => shelves(parts, limit)),
    ...limits(parts.map((part) => part.height)).map((limit) => columns(parts, limit)),
  ];
  const best = tries.reduce((a, b) => (fitScale(b, viewport) > fitScale(a, viewport) * 1.001 ? b : a));
  all.width = best.width;
  all.height = best.height;
  parts.forEach((part, i) => {
    const { positions, routes } = mapPoints(part, (p) => ({
      x: round(p.x + best.at[i].x),
      y: round(p.y + best.at[i].y),
    }));
    Object.entries(positions).forEach(([id, at]) => setOwn(all.positions, id, at));
    Object.entries(routes).forEach(([id, route]) => setOwn(all.routes, id, route));
  });
  return all;
}

/** The drawing with all points moved. */
export function mapPoints(drawing: LayoutResult, move: (p: Point) => Point): LayoutResult {
  const result: LayoutResult = { ...drawing, positions: {}, routes: {} };
  for (const [id, at] of Object.entries(drawing.positions)) {
    setOwn(result.positions, id, move(at));
  }
  for (const [id, { bends, label }] of Object.entries(drawing.routes)) {
    setOwn(result.routes, id, { bends: bends.map(move), label: move(label) });
  }
  return result;
}

/**
 * Lays out each connected part by itself and packs them. Without this, unconnected nodes drift away in a force-directed
 * drawing.
 */
export function packed(layout: Layout): Layout {
  return (input) => pack(splitComponents(input).map(layout), input.viewport);
}

/** Sets a key that comes from data; a plain assignment to `__proto__` would be lost. */
export function setOwn<T>(record: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Hundredths of a pixel: hides the last bits in which floating point may differ between machines. */
export function round(n: number): number {
  return Math.round(n * 100) / 100;
}
