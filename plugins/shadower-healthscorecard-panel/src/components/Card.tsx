import React, { useMemo } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type EntityScore } from '../data/model';
import { whatMoved } from '../data/moved';
import { describeTrend, sparkRange } from '../data/sparkline';
import { STATUS_TEXT } from '../data/status';
import { ChangeBadge } from './ChangeBadge';
import { changeText, confidenceText, entityLabel, entityLinks, points, scoreText } from './format';
import { Sparkline } from './Sparkline';
import { StatusIcon } from './StatusIcon';
import { TermsTable } from './TermsTable';
import { ellipsis, hatch, statusColor } from './theme';
import { type ViewContext } from './view';

interface Props {
  entity: EntityScore;
  context: ViewContext;
  /** Room for the card in pixels. */
  width: number;
  height: number;
}

/** Room below which a card is only name, score and status, in theme spacing units. */
const TINY = { width: 26, height: 15 };
/** Room below which only icon and score are left; the rest is in the tooltip and the accessible name. */
const MICRO = { width: 14, height: 9 };

export function Card({ entity: e, context, width, height }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { options, scorecard, timeZone, range } = context;
  const color = statusColor(theme, e.status);
  const unit = theme.spacing.gridSize;
  const tiny = width < TINY.width * unit || height < TINY.height * unit;
  const micro = width < MICRO.width * unit || height < MICRO.height * unit;
  const confidence = confidenceText(e, options.lowConfidence);
  const movement = useMemo(() => whatMoved(e, range), [e, range]);
  const trendRange = useMemo(
    () => sparkRange(e.trend, options.trendScale, scorecard.range),
    [e.trend, options.trendScale, scorecard.range]
  );
  const unknown = e.status === 'unknown' || e.score === null;

  const head = (
    <>
      {!micro && (
        <header className={styles.header}>
          <StatusIcon status={e.status} />
          <h3 className={styles.name} title={e.entity}>
            {e.entity}
          </h3>
          {e.kind && !tiny && <span className={styles.kind}>{e.kind}</span>}
          {!tiny && <Links entity={e} />}
        </header>
      )}
      <div className={styles.scoreLine}>
        {micro && <StatusIcon status={e.status} />}
        <span className={cx(styles.score, tiny && styles.scoreTiny)} style={{ color }}>
          {confidence?.low && e.score !== null && <span aria-hidden>≈</span>}
          {scoreText(e, e.score)}
        </span>
        {!micro && (
          <span className={styles.facts}>
            <span className={styles.status} style={{ color }}>
              {STATUS_TEXT[e.status]}
            </span>
            {e.score !== null && !(tiny && e.change === null) && <ChangeBadge change={e.change} hint={!tiny} />}
          </span>
        )}
      </div>
    </>
  );

  if (tiny) {
    return (
      <article
        className={cx(styles.card, styles.tiny, unknown && styles.unknown)}
        style={{ borderLeftColor: color }}
        aria-label={entityLabel(e, options.lowConfidence)}
        title={entityLabel(e, options.lowConfidence)}
      >
        {head}
      </article>
    );
  }

  return (
    <article
      className={cx(styles.card, unknown && styles.unknown)}
      style={{ borderLeftColor: color }}
      aria-label={entityLabel(e, options.lowConfidence)}
    >
      <div className={styles.top}>
        <div className={styles.summary}>
          {head}
          <div className={styles.notes}>
            {confidence && <span className={confidence.low ? styles.low : undefined}>{confidence.text}</span>}
            {e.calls !== null && <span>{points(e.calls)} calls</span>}
            {e.cap && (
              <span className={styles.capped}>
                Capped at {points(e.cap.at)} by {e.cap.term.title}
              </span>
            )}
          </div>
          {e.reason && <p className={styles.reason}>{e.reason}</p>}
        </div>
        {options.showTrend && e.trend.length > 0 && (
          <div className={styles.trendBox}>
            <Sparkline
              trend={e.trend}
              range={trendRange}
              step={scorecard.step}
              color={color}
              label={describeTrend(e.trend, (s) => scoreText(e, s))}
              className={styles.trend}
            />
            <span className={styles.scale} aria-hidden>
              <span>{points(trendRange.max)}</span>
              <span>{points(trendRange.min)}</span>
            </span>
          </div>
        )}
      </div>
      {movement.movers.length > 0 && (
        <section className={styles.moved}>
          <h4 className={styles.sectionTitle}>{movement.basis === 'change' ? 'What moved it' : 'What costs points'}</h4>
          <ul className={styles.movers}>
            {movement.movers.map(({ term, lost, delta, fresh }, i) => (
              <li key={`${term.id} ${i}`}>
                <strong>{term.title}</strong>{' '}
                {delta === null ? (
                  <span>−{points(lost)} points</span>
                ) : (
                  <span title={`${points(lost)} points lost now`}>{changeText(-delta).short} points</span>
                )}
                {fresh && <span className={styles.fresh}>new in this range</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {options.showTerms && e.terms.length > 0 && (
        <TermsTable
          terms={e.terms}
          cap={e.cap}
          entity={e.entity}
          timeZone={timeZone}
          width={width - theme.spacing.gridSize * 4}
        />
      )}
    </article>
  );
}

function Links({ entity }: { entity: EntityScore }) {
  const styles = useStyles2(getStyles);
  const links = useMemo(() => entityLinks(entity), [entity]);
  if (links.length === 0) {
    return null;
  }
  return (
    <span className={styles.links}>
      {links.map((link, i) => (
        <a
          key={i}
          href={link.href}
          target={link.target}
          rel={link.target === '_blank' ? 'noopener noreferrer' : undefined}
          onClick={link.onClick ? (event) => link.onClick?.(event) : undefined}
        >
          {link.title || 'Open link'}
        </a>
      ))}
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    boxSizing: 'border-box',
    position: 'relative',
    minWidth: 0,
    padding: theme.spacing(1.5),
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderLeft: `${theme.spacing(0.5)} solid`,
    borderRadius: theme.shape.radius.default,
  }),
  tiny: css({
    height: '100%',
    padding: theme.spacing(0.5, 1),
    overflow: 'hidden',
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'center',
  }),
  unknown: css({
    backgroundImage: hatch(theme),
    borderStyle: 'dashed',
    borderLeftStyle: 'dashed',
    borderColor: theme.colors.border.strong,
  }),
  top: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 3), alignItems: 'stretch' }),
  summary: css({ flex: `1 1 ${theme.spacing(28)}`, minWidth: 0 }),
  header: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.75), minWidth: 0 }),
  name: css({ ...theme.typography.h5, margin: 0, ...ellipsis }),
  kind: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, flex: 'none' }),
  links: css({
    ...theme.typography.bodySmall,
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(1),
    marginLeft: 'auto',
    a: { color: theme.colors.text.link, textDecoration: 'underline' },
  }),
  scoreLine: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1.5), minWidth: 0 }),
  score: css({
    ...theme.typography.h1,
    fontSize: theme.spacing(6),
    lineHeight: 1.15,
    margin: 0,
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  }),
  scoreTiny: css({ fontSize: theme.spacing(4), lineHeight: 1 }),
  facts: css({ display: 'flex', flexDirection: 'column', minWidth: 0 }),
  status: css({ ...theme.typography.body, fontWeight: theme.typography.fontWeightMedium, ...ellipsis }),
  notes: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0.25, 1.5),
  }),
  low: css({
    color: theme.colors.warning.text,
    border: `1px dashed ${theme.colors.warning.border}`,
    borderRadius: theme.shape.radius.default,
    padding: theme.spacing(0, 0.5),
  }),
  capped: css({ color: theme.colors.error.text }),
  reason: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: theme.spacing(0.5, 0, 0) }),
  trendBox: css({
    flex: `2 1 ${theme.spacing(28)}`,
    minWidth: 0,
    display: 'flex',
    alignItems: 'stretch',
    gap: theme.spacing(0.5),
  }),
  trend: css({
    flex: 1,
    minWidth: 0,
    width: 0,
    height: theme.spacing(9),
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  scale: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'space-between',
    height: theme.spacing(9),
    lineHeight: 1,
  }),
  moved: css({ marginTop: theme.spacing(1) }),
  sectionTitle: css({
    ...theme.typography.bodySmall,
    fontWeight: theme.typography.fontWeightMedium,
    color: theme.colors.text.secondary,
    margin: 0,
  }),
  movers: css({
    ...theme.typography.bodySmall,
    listStyle: 'none',
    margin: theme.spacing(0, 0, 1),
    padding: 0,
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0, 2),
  }),
  fresh: css({ marginLeft: theme.spacing(0.5), color: theme.colors.warning.text }),
});
