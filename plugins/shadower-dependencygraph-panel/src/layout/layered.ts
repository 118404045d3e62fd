import { Graph, type EdgeLabel, type GraphLabel, layout as dagreLayout, type NodeLabel } from '@dagrejs/dagre';
import { compareText } from '../data/compare';
import { fitScale, mapPoints, pack, round, setOwn, splitComponents } from './components';
import type { Point } from '../types';
import { sugiyama } from './sugiyama';
import { MAX_FIT } from './viewport';
import type { Layout, LayoutInput, LayoutResult, RoutedEdge, Size } from './types';

type Direction = 'LR' | 'TB';

/** Distances in layout units. `label` is what an edge label gets, whatever its text: metrics must not move nodes. */
interface Room {
  label: { width: number; height: number };
  node: number;
  edge: number;
  rank: number;
  /** Titles get at most this width; longer ones are shortened. */
  title: number;
}
/** Without reserved room a label is drawn where there happens to be some. */
const ROOMS = {
  ample: { label: { width: 110, height: 18 }, node: 26, edge: 14, rank: 24, title: Infinity },
  some: { label: { width: 56, height: 16 }, node: 14, edge: 10, rank: 24, title: Infinity },
  compact: { label: { width: 0, height: 0 }, node: 8, edge: 8, rank: 46, title: Infinity },
  tight: { label: { width: 0, height: 0 }, node: 6, edge: 6, rank: 40, title: 76 },
} satisfies Record<string, Room>;
/** A drawing that fits at this scale is large enough: better spend what is left on room. Titles are 12 units high. */
const LEGIBLE = 0.92;
/** Between the rows of a wrapped layer. */
const STAGGER_GAP = 12;
/** Into how many rows the widest layer is wrapped, at most one of which is taken. */
const WRAPS = [1, 2, 3, 4];
/** What a wrap must gain: a plain layer reads better than two. And left to right reads better than top to bottom. */
const WRAP_COST = 0.04;
const TB_COST = 0.04;
/** And a whole title better than half of one. */
const CUT_COST = 0.2;
/** How much the gaps may be stretched to use a viewport's full width and height, and how much of what is free is used. */
const STRETCH = { most: 1.6, share: 0.85 };
/** How far edges between the same two nodes, and their labels, lie apart. */
const PARALLEL = { line: 12, label: 17 };

/** Edges between the same two nodes, drawn along one route. `from` and `to` run with the layers. */
interface Bundle {
  from: string;
  to: string;
  edges: LayoutInput['edges'];
}
/** A connected part with its layers, callers first. */
interface Ranked {
  input: LayoutInput;
  bundles: Bundle[];
  layers: string[][];
}

/** Nodes and edges up to which dagre draws: it makes the nicer picture, and takes seconds beyond some hundred. */
const DAGRE_SIZE = 120;

/** The layered layout: by dagre for small graphs, with our own for large ones. */
export const layered: Layout = (input) =>
  input.nodes.length + input.edges.length <= DAGRE_SIZE ? layeredSmall(input) : layeredLarge(input);

export const layeredLarge: Layout = (input) =>
  input.nodes.length === 0
    ? { positions: {}, routes: {}, width: 0, height: 0 }
    : stretch(pack(splitComponents(input).map(sugiyama), input.viewport), input);

/**
 * Sugiyama's layered layout by dagre, drawn in several ways (direction, room, wide layers wrapped), of which the one that
 * the viewport shows largest is taken. Deterministic for sorted input: dagre uses no randomness, and nothing is timed.
 */
