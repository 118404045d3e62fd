import React, { useMemo } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type Cap, type Term } from '../data/model';
import { statusOfTerm, TERM_STATUS_TEXT } from '../data/status';
import { absolute, ago, points, UNKNOWN, valueAndTarget, valueFormatter } from './format';
import { StatusIcon } from './StatusIcon';
import { hatch, statusColor, visuallyHidden } from './theme';

interface Props {
  terms: Term[];
  cap: Cap | null;
  entity: string;
  timeZone: string;
  /** Width for the table, in pixels: narrow tables fold the side columns under the title. */
  width: number;
}

/** Widths below which weight, target and since move under the title, in theme spacing units. */
const WIDE = 75;

export function TermsTable({ terms, cap, entity, timeZone, width }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const format = useMemo(() => valueFormatter(theme, timeZone), [theme, timeZone]);
  const cells = (t: Term) => valueAndTarget(t, format);
  const wide = width >= WIDE * theme.spacing.gridSize;

  return (
    <table className={styles.table}>
      <caption className={styles.hidden}>Terms of the score of {entity}</caption>
      <thead>
        <tr>
          <th scope="col">Term</th>
          {wide && (
            <th scope="col" className={styles.number}>
              Weight
            </th>
          )}
          <th scope="col" className={styles.number}>
            Value
          </th>
          {wide && (
            <th scope="col" className={styles.number}>
              Target
            </th>
          )}
          <th scope="col">Points lost</th>
          {wide && <th scope="col">Since</th>}
        </tr>
      </thead>
      <tbody>
        {terms.map((t, i) => {
          const { value, target } = cells(t);
          const since =
            t.since === null ? null : (
              <time dateTime={new Date(t.since).toISOString()} title={absolute(t.since, timeZone)}>
                {ago(t.since, timeZone)}
              </time>
            );
          return (
            <tr key={`${t.id} ${i}`} className={cx(t.status === 'unknown' && styles.unknownRow)}>
              <th scope="row" className={styles.term}>
                <span className={styles.title}>
                  <StatusIcon status={statusOfTerm(t.status)} />
                  <span>
                    {t.title}{' '}
                    <span
                      className={t.status === 'ok' ? styles.hidden : styles.statusText}
                      style={{ color: statusColor(theme, statusOfTerm(t.status)) }}
                    >
                      {TERM_STATUS_TEXT[t.status]}
                    </span>
                  </span>
                </span>
                {!wide && (
                  <span className={styles.sub}>
                    {[
                      t.target === null ? null : `target ${target}`,
                      t.weight === null ? null : `weight ${points(t.weight)}`,
                    ]
                      .filter(Boolean)
                      .join(' · ')}
                    {since && <> · {since}</>}
                  </span>
                )}
                {t.gate !== null && (
                  <span className={styles.sub}>
                    {cap?.term === t ? (
                      <strong className={styles.cap}>Caps the score at {points(t.gate)}</strong>
                    ) : (
                      `Gate at ${points(t.gate)}`
                    )}
                  </span>
                )}
              </th>
              {wide && <td className={styles.number}>{t.weight === null ? UNKNOWN : points(t.weight)}</td>}
              <td className={styles.number}>{value}</td>
              {wide && <td className={styles.number}>{target}</td>}
              <td className={styles.lost}>
                <LostBar term={t} />
              </td>
              {wide && <td className={styles.since}>{since ?? UNKNOWN}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
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
      <span className={styles.barText}>{pointsLost === null ? 'Unknown' : points(pointsLost)}</span>
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
  fill: css({ display: 'block', height: '100%' }),
  barText: css({ fontVariantNumeric: 'tabular-nums', minWidth: theme.spacing(3), textAlign: 'right' }),
  hidden: css(visuallyHidden),
});
