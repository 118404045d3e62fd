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
  size: Exclude<TileSize, 'auto'>;
  columns: number;
  rows: number;
  /** Height of a row with its gap, in pixels. */
  rowHeight: number;
}

/** Tiles per row and their height. `auto` takes large tiles while all of them fit without scrolling. */
export function layoutGrid(choice: TileSize, count: number, box: Box, unit: number): GridLayout {
  const plan = (size: GridLayout['size']): GridLayout => {
    const columns = Math.max(1, Math.floor((box.width + unit) / ((TILE[size].width + 1) * unit)));
    return { size, columns, rows: Math.ceil(count / columns), rowHeight: (TILE[size].height + 1) * unit };
  };
  if (choice !== 'auto') {
    return plan(choice);
  }
  const large = plan('large');
  return large.rows * large.rowHeight <= box.height + unit ? large : plan('small');
}

/** Rows to draw for a scroll position, with `overscan` rows on both sides. */
export function visibleRows(
  { rows, rowHeight }: GridLayout,
  scrollTop: number,
  height: number,
  overscan = 3
): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const last = Math.min(rows - 1, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return { first: Math.min(first, Math.max(0, last)), last };
}
