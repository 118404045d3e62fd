import { compareText } from '../data/compare';
import { fitScale, pack, setOwn } from './components';
import { layered, layeredLarge } from './layered';
import type { GroupBox, Layout, LayoutInput, LayoutResult } from './types';

/** Nodes in all beyond which groups are laid out the quick way. */
const MANY = 200;
/** Between a group's box and its nodes; the upper one holds its name. */
const PADDING = { side: 14, top: 34, bottom: 12 };

/**
 * Every group in a box of its own, laid out in layers inside; the boxes, and the nodes that belong to no group, laid out in
 * layers like nodes.
 */
export const grouped: Layout = (input) => {
  const groups = new Map<string, LayoutInput['nodes']>();
  for (const node of input.nodes) {
    // A collapsed group, and a node without one, stands for itself.
    const key = node.group === undefined || node.group === '' ? `node:${node.id}` : `group:${node.group}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const keyOf = new Map([...groups].flatMap(([key, nodes]) => nodes.map((node): [string, string] => [node.id, key])));
  const between: LayoutInput['edges'] = [];
  const within = new Map<string, LayoutInput['edges']>();
  for (const edge of input.edges) {
    const [a, b] = [keyOf.get(edge.source) ?? '', keyOf.get(edge.target) ?? ''];
    if (a === b) {
      within.set(a, [...(within.get(a) ?? []), edge]);
    } else {
      between.push({ id: edge.id, source: a, target: b });
    }
  }
  const area = (input.viewport.width * input.viewport.height) / Math.max(1, input.nodes.length);
  // Dagre is worth its time only for few.
  const layout = input.nodes.length > MANY ? layeredLarge : layered;
  const inner = new Map<string, LayoutResult>();
  for (const [key, nodes] of groups) {
    if (key.startsWith('group:')) {
      const side = Math.sqrt(area * nodes.length);
      const viewport = { width: side * 1.3, height: side / 1.3 };
      inner.set(key, layout({ ...input, viewport, nodes, edges: within.get(key) ?? [] }));
    }
  }
  const boxes = {
    ...input,
    nodes: [...groups]
      .map(([key, [node]]) => {
        const box = inner.get(key);
        return box === undefined
          ? { id: key, width: node.width, height: node.height }
          : {
              id: key,
              width: box.width + 2 * PADDING.side,
              height: box.height + PADDING.top + PADDING.bottom,
            };
      })
      .sort((a, b) => compareText(a.id, b.id)),
    edges: onePerPair(between),
  };
  const inLayers = layeredLarge(boxes);
  const inRows = shelved(boxes);
  // Groups that nearly all call each other make a long chain of layers: rows then show more.
  const scale = (drawing: LayoutResult) => fitScale(drawing, input.viewport);
  const outer = scale(inRows) > 1.5 * scale(inLayers) ? inRows : inLayers;
  const result: LayoutResult = { positions: {}, routes: {}, width: outer.width, height: outer.height, groups: [] };
  for (const [key, nodes] of groups) {
    const at = outer.positions[key];
    const box = inner.get(key);
    if (box === undefined) {
      setOwn(result.positions, nodes[0].id, at);
      continue;
    }
    const width = box.width + 2 * PADDING.side;
    const height = box.height + PADDING.top + PADDING.bottom;
    const frame: GroupBox = { name: nodes[0].group ?? '', x: at.x - width / 2, y: at.y - height / 2, width, height };
    result.groups?.push(frame);
    for (const [id, p] of Object.entries(box.positions)) {
      setOwn(result.positions, id, { x: frame.x + PADDING.side + p.x, y: frame.y + PADDING.top + p.y });
    }
  }
  return result;
};

/** The boxes side by side, in rows that fit the viewport. */
function shelved(input: LayoutInput): LayoutResult {
  const parts = input.nodes.map(({ id, width, height }) => {
    const part: LayoutResult = { positions: {}, routes: {}, width, height };
    setOwn(part.positions, id, { x: width / 2, y: height / 2 });
    return part;
  });
  return pack(
    parts.sort((a, b) => b.height - a.height),
    input.viewport
  );
}

function onePerPair(edges: LayoutInput['edges']): LayoutInput['edges'] {
  const pairs = new Map(edges.map((edge) => [JSON.stringify([edge.source, edge.target]), edge]));
  return [...pairs.values()].sort((a, b) => compareText(a.source, b.source) || compareText(a.target, b.target));
}
