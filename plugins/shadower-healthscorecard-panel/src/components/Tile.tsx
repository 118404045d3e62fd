import React from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type EntityScore, type ScoreRange } from '../data/model';
import { exemptionState } from '../data/exemptions';
import { statusText } from '../data/status';
import { t } from '../i18n';
import { changeText, confidenceText, entityLabel, scoreMark, scoreText } from './format';
import { Sparkline } from './Sparkline';
import { StatusIcon } from './StatusIcon';
import { ellipsis, focusRing, hatch, statusColor, hover } from './theme';

interface Props {
  entity: EntityScore;
  large: boolean;
  trendRange: ScoreRange | null;
  step: number | null;
  lowConfidence: number;
  now: number;
  tabIndex: 0 | -1;
  index: number;
  onOpen: (key: string) => void;
  onFocus: (index: number) => void;
}

/** Few nodes on purpose: hundreds of these are on a dashboard that refreshes. */
export const Tile = React.memo(function Tile({
  entity: e,
  large,
  trendRange,
  step,
  lowConfidence,
  now,
  tabIndex,
  index,
  onOpen,
  onFocus,
}: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const color = statusColor(theme, e.status);
  const change = changeText(e.change);
  const low = confidenceText(e, lowConfidence)?.low;
  const label = entityLabel(e, lowConfidence);
  const unknown = e.status === 'unknown' || e.score === null;
  return (
    <button
      type="button"
      className={cx(styles.tile, unknown && styles.unknown, low && styles.low)}
      style={{ borderLeftColor: color }}
      tabIndex={tabIndex}
      aria-label={label}
      title={label}
      data-index={index}
      onClick={() => onOpen(e.key)}
      onFocus={() => onFocus(index)}
    >
      <span className={styles.head}>
        <StatusIcon status={e.status} />
        <span className={styles.name}>{e.entity}</span>
      </span>
      <span className={styles.body}>
        <span className={large ? styles.score : styles.scoreSmall} style={{ color }}>
          {scoreMark(e, low)}
          {scoreText(e, e.score)}
        </span>
        {e.change !== null && (
          <span
            className={change.direction === 'up' ? styles.up : change.direction === 'down' ? styles.down : styles.none}
          >
            {change.short}
          </span>
        )}
        {trendRange && e.trend.length > 0 && (
          <Sparkline trend={e.trend} range={trendRange} step={step} color={color} className={styles.trend} />
        )}
      </span>
      {large && (
        <span className={styles.foot}>
          {[
            statusText(e.status),
            low && t('confidence.word-low', 'low confidence'),
            e.cap && t('tile.capped', 'capped'),
            e.exemption && exemptionWord(e.exemption, now),
            (e.score === null || e.members) && e.reason,
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      )}
    </button>
  );
});

const exemptionWord = (x: NonNullable<EntityScore['exemption']>, now: number): string =>
  exemptionState(x, now) === 'active' ? t('tile.exempt', 'exempt') : t('tile.exemption-over', 'exemption not valid');

const getStyles = (theme: GrafanaTheme2) => {
  const change = { ...theme.typography.bodySmall, ...ellipsis, flex: '0 1 auto' } as const;
  return {
    tile: css({
      boxSizing: 'border-box',
      width: '100%',
      height: '100%',
      minWidth: 0,
      display: 'flex',
      flexDirection: 'column',
      justifyContent: 'space-between',
      padding: theme.spacing(0.5, 1),
      textAlign: 'left',
      color: theme.colors.text.primary,
      background: theme.colors.background.secondary,
      border: `1px solid ${theme.colors.border.weak}`,
      borderLeft: `${theme.spacing(0.5)} solid`,
      borderRadius: theme.shape.radius.default,
      cursor: 'pointer',
      '&:hover': hover(theme, theme.colors.background.secondary),
      '&:focus-visible': focusRing(theme),
    }),
    unknown: css({ backgroundImage: hatch(theme), borderStyle: 'dashed', borderColor: theme.colors.border.strong }),
    low: css({ borderStyle: 'dashed', borderLeftStyle: 'solid' }),
    head: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), minWidth: 0 }),
    name: css({ ...theme.typography.bodySmall, ...ellipsis }),
    body: css({ overflow: 'hidden', display: 'flex', alignItems: 'center', gap: theme.spacing(0.75), minWidth: 0 }),
    score: css({ ...theme.typography.h2, margin: 0, fontVariantNumeric: 'tabular-nums', flex: 'none' }),
    scoreSmall: css({ ...theme.typography.h4, margin: 0, fontVariantNumeric: 'tabular-nums', flex: 'none' }),
    up: css({ ...change, color: theme.colors.success.text }),
    down: css({ ...change, color: theme.colors.error.text }),
    none: css({ ...change, color: theme.colors.text.secondary }),
    trend: css({ flex: 1, width: 0, minWidth: 0, height: theme.spacing(2.5) }),
    foot: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, ...ellipsis }),
  };
};
