import React, { useMemo } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type Place, places } from '../data/leaderboard';
import { type EntityScore } from '../data/model';
import { sparkRange } from '../data/sparkline';
import { statusText } from '../data/status';
import { plural, t } from '../i18n';
import { ChangeBadge } from './ChangeBadge';
import { confidenceText, entityLabel, scoreMark, scoreText, UNKNOWN } from './format';
import { GroupHeading } from './GroupHeading';
import { Sparkline } from './Sparkline';
import { StatusIcon } from './StatusIcon';
import {
  ellipsis,
  focusRing,
  hatch,
  HEADING,
  keepColors,
  SCROLLBAR,
  statusColor,
  visuallyHidden,
  hover,
} from './theme';
import { type ViewContext, type ViewProps } from './view';
import { type Item, VirtualRows } from './VirtualRows';

/** Widths from which rank and bar, and the further columns, are there, in theme spacing units. */
const ROOM = { rank: 24, change: 36, bar: 50, worst: 70, trend: 90 };
const ROW = 4.5;

/** Ranks by score. Unknown scores have no rank and never stand among the good ones. */
export function LeaderboardView({ entities, groups, context, width, height, onOpen, focusKey }: ViewProps) {
  const theme = useTheme2();
  const unit = theme.spacing.gridSize;
  const ranks = useMemo(() => places(entities), [entities]);
  const columns = columnsFor(width / unit, context);
  return (
    <div className={styles.view}>
      <VirtualRows
        entities={entities}
        groups={groups}
        columns={1}
        rowHeight={ROW * unit}
        headingHeight={HEADING * unit}
        width={width - SCROLLBAR * unit}
        height={height}
        focusKey={focusKey}
        role="list"
        label={t('leaderboard.label', 'Ranking by score')}
        renderHeading={(group) => (
          <div role="listitem" className={styles.full}>
            <GroupHeading group={group} onOpen={onOpen} />
          </div>
        )}
        renderRow={([item], _row, onFocus) => (
          <div role="listitem" aria-setsize={entities.length} aria-posinset={item.index + 1} className={styles.full}>
            <Line
              item={item}
              place={ranks.get(item.entity) ?? { rank: null, gained: null }}
              columns={columns}
              context={context}
              onOpen={onOpen}
              onFocus={onFocus}
            />
          </div>
        )}
      />
    </div>
  );
}

interface Shown {
  rank: boolean;
  bar: boolean;
  change: boolean;
  worst: boolean;
  trend: boolean;
}

const columnsFor = (units: number, { options }: ViewContext): Shown => ({
  rank: units >= ROOM.rank,
  bar: units >= ROOM.bar,
  change: units >= ROOM.change,
  worst: units >= ROOM.worst,
  trend: units >= ROOM.trend && options.showTrend,
});

interface LineProps {
  item: Item;
  place: Place;
  columns: Shown;
  context: ViewContext;
  onOpen: (key: string) => void;
  onFocus: (index: number) => void;
}

function Line({ item: { entity: e, index, tabIndex }, place, columns, context, onOpen, onFocus }: LineProps) {
  const theme = useTheme2();
  const look = useStyles2(getStyles);
  const { options, scorecard } = context;
  const { min, max } = scorecard.range;
  const color = statusColor(theme, e.status);
  const low = confidenceText(e, options.lowConfidence)?.low;
  return (
    <button
      type="button"
      className={cx(look.line, e.score === null && look.unknown)}
      style={{ gridTemplateColumns: template(theme, columns) }}
      data-index={index}
      tabIndex={tabIndex}
      title={entityLabel(e, options.lowConfidence)}
      onClick={() => onOpen(e.key)}
      onFocus={() => onFocus(index)}
    >
      {columns.rank && (
        <span className={look.rank}>
          {place.rank ?? UNKNOWN}
          <Gained gained={place.gained} />
        </span>
      )}
      <StatusIcon status={e.status} />
      <span className={look.hidden}>{statusText(e.status)}</span>
      <span className={look.name}>{e.entity}</span>
      {columns.bar && (
        <span className={look.track} aria-hidden>
          {e.score !== null && (
            <span
              className={look.fill}
              style={{ width: `${((e.score - min) / (max - min)) * 100}%`, background: color }}
            />
          )}
        </span>
      )}
      <span className={look.score} style={{ color }}>
        {scoreMark(e, low)}
        {scoreText(e, e.score)}
      </span>
      {columns.change && <ChangeBadge change={e.change} />}
      {columns.worst && <span className={look.worst}>{worstTerm(e)}</span>}
      {columns.trend && (
        <Sparkline
          trend={e.trend}
          range={sparkRange(e.trend, options.trendScale, scorecard.range)}
          step={scorecard.step}
          color={color}
          className={look.trend}
        />
      )}
    </button>
  );
}

