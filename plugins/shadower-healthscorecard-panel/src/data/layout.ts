import { type TileSize, type ViewChoice, type ViewName } from '../types';

/** Smallest useful card with terms, in theme spacing units (8 px in Grafana's themes). */
export const CARD_MIN = { width: 40, height: 20 };
export const TILE = {
  large: { width: 22, height: 11 },
  small: { width: 18, height: 7 },
} as const;
const MAX_AUTO_CARDS = 6;

export interface Box {
  width: number;
  height: number;
}

/** `auto`: cards while each of a few entities has room for one, else the grid. */
export function chooseView(choice: ViewChoice, count: number, box: Box, unit: number): ViewName {
  if (choice !== 'auto') {
    return choice;
  }
  if (count <= 1) {
    return 'card';
  }
  const columns = Math.max(1, Math.floor(box.width / (CARD_MIN.width * unit)));
  const rows = Math.ceil(count / columns);
  const fits = box.width >= CARD_MIN.width * unit && box.height / rows >= CARD_MIN.height * unit;
  return count <= MAX_AUTO_CARDS && fits ? 'card' : 'grid';
}

export interface GridLayout {
  size: 'small' | 'large';
  columns: number;
  /** Height of a row of tiles with its gap, in pixels. */
  rowHeight: number;
  /** How much larger everything is drawn (the layout's own pixels are that much larger); 1 but for `fill`. */
  zoom: number;
}

/**
 * Tiles per row and their size. `auto` takes large tiles while all of them fit without scrolling; `fill` makes them as
 * large as the panel allows, for walls, and falls back to `auto` where they would be smaller than usual.
 */
export function layoutGrid(choice: TileSize, count: number, box: Box, unit: number): GridLayout {
  const plan = (size: GridLayout['size']): GridLayout => {
    const columns = Math.max(1, Math.floor((box.width + unit) / ((TILE[size].width + 1) * unit)));
    return { size, columns, rowHeight: (TILE[size].height + 1) * unit, zoom: 1 };
  };
  const large = plan('large');
  const fits = Math.ceil(count / large.columns) * large.rowHeight <= box.height + unit;
  switch (choice) {
    case 'small':
      return plan('small');
    case 'large':
      return large;
    case 'auto':
      return fits ? large : plan('small');
    case 'fill':
      return fits ? fill(count, box, unit) : plan('small');
  }
}

/** The number of columns with which the tiles become largest. */
function fill(count: number, box: Box, unit: number): GridLayout {
  const tile = { width: (TILE.large.width + 1) * unit, height: (TILE.large.height + 1) * unit };
  let best = { columns: 1, zoom: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const zoom = Math.min(
      (box.width + unit) / (columns * tile.width),
      (box.height + unit) / (Math.ceil(count / columns) * tile.height)
    );
    best = zoom > best.zoom ? { columns, zoom } : best;
  }
  const rows = Math.ceil(count / best.columns);
  const rowHeight = (box.height / best.zoom + unit) / rows;
  return { size: 'large', columns: best.columns, rowHeight, zoom: best.zoom };
}

/** One row of a scrolled list: a group's heading, or the entities `from` (inclusive) `to` (exclusive). */
export interface Row {
  top: number;
  height: number;
  group: number;
  from: number;
  to: number;
  heading: boolean;
}

/**
 * Rows of groups of entities below each other: `columns` entities in each, and above each group its heading, where
 * `headingHeight` is not 0.
 */
export function layoutRows(
  sizes: readonly number[],
  { columns, rowHeight, headingHeight }: { columns: number; rowHeight: number; headingHeight: number }
): Row[] {
  const rows: Row[] = [];
  let top = 0;
  let from = 0;
  sizes.forEach((size, group) => {
    if (headingHeight > 0) {
      rows.push({ top, height: headingHeight, group, from, to: from, heading: true });
      top += headingHeight;
    }
    const end = from + size;
    for (; from < end; from += columns) {
      rows.push({ top, height: rowHeight, group, from, to: Math.min(end, from + columns), heading: false });
      top += rowHeight;
    }
    from = end;
  });
  return rows;
}

/** Height of all rows. */
export const heightOf = (rows: readonly Row[]): number => {
  const last = rows[rows.length - 1];
  return last ? last.top + last.height : 0;
};

/** Rows to draw for a scroll position, with `overscan` rows on both sides; `last` is inclusive, -1 for no rows. */
export function visibleRows(
  rows: readonly Row[],
  scrollTop: number,
  height: number,
  overscan = 3
): { first: number; last: number } {
  /** The first row that ends below `y`. */
  const at = (y: number): number => {
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].top + rows[middle].height <= y) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  return {
    first: Math.max(0, at(scrollTop) - overscan),
    last: Math.min(rows.length - 1, at(scrollTop + height) + overscan),
  };
}

/** Entity that is a row above (-1) or below (1) in the same column, or the same one at the edge. */
export function stepRow(rows: readonly Row[], index: number, by: 1 | -1): number {
  const lines = rows.filter((r) => !r.heading);
  const at = lines.findIndex((r) => index >= r.from && index < r.to);
  const next = lines[at + by];
  return at < 0 || !next ? index : Math.min(next.to - 1, next.from + index - lines[at].from);
}
