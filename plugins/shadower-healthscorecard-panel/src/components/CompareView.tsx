import React, { useMemo, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, useStyles2, useTheme2 } from '@grafana/ui';
import { type ComparedTerm, compareTerms } from '../data/compare';
import { type EntityScore, type Term } from '../data/model';
import { statusOfTerm, statusText, termStatusText } from '../data/status';
import { t } from '../i18n';
import { ChangeBadge } from './ChangeBadge';
import { EmptyState } from './EmptyState';
import {
  confidenceText,
  lostText,
  scoreMark,
  scoreText,
  signed,
  UNKNOWN,
  valueAndTarget,
  valueFormatter,
} from './format';
import { Picker } from './Picker';
import { Sparkline } from './Sparkline';
import { StatusIcon } from './StatusIcon';
import { focusRing, statusColor, visuallyHidden } from './theme';
import { type ViewContext, type ViewProps } from './view';

/** Width from which the difference has a column of its own, in theme spacing units. */
const WIDE = 60;

/** Two entities side by side, the terms that tell them apart first. Starts with the first two of the order. */
export function CompareView({ entities, context, width, onOpen }: ViewProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const [picked, setPicked] = useState<{ a: string; b: string }>({ a: '', b: '' });
  const a = entities.find((e) => e.key === picked.a) ?? entities.find((e) => e.key !== picked.b);
  const b = entities.find((e) => e.key === picked.b) ?? entities.find((e) => e.key !== a?.key);
  const rows = useMemo(() => (a && b ? compareTerms(a, b) : []), [a, b]);
  if (!a || !b) {
    return (
      <EmptyState title={t('compare.one', 'Nothing to compare with')}>
        {t('compare.one-hint', 'A comparison needs two entities.')}
      </EmptyState>
    );
  }
  const names = entities.map((e) => ({ value: e.key, label: e.entity }));
  const wide = width >= WIDE * theme.spacing.gridSize;
  return (
    // Focusable, so that the keyboard can scroll it.
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={t('compare.label', 'Comparison')}>
      <div className={styles.pickers}>
        <Picker
          label={t('compare.a', 'Compare')}
          value={a.key}
          options={names}
          onChange={(key) => setPicked({ a: key, b: key === b.key ? a.key : b.key })}
        />
        <Picker
          label={t('compare.b', 'with')}
          value={b.key}
          options={names}
          onChange={(key) => setPicked({ a: key === a.key ? b.key : a.key, b: key })}
        />
        <Button size="sm" variant="secondary" fill="text" onClick={() => setPicked({ a: b.key, b: a.key })}>
          {t('compare.swap', 'Swap')}
        </Button>
      </div>
      <table className={styles.table}>
        <caption className={styles.hidden}>
          {t('compare.caption', 'Scores and terms of {{a}} and {{b}}', { a: a.entity, b: b.entity })}
        </caption>
        <thead>
          <tr>
            <td />
            <Head entity={a} context={context} onOpen={onOpen} />
            <Head entity={b} context={context} onOpen={onOpen} />
            {wide && (
              <th scope="col" className={styles.number}>
                {t('compare.difference', 'Difference')}
                <span className={styles.big}>
                  {a.score === null || b.score === null ? UNKNOWN : signed(b.score - a.score)}
                </span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} wide={wide} timeZone={context.timeZone} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className={styles.none}>{t('compare.no-terms', 'Neither has terms to compare.')}</p>}
    </div>
  );
}

interface HeadProps {
  entity: EntityScore;
  context: ViewContext;
  onOpen: (key: string) => void;
}

function Head({ entity: e, context, onOpen }: HeadProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { options, scorecard } = context;
  const color = statusColor(theme, e.status);
  const confidence = confidenceText(e, options.lowConfidence);
  return (
    <th scope="col">
      <button type="button" className={styles.name} onClick={() => onOpen(e.key)}>
        <StatusIcon status={e.status} /> {e.entity}
      </button>
      <span className={styles.big} style={{ color }}>
        {scoreMark(e, confidence?.low)}
        {scoreText(e, e.score)}
      </span>
      <span className={styles.facts}>
        <span style={{ color }}>{statusText(e.status)}</span> <ChangeBadge change={e.change} />
      </span>
      {confidence && <span className={styles.facts}>{confidence.text}</span>}
      {options.showTrend && e.trend.length > 0 && (
        <Sparkline
          trend={e.trend}
          range={scorecard.range}
          step={scorecard.step}
          color={color}
          className={styles.trend}
        />
      )}
    </th>
  );
}

function Row({
  row: { title, a, b, difference },
  wide,
  timeZone,
}: {
  row: ComparedTerm;
  wide: boolean;
  timeZone: string;
}) {
  const styles = useStyles2(getStyles);
  return (
    <tr>
      <th scope="row">
        {title}
        {!wide && difference !== null && (
          <span className={styles.facts}>
            {t('compare.points', '{{difference}} points', { difference: signed(-difference) })}
          </span>
        )}
      </th>
      <Cell term={a} timeZone={timeZone} />
      <Cell term={b} timeZone={timeZone} />
      {/* As points of the score: what costs the second more makes its score lower. */}
      {wide && <td className={styles.number}>{difference === null ? UNKNOWN : signed(-difference)}</td>}
    </tr>
  );
}

function Cell({ term, timeZone }: { term: Term | null; timeZone: string }) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const format = useMemo(() => valueFormatter(theme, timeZone), [theme, timeZone]);
  if (!term) {
    return <td className={styles.facts}>{t('matrix.none', 'has no such term')}</td>;
  }
  return (
    <td>
      <span className={styles.value}>
        <StatusIcon status={statusOfTerm(term.status)} />
        <span className={styles.hidden}>{termStatusText(term.status)}</span>
        {valueAndTarget(term, format).value}
      </span>
      <span className={styles.facts}>
        {term.pointsLost === null ? t('compare.lost-unknown', 'points lost unknown') : lostText(term.pointsLost)}
      </span>
    </td>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ flex: 1, minHeight: 0, overflow: 'auto' }),
  pickers: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(0.5, 1) }),
  table: css({
    ...theme.typography.bodySmall,
    width: '100%',
    tableLayout: 'fixed',
    borderCollapse: 'collapse',
    color: theme.colors.text.primary,
    'th, td': {
      padding: theme.spacing(0.5, 1, 0.5, 0),
      textAlign: 'left',
      verticalAlign: 'top',
      fontWeight: theme.typography.fontWeightRegular,
      overflowWrap: 'anywhere',
      position: 'relative',
    },
    'tbody tr': { borderTop: `1px solid ${theme.colors.border.weak}` },
  }),
  name: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: 0,
    border: 'none',
    background: 'none',
    color: theme.colors.text.link,
    textAlign: 'left',
    cursor: 'pointer',
    '&:focus-visible': focusRing(theme),
  }),
  big: css({ ...theme.typography.h2, display: 'block', margin: 0, fontVariantNumeric: 'tabular-nums' }),
  facts: css({ display: 'block', color: theme.colors.text.secondary }),
  trend: css({ width: '100%', height: theme.spacing(4) }),
  number: css({ fontVariantNumeric: 'tabular-nums' }),
  value: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    position: 'relative',
    fontVariantNumeric: 'tabular-nums',
  }),
  none: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  hidden: css(visuallyHidden),
});
