import { t } from '@grafana/i18n';
import type { Change, NodeStatus } from './data/model';

/** "a, b, c and 4 more". */
export function listSome(items: string[], most = 3): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most
    ? t('words.list-more', '{{shown}} and {{count}} more', { shown, count: items.length - most, ...RAW })
    : shown;
}

/** Texts go into React and attributes, which escape by themselves. */
export const RAW = { interpolation: { escapeValue: false } };

/** "1 node", "2 nodes". */
export function nodesText(count: number): string {
  return t('words.nodes', '{{count}} nodes', { count, defaultValue_one: '{{count}} node' });
}

/** "1 edge", "2 edges". */
export function edgesText(count: number): string {
  return t('words.edges', '{{count}} edges', { count, defaultValue_one: '{{count}} edge' });
}

/** "1 group", "2 groups". */
export function groupsText(count: number): string {
  return t('words.groups', '{{count}} groups', { count, defaultValue_one: '{{count}} group' });
}

export function statusName(status: NodeStatus): string {
  switch (status) {
    case 'healthy':
      return t('status.healthy', 'Healthy');
    case 'degraded':
      return t('status.degraded', 'Degraded');
    case 'critical':
      return t('status.critical', 'Critical');
    case 'offline':
      return t('status.offline', 'Offline');
    case 'unknown':
      return t('status.unknown', 'Unknown');
  }
}

/** What became of a thing since the previous period. */
export function changeName(change: Change): string {
  switch (change) {
    case 'new':
      return t('change.new', 'New');
    case 'lost':
      return t('change.lost', 'Lost');
    case 'worse':
      return t('change.worse', 'Worse');
    case 'better':
      return t('change.better', 'Better');
    case 'same':
      return t('change.same', 'Unchanged');
    case 'unknown':
      return t('change.unknown', 'Not comparable');
  }
}
