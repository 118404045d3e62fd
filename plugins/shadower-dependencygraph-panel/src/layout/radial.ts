import { compareText } from '../data/compare';
import { setOwn } from './components';
import type { Layout, LayoutInput, LayoutResult } from './types';

/** Between rings, beyond the room that nodes take, and between nodes of a ring. */
const GAP = { ring: 46, node: 12 };

/**
 * A connected part as rings around a centre: the node that calls and is not called with the largest reach, else the best
 * connected one; every ring one hop farther out, whatever the direction. Each branch gets a slice as wide as it
 * has leaves, so that lines of its tree do not cross.
 */
export const radial: Layout = (input) => {
  const n = input.nodes.length;
  if (n === 0) {
    return { positions: {}, routes: {}, width: 0, height: 0 };
  }
  const { neighbours, root } = connections(input);
  const { order, parent, depth } = breadthFirst(neighbours, root);
  const leaves = new Float64Array(n);
  const children: number[][] = input.nodes.map(() => []);
  for (let i = order.length - 1; i >= 0; i--) {
    const v = order[i];
    leaves[v] = Math.max(1, leaves[v]);
    if (parent[v] >= 0) {
      leaves[parent[v]] += leaves[v];
      children[parent[v]].unshift(v);
    }
  }
  const tracks = tracksOf(input, order, depth);
  const radius = new Float64Array(n);
  const angle = new Float64Array(n);
  const from = new Float64Array(n);
  const width = new Float64Array(n);
  width[root] = 2 * Math.PI;
  for (const v of order) {
    angle[v] = from[v] + width[v] / 2 - Math.PI / 2;
    let at = from[v];
    for (const child of children[v]) {
      from[child] = at;
      width[child] = (width[v] * leaves[child]) / children[v].reduce((sum, c) => sum + leaves[c], 0);
      at += width[child];
    }
  }
  for (const ring of tracks) {
    // Nodes of a crowded ring take turns on its tracks.
    const around = ring.nodes.sort((a, b) => angle[a] - angle[b] || a - b);
    ring.radii.forEach((r, track) => {
      const own = around.filter((_, i) => i % ring.radii.length === track);
      own.forEach((v) => (radius[v] = r));
      spreadOut(input, own, r, angle);
    });
  }

  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const at = input.nodes.map((node, v) => {
    const x = Math.cos(angle[v]) * radius[v];
    const y = Math.sin(angle[v]) * radius[v];
    left = Math.min(left, x - node.width / 2);
    right = Math.max(right, x + node.width / 2);
    top = Math.min(top, y - node.height / 2);
    bottom = Math.max(bottom, y + node.height / 2);
    return { x, y };
  });
  const result: LayoutResult = { positions: {}, routes: {}, width: right - left, height: bottom - top };
  input.nodes.forEach((node, v) => setOwn(result.positions, node.id, { x: at[v].x - left, y: at[v].y - top }));
  return result;
};

function connections(input: LayoutInput): { neighbours: number[][]; root: number } {
  const index = new Map(input.nodes.map((node, i) => [node.id, i]));
  const neighbours: number[][] = input.nodes.map(() => []);
  const called = new Uint8Array(input.nodes.length);
  for (const { source, target } of input.edges) {
    const [a, b] = [index.get(source) ?? 0, index.get(target) ?? 0];
    if (a !== b) {
      neighbours[a].push(b);
      neighbours[b].push(a);
      called[b] = 1;
    }
  }
  const better = (a: number, b: number) =>
    called[a] - called[b] ||
    neighbours[b].length - neighbours[a].length ||
    compareText(input.nodes[a].id, input.nodes[b].id);
  const root = input.nodes.map((_, v) => v).reduce((a, b) => (better(b, a) < 0 ? b : a));
  return { neighbours, root };
}

function breadthFirst(neighbours: number[][], root: number) {
  const parent = new Int32Array(neighbours.length).fill(-1);
  const depth = new Int32Array(neighbours.length).fill(-1);
  const order = [root];
  depth[root] = 0;
  for (let i = 0; i < order.length; i++) {
    for (const next of neighbours[order[i]]) {
      if (depth[next] < 0) {
        depth[next] = depth[order[i]] + 1;
        parent[next] = order[i];
        order.push(next);
      }
    }
  }
  return { order, parent, depth };
}

interface Ring {
  nodes: number[];
  /** The radii of the circles its nodes lie on. */
  radii: number[];
}

/** For every ring one circle, or several when that makes the drawing smaller, on which its nodes have room. */
function tracksOf(input: LayoutInput, order: number[], depth: Int32Array): Ring[] {
  const rings: number[][] = [];
  order.forEach((v) => (rings[depth[v]] ??= []).push(v));
  const result: Ring[] = [];
  let outer = 0;
  rings.forEach((nodes, d) => {
    const tallest = Math.max(...nodes.map((v) => input.nodes[v].height));
    const around = nodes.reduce((sum, v) => sum + room(input, v), 0) / (2 * Math.PI);
    const inner = d === 0 ? 0 : outer + tallest + GAP.ring;
    let best: number[] = [];
    for (let tracks = 1; tracks <= nodes.length; tracks++) {
      const first = d === 0 ? 0 : Math.max(inner, (1.05 * around) / tracks);
      const radii = Array.from({ length: tracks }, (_, i) => first + i * (tallest + GAP.node));
      if (best.length > 0 && radii[tracks - 1] >= best[best.length - 1]) {
        break;
      }
      best = radii;
    }
    outer = best[best.length - 1];
    result.push({ nodes, radii: best });
  });
  return result;
}

function room(input: LayoutInput, v: number): number {
  return Math.max(input.nodes[v].width, input.nodes[v].height) + GAP.node;
}

/** Pushes nodes along their circle until none is on another, in the order they have. */
function spreadOut(input: LayoutInput, ring: number[], radius: number, angle: Float64Array): void {
  if (ring.length < 2 || radius === 0) {
    return;
  }
  const half = (v: number) => room(input, v) / 2 / radius;
  // The circle is cut where it is emptiest, so that pushing one way does not run into the start.
  const gap = (i: number) =>
    i === 0 ? angle[ring[0]] + 2 * Math.PI - angle[ring[ring.length - 1]] : angle[ring[i]] - angle[ring[i - 1]];
  const cut = ring.reduce((best, _, i) => (gap(i) > gap(best) + 1e-9 ? i : best), 0);
  const turned = [...ring.slice(cut), ...ring.slice(0, cut)];
  const base = angle[turned[0]];
  const wish = turned.map((v) => (angle[v] - base + 2 * Math.PI) % (2 * Math.PI));
  let end = -Infinity;
  const placed = turned.map((v, i) => {
    const at = Math.max(wish[i], end + half(v));
    end = at + half(v);
    return at;
  });
  // What was pushed past the start is pressed together again, evenly.
  const last = placed.length - 1;
  const limit = 2 * Math.PI - half(turned[0]) - half(turned[last]);
  if (placed[last] > limit) {
    let before = limit;
    for (let i = last; i >= 0; i--) {
      placed[i] = Math.min(placed[i], before);
      before = placed[i] - half(turned[i]) - (i > 0 ? half(turned[i - 1]) : 0);
    }
  }
  const shift = placed.reduce((sum, at, i) => sum + at - wish[i], 0) / placed.length;
  turned.forEach((v, i) => (angle[v] = base + placed[i] - shift));
}
