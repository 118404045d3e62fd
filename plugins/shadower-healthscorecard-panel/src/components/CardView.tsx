import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { CARD_MIN } from '../data/layout';
import { plural, t } from '../i18n';
import { Card } from './Card';
import { type ViewProps } from './view';

/** Cards are rich and of unequal height, so their number is limited; what is left out is said. */
export const MAX_CARDS = 24;

export function CardView({ entities, groups, context, width, height, onOpen }: ViewProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  // Cards name their kind; groups only order them.
  const ordered = groups?.flatMap((g) => g.entities) ?? entities;
  const shown = ordered.slice(0, MAX_CARDS);
  const unit = theme.spacing.gridSize;
  const columns = Math.min(shown.length, Math.max(1, Math.floor((width + unit) / ((CARD_MIN.width + 1) * unit))));
  const cardWidth = (width - (columns - 1) * unit) / Math.max(1, columns);
  const rows = Math.ceil(shown.length / Math.max(1, columns));
  const hidden = entities.length - shown.length;

  return (
    // Focusable, so that the keyboard can scroll it.
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={t('cards.label', 'Scorecards')}>
      <div
        className={styles.cards}
        role="list"
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          minHeight: shown.length === 1 ? '100%' : undefined,
        }}
      >
        {shown.map((e) => (
          <div role="listitem" key={e.key} className={styles.item}>
            <Card entity={e} context={context} width={cardWidth} height={height / rows} onOpen={onOpen} />
          </div>
        ))}
      </div>
      {hidden > 0 && (
        <p className={styles.more}>
          {plural(
            'cards.more',
            hidden,
            '{{count}} more hidden: search, filter by status, or choose the grid view to see it.',
            '{{count}} more hidden: search, filter by status, or choose the grid view to see them.'
          )}
        </p>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ flex: 1, minHeight: 0, overflow: 'auto' }),
  cards: css({ display: 'grid', gap: theme.spacing(1), alignItems: 'stretch', boxSizing: 'border-box' }),
  item: css({ minWidth: 0, minHeight: 0, display: 'grid' }),
  more: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: theme.spacing(1, 0) }),
});
