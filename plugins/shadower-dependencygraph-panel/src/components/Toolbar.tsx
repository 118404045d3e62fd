import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Dropdown, IconButton, Input, Menu, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { NodeStatus } from '../data/model';
import { edgeMetrics, layoutChoices } from '../options';
import type { EdgeMetric, LayoutAlgorithm } from '../types';
import { nodesText, statusName } from '../words';

export interface ToolbarProps {
  /** Width of the panel in pixels; what does not fit is in the menu. */
  width: number;
  search: string;
  onSearch: (text: string) => void;
  onSearchEnter: () => void;
  /** How many nodes match, undefined without a search. */
  matches: number | undefined;
  metric: EdgeMetric;
  onMetric: (metric: EdgeMetric) => void;
  layout: LayoutAlgorithm;
  /** Layouts that this data has what they need for. */
  layouts: readonly LayoutAlgorithm[];
  onLayout: (layout: LayoutAlgorithm) => void;
  table: boolean;
  onTable: (table: boolean) => void;
  /** Statuses that occur, and those of them that are hidden. */
  statuses: readonly NodeStatus[];
  hidden: ReadonlySet<NodeStatus>;
  onHide: (status: NodeStatus) => void;
  comparing: boolean;
  /** undefined when the data has no previous period. */
  onCompare: (() => void) | undefined;
  onCritical: () => void;
  onCuts: () => void;
  /** undefined without groups. */
  onGroups: ((collapse: boolean) => void) | undefined;
  pinned: number;
  onPinAll: () => void;
  onUnpin: () => void;
  onZoom: (factor: number) => void;
  onFit: () => void;
  onExport: (format: 'svg' | 'png') => void;
}

/** One row of controls above the graph. */
export function Toolbar(props: ToolbarProps) {
  const styles = useStyles2(getStyles);
  const { width, matches, table, pinned, hidden, statuses } = props;
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={t('toolbar.label', 'Graph')}>
      <div className={styles.search}>
        <Input
          type="search"
          value={props.search}
          placeholder={t('toolbar.search', 'Search')}
          aria-label={t('toolbar.search-nodes', 'Search nodes')}
          onChange={(event) => props.onSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              props.onSearchEnter();
            } else if (event.key === 'Escape' && props.search !== '') {
              event.stopPropagation();
              props.onSearch('');
            }
          }}
          suffix={matches === undefined ? undefined : <span className={styles.matches}>{matches}</span>}
        />
      </div>
      <span className={styles.status} role="status">
        {matches === undefined ? '' : t('toolbar.found', '{{nodes}} found', { nodes: nodesText(matches) })}
      </span>
      {width >= 620 && (
        <RadioButtonGroup<EdgeMetric>
          size="sm"
          aria-label={t('toolbar.metric', 'Colour of edges')}
          value={props.metric}
          options={edgeMetrics()}
          onChange={props.onMetric}
        />
      )}
      <div className={styles.buttons}>
        {pinned > 0 && (
          <IconButton
            name="map-marker"
            tooltip={t('toolbar.unpin', 'Unpin all ({{count}})', { count: pinned })}
            onClick={props.onUnpin}
            size="md"
          />
        )}
        {statuses.length > 1 && width >= 320 && (
          <Dropdown overlay={() => <HealthMenu {...props} />} placement="bottom-end">
            <IconButton
              name="filter"
              size="md"
              variant={hidden.size > 0 ? 'primary' : 'secondary'}
              aria-label={t('toolbar.filter', 'Filter by health')}
            />
          </Dropdown>
        )}
        {!table && width >= 400 && (
          <>
            <IconButton
              name="search-minus"
              tooltip={t('toolbar.zoom-out', 'Zoom out')}
              onClick={() => props.onZoom(1 / 1.25)}
              size="md"
            />
            <IconButton
              name="search-plus"
              tooltip={t('toolbar.zoom-in', 'Zoom in')}
              onClick={() => props.onZoom(1.25)}
              size="md"
            />
          </>
        )}
        {!table && (
          <IconButton name="expand-arrows" tooltip={t('toolbar.fit', 'Show all')} onClick={props.onFit} size="md" />
        )}
        <IconButton
          name={table ? 'sitemap' : 'table'}
          tooltip={table ? t('toolbar.graph', 'Show as graph') : t('toolbar.table', 'Show as table')}
          onClick={() => props.onTable(!table)}
          size="md"
        />
        {!table && (
          <Dropdown overlay={() => <ViewMenu {...props} />} placement="bottom-end">
            <IconButton name="ellipsis-v" size="md" aria-label={t('toolbar.more', 'More')} />
          </Dropdown>
        )}
      </div>
    </div>
  );
}

