import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, isIconName } from '@grafana/data';
import { Icon, useStyles2, useTheme2 } from '@grafana/ui';
import React, { memo } from 'react';
import type { GraphNode } from '../data/model';
import { NODE_RADIUS, shorten, subtitleOf, TITLE_LINE, TITLE_TOP } from '../layout/layoutInput';
import { arcColor, statusColor } from './colors';
import { RECEDING } from './scene';
import { cylinderRim, EXTERNAL_ICON, KIND_ICONS, shapePath } from './shapes';
import { StatusBadge } from './StatusBadge';

interface Props {
  node: GraphNode;
  /** Position in the list of nodes; how the canvas finds the element of a node. */
  index: number;
  x: number;
  y: number;
  name: string;
  tabbable: boolean;
  dimmed: boolean;
  selected: boolean;
  matched: boolean;
  pinned: boolean;
  /** How much larger than drawn the text is, to stay readable when zoomed out. */
  textScale: number;
  /** The title as far as it has room; undefined leaves it out. */
  title: string | undefined;
  /** How many lines lower than usual the title is. */
  titleLine: number;
  showSubtitle: boolean;
  /** Seen from afar: the number larger, the kind's icon left out. */
  far: boolean;
  /** Drawn smaller and fainter. */
  receding: boolean;
}

const RING = 5;
/** Font size of titles, in layout units. */
export const TITLE_SIZE = 12;

/** A node: its kind as shape and icon, its score as ring and number, its status as badge, its title below. */
export const NodeView = memo(function NodeView(props: Props) {
  const {
    node,
    index,
    x,
    y,
    name,
    tabbable,
    dimmed,
    selected,
    matched,
    pinned,
    textScale,
    title,
    titleLine,
    showSubtitle,
    far,
    receding,
  } = props;
  const styles = useStyles2(getStyles);
  const subtitle = subtitleOf(node);
  return (
    <g
      data-node={index}
      transform={`translate(${x} ${y})`}
      data-receding={receding || undefined}
      className={cx(styles.node, dimmed && styles.dimmed)}
      role="button"
      tabIndex={tabbable ? 0 : -1}
      aria-label={name}
      aria-pressed={selected}
    >
      <title>{node.title === node.id ? node.title : `${node.title} (${node.id})`}</title>
      <path
        d={shapePath(node.family, NODE_RADIUS + 8)}
        className={cx('focus-ring', styles.focusRing, (selected || matched) && styles.selected)}
      />
      <g transform={receding ? `scale(${RECEDING})` : undefined}>
        <Ring node={node} faint={receding} />
        <Core node={node} far={far || receding} />
        {node.external && (
          <g transform={`translate(${-NODE_RADIUS * 0.8 - 8} ${NODE_RADIUS * 0.72 - 8})`}>
            <circle cx={8} cy={8} r={10} className={styles.plate} />
            <path d={EXTERNAL_ICON} className={styles.icon} transform="translate(1.6 1.6) scale(.8)" />
          </g>
        )}
      </g>
      {node.status !== undefined && !receding && (
        <g transform={`translate(${NODE_RADIUS * 0.78 - 8} ${-NODE_RADIUS * 0.78 - 8})`}>
          <StatusBadge status={node.status} />
        </g>
      )}
      {pinned && (
        <g transform={`translate(${-NODE_RADIUS * 0.78} ${-NODE_RADIUS * 0.78})`}>
          <circle r={5} className={styles.pin} />
          <circle r={1.6} className={styles.pinHole} />
        </g>
      )}
      {title !== undefined && (
        <g className={styles.labels} transform={`translate(0 ${TITLE_TOP}) scale(${textScale})`}>
          <text
            data-title=""
            textAnchor="middle"
            y={TITLE_LINE * (titleLine + 0.75)}
            className={cx(styles.title, receding && styles.recedingTitle)}
          >
            {title}
          </text>
          {showSubtitle && subtitle !== '' && (
            <text textAnchor="middle" y={TITLE_LINE * (titleLine + 1.7)} className={styles.subtitle}>
              {shorten(subtitle)}
            </text>
          )}
        </g>
      )}
    </g>
  );
});

