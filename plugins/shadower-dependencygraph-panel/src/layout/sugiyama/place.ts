import { incidence } from './rank';
import type { Proper } from './order';

/** How much straighter than an edge at a node the middle of a long edge is kept. */
const STRAIGHT = 6;

/**
 * Coordinates along the layers. Every sweep asks each layer's nodes where they would like to be (the weighted mean of
 * their neighbours) and grants it as well as order and distances allow, with the least squared deviation
 * (pool adjacent violators). `room[v]` is the space a node needs along its layer.
 */
export function place(
  graph: Proper,
  layers: number[][],
  room: Float64Array,
  gap: number,
  sweeps: number
): Float64Array {
  const out = incidence(graph.count, graph.from);
  const into = incidence(graph.count, graph.to);
  const x = new Float64Array(graph.count);
  for (const list of layers) {
    let at = 0;
    for (const v of list) {
      x[v] = at + room[v] / 2;
      at += room[v] + gap;
    }
    list.forEach((v) => (x[v] -= at / 2));
  }
  const dummy = (v: number) => v >= graph.real;
  const wish = (v: number, up: boolean, down: boolean): { at: number; weight: number } => {
    let sum = 0;
    let weight = 0;
    const add = (other: number) => {
      const w = dummy(v) && dummy(other) ? STRAIGHT : 1;
      sum += w * x[other];
      weight += w;
    };
    for (let i = into.start[v]; up && i < into.start[v + 1]; i++) {
      add(graph.from[into.list[i]]);
    }
    for (let i = out.start[v]; down && i < out.start[v + 1]; i++) {
      add(graph.to[out.list[i]]);
    }
    return weight === 0 ? { at: x[v], weight: 0.05 } : { at: sum / weight, weight };
  };
  for (let sweep = 0; sweep < sweeps; sweep++) {
    // The last ones look both ways, which centres nodes between callers and callees.
    const both = sweep >= sweeps - 2;
    const downwards = sweep % 2 === 0;
    for (let i = 0; i < layers.length; i++) {
      const list = layers[downwards ? i : layers.length - 1 - i];
      settle(list, x, room, gap, (v) => wish(v, downwards || both, !downwards || both));
    }
  }
  return x;
}

/** Isotonic regression of the wishes, with the room between nodes taken out. */
function settle(
  list: number[],
  x: Float64Array,
  room: Float64Array,
  gap: number,
  wish: (v: number) => { at: number; weight: number }
): void {
  const offset: number[] = [];
  let at = 0;
  list.forEach((v, i) => {
    at += i === 0 ? 0 : (room[list[i - 1]] + room[v]) / 2 + gap;
    offset.push(at);
  });
  const blocks: Array<{ sum: number; weight: number; size: number }> = [];
  list.forEach((v, i) => {
    const { at: wanted, weight } = wish(v);
    blocks.push({ sum: (wanted - offset[i]) * weight, weight, size: 1 });
    for (;;) {
      const b = blocks[blocks.length - 1];
      const a = blocks[blocks.length - 2];
      if (a === undefined || a.sum / a.weight <= b.sum / b.weight) {
        break;
      }
      blocks.pop();
      a.sum += b.sum;
      a.weight += b.weight;
      a.size += b.size;
    }
  });
  let i = 0;
  for (const { sum, weight, size } of blocks) {
    for (let end = i + size; i < end; i++) {
      x[list[i]] = sum / weight + offset[i];
    }
  }
}
