import type { Rect } from './geometry';

/** Rectangles that are taken, in a grid, so that asking whether one is free does not look at all of them. */
export class Occupancy {
  private readonly cells = new Map<string, Rect[]>();

  /** @param cell about the size of the rectangles */
  constructor(private readonly cell: number) {}

  private *touched(rect: Rect): Iterable<string> {
    const right = Math.floor((rect.x + rect.width) / this.cell);
    const bottom = Math.floor((rect.y + rect.height) / this.cell);
    for (let column = Math.floor(rect.x / this.cell); column <= right; column++) {
      for (let row = Math.floor(rect.y / this.cell); row <= bottom; row++) {
        yield `${column},${row}`;
      }
    }
  }

  take(rect: Rect): void {
    for (const key of this.touched(rect)) {
      const cell = this.cells.get(key);
      if (cell === undefined) {
        this.cells.set(key, [rect]);
      } else {
        cell.push(rect);
      }
    }
  }

  isFree(rect: Rect): boolean {
    for (const key of this.touched(rect)) {
      if (this.cells.get(key)?.some((other) => overlaps(rect, other)) === true) {
        return false;
      }
    }
    return true;
  }
}

export function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/**
 * Picks the labels that have room: in the given order, each in the first of its places that is free. Takes what it picks.
 */
export function labelsWithRoom(labels: Array<{ id: string; places: Rect[] }>, occupancy: Occupancy): Map<string, Rect> {
  const kept = new Map<string, Rect>();
  for (const { id, places } of labels) {
    const rect = places.find((place) => occupancy.isFree(place));
    if (rect !== undefined) {
      occupancy.take(rect);
      kept.set(id, rect);
    }
  }
  return kept;
}
