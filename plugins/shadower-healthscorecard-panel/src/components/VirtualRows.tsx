import React, { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type Group } from '../data/composite';
import { heightOf, layoutRows, type Row, stepRow, visibleRows } from '../data/layout';
import { type EntityScore } from '../data/model';

/** What the element of an entity that takes the focus needs, beside `data-index`. */
export interface Item {
  entity: EntityScore;
  index: number;
  tabIndex: 0 | -1;
}

interface Props {
  entities: EntityScore[];
  groups: Group[] | null;
  /** Entities side by side. */
  columns: number;
  /** Heights in pixels, gaps included. */
  rowHeight: number;
  headingHeight: number;
  /** Room in pixels. */
  width: number;
  height: number;
  focusKey: string | null;
  role: 'list' | 'rowgroup';
  label?: string;
  /** Stands above the rows and scrolls with them sideways; its own stickiness is its own matter. */
  header?: React.ReactNode;
  headerHeight?: number;
  /** Width of a row where it is wider than the room. */
  minWidth?: number;
  renderHeading: (group: Group, first: boolean) => React.ReactNode;
  renderRow: (items: Item[], row: Row, onFocus: (index: number) => void) => React.ReactNode;
}

/**
 * Rows of which only those in sight (and a few around) are in the document. One tab stop; arrows, Home, End and Page
 * keys move among the entities.
 */
export function VirtualRows(props: Props) {
  const { groups, columns, rowHeight, headingHeight, width, height, focusKey, header, headerHeight = 0 } = props;
  const entities = useMemo(() => groups?.flatMap((g) => g.entities) ?? props.entities, [groups, props.entities]);
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewport, setViewport] = useState(height);
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      entities.findIndex((e) => e.key === focusKey)
    )
  );
  const [wantsFocus, setWantsFocus] = useState(focusKey !== null);

  const rows = useMemo(
    () =>
      layoutRows(groups?.map((g) => g.entities.length) ?? [entities.length], {
        columns,
        rowHeight,
        headingHeight: groups ? headingHeight : 0,
      }),
    [groups, entities.length, columns, rowHeight, headingHeight]
  );
  const current = Math.min(active, entities.length - 1);
  const seen = Math.max(rowHeight, viewport - headerHeight);
  const { first, last } = visibleRows(rows, scrollTop, seen);
  const shown = rows.slice(first, last + 1);
  const inSight = shown.some((r) => current >= r.from && current < r.to);
  const tabStop = inSight ? current : (shown.find((r) => !r.heading)?.from ?? -1);

  useLayoutEffect(() => {
    // Without a layout (jsdom) the room's own height is the best guess.
    setViewport(scroller.current?.clientHeight || height);
  }, [height, width]);

  useEffect(() => {
    const el = scroller.current;
    const row = rows.find((r) => current >= r.from && current < r.to);
    if (!wantsFocus || !el || !row) {
      return;
    }
    if (row.top < el.scrollTop) {
      el.scrollTop = row.top;
    } else if (row.top + row.height > el.scrollTop + seen) {
      el.scrollTop = row.top + row.height - seen;
    }
    setScrollTop(el.scrollTop);
    const target = el.querySelector<HTMLElement>(`[data-index="${current}"]`);
    if (target) {
      target.focus({ preventScroll: true });
      setWantsFocus(false);
    }
    // `first` and `last`: the element may come into the document only with the next rows.
  }, [wantsFocus, current, rows, seen, first, last]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    // A heading or a link among the rows has its own use for the keys.
    const own = event.target instanceof HTMLElement && event.target.dataset.index !== undefined;
    if (event.altKey || event.ctrlKey || event.metaKey || !(own || event.target === event.currentTarget)) {
      return;
    }
    const page = Math.max(1, Math.floor(seen / rowHeight)) * columns;
    const moves: Record<string, () => number> = {
      ArrowLeft: () => current - 1,
      ArrowRight: () => current + 1,
      ArrowUp: () => stepRow(rows, current, -1),
      ArrowDown: () => stepRow(rows, current, 1),
      PageUp: () => current - page,
      PageDown: () => current + page,
      Home: () => 0,
      End: () => entities.length - 1,
    };
    const to = moves[event.key]?.();
    if (to === undefined) {
      return;
    }
    event.preventDefault();
    setActive(Math.max(0, Math.min(entities.length - 1, to)));
    setWantsFocus(true);
  };
  const onFocus = useCallback((index: number) => setActive(index), []);

  return (
    <div
      className={styles.scroll}
      ref={scroller}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      role="presentation"
    >
      {header}
      <div
        role={props.role}
        aria-label={props.label}
        className={styles.rows}
        onKeyDown={onKeyDown}
        style={{ height: heightOf(rows), minWidth: props.minWidth }}
      >
        {shown.map((row) => (
          <div
            key={row.heading ? `group ${row.group}` : row.from}
            className={styles.row}
            role="presentation"
            style={{ top: row.top, height: row.height }}
          >
            {row.heading
              ? props.renderHeading(groups![row.group], row.top === 0)
              : props.renderRow(
                  entities.slice(row.from, row.to).map((entity, i) => ({
                    entity,
                    index: row.from + i,
                    tabIndex: row.from + i === tabStop ? 0 : -1,
                  })),
                  row,
                  onFocus
                )}
          </div>
        ))}
      </div>
    </div>
  );
}

const styles = {
  scroll: css({ flex: 1, minHeight: 0, overflow: 'auto', position: 'relative' }),
  rows: css({ position: 'relative' }),
  row: css({ position: 'absolute', left: 0, right: 0 }),
};
