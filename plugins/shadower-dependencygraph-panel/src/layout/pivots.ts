import type { Point } from '../types';

/** How many nodes distances are measured from. */
const PIVOTS = 40;
const ITERATIONS = 60;

/**
 * First positions for a connected graph over 0…n−1: pivot MDS (Brandes & Pich 2006), a drawing in which distances are about
 * proportional to hops. Gives a force layout its large-scale shape, so that it needs few steps. Deterministic.
 * @param neighbours for every node those it is joined with
 * @param distance layout units per hop
 */
export function pivotPositions(neighbours: readonly number[][], distance: number): Point[] {
  const n = neighbours.length;
  const k = Math.min(PIVOTS, n);
  const columns: Float64Array[] = [];
  const nearest = new Float64Array(n).fill(Infinity);
  let pivot = 0;
  for (let j = 0; j < k; j++) {
    const hops = hopsFrom(pivot, neighbours);
    columns.push(hops);
    let farthest = 0;
    for (let v = 0; v < n; v++) {
      nearest[v] = Math.min(nearest[v], hops[v]);
      if (nearest[v] > nearest[farthest]) {
        farthest = v;
      }
    }
    pivot = farthest;
  }
  centre(columns, n);
  const [x, y] = principal(columns, n);
  return Array.from({ length: n }, (_, v) => ({ x: x[v] * distance, y: y[v] * distance }));
}

function hopsFrom(start: number, neighbours: readonly number[][]): Float64Array {
  const hops = new Float64Array(neighbours.length).fill(-1);
  hops[start] = 0;
  const queue = [start];
  for (let i = 0; i < queue.length; i++) {
    for (const next of neighbours[queue[i]]) {
      if (hops[next] < 0) {
        hops[next] = hops[queue[i]] + 1;
        queue.push(next);
      }
    }
  }
  return hops;
}

/** −½ of the squared distances, with the means of rows and columns taken out. */
function centre(columns: Float64Array[], n: number): void {
  const rows = new Float64Array(n);
  let all = 0;
  const means = columns.map((column) => {
    let sum = 0;
    for (let v = 0; v < n; v++) {
      column[v] *= column[v];
      rows[v] += column[v] / columns.length;
      sum += column[v];
    }
    all += sum / n / columns.length;
    return sum / n;
  });
  columns.forEach((column, j) => {
    for (let v = 0; v < n; v++) {
      column[v] = -0.5 * (column[v] - rows[v] - means[j] + all);
    }
  });
}

/** Coordinates along the two strongest directions, scaled so that the first has the spread of the hops. */
function principal(columns: Float64Array[], n: number): [Float64Array, Float64Array] {
  const k = columns.length;
  const products = columns.map((a) => columns.map((b) => a.reduce((sum, value, v) => sum + value * b[v], 0)));
  const found: number[][] = [];
  const axes = [0, 1].map((axis) => {
    // Any start that no symmetry of the graph makes zero.
    let vector = Array.from({ length: k }, (_, j) => 1 + ((j * 7 + axis * 3) % 11) / 11);
    let length = 0;
    for (let i = 0; i < ITERATIONS; i++) {
      for (const before of found) {
        const dot = before.reduce((sum, value, j) => sum + value * vector[j], 0);
        vector = vector.map((value, j) => value - dot * before[j]);
      }
      const next = products.map((row) => row.reduce((sum, value, j) => sum + value * vector[j], 0));
      length = Math.hypot(...next) || 1;
      vector = next.map((value) => value / length);
    }
    found.push(vector);
    const at = new Float64Array(n);
    columns.forEach((column, j) => column.forEach((value, v) => (at[v] += value * vector[j])));
    // The singular value is √length; distances come out as hops when divided by √ of it and the share of pivots.
    const scale = Math.sqrt(Math.sqrt(length)) * Math.sqrt(Math.sqrt(k / n)) || 1;
    return at.map((value) => value / scale);
  });
  return [axes[0], axes[1]];
}
