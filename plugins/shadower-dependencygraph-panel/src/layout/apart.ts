/** Points by grid cell, in a hash table of flat arrays, for finding those near another without looking at all. */
class Grid {
  private readonly column: Int32Array;
  private readonly row: Int32Array;
  private readonly start: Int32Array;
  private readonly members: Int32Array;
  private readonly mask: number;

  constructor(x: Float64Array, y: Float64Array, size: number) {
    const n = x.length;
    this.mask = 2 ** Math.ceil(Math.log2(2 * n + 1)) - 1;
    this.column = Int32Array.from(x, (value) => Math.floor(value / size));
    this.row = Int32Array.from(y, (value) => Math.floor(value / size));
    this.start = new Int32Array(this.mask + 2);
    this.members = new Int32Array(n);
    for (let v = 0; v < n; v++) {
      this.start[this.slot(this.column[v], this.row[v]) + 1]++;
    }
    for (let i = 0; i <= this.mask; i++) {
      this.start[i + 1] += this.start[i];
    }
    const next = this.start.slice();
    for (let v = 0; v < n; v++) {
      this.members[next[this.slot(this.column[v], this.row[v])]++] = v;
    }
  }

  private slot(column: number, row: number): number {
    return (Math.imul(column, 73856093) ^ Math.imul(row, 19349663)) & this.mask;
  }

  /** Calls back once for every pair of points in the same or neighbouring cells. */
  pairs(visit: (v: number, w: number) => void): void {
    const { column, row, start, members } = this;
    for (let v = 0; v < column.length; v++) {
      for (let c = column[v] - 1; c <= column[v] + 1; c++) {
        for (let r = row[v] - 1; r <= row[v] + 1; r++) {
          const slot = this.slot(c, r);
          for (let i = start[slot]; i < start[slot + 1]; i++) {
            const w = members[i];
            // Several cells may share a slot.
            if (w > v && column[w] === c && row[w] === r) {
              visit(v, w);
            }
          }
        }
      }
    }
  }
}

/** Moves points so that circles of radius `r` around them overlap no more (or hardly, after `rounds`). */
export function pushApart(x: Float64Array, y: Float64Array, r: Float64Array, rounds: number): void {
  const size = 2 * r.reduce((a, b) => Math.max(a, b), 1);
  for (let round = 0; round < rounds; round++) {
    let moved = false;
    new Grid(x, y, size).pairs((v, w) => {
      let dx = x[w] - x[v];
      let dy = y[w] - y[v];
      let distance = Math.hypot(dx, dy);
      const overlap = r[v] + r[w] - distance;
      if (overlap <= 0.01) {
        return;
      }
      if (distance < 1e-6) {
        // On the same spot: apart in a direction of their own, which no random number has to give.
        [dx, dy, distance] = [Math.cos(w * 2.4), Math.sin(w * 2.4), 1];
      }
      const step = (0.52 * overlap) / distance;
      x[v] -= dx * step;
      y[v] -= dy * step;
      x[w] += dx * step;
      y[w] += dy * step;
      moved = true;
    });
    if (!moved) {
      return;
    }
  }
}

/**
 * Springs along edges and repulsion among near points (Fruchterman & Reingold 1991, with their grid), cooling over `steps`.
 * Wants positions that already have the right shape at large.
 * @param ideal the length of a spring at rest
 */
export function relax(
  x: Float64Array,
  y: Float64Array,
  springs: ReadonlyArray<readonly [number, number]>,
  ideal: number,
  steps: number
): void {
  const n = x.length;
  const fx = new Float64Array(n);
  const fy = new Float64Array(n);
  const degree = new Float64Array(n);
  for (const [a, b] of springs) {
    degree[a]++;
    degree[b]++;
  }
  const reach = 2 * ideal;
  for (let step = 0; step < steps; step++) {
    const most = ideal * 0.6 * (1 - step / steps) + 1;
    fx.fill(0);
    fy.fill(0);
    new Grid(x, y, reach).pairs((v, w) => {
      const dx = x[w] - x[v] || (v % 7) - 3;
      const dy = y[w] - y[v] || (w % 7) - 3;
      const square = Math.max(dx * dx + dy * dy, 1);
      if (square < reach * reach) {
        const push = (ideal * ideal) / square;
        fx[v] -= dx * push;
        fy[v] -= dy * push;
        fx[w] += dx * push;
        fy[w] += dy * push;
      }
    });
    for (const [a, b] of springs) {
      const dx = x[b] - x[a];
      const dy = y[b] - y[a];
      // Hubs are held by many springs, which together must not crush what is around them.
      const pull = Math.hypot(dx, dy) / ideal / Math.sqrt(Math.max(1, Math.min(degree[a], degree[b])));
      fx[a] += dx * pull;
      fy[a] += dy * pull;
      fx[b] -= dx * pull;
      fy[b] -= dy * pull;
    }
    for (let v = 0; v < n; v++) {
      const force = Math.hypot(fx[v], fy[v]);
      if (force > 0) {
        const by = Math.min(force, most) / force;
        x[v] += fx[v] * by;
        y[v] += fy[v] * by;
      }
    }
  }
}
