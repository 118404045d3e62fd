import React, { useMemo, useState } from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { matrixColumns, sortByTerm } from '../data/matrix';
import { plural, t } from '../i18n';
import { EmptyState } from './EmptyState';
import { entityLabel, scoreMark, scoreText, valueFormatter } from './format';
import { GroupHeading } from './GroupHeading';
import { MatrixCell } from './MatrixCell';
import { StatusIcon } from './StatusIcon';
import { ellipsis, focusRing, HEADING, SCROLLBAR, statusColor, hover } from './theme';
import { type ViewProps } from './view';
import { VirtualRows } from './VirtualRows';

/** Sizes in theme spacing units. */
const NAME = { narrow: 16, wide: 30, from: 70 };
const CELL = { min: 9, max: 20 };
const HEADER = 5;
const ROW = 4;
/** Columns that are drawn; more would be unreadable and slow. What is left out is said. */
const MAX_COLUMNS = 40;

/** Entities by terms. Colour says how much of its weight a term costs; the cell says it in numbers too. */
export function MatrixView({ entities, groups, context, width, height, onOpen, focusKey }: ViewProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const unit = theme.spacing.gridSize;
  const [term, setTerm] = useState<string | null>(null);
  const all = useMemo(() => matrixColumns(entities), [entities]);
  const columns = all.slice(0, MAX_COLUMNS);
  const format = useMemo(() => valueFormatter(theme, context.timeZone), [theme, context.timeZone]);
  const by = term !== null && columns.some((c) => c.id === term) ? term : null;
  const sorted = useMemo(() => (by === null ? entities : sortByTerm(entities, by)), [entities, by]);
  const grouped = useMemo(
    () => (by === null ? groups : (groups?.map((g) => ({ ...g, entities: sortByTerm(g.entities, by) })) ?? null)),
    [groups, by]
  );
  if (columns.length === 0) {
    return (
      <EmptyState title={t('matrix.no-terms', 'No terms in the data')}>
        {t(
          'matrix.no-terms-hint',
          'The matrix shows what scores are made of: it needs a terms frame, or component fields.'
        )}
      </EmptyState>
    );
  }

  const name = (width >= NAME.from * unit ? NAME.wide : NAME.narrow) * unit;
  const room = (width - name - SCROLLBAR * unit) / columns.length;
  const cell = Math.min(CELL.max * unit, Math.max(CELL.min * unit, room));
  const template = `${name}px repeat(${columns.length}, ${cell}px)`;
  const tableWidth = name + cell * columns.length;
  const header = (
    <div role="rowgroup" className={styles.header} style={{ width: tableWidth, height: HEADER * unit }}>
      <div role="row" className={styles.row} style={{ gridTemplateColumns: template }}>
        <div role="columnheader" className={cx(styles.corner, styles.first)} aria-sort={by === null ? 'other' : 'none'}>
          <button type="button" className={styles.sort} onClick={() => setTerm(null)}>
            {t('matrix.entity', 'Entity')}
          </button>
        </div>
        {columns.map((c) => (
          <div role="columnheader" key={c.id} className={styles.corner} aria-sort={by === c.id ? 'descending' : 'none'}>
            <button
              type="button"
              className={styles.sort}
              title={t('matrix.sort', 'Sort by {{term}}, worst first', { term: c.title })}
              onClick={() => setTerm(c.id)}
            >
              {c.title}
              {by === c.id && <span aria-hidden> ▼</span>}
            </button>
          </div>
        ))}
      </div>
    </div>
  );

  return (
    <div
      role="table"
      className={styles.view}
      aria-label={t('matrix.label', 'Terms by entity')}
      aria-rowcount={entities.length + 1}
    >
      <VirtualRows
        entities={sorted}
        groups={grouped}
        columns={1}
        rowHeight={ROW * unit}
        headingHeight={HEADING * unit}
        width={width}
        height={height}
        focusKey={focusKey}
        role="rowgroup"
        header={header}
        headerHeight={HEADER * unit}
        minWidth={tableWidth}
        renderHeading={(group) => (
          <div role="row" className={styles.full}>
            <div role="cell" aria-colspan={columns.length + 1} className={styles.heading} style={{ maxWidth: width }}>
              <GroupHeading group={group} onOpen={onOpen} />
            </div>
          </div>
        )}
        renderRow={([{ entity: e, index, tabIndex }], _row, onFocus) => (
          <div role="row" aria-rowindex={index + 2} className={styles.row} style={{ gridTemplateColumns: template }}>
            <div role="rowheader" className={styles.first}>
              <button
                type="button"
                className={styles.name}
                data-index={index}
                tabIndex={tabIndex}
                title={entityLabel(e, context.options.lowConfidence)}
                aria-label={entityLabel(e, context.options.lowConfidence)}
                onClick={() => onOpen(e.key)}
                onFocus={() => onFocus(index)}
              >
                <StatusIcon status={e.status} />
                <span className={styles.text}>{e.entity}</span>
                <span className={styles.score} style={{ color: statusColor(theme, e.status) }}>
                  {scoreMark(e, false)}
                  {scoreText(e, e.score)}
                </span>
              </button>
            </div>
            {columns.map((c) => (
              <MatrixCell
                key={c.id}
                term={e.terms.find((x) => x.id === c.id)}
                shows={context.options.matrixCell}
                now={context.now}
                timeZone={context.timeZone}
                format={format}
              />
            ))}
          </div>
        )}
      />
      {all.length > columns.length && (
        <p className={styles.more}>
          {plural(
            'matrix.more',
            all.length - columns.length,
            '{{count}} term more is not shown: the one that costs least.',
            '{{count}} terms more are not shown: those that cost least.'
          )}
        </p>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  view: css({ flex: 1, minHeight: 0, minWidth: 0, display: 'flex', flexDirection: 'column' }),
  full: css({ height: '100%' }),
  header: css({ position: 'sticky', top: 0, zIndex: 2, background: theme.colors.background.primary }),
  row: css({ display: 'grid', height: '100%', width: 'max-content' }),
  first: css({
    position: 'sticky',
    left: 0,
    zIndex: 1,
    minWidth: 0,
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  corner: css({ minWidth: 0, borderBottom: `1px solid ${theme.colors.border.weak}` }),
  sort: css({
    ...theme.typography.bodySmall,
    fontWeight: theme.typography.fontWeightMedium,
    width: '100%',
    height: '100%',
    padding: theme.spacing(0, 0.5),
    border: 'none',
    background: 'none',
    color: theme.colors.text.secondary,
    textAlign: 'left',
    // Two lines of a long title, then it is cut; the tooltip has it whole.
    lineHeight: 1.2,
    maxHeight: '100%',
    overflow: 'hidden',
    overflowWrap: 'anywhere',
    cursor: 'pointer',
    '&:hover': { color: theme.colors.text.primary },
    '&:focus-visible': focusRing(theme),
  }),
  heading: css({ position: 'sticky', left: 0, height: '100%' }),
  name: css({
    ...theme.typography.bodySmall,
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    width: '100%',
    height: '100%',
    padding: theme.spacing(0, 0.5),
    border: 'none',
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
    cursor: 'pointer',
    '&:hover': hover(theme),
    '&:focus-visible': focusRing(theme),
  }),
  text: css({ flex: 1, ...ellipsis }),
  score: css({ fontVariantNumeric: 'tabular-nums' }),
  more: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: 0, flex: 'none' }),
});
