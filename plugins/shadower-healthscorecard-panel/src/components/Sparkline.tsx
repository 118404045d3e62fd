import React, { useMemo } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ScoreRange, type TrendPoint } from '../data/model';
import { sparkPath } from '../data/sparkline';

interface Props {
  trend: readonly TrendPoint[];
  range: ScoreRange;
  step: number | null;
  color: string;
  /** Accessible description; without it the line is decorative. */
  label?: string;
  className?: string;
}

const BOX = { width: 100, height: 30 };

/** A line that stretches to its container. Gaps are gaps. */
export const Sparkline = React.memo(function Sparkline({ trend, range, step, color, label, className }: Props) {
  const styles = useStyles2(getStyles);
  const path = useMemo(() => sparkPath(trend, { ...BOX, range, step }), [trend, range, step]);
  return (
    <svg
      viewBox={`0 0 ${BOX.width} ${BOX.height}`}
      preserveAspectRatio="none"
      className={className ? `${styles.svg} ${className}` : styles.svg}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <path d={path} stroke={color} className={styles.line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  svg: css({ display: 'block', overflow: 'visible', padding: theme.spacing(0.25, 0) }),
  line: css({ fill: 'none', strokeWidth: 1.5, strokeLinecap: 'round', strokeLinejoin: 'round' }),
});
