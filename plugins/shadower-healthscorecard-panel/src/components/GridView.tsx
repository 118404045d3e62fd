import React, { useMemo } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { layoutGrid } from '../data/layout';
import { sparkRange } from '../data/sparkline';
import { t } from '../i18n';
import { GroupHeading } from './GroupHeading';
import { Tile } from './Tile';
import { HEADING, SCROLLBAR } from './theme';
import { type ViewProps } from './view';
import { VirtualRows } from './VirtualRows';

/** Tiles of equal height, of which only those in sight are in the document. */
export function GridView({ entities, groups, context, width, height, onOpen, focusKey }: ViewProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { options, scorecard } = context;
  const unit = theme.spacing.gridSize;
  // Headings take room of their own: filled tiles would scroll.
  const size = groups && options.tileSize === 'fill' ? 'auto' : options.tileSize;
  const bar = size === 'fill' ? 0 : SCROLLBAR * unit;
  const layout = useMemo(
    () => layoutGrid(size, entities.length, { width: width - bar, height }, unit),
    [size, entities.length, width, bar, height, unit]
  );

  return (
    <div className={styles.view} style={layout.zoom === 1 ? undefined : { zoom: layout.zoom }}>
      <VirtualRows
        entities={entities}
        groups={groups}
        columns={layout.columns}
        rowHeight={layout.rowHeight}
        headingHeight={HEADING * unit}
        width={width / layout.zoom}
        height={height / layout.zoom}
        focusKey={focusKey}
        role="list"
        label={t('grid.label', 'Health scores')}
        renderHeading={(group) => (
          <div role="listitem" className={styles.heading}>
            <GroupHeading group={group} onOpen={onOpen} />
          </div>
        )}
        renderRow={(items, row, onFocus) => (
          <div
            role="presentation"
            className={styles.row}
            style={{ gridTemplateColumns: `repeat(${layout.columns}, minmax(0, 1fr))`, height: row.height - unit }}
          >
            {items.map(({ entity, index, tabIndex }) => (
              <div
                role="listitem"
                key={entity.key}
                aria-setsize={entities.length}
                aria-posinset={index + 1}
                className={styles.item}
              >
                <Tile
                  entity={entity}
                  large={layout.size === 'large'}
                  trendRange={
                    !options.showTrend
                      ? null
                      : options.trendScale === 'full'
                        ? scorecard.range
                        : sparkRange(entity.trend, 'data', scorecard.range)
                  }
                  step={scorecard.step}
                  lowConfidence={options.lowConfidence}
                  now={context.now}
                  tabIndex={tabIndex}
                  index={index}
                  onOpen={onOpen}
                  onFocus={onFocus}
                />
              </div>
            ))}
          </div>
        )}
      />
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  view: css({ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column' }),
  row: css({ display: 'grid', gap: theme.spacing(1), boxSizing: 'border-box' }),
  item: css({ minWidth: 0 }),
  heading: css({ height: '100%' }),
});