/** The outline: the score (or the data's arcs) as a share of it in colour. Unknown health is a dashed grey outline. */
function Ring({ node, faint }: { node: GraphNode; faint: boolean }) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const path = shapePath(node.family, NODE_RADIUS);
  const parts: Array<{ key: string; from: number; share: number; color: string }> = [];
  if (node.score !== undefined) {
    parts.push({
      key: 'score',
      from: 0,
      share: node.score.value / 100,
      color: statusColor(node.status ?? 'unknown', theme),
    });
  } else if (
    node.status === undefined ||
    node.status === 'healthy' ||
    node.status === 'degraded' ||
    node.status === 'critical'
  ) {
    let from = 0;
    node.arcs.forEach((arc, i) => {
      parts.push({ key: arc.name, from, share: arc.share, color: arcColor(arc, i, theme) });
      from += arc.share;
    });
    if (parts.length === 0) {
      const color = node.color === undefined ? undefined : theme.visualization.getColorByName(node.color);
      const full = node.status === undefined ? color : statusColor(node.status, theme);
      parts.push(...(full === undefined ? [] : [{ key: 'all', from: 0, share: 1, color: full }]));
    }
  }
  const unknown = node.status === 'unknown' && node.score === undefined;
  const offline = node.status === 'offline';
  return (
    <>
      <path d={path} className={styles.body} />
      <path
        d={path}
        fill="none"
        stroke={
          unknown
            ? faint
              ? theme.colors.text.disabled
              : theme.colors.text.secondary
            : offline
              ? statusColor('offline', theme)
              : theme.colors.border.medium
        }
        strokeWidth={unknown || offline ? 2.5 : RING}
        strokeDasharray={unknown ? '5 4' : undefined}
        data-ring={unknown ? 'unknown' : undefined}
      />
      {parts.map((part) => (
        <path
          key={part.key}
          d={path}
          fill="none"
          stroke={part.color}
          strokeWidth={RING}
          pathLength={100}
          // The dash is the share; the gap is longer than the rest, so that the pattern never starts again.
          strokeDasharray={`${part.share * 100} 200`}
          strokeDashoffset={-part.from * 100}
          data-ring={part.key}
        />
      ))}
      {node.family === 'database' && <path d={cylinderRim(NODE_RADIUS)} className={styles.rim} />}
    </>
  );
}

function Core({ node, far }: { node: GraphNode; far: boolean }) {
  const styles = useStyles2(getStyles);
  const text =
    node.score?.text ??
    (node.status === 'unknown'
      ? '?'
      : node.status === 'offline'
        ? '–'
        : node.mainStat === ''
          ? ''
          : shorten(node.mainStat, 9));
  const large = node.score !== undefined || node.status === 'unknown' || node.status === 'offline';
  const alone = far && large;
  const iconSize = text === '' ? 22 : 13;
  const iconY = text === '' ? 0 : -10;
  return (
    <>
      {alone ? null : isIconName(node.icon) ? (
        <foreignObject x={-iconSize / 2} y={iconY - iconSize / 2} width={iconSize} height={iconSize}>
          <div className={styles.dataIcon}>
            <Icon name={node.icon} size={text === '' ? 'lg' : 'xs'} />
          </div>
        </foreignObject>
      ) : (
        <path
          d={KIND_ICONS[node.family]}
          className={styles.icon}
          transform={`translate(${-iconSize / 2} ${iconY - iconSize / 2}) scale(${iconSize / 16})`}
        />
      )}
      {text !== '' && (
        <text
          textAnchor="middle"
          y={alone ? 7 : large ? 13 : 10}
          className={cx(large ? styles.score : styles.stat, alone && styles.alone)}
        >
          {text}
        </text>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  node: css({
    cursor: 'pointer',
    outline: 'none',
    '@media (prefers-reduced-motion: no-preference)': { transition: 'opacity 120ms' },
    '&:hover .focus-ring': { opacity: 0.6 },
    '&:focus-visible .focus-ring': { opacity: 1 },
  }),
  dimmed: css({ opacity: 0.2 }),
  focusRing: css({
    fill: theme.colors.primary.transparent,
    stroke: theme.colors.primary.border,
    strokeWidth: 2,
    opacity: 0,
  }),
  selected: css({ opacity: 1 }),
  body: css({ fill: theme.colors.background.secondary }),
  rim: css({ fill: 'none', stroke: theme.colors.border.strong, strokeWidth: 1.5 }),
  plate: css({ fill: theme.colors.background.primary, stroke: theme.colors.border.medium }),
  icon: css({
    fill: 'none',
    stroke: theme.colors.text.secondary,
    strokeWidth: 1.4,
    strokeLinejoin: 'round',
    strokeLinecap: 'round',
  }),
  dataIcon: css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    height: '100%',
    color: theme.colors.text.secondary,
  }),
  pin: css({ fill: theme.colors.primary.main, stroke: theme.colors.background.primary, strokeWidth: 1.5 }),
  pinHole: css({ fill: theme.colors.primary.contrastText }),
  labels: css({
    pointerEvents: 'none',
    paintOrder: 'stroke',
    stroke: theme.colors.background.primary,
    strokeWidth: 4,
    strokeLinejoin: 'round',
  }),
  title: css({ fill: theme.colors.text.primary, fontSize: TITLE_SIZE, fontWeight: theme.typography.fontWeightMedium }),
  recedingTitle: css({ fill: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular }),
  subtitle: css({ fill: theme.colors.text.secondary, fontSize: 11 }),
  score: css({
    fill: theme.colors.text.primary,
    fontSize: 17,
    fontWeight: theme.typography.fontWeightBold,
    pointerEvents: 'none',
  }),
  alone: css({ fontSize: 20 }),
  stat: css({ fill: theme.colors.text.primary, fontSize: 10, pointerEvents: 'none' }),
});
