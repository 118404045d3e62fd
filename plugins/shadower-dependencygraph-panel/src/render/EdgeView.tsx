import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { memo } from 'react';
import type { EdgeGeometry } from './geometry';

interface Props {
  id: string;
  geometry: EdgeGeometry;
  color: string;
  width: number;
  declared: boolean;
  dimmed: boolean;
  selected: boolean;
}

/** The line and arrowhead of an edge. Decorative for assistive technology: the details card and the table list edges. */
export const EdgeView = memo(function EdgeView({ id, geometry, color, width, declared, dimmed, selected }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <g data-edge={id} className={cx(styles.edge, dimmed && styles.dimmed)}>
      <path d={geometry.path} className={styles.hit} />
      {selected && <path d={geometry.path} className={styles.halo} strokeWidth={width + 6} />}
      <path
        d={geometry.path}
        fill="none"
        stroke={color}
        strokeWidth={width}
        strokeDasharray={declared ? '6 5' : undefined}
        className={styles.line}
      />
      <path
        d={geometry.arrow}
        fill={color}
        stroke={color}
        strokeWidth={Math.max(0, width / 2 - 0.5)}
        strokeLinejoin="round"
      />
    </g>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  edge: css({
    cursor: 'pointer',
    '@media (prefers-reduced-motion: no-preference)': { transition: 'opacity 120ms' },
  }),
  dimmed: css({ opacity: 0.15 }),
  hit: css({ fill: 'none', stroke: 'transparent', strokeWidth: 14 }),
  halo: css({ fill: 'none', stroke: theme.colors.primary.border, opacity: 0.5 }),
  line: css({ strokeLinecap: 'butt' }),
});

interface LabelProps {
  id: string;
  text: string;
  x: number;
  y: number;
  scale: number;
  dimmed: boolean;
  color: string;
  alarming: boolean;
}

/** An edge's values on a plate, so that lines crossing below stay out of the text. */
export const EdgeLabelView = memo(function EdgeLabelView({
  id,
  text,
  x,
  y,
  scale,
  dimmed,
  color,
  alarming,
}: LabelProps) {
  const styles = useStyles2(getLabelStyles);
  const { width, height } = labelSize(text, 1);
  return (
    <g
      data-edge-label={id}
      transform={`translate(${x} ${y}) scale(${scale})`}
      className={cx(styles.label, dimmed && styles.dimmed)}
    >
      <rect
        x={-width / 2}
        y={-height / 2}
        width={width}
        height={height}
        rx={3}
        className={styles.plate}
        stroke={alarming ? color : undefined}
      />
      <text textAnchor="middle" dy="0.35em" className={styles.text}>
        {text}
      </text>
    </g>
  );
});

/** Size of a label's plate in layout units, estimated from its length. */
export function labelSize(text: string, scale: number): { width: number; height: number } {
  return { width: ([...text].length * 5.7 + 8) * scale, height: 16 * scale };
}

const getLabelStyles = (theme: GrafanaTheme2) => ({
  label: css({ pointerEvents: 'none' }),
  dimmed: css({ opacity: 0.15 }),
  plate: css({ fill: theme.colors.background.primary, fillOpacity: 0.9 }),
  text: css({ fill: theme.colors.text.primary, fontSize: 11, fontVariantNumeric: 'tabular-nums' }),
});
