/** Moments in [from, to) that lie `offset` after a whole `period`; all in milliseconds. For demo sources. */
export function due(from: number, to: number, period: number, offset = 0): number[] {
  const out: number[] = [];
  for (let t = Math.ceil((from - offset) / period) * period + offset; t < to; t += period) out.push(t);
  return out;
}
