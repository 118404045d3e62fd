import React, { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { layoutGrid, visibleRows } from '../data/layout';
import { sparkRange } from '../data/sparkline';
import { Tile } from './Tile';
import { type ViewProps } from './view';

/** Room the scrollbar may take, in theme spacing units. */
const SCROLLBAR = 1;

/**
 * Tiles of equal height, of which only the rows in sight (and a few around) are in the document. One tab stop; arrows,
 * Home, End and Page keys move in the grid, Enter opens the tile.
 */
export function GridView({ entities, context, width, height, onOpen, focusKey }: ViewProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { options, scorecard } = context;
  const unit = theme.spacing.gridSize;
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

  const layout = useMemo(
    () => layoutGrid(options.tileSize, entities.length, { width: width - SCROLLBAR * unit, height: viewport }, unit),
    [options.tileSize, entities.length, width, viewport, unit]
  );
  const current = Math.min(active, entities.length - 1);
  const { first, last } = visibleRows(layout, scrollTop, viewport);
  const start = first * layout.columns;
  const shown = entities.slice(start, (last + 1) * layout.columns);

  useLayoutEffect(() => {
    // Without a layout (jsdom) the panel's own height is the best guess.
    setViewport(scroller.current?.clientHeight || height);
  }, [height, width]);

  useEffect(() => {
    if (!wantsFocus || !scroller.current || current < 0) {
      return;
    }
    const row = Math.floor(current / layout.columns);
    const top = row * layout.rowHeight;
    const bottom = top + layout.rowHeight;
    const el = scroller.current;
    if (top < el.scrollTop) {
      el.scrollTop = top;
    } else if (bottom > el.scrollTop + viewport) {
      el.scrollTop = bottom - viewport;
    }
    setScrollTop(el.scrollTop);
    const tile = el.querySelector<HTMLElement>(`[data-index="${current}"]`);
    if (tile) {
      tile.focus({ preventScroll: true });
      setWantsFocus(false);
    }
    // `first` and `last`: the tile may come into the document only with the next rows.
  }, [wantsFocus, current, layout, viewport, first, last]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const page = Math.max(1, Math.floor(viewport / layout.rowHeight)) * layout.columns;
    const moves: Record<string, number> = {
      ArrowLeft: current - 1,
      ArrowRight: current + 1,
      ArrowUp: current - layout.columns,
      ArrowDown: current + layout.columns,
      PageUp: current - page,
      PageDown: current + page,
      Home: 0,
      End: entities.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) {
      return;
    }
    event.preventDefault();
    // Up from the first and down from the last row stay where they are; a step past the end goes to the end.
    const vertical = event.key === 'ArrowUp' || event.key === 'ArrowDown';
    setActive(vertical && (to < 0 || to >= entities.length) ? current : Math.max(0, Math.min(entities.length - 1, to)));
    setWantsFocus(true);
  };
  const onFocus = useCallback((index: number) => setActive(index), []);

  return (
    <div className={styles.scroll} ref={scroller} onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}>
      <div
        role="list"
        aria-label="Health scores"
        className={styles.grid}
        onKeyDown={onKeyDown}
        style={{
          gridTemplateColumns: `repeat(${layout.columns}, minmax(0, 1fr))`,
          gridAutoRows: layout.rowHeight - unit,
          paddingTop: first * layout.rowHeight,
          height: Math.max(0, layout.rows * layout.rowHeight - unit),
        }}
      >
        {shown.map((e, i) => {
          const index = start + i;
          return (
            <div
              role="listitem"
              key={e.key}
              aria-setsize={entities.length}
              aria-posinset={index + 1}
              className={styles.item}
            >
              <Tile
                entity={e}
                large={layout.size === 'large'}
                trendRange={
                  !options.showTrend
                    ? null
                    : options.trendScale === 'full'
                      ? scorecard.range
                      : sparkRange(e.trend, 'data', scorecard.range)
                }
                step={scorecard.step}
                lowConfidence={options.lowConfidence}
                tabIndex={
                  index === current || (i === 0 && (current < start || current >= start + shown.length)) ? 0 : -1
                }
                index={index}
                onOpen={onOpen}
                onFocus={onFocus}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ flex: 1, minHeight: 0, overflowX: 'hidden', overflowY: 'auto' }),
  grid: css({ display: 'grid', gap: theme.spacing(1), boxSizing: 'border-box', alignContent: 'start' }),
  item: css({ minWidth: 0 }),
});
