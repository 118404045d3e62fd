import React, { useMemo } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type EntityScore } from '../data/model';
import { describeTrend, sparkRange } from '../data/sparkline';
import { statusText } from '../data/status';
import { t } from '../i18n';
import { Advice } from './Advice';
import { ChangeBadge } from './ChangeBadge';
import { ExemptionBadge } from './ExemptionBadge';
import { confidenceText, entityLabel, entityLinks, points, scoreMark, scoreText } from './format';
import { Links } from './Links';
import { Members } from './Members';
import { Movement } from './Movement';
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
  onOpen: (key: string) => void;
}

/** Room below which a card is only name, score and status, in theme spacing units. */
const TINY = { width: 26, height: 15 };
/** Room below which only icon and score are left; the rest is in the tooltip and the accessible name. */
const MICRO = { width: 14, height: 9 };

export function Card({ entity: e, context, width, height, onOpen }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { options, scorecard, timeZone, range } = context;
  const color = statusColor(theme, e.status);
  const unit = theme.spacing.gridSize;
  const tiny = width < TINY.width * unit || height < TINY.height * unit;
  const micro = width < MICRO.width * unit || height < MICRO.height * unit;
  const confidence = confidenceText(e, options.lowConfidence);
  const links = useMemo(() => entityLinks(e), [e]);
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
          {!tiny && links.length > 0 && (
            <span className={styles.links}>
              <Links links={links} about={e.entity} />
            </span>
          )}
        </header>
      )}
      <div className={styles.scoreLine}>
        {micro && <StatusIcon status={e.status} />}
        <span className={cx(styles.score, tiny && styles.scoreTiny)} style={{ color }}>
          <span aria-hidden>{scoreMark(e, confidence?.low)}</span>
          {scoreText(e, e.score)}
        </span>
        {!micro && (
          <span className={styles.facts}>
            <span className={styles.status} style={{ color }}>
              {statusText(e.status)}
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
            {e.calls !== null && <span>{t('card.calls', '{{calls}} calls', { calls: points(e.calls) })}</span>}
            {e.cap && (
              <span className={styles.capped}>
                {t('card.capped', 'Capped at {{at}} by {{term}}', { at: points(e.cap.at), term: e.cap.term.title })}
              </span>
            )}
          </div>
          {e.reason && <p className={styles.reason}>{e.reason}</p>}
          {e.exemption && <ExemptionBadge exemption={e.exemption} context={context} />}
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
      <Movement entity={e} range={range} />
      {e.members && <Members members={e.members} onOpen={onOpen} />}
      {options.showTerms && e.terms.length > 0 && (
        <TermsTable entity={e} context={context} width={width - theme.spacing.gridSize * 4} />
      )}
      {options.showAdvice && <Advice entity={e} timeZone={timeZone} />}
    </article>
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
});
