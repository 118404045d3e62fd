import React, { useMemo } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { evidenceLinks } from '../data/evidence';
import { type EntityScore, type Term } from '../data/model';
import { statusOfTerm, termStatusText } from '../data/status';
import { t } from '../i18n';
import { ExemptionBadge } from './ExemptionBadge';
import { absolute, ago, points, signed, UNKNOWN, valueAndTarget, valueFormatter } from './format';
import { Links } from './Links';
import { StatusIcon } from './StatusIcon';
import { hatch, keepColors, statusColor, visuallyHidden } from './theme';
import { type ViewContext } from './view';

interface Props {
  entity: EntityScore;
  context: ViewContext;
  /** Width for the table, in pixels: narrow tables fold the side columns under the title. */
  width: number;
}

/** Widths below which weight, target and since move under the title, in theme spacing units. */
const WIDE = 75;

export function TermsTable({ entity, context, width }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const wide = width >= WIDE * theme.spacing.gridSize;
  const compared = entity.terms.some((x) => x.previousPointsLost !== null);

  return (
    <table className={styles.table}>
      <caption className={styles.hidden}>
        {t('terms.caption', 'Terms of the score of {{entity}}', { entity: entity.entity })}
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('terms.term', 'Term')}</th>
          {wide && (
            <th scope="col" className={styles.number}>
              {t('terms.weight', 'Weight')}
            </th>
          )}
          <th scope="col" className={styles.number}>
            {t('terms.value', 'Value')}
          </th>
          {wide && (
            <th scope="col" className={styles.number}>
              {t('terms.target', 'Target')}
            </th>
          )}
          <th scope="col">{t('terms.lost', 'Points lost')}</th>
          {wide && compared && (
            <th scope="col" className={styles.number}>
              {t('terms.moved', 'Moved score by')}
            </th>
          )}
          {wide && <th scope="col">{t('terms.since', 'Since')}</th>}
        </tr>
      </thead>
      <tbody>
        {entity.terms.map((term, i) => (
          <TermRow
            key={`${term.id} ${i}`}
            term={term}
            entity={entity}
            context={context}
            wide={wide}
            compared={compared}
          />
        ))}
      </tbody>
    </table>
  );
}

interface TermRowProps {
  term: Term;
  entity: EntityScore;
  context: ViewContext;
  wide: boolean;
  compared: boolean;
}

function TermRow({ term, entity, context, wide, compared }: TermRowProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { timeZone } = context;
  const format = useMemo(() => valueFormatter(theme, timeZone), [theme, timeZone]);
  const links = useMemo(() => evidenceLinks(entity, term, context), [entity, term, context]);
  const { value, target } = valueAndTarget(term, format);
  const moved = movedText(term);
  const since =
    term.since === null ? null : (
      <time dateTime={new Date(term.since).toISOString()} title={absolute(term.since, timeZone)}>
        {ago(term.since, timeZone)}
      </time>
    );
  const folded = wide
    ? []
    : [
        term.target !== null && t('terms.sub-target', 'target {{target}}', { target }),
        term.weight !== null && t('terms.sub-weight', 'weight {{weight}}', { weight: points(term.weight) }),
        term.previousPointsLost !== null && t('terms.sub-moved', 'moved the score by {{moved}}', { moved }),
      ].filter(Boolean);
  return (
    <tr className={cx(term.status === 'unknown' && styles.unknownRow)}>
      <th scope="row" className={styles.term}>
        <span className={styles.title}>
          <StatusIcon status={statusOfTerm(term.status)} />
          <span>
            {term.title}{' '}
            <span
              className={term.status === 'ok' ? styles.hidden : styles.statusText}
              style={{ color: statusColor(theme, statusOfTerm(term.status)) }}
            >
              {termStatusText(term.status)}
            </span>{' '}
            <Links links={links} about={`${entity.entity}, ${term.title}`} />
          </span>
        </span>
        {!wide && (folded.length > 0 || since) && (
          <span className={styles.sub}>
            {folded.join(' · ')}
            {since && (
              <>
                {folded.length > 0 && ' · '}
                {since}
              </>
            )}
          </span>
        )}
        {term.rule && (
          <span className={styles.sub}>
            {term.gate !== null && entity.cap?.term === term ? (
              <strong className={styles.cap}>
                {t('terms.caps', 'Caps the score at {{cap}}', { cap: points(term.gate) })}
              </strong>
            ) : (
              ruleText(term, term.rule, format)
            )}
          </span>
        )}
        {term.exemption && (
          <span className={styles.sub}>
            <ExemptionBadge exemption={term.exemption} context={context} />
          </span>
        )}
      </th>
      {wide && <td className={styles.number}>{term.weight === null ? UNKNOWN : points(term.weight)}</td>}
      <td className={styles.number}>{value}</td>
      {wide && <td className={styles.number}>{target}</td>}
      <td className={styles.lost}>
        <LostBar term={term} />
      </td>
      {wide && compared && <td className={styles.number}>{moved}</td>}
      {wide && <td className={styles.since}>{since ?? UNKNOWN}</td>}
    </tr>
  );
}