const layeredSmall: Layout = (input) => {
  if (input.nodes.length === 0) {
    return { positions: {}, routes: {}, width: 0, height: 0 };
  }
  const parts = splitComponents(input).map(rank);
  const widest = Math.max(0, ...parts.flatMap((part) => part.layers.map((layer) => layer.length)));
  const caps = [...new Set(WRAPS.map((wrap) => Math.ceil(widest / wrap)))].filter((cap) => cap > 1 || widest <= 1);
  const directions: Direction[] = input.direction === 'auto' ? ['LR', 'TB'] : [input.direction];

  interface Try {
    direction: Direction;
    cap: number;
    value: number;
    result: LayoutResult;
  }
  const attempt = (room: Room, direction: Direction, cap: number): Try => {
    const drawings = parts.map((part) => draw(part, direction, room, cap));
    const result = pack(drawings, input.viewport);
    const scale = fitScale(result, input.viewport);
    const value =
      // Beyond legible, larger is worth less: a plain drawing is then worth more.
      (Math.min(scale, LEGIBLE) + 0.3 * Math.max(0, Math.min(scale, MAX_FIT) - LEGIBLE)) *
      (1 - WRAP_COST * (Math.ceil(widest / cap) - 1)) *
      (direction === 'TB' && input.direction === 'auto' ? 1 - TB_COST : 1) *
      (room.title < Infinity ? 1 - CUT_COST : 1);
    return { direction, cap, value, result };
  };
  const better = (a: Try, b: Try) => (b.value > a.value * 1.01 ? b : a);

  const compact = directions.flatMap((direction) => caps.map((cap) => attempt(ROOMS.compact, direction, cap)));
  let best = compact.reduce(better);
  // More room only makes a drawing smaller, so only what has some to spare gets it.
  const legible = (tried: Try) => fitScale(tried.result, input.viewport) >= LEGIBLE;
  const likely = compact.filter((tried) => tried.value >= 0.9 * best.value).slice(0, 3);
  const rooms = legible(best) ? [ROOMS.ample, ROOMS.some] : [ROOMS.tight];
  for (const room of rooms) {
    const tries = likely.map(({ direction, cap }) => attempt(room, direction, cap));
    if (room === ROOMS.tight) {
      best = tries.reduce(better, best);
    } else if (tries.some(legible)) {
      best = tries.filter(legible).reduce(better);
      break;
    }
  }
  return straighten(stretch(best.result, input), input);
};

/** Widens the gaps in the direction in which the viewport has room left, so that lines and labels get it. */
function stretch(drawing: LayoutResult, input: LayoutInput): LayoutResult {
  const scale = Math.min(fitScale(drawing, input.viewport), MAX_FIT);
  // Boxes differ in width; what lies at the rim must stay inside.
  const box = {
    width: Math.max(...input.nodes.map((n) => n.width)),
    height: Math.max(...input.nodes.map((n) => n.height)),
  };
  const factor = (side: 'width' | 'height') => {
    const inner = drawing[side] - box[side];
    const free = Math.max(0, input.viewport[side] / scale - drawing[side]);
    return inner <= 0 ? 1 : Math.min(STRETCH.most, 1 + (STRETCH.share * free) / inner);
  };
  const [fx, fy] = [factor('width'), factor('height')];
  const move = (p: Point): Point => ({
    x: round(box.width / 2 + (p.x - box.width / 2) * fx),
    y: round(box.height / 2 + (p.y - box.height / 2) * fy),
  });
  return {
    ...mapPoints(drawing, move),
    width: box.width + (drawing.width - box.width) * fx,
    height: box.height + (drawing.height - box.height) * fy,
  };
}

/** How near a straight line may pass a node's centre, in layout units: the ring and some air. */
const CLEAR = 38;

/** Draws edges as straight lines wherever these pass no other node: fewer bends, and crossings that are easier to follow. */
function straighten(drawing: LayoutResult, input: LayoutInput): LayoutResult {
  const parallel = new Map<string, string[]>();
  for (const edge of input.edges) {
    const key = JSON.stringify([edge.source, edge.target].sort(compareText));
    parallel.set(key, [...(parallel.get(key) ?? []), edge.id]);
  }
  const obstacles = input.nodes.map(({ id }) => ({ id, at: drawing.positions[id] }));
  for (const { id, source, target } of input.edges) {
    if (!Object.hasOwn(drawing.routes, id)) {
      continue;
    }
    const [from, to] = [drawing.positions[source], drawing.positions[target]];
    if (obstacles.some(({ id: other, at }) => other !== source && other !== target && passes(from, to, at))) {
      continue;
    }
    const together = parallel.get(JSON.stringify([source, target].sort(compareText))) ?? [id];
    const side = together.indexOf(id) - (together.length - 1) / 2;
    const [a, b] = compareText(source, target) < 0 ? [from, to] : [to, from];
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const off = { x: (-(b.y - a.y) / length) * side * PARALLEL.line, y: ((b.x - a.x) / length) * side * PARALLEL.line };
    const on = (t: number): Point => ({
      x: round(from.x + (to.x - from.x) * t + off.x),
      y: round(from.y + (to.y - from.y) * t + off.y),
    });
    setOwn(drawing.routes, id, {
      bends: side === 0 ? [] : [on(0.5)],
      label: on(0.5),
      labels: [on(0.4), on(0.6), on(0.32), on(0.68)],
    });
  }
  return drawing;
}

