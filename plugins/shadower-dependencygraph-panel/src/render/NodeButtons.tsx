import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { memo } from 'react';
import type { GraphNode } from '../data/model';
import { NODE_RADIUS } from '../layout/layoutInput';
import type { Point } from '../types';

interface Props {
  nodes: readonly GraphNode[];
  positions: ReadonlyMap<string, Point>;
  nameOf: (node: GraphNode) => string;
  tabStop: string | undefined;
  selected: string | undefined;
}

const R = NODE_RADIUS + 8;

/**
 * The graph for keyboards and assistive technology: an invisible button over every node of the drawing. Rendered in layout
 * units inside an element that the view moves and scales, so that panning renders nothing.
 */
export const NodeButtons = memo(function NodeButtons({ nodes, positions, nameOf, tabStop, selected }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <>
      {nodes.map((node) => {
        const at = positions.get(node.id);
        return at === undefined ? null : (
          <button
            key={node.id}
            type="button"
            data-id={node.id}
            className={styles.node}
            style={{ left: at.x - R, top: at.y - R }}
            tabIndex={node.id === tabStop ? 0 : -1}
            aria-label={nameOf(node)}
            aria-pressed={node.id === selected}
          />
        );
      })}
    </>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  node: css({
    position: 'absolute',
    width: 2 * R,
    height: 2 * R,
    padding: 0,
    border: 'none',
    borderRadius: '50%',
    background: 'none',
    cursor: 'pointer',
    outline: 'none',
    '&:hover': { boxShadow: `0 0 0 2px ${theme.colors.primary.border}` },
    '&:focus-visible': {
      boxShadow: `0 0 0 3px ${theme.colors.primary.border}, 0 0 0 6px ${theme.colors.background.primary}`,
      '@media (forced-colors: active)': { outline: '3px solid Highlight' },
    },
  }),
});