function Gained({ gained }: { gained: number | null }) {
  const theme = useTheme2();
  const look = useStyles2(getStyles);
  if (gained === null || gained === 0) {
    return null;
  }
  const up = gained > 0;
  const text = up
    ? plural('leaderboard.up', gained, 'up {{count}} place', 'up {{count}} places')
    : plural('leaderboard.down', -gained, 'down {{count}} place', 'down {{count}} places');
  return (
    <span
      className={look.gained}
      style={{ color: up ? theme.colors.success.text : theme.colors.error.text }}
      title={text}
    >
      <span aria-hidden>{`${up ? '↑' : '↓'}${Math.abs(gained)}`}</span>
      <span className={look.hidden}>{text}</span>
    </span>
  );
}

/** The term that costs most; of a composite, its worst member. */
function worstTerm(e: EntityScore): string {
  if (e.members) {
    return e.members[0]?.entity ?? '';
  }
  const [worst] = e.terms;
  return worst && (worst.pointsLost ?? 0) > 0 ? worst.title : (e.reason ?? '');
}

const template = (theme: GrafanaTheme2, { rank, bar, change, worst, trend }: Shown): string =>
  [
    rank && theme.spacing(7),
    theme.spacing(2),
    'minmax(0, 3fr)',
    bar && 'minmax(0, 2fr)',
    rank ? theme.spacing(6) : 'auto',
    change && theme.spacing(8),
    worst && 'minmax(0, 2fr)',
    trend && theme.spacing(14),
  ]
    .filter(Boolean)
    .join(' ');

const styles = {
  view: css({ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column' }),
  full: css({ height: '100%' }),
};

const getStyles = (theme: GrafanaTheme2) => ({
  line: css({
    ...theme.typography.bodySmall,
    display: 'grid',
    alignItems: 'center',
    gap: theme.spacing(0, 1),
    width: '100%',
    height: '100%',
    padding: theme.spacing(0, 0.5),
    border: 'none',
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
    position: 'relative',
    cursor: 'pointer',
    '&:hover': hover(theme),
    '&:focus-visible': focusRing(theme),
  }),
  unknown: css({ backgroundImage: hatch(theme) }),
  rank: css({
    textAlign: 'right',
    fontVariantNumeric: 'tabular-nums',
    color: theme.colors.text.secondary,
    whiteSpace: 'nowrap',
  }),
  gained: css({ marginLeft: theme.spacing(0.5), position: 'relative' }),
  name: css(ellipsis),
  track: css({
    height: theme.spacing(1),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.border.weak,
    overflow: 'hidden',
  }),
  fill: css({ display: 'block', height: '100%', ...keepColors }),
  score: css({
    ...theme.typography.body,
    fontWeight: theme.typography.fontWeightMedium,
    fontVariantNumeric: 'tabular-nums',
    textAlign: 'right',
  }),
  worst: css({ color: theme.colors.text.secondary, ...ellipsis }),
  trend: css({ width: '100%', height: theme.spacing(2.5) }),
  hidden: css(visuallyHidden),
});