/** Whether the line from `a` to `b` passes a node at `p`, or the middle of its title. */
function passes(a: Point, b: Point, p: Point): boolean {
  const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2 || 1;
  return [p, { x: p.x, y: p.y + CLEAR / 3 }].some(({ x, y }) => {
    const t = Math.max(0, Math.min(1, ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / length));
    return Math.hypot(a.x + (b.x - a.x) * t - x, a.y + (b.y - a.y) * t - y) < CLEAR;
  });
}

/** Finds the layers of a connected part. */
function rank(input: LayoutInput): Ranked {
  const groups = new Map<string, LayoutInput['edges']>();
  for (const edge of input.edges) {
    if (edge.source !== edge.target) {
      const key = JSON.stringify([edge.source, edge.target].sort(compareText));
      groups.set(key, [...(groups.get(key) ?? []), edge]);
    }
  }
  // Of edges in both directions, that of the majority (else of the first) says which end comes first.
  const bundles = [...groups.values()].map((edges) => {
    const { source, target } = edges[0];
    const along = edges.filter((edge) => edge.source === source).length;
    return 2 * along >= edges.length ? { from: source, to: target, edges } : { from: target, to: source, edges };
  });
  const { graph, name } = dagreGraph(input, bundles, { ranker: 'network-simplex', acyclicer: 'greedy' });
  dagreLayout(graph);
  const layers = new Map<number, Array<{ id: string; order: number }>>();
  for (const { id } of input.nodes) {
    const { rank: layer = 0, order = 0 } = graph.node(name(id)) ?? {};
    layers.set(layer, [...(layers.get(layer) ?? []), { id, order }]);
  }
  const sorted = [...layers].sort(([a], [b]) => a - b).map(([, nodes]) => nodes.sort((a, b) => a.order - b.order));
  const at = new Map(sorted.flatMap((nodes, i) => nodes.map(({ id }): [string, number] => [id, i])));
  return {
    input,
    // Edges that close a cycle run against the layers: turned here, so that drawing needs no more of that.
    bundles: bundles.map((bundle) =>
      (at.get(bundle.from) ?? 0) > (at.get(bundle.to) ?? 0) ? { ...bundle, from: bundle.to, to: bundle.from } : bundle
    ),
    layers: sorted.map((nodes) => nodes.map(({ id }) => id)),
  };
}

