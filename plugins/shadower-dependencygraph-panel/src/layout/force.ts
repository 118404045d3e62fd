import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force';
import { setOwn } from './components';
import type { Layout, LayoutResult } from './types';

const TICKS = 300;
const SEED = 0x5eed;
/** How strongly nodes are drawn to the middle; more along the panel's short side. */
const PULL = 0.053;

interface Body extends SimulationNodeDatum {
  id: string;
  width: number;
  height: number;
}

/** Mulberry32: small, and good enough to nudge coinciding nodes apart the same way every time. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Force-directed layout: d3-force from a fixed start, with a fixed seed, for a fixed number of ticks. */
export const force: Layout = (input) => {
  const aspect = input.viewport.width / input.viewport.height;
  const bodies: Body[] = input.nodes.map((node) => ({ ...node }));
  const byId = new Map(bodies.map((body) => [body.id, body]));
  // One spring per pair, however many edges it has; a self-loop pulls nothing.
  const pairs = new Map<string, SimulationLinkDatum<Body>>();
  for (const edge of input.edges) {
    const [a, b] = edge.source < edge.target ? [edge.source, edge.target] : [edge.target, edge.source];
    const source = byId.get(a);
    const target = byId.get(b);
    if (a !== b && source !== undefined && target !== undefined) {
      pairs.set(JSON.stringify([a, b]), { source, target });
    }
  }
  forceSimulation(bodies)
    .randomSource(seededRandom(SEED))
    .force('link', forceLink<Body, SimulationLinkDatum<Body>>([...pairs.values()]).distance(170))
    .force('charge', forceManyBody<Body>().strength(-900).distanceMax(900))
    .force('collide', forceCollide<Body>((body) => Math.hypot(body.width, body.height) / 2 + 6).iterations(2))
    .force('x', forceX<Body>(0).strength(PULL / Math.sqrt(aspect)))
    .force('y', forceY<Body>(0).strength(PULL * Math.sqrt(aspect)))
    .stop()
    .tick(TICKS);

  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x = 0, y = 0, width, height } of bodies) {
    left = Math.min(left, x - width / 2);
    right = Math.max(right, x + width / 2);
    top = Math.min(top, y - height / 2);
    bottom = Math.max(bottom, y + height / 2);
  }
  const result: LayoutResult = { positions: {}, routes: {}, width: right - left, height: bottom - top };
  for (const { id, x = 0, y = 0 } of bodies) {
    setOwn(result.positions, id, { x: x - left, y: y - top });
  }
  return result;
};
