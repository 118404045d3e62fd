import React from 'react';
import { css, cx } from '@emotion/css';
import { colorManipulator, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { exemptionState } from '../data/exemptions';
import { termHeat } from '../data/matrix';
import { type Term } from '../data/model';
import { statusOfTerm, termStatusText } from '../data/status';
import { t } from '../i18n';
import { type MatrixCell as Shows } from '../types';
import { exemptionText, lostText, points, signed, UNKNOWN, valueAndTarget, type valueFormatter } from './format';
import { StatusIcon } from './StatusIcon';
import { ellipsis, hatch, keepColors, visuallyHidden } from './theme';

interface Props {
  /** Undefined where the entity has no such term. */
  term: Term | undefined;
  shows: Shows;
  now: number;
  timeZone: string;
  format: ReturnType<typeof valueFormatter>;
}

/** Strongest opacity of the heat: the text on it stays readable in both themes. */
const STRONG = 0.4;

export const MatrixCell = React.memo(function MatrixCell({ term, shows, now, timeZone, format }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  if (!term) {
    return (
      <div role="cell" className={styles.cell}>
        <span className={styles.hidden}>{t('matrix.none', 'has no such term')}</span>
      </div>
    );
  }
  const heat = termHeat(term);
  const { value, target } = valueAndTarget(term, format);
  const lost = term.pointsLost === null ? null : term.pointsLost === 0 ? '0' : signed(-term.pointsLost);
  const said = [
    `${term.title}: ${termStatusText(term.status)}`,
    t('matrix.value', 'value {{value}}', { value }),
    term.target !== null && t('terms.sub-target', 'target {{target}}', { target }),
    term.pointsLost !== null && lostText(term.pointsLost),
    term.gate !== null && t('terms.caps', 'Caps the score at {{cap}}', { cap: points(term.gate) }),
    term.exemption && exemptionText(term.exemption, now, timeZone),
  ].filter(Boolean);
  const number = shows === 'value' || lost === null ? value : lost;
  return (
    <div
      role="cell"
      className={cx(styles.cell, heat === null && styles.unknown, term.gate !== null && styles.gate)}
      style={heat === null ? undefined : { background: heatColor(theme, heat) }}
      title={said.join('\n')}
    >
      {term.status !== 'ok' && <StatusIcon status={statusOfTerm(term.status)} size={1.5} />}
      <span className={styles.text}>{heat === null && term.value === null ? UNKNOWN : number}</span>
      {term.exemption && (
        <span className={cx(styles.mark, exemptionState(term.exemption, now) !== 'active' && styles.over)} aria-hidden>
          {t('matrix.exempt', 'E')}
        </span>
      )}
      <span className={styles.hidden}>{termStatusText(term.status)}</span>
    </div>
  );
});

/** From nothing over the warning's to the error's colour. */
function heatColor(theme: GrafanaTheme2, heat: number): string {
  if (heat === 0) {
    return colorManipulator.alpha(theme.colors.success.main, 0.12);
  }
  const base = heat < 0.5 ? theme.colors.warning.main : theme.colors.error.main;
  return colorManipulator.alpha(base, 0.12 + heat * (STRONG - 0.12));
}

const getStyles = (theme: GrafanaTheme2) => ({
  cell: css({
    ...theme.typography.bodySmall,
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'flex-end',
    gap: theme.spacing(0.5),
    minWidth: 0,
    padding: theme.spacing(0, 0.75),
    color: theme.colors.text.primary,
    border: `1px solid ${theme.colors.background.primary}`,
    fontVariantNumeric: 'tabular-nums',
    ...keepColors,
  }),
  unknown: css({ backgroundImage: hatch(theme), color: theme.colors.text.secondary }),
  gate: css({ borderColor: theme.colors.error.text }),
  text: css(ellipsis),
  mark: css({
    position: 'absolute',
    left: theme.spacing(0.25),
    top: 0,
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.primary,
  }),
  // An exemption that is not valid (any more).
  over: css({ textDecoration: 'line-through', color: theme.colors.text.secondary }),
  hidden: css(visuallyHidden),
});