/** Draws a part with at most `cap` nodes in a layer. */
function draw({ input, bundles, layers }: Ranked, direction: Direction, room: Room, cap: number): LayoutResult {
  const { graph, name } = dagreGraph(input, bundles, {
    ranker: 'none',
    rankdir: direction,
    nodesep: room.node,
    edgesep: room.edge,
    ranksep: room.rank,
  });
  const [along, across] = direction === 'LR' ? (['width', 'height'] as const) : (['height', 'width'] as const);
  const boxes = new Map(
    input.nodes.map(({ id, width, height }) => [id, { width: Math.min(width, room.title), height }])
  );
  // A wide layer is staggered: dagre gets flat and deep boxes, and the nodes then take turns along the depth.
  const staggered: Array<{ ids: string[]; rows: number; step: number }> = [];
  layers.forEach((ids, layer) => {
    const rows = Math.ceil(ids.length / cap);
    const most = (side: 'width' | 'height') => Math.max(...ids.map((id) => boxes.get(id)?.[side] ?? 0));
    const step = most(along) + STAGGER_GAP;
    if (rows > 1) {
      staggered.push({ ids, rows, step });
    }
    for (const id of ids) {
      const box = boxes.get(id);
      const room = rows === 1 ? box : { [across]: most(across) / rows, [along]: step * rows - STAGGER_GAP };
      // Twice: dagre keeps every other rank for edge labels.
      Object.assign(graph.node(name(id)) ?? {}, room, { rank: 2 * layer });
    }
  });
  bundles.forEach(({ from, to, edges }, i) => {
    const stack = room.label.height === 0 ? 0 : room.label.height + (edges.length - 1) * PARALLEL.label;
    Object.assign(graph.edge(name(from), name(to), `e${i}`) ?? {}, { width: room.label.width, height: stack });
  });
  dagreLayout(graph);

  const { width = 0, height = 0 } = graph.graph() ?? {};
  const result: LayoutResult = { positions: {}, routes: {}, width, height };
  for (const { id } of input.nodes) {
    const at = graph.node(name(id));
    setOwn(result.positions, id, { x: at?.x ?? 0, y: at?.y ?? 0 });
  }
  const [on, side] = direction === 'LR' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  for (const { ids, rows, step } of staggered) {
    const sorted = ids.map((id) => result.positions[id]).sort((a, b) => a[side] - b[side]);
    sorted.forEach((at, i) => (at[on] += ((i % rows) - (rows - 1) / 2) * step));
  }
  bundles.forEach(({ from, to, edges }, i) => {
    const at = graph.edge(name(from), name(to), `e${i}`);
    const points = at?.points?.slice(1, -1) ?? [];
    if (points.length === 0) {
      return;
    }
    // Without reserved room dagre names no place for the label. Every other bend lies between two layers.
    const half = Math.floor((points.length - 1) / 2);
    const { x, y } = at?.x === undefined || at.y === undefined ? points[half - (half % 2)] : { x: at.x, y: at.y };
    const middle: RoutedEdge = { bends: points, label: { x, y } };
    edges.forEach((edge, j) => {
      const side = j - (edges.length - 1) / 2;
      const [dx, dy] = direction === 'LR' ? [0, side * PARALLEL.line] : [side * PARALLEL.line, 0];
      const bends = middle.bends.map((p) => ({ x: p.x + dx, y: p.y + dy }));
      setOwn(result.routes, edge.id, {
        bends: edge.source === from ? bends : bends.reverse(),
        label: { x: middle.label.x, y: middle.label.y + side * PARALLEL.label },
      });
    });
  });
  return staggered.length === 0 ? result : reframe(result, boxes);
}

/** Moves a drawing so that its top left is at (0, 0), with its nodes' own boxes: those dagre had were others. */
function reframe(drawing: LayoutResult, boxes: ReadonlyMap<string, Size>): LayoutResult {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const include = ({ x, y }: Point, { width, height }: Size) => {
    left = Math.min(left, x - width / 2);
    right = Math.max(right, x + width / 2);
    top = Math.min(top, y - height / 2);
    bottom = Math.max(bottom, y + height / 2);
  };
  for (const [id, at] of Object.entries(drawing.positions)) {
    include(at, boxes.get(id) ?? { width: 0, height: 0 });
  }
  for (const { bends, label } of Object.values(drawing.routes)) {
    [...bends, label].forEach((point) => include(point, { width: 0, height: 0 }));
  }
  const moved = mapPoints(drawing, (p) => ({ x: p.x - left, y: p.y - top }));
  return { ...moved, width: right - left, height: bottom - top };
}

/** Beside the rankers of its types, dagre knows `none`: ranks are as the nodes have them. */
type Settings = Omit<GraphLabel, 'ranker'> & { ranker: 'network-simplex' | 'none' };

function dagreGraph(input: LayoutInput, bundles: Bundle[], settings: Settings) {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ directed: true, multigraph: true });
  graph.setGraph(settings as GraphLabel);
  // Ids come from data; dagre keeps its own names (_d1, _bl2, __proto__ in an object) in the same space, so hand it numbers.
  const index = new Map(input.nodes.map((node, i) => [node.id, `n${i}`]));
  const name = (id: string) => index.get(id) ?? '';
  for (const node of input.nodes) {
    graph.setNode(name(node.id), { width: node.width, height: node.height });
  }
  bundles.forEach(({ from, to }, i) => {
    graph.setEdge(name(from), name(to), { width: 0, height: 0, labelpos: 'c' }, `e${i}`);
  });
  return { graph, name };
}