/** What the term did to the score since the previous period, in points. */
const movedText = ({ pointsLost, previousPointsLost }: Term): string =>
  pointsLost === null || previousPointsLost === null ? UNKNOWN : signed(previousPointsLost - pointsLost);

/** The gate's rule, for a gate that does not hold the score down now. */
function ruleText(term: Term, { above, cap }: NonNullable<Term['rule']>, format: ReturnType<typeof valueFormatter>) {
  return above === null
    ? t('terms.gate', 'Gate at {{cap}}', { cap: points(cap) })
    : t('terms.rule', 'Above {{above}} the score is {{cap}} at most', {
        above: format(above, term.unit),
        cap: points(cap),
      });
}

/** Points lost of the weight. Hatched when nobody knows; the number always stands beside it. */
function LostBar({ term }: { term: Term }) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { pointsLost, weight, status } = term;
  const share = pointsLost === null ? 0 : Math.min(1, Math.max(0, pointsLost / Math.max(weight ?? 100, 1e-9)));
  return (
    <span className={styles.bar}>
      <span className={cx(styles.track, pointsLost === null && styles.trackUnknown)} aria-hidden>
        <span
          className={styles.fill}
          style={{ width: `${share * 100}%`, background: statusColor(theme, statusOfTerm(status)) }}
        />
      </span>
      <span className={styles.barText}>
        {pointsLost === null ? t('term-status.unknown', 'Unknown') : points(pointsLost)}
      </span>
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  table: css({
    width: '100%',
    borderCollapse: 'collapse',
    ...theme.typography.bodySmall,
    color: theme.colors.text.primary,
    'th, td': { padding: theme.spacing(0.5, 1, 0.5, 0), textAlign: 'left', verticalAlign: 'top' },
    'thead th': { color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightMedium },
    'tbody tr': { borderTop: `1px solid ${theme.colors.border.weak}` },
    'tbody th': { fontWeight: theme.typography.fontWeightRegular },
  }),
  unknownRow: css({ backgroundImage: hatch(theme), color: theme.colors.text.secondary }),
  term: css({ minWidth: 0, overflowWrap: 'anywhere' }),
  title: css({
    display: 'flex',
    gap: theme.spacing(0.75),
    alignItems: 'center',
    position: 'relative',
  }),
  statusText: css({ fontWeight: theme.typography.fontWeightMedium }),
  sub: css({ display: 'block', color: theme.colors.text.secondary, paddingLeft: theme.spacing(2.75) }),
  cap: css({ color: theme.colors.error.text, fontWeight: theme.typography.fontWeightMedium }),
  number: css({ textAlign: 'right !important' as 'right', whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  lost: css({ width: '26%' }),
  since: css({ whiteSpace: 'nowrap', color: theme.colors.text.secondary }),
  bar: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.75) }),
  track: css({
    flex: 1,
    minWidth: theme.spacing(2),
    height: theme.spacing(1),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.border.weak,
    overflow: 'hidden',
  }),
  trackUnknown: css({
    background: hatch(theme),
    border: `1px dashed ${theme.colors.border.strong}`,
  }),
  fill: css({ display: 'block', height: '100%', ...keepColors }),
  barText: css({ fontVariantNumeric: 'tabular-nums', minWidth: theme.spacing(3), textAlign: 'right' }),
  hidden: css(visuallyHidden),
});