function HealthMenu({ statuses, hidden, onHide }: ToolbarProps) {
  return (
    <Menu ariaLabel={t('toolbar.filter', 'Filter by health')}>
      {statuses.map((status) => (
        <Menu.Item
          key={status}
          label={statusName(status)}
          icon={hidden.has(status) ? 'eye-slash' : 'eye'}
          description={hidden.has(status) ? t('toolbar.hidden', 'hidden') : undefined}
          onClick={() => onHide(status)}
        />
      ))}
    </Menu>
  );
}

function ViewMenu(props: ToolbarProps) {
  const choices = layoutChoices().filter(({ value }) => props.layouts.includes(value));
  return (
    <Menu ariaLabel={t('toolbar.more', 'More')}>
      <Menu.Group label={t('toolbar.analyse', 'Find')}>
        <Menu.Item label={t('toolbar.critical', 'Critical path')} icon="bolt" onClick={props.onCritical} />
        <Menu.Item
          label={t('toolbar.cuts', 'Single points of failure')}
          icon="exclamation-triangle"
          onClick={props.onCuts}
        />
        {props.onCompare !== undefined && (
          <Menu.Item
            label={
              props.comparing
                ? t('toolbar.compare-off', 'End comparison')
                : t('toolbar.compare', 'Compare with previous period')
            }
            icon="history"
            onClick={props.onCompare}
          />
        )}
      </Menu.Group>
      <Menu.Group label={t('toolbar.layout', 'Layout')}>
        {choices.map(({ value, label }) => (
          <Menu.Item
            key={value}
            label={label}
            active={value === props.layout}
            icon={value === props.layout ? 'check' : undefined}
            onClick={() => props.onLayout(value)}
          />
        ))}
      </Menu.Group>
      {props.width < 620 && (
        <Menu.Group label={t('toolbar.metric', 'Colour of edges')}>
          {edgeMetrics().map(({ value, label }) => (
            <Menu.Item
              key={value}
              label={label}
              icon={value === props.metric ? 'check' : undefined}
              onClick={() => props.onMetric(value)}
            />
          ))}
        </Menu.Group>
      )}
      <Menu.Group label={t('toolbar.arrange', 'Arrange')}>
        <Menu.Item label={t('toolbar.pin-all', 'Pin all where they are')} icon="map-marker" onClick={props.onPinAll} />
        {props.onGroups !== undefined && (
          <>
            <Menu.Item
              label={t('toolbar.collapse', 'Collapse all groups')}
              icon="layer-group"
              onClick={() => props.onGroups?.(true)}
            />
            <Menu.Item
              label={t('toolbar.expand', 'Open all groups')}
              icon="apps"
              onClick={() => props.onGroups?.(false)}
            />
          </>
        )}
      </Menu.Group>
      <Menu.Group label={t('toolbar.export', 'Export')}>
        <Menu.Item label="SVG" icon="download-alt" onClick={() => props.onExport('svg')} />
        <Menu.Item label="PNG" icon="download-alt" onClick={() => props.onExport('png')} />
      </Menu.Group>
    </Menu>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  toolbar: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: theme.spacing(theme.components.height.md),
    flexShrink: 0,
  }),
  search: css({ flex: '1 1 0', minWidth: 0, maxWidth: theme.spacing(28) }),
  matches: css({ fontSize: theme.typography.bodySmall.fontSize, color: theme.colors.text.secondary }),
  status: css({
    position: 'absolute',
    width: 1,
    height: 1,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  }),
  buttons: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), marginLeft: 'auto' }),
});
