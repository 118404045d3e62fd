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
import { pushApart, relax } from './apart';
import { setOwn } from './components';
import { pivotPositions } from './pivots';
import type { Layout, LayoutResult } from './types';

const TICKS = 300;
/** Nodes beyond which d3-force takes too long; larger graphs start from a drawing that is nearly there, and need few steps. */
const D3_NODES = 150;
const STEPS = { relax: 32, apart: 150 };
const DISTANCE = 170;
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

/** Force-directed layout of a connected part, from a fixed start, with a fixed seed, for a fixed number of steps. */
export const force: Layout = (input) => {
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
  if (bodies.length > D3_NODES) {
    relaxed(bodies, [...pairs.values()]);
  } else {
    simulated(bodies, [...pairs.values()], input.viewport.width / input.viewport.height);
  }
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

function simulated(bodies: Body[], links: Array<SimulationLinkDatum<Body>>, aspect: number): void {
  forceSimulation(bodies)
    .randomSource(seededRandom(SEED))
    .force('link', forceLink<Body, SimulationLinkDatum<Body>>(links).distance(DISTANCE))
    .force('charge', forceManyBody<Body>().strength(-900).distanceMax(900))
    .force('collide', forceCollide<Body>((body) => Math.hypot(body.width, body.height) / 2 + 6).iterations(2))
    .force('x', forceX<Body>(0).strength(PULL / Math.sqrt(aspect)))
    .force('y', forceY<Body>(0).strength(PULL * Math.sqrt(aspect)))
    .stop()
    .tick(TICKS);
}

function relaxed(bodies: Body[], links: Array<SimulationLinkDatum<Body>>): void {
  const index = new Map(bodies.map((body, i) => [body, i]));
  const neighbours: number[][] = bodies.map(() => []);
  const springs = links.map(({ source, target }): [number, number] => {
    const [a, b] = [index.get(source as Body) ?? 0, index.get(target as Body) ?? 0];
    neighbours[a].push(b);
    neighbours[b].push(a);
    return [a, b];
  });
  const start = pivotPositions(neighbours, DISTANCE * Math.max(1, Math.sqrt(bodies.length) / 12));
  const x = Float64Array.from(start, (p) => p.x);
  const y = Float64Array.from(start, (p) => p.y);
  relax(x, y, springs, DISTANCE, STEPS.relax);
  pushApart(
    x,
    y,
    Float64Array.from(bodies, (body) => Math.hypot(body.width, body.height) / 2 + 6),
    STEPS.apart
  );
  bodies.forEach((body, i) => Object.assign(body, { x: x[i], y: y[i] }));
}
