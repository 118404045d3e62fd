import React from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { FilterInput, useStyles2 } from '@grafana/ui';
import { type EntityScore, STATUSES, type Status } from '../data/model';
import { countByStatus, statusText, summaryText } from '../data/status';
import { plural, t } from '../i18n';
import { sortLabel, VIEW_CHOICES, viewLabel } from '../options';
import { type SortBy, SORTS, type ViewChoice } from '../types';
import { Picker } from './Picker';
import { StatusIcon } from './StatusIcon';
import { ellipsis, focusRing } from './theme';

/** What the viewer chose; it lasts until the page is left or the saved option is edited. */
export interface Filters {
  search: string;
  statuses: ReadonlySet<Status>;
  sort: SortBy;
  view: ViewChoice;
  /** Empty for no groups. */
  groupBy: string;
}

interface Props {
  /** All entities, before filters. */
  entities: EntityScore[];
  /** How many of them are shown. */
  shown: number;
  groupFields: string[];
  filters: Filters;
  onChange: (filters: Filters) => void;
  /** Room for search and choices beside the summary. */
  roomy: boolean;
  /** False draws the summary as plain text without controls. */
  interactive: boolean;
}

/** The summary line; each count is a filter. */
export function Toolbar({ entities, shown, groupFields, filters, onChange, roomy, interactive }: Props) {
  const styles = useStyles2(getStyles);
  const counts = countByStatus(entities);
  const hidden = entities.length - shown;
  const filtered = filters.search !== '' || filters.statuses.size > 0;
  const toggle = (status: Status) => {
    const statuses = new Set(filters.statuses);
    if (!statuses.delete(status)) {
      statuses.add(status);
    }
    onChange({ ...filters, statuses });
  };

  if (!interactive) {
    const text = summaryText(entities);
    return (
      <p className={styles.plain} title={text}>
        {text}
      </p>
    );
  }
  return (
    <div className={styles.bar}>
      <div className={styles.counts} role="group" aria-label={t('toolbar.status', 'Filter by status')}>
        {STATUSES.filter((status) => counts[status] > 0).map((status) => (
          <button
            key={status}
            type="button"
            className={cx(styles.count, filters.statuses.has(status) && styles.pressed)}
            aria-pressed={filters.statuses.has(status)}
            onClick={() => toggle(status)}
          >
            <StatusIcon status={status} size={1.75} />
            {counts[status]} {statusText(status, true)}
          </button>
        ))}
      </div>
      <span className={styles.hidden} role="status">
        {hidden > 0 && plural('toolbar.hidden', hidden, '{{count}} hidden', '{{count}} hidden')}
      </span>
      {filtered && (
        <button
          type="button"
          className={styles.count}
          onClick={() => onChange({ ...filters, search: '', statuses: new Set() })}
        >
          {t('toolbar.all', 'Show all')}
        </button>
      )}
      {roomy && (
        <div className={styles.controls}>
          <div className={styles.search}>
            <FilterInput
              escapeRegex={false}
              value={filters.search}
              onChange={(search) => onChange({ ...filters, search })}
              placeholder={t('toolbar.search', 'Search')}
              aria-label={t('toolbar.search-label', 'Search entities')}
            />
          </div>
          <Picker
            label={t('toolbar.view', 'View')}
            value={filters.view}
            options={VIEW_CHOICES.map((value) => ({ value, label: viewLabel(value) }))}
            onChange={(view) => onChange({ ...filters, view: VIEW_CHOICES.find((v) => v === view) ?? 'auto' })}
          />
          <Picker
            label={t('toolbar.sort', 'Sort')}
            value={filters.sort}
            options={SORTS.map((value) => ({ value, label: sortLabel(value) }))}
            onChange={(sort) => onChange({ ...filters, sort: SORTS.find((s) => s === sort) ?? 'worst' })}
          />
          {groupFields.length > 0 && (
            <Picker
              label={t('toolbar.group', 'Group')}
              value={filters.groupBy}
              options={[
                { value: '', label: t('toolbar.no-group', 'None') },
                ...groupFields.map((value) => ({ value, label: value })),
              ]}
              onChange={(groupBy) => onChange({ ...filters, groupBy })}
            />
          )}
        </div>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  plain: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    margin: 0,
    flex: 'none',
    ...ellipsis,
  }),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(0.5, 1) }),
  counts: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5) }),
  count: css({
    ...theme.typography.bodySmall,
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(0.25, 0.75),
    color: theme.colors.text.primary,
    background: 'transparent',
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.pill,
    whiteSpace: 'nowrap',
    cursor: 'pointer',
    '&:hover': { background: theme.colors.action.hover },
    '&:focus-visible': focusRing(theme),
  }),
  pressed: css({ background: theme.colors.action.selected, borderColor: theme.colors.border.strong }),
  hidden: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, whiteSpace: 'nowrap' }),
  controls: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(0.5, 1),
    marginLeft: 'auto',
  }),
  search: css({ flex: 'none', width: theme.spacing(20) }),
});
