import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { IconButton, Input, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React from 'react';
import { count } from '../data/compare';
import { EDGE_METRICS } from '../options';
import type { EdgeMetric } from '../types';

interface Props {
  /** Width of the panel in pixels; what does not fit is left out. */
  width: number;
  search: string;
  onSearch: (text: string) => void;
  onSearchEnter: () => void;
  /** How many nodes match, undefined without a search. */
  matches: number | undefined;
  metric: EdgeMetric;
  onMetric: (metric: EdgeMetric) => void;
  table: boolean;
  onTable: (table: boolean) => void;
  pinned: number;
  onUnpin: () => void;
  onZoom: (factor: number) => void;
  onFit: () => void;
}

/** One row of controls above the graph. */
export function Toolbar(props: Props) {
  const styles = useStyles2(getStyles);
  const {
    width,
    search,
    onSearch,
    onSearchEnter,
    matches,
    metric,
    onMetric,
    table,
    onTable,
    pinned,
    onUnpin,
    onZoom,
    onFit,
  } = props;
  return (
    <div className={styles.toolbar} role="toolbar" aria-label="Graph">
      <div className={styles.search}>
        <Input
          type="search"
          value={search}
          placeholder="Search"
          aria-label="Search nodes"
          onChange={(event) => onSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              onSearchEnter();
            } else if (event.key === 'Escape' && search !== '') {
              event.stopPropagation();
              onSearch('');
            }
          }}
          suffix={matches === undefined ? undefined : <span className={styles.matches}>{matches}</span>}
        />
      </div>
      <span className={styles.status} role="status">
        {matches === undefined ? '' : `${count(matches, 'node')} found`}
      </span>
      {width >= 520 && (
        <RadioButtonGroup<EdgeMetric>
          size="sm"
          aria-label="Colour of edges"
          value={metric}
          options={EDGE_METRICS}
          onChange={onMetric}
        />
      )}
      <div className={styles.buttons}>
        {pinned > 0 && <IconButton name="map-marker" tooltip={`Unpin all (${pinned})`} onClick={onUnpin} size="md" />}
        {!table && width >= 400 && (
          <>
            <IconButton name="search-minus" tooltip="Zoom out" onClick={() => onZoom(1 / 1.25)} size="md" />
            <IconButton name="search-plus" tooltip="Zoom in" onClick={() => onZoom(1.25)} size="md" />
          </>
        )}
        {!table && <IconButton name="expand-arrows" tooltip="Show all" onClick={onFit} size="md" />}
        <IconButton
          name={table ? 'sitemap' : 'table'}
          tooltip={table ? 'Show as graph' : 'Show as table'}
          onClick={() => onTable(!table)}
          size="md"
        />
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  toolbar: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: theme.spacing(theme.components.height.md),
    flexShrink: 0,
  }),
  search: css({ flex: '1 1 0', minWidth: 0, maxWidth: theme.spacing(28) }),
  matches: css({ fontSize: theme.typography.bodySmall.fontSize, color: theme.colors.text.secondary }),
  status: css({
    position: 'absolute',
    width: 1,
    height: 1,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  }),
  buttons: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), marginLeft: 'auto' }),
});
