import { formattedValueToString, getValueFormat } from '@grafana/data';
import { t } from '@grafana/i18n';
import { groupsText, nodesText, RAW, statusName } from '../words';
import { compareText } from './compare';
import { degrees, limited, type Limits } from './limits';
import {
  type Detail,
  type GraphEdge,
  type GraphModel,
  type GraphNode,
  type Metrics,
  type NodeStatus,
  type Reading,
  STATUSES,
} from './model';
import { changeOfEdge } from './period';

/** The id of the node that stands for a collapsed group. */
export function groupId(group: string): string {
  return `group:${group}`;
}

/** The groups of a model with their members, by name. */
export function groupsOf(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.group !== '') {
      const members = groups.get(node.group);
      if (members === undefined) {
        groups.set(node.group, [node]);
      } else {
        members.push(node);
      }
    }
  }
  return new Map([...groups].sort(([a], [b]) => compareText(a, b)));
}

/**
 * What is drawn of a model: collapsed groups as one node each, and a model beyond the limits grouped as a whole, but for
 * the groups that were opened. What still exceeds the limits is cut, and said.
 */
export function shown(
  model: GraphModel,
  collapsed: ReadonlySet<string>,
  opened: ReadonlySet<string>,
  limits: Limits
): GraphModel {
  if (model.nodes.length <= limits.maxNodes && model.edges.length <= limits.maxEdges) {
    return collapse(model, collapsed);
  }
  const grouped = withGroups(model, limits.maxNodes);
  const groups = [...groupsOf(grouped.nodes).keys()];
  const result = limited(collapse(grouped, new Set(groups.filter((group) => !opened.has(group)))), limits);
  const text = t(
    'notices.grouped',
    '{{nodes}} are more than the limit of {{limit}}: drawn as {{groups}}. Open a group to see its nodes.',
    { nodes: nodesText(model.nodes.length), limit: limits.maxNodes, groups: groupsText(groups.length) }
  );
  return { ...result, notices: [{ severity: 'info', text }, ...result.notices] };
}

/** The model with a group for every node. Groups that are too few or too many to help give way to neighbourhoods. */
function withGroups(model: GraphModel, most: number): GraphModel {
  const groups = groupsOf(model.nodes);
  const largest = Math.max(0, ...[...groups.values()].map((members) => members.length));
  const loose = model.nodes.filter((node) => node.group === '').length;
  if (groups.size > 1 && groups.size <= most && Math.max(largest, loose) <= most) {
    const none = t('groups.none', 'no group');
    return { ...model, nodes: model.nodes.map((node) => (node.group === '' ? { ...node, group: none } : node)) };
  }
  return { ...model, groupedBy: undefined, nodes: aroundHubs(model) };
}

/** Groups every node with the nearest of the √n best connected ones, by hops whatever their direction. */
function aroundHubs(model: GraphModel): GraphNode[] {
  const degree = degrees(model.edges);
  const rank = (node: GraphNode) => degree.get(node.id) ?? 0;
  const hubs = [...model.nodes]
    .sort((a, b) => rank(b) - rank(a) || compareText(a.id, b.id))
    .slice(0, Math.ceil(Math.sqrt(model.nodes.length)))
    .filter((node) => rank(node) > 0);
  const neighbours = new Map<string, string[]>();
  const join = (a: string, b: string) => neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
  for (const { source, target } of model.edges) {
    join(source, target);
    join(target, source);
  }
  const group = new Map(
    hubs.map((hub): [string, string] => [hub.id, t('groups.around', 'around {{hub}}', { hub: hub.title, ...RAW })])
  );
  const queue = hubs.map((hub) => hub.id);
  for (let i = 0; i < queue.length; i++) {
    for (const next of neighbours.get(queue[i]) ?? []) {
      if (!group.has(next)) {
        group.set(next, group.get(queue[i]) ?? '');
        queue.push(next);
      }
    }
  }
  const loose = t('groups.loose', 'not connected');
  return model.nodes.map((node) => ({ ...node, group: group.get(node.id) ?? loose }));
}

/** Draws each of the collapsed groups as one node, and the edges between two ends as one. */
export function collapse(model: GraphModel, collapsed: ReadonlySet<string>): GraphModel {
  const groups = [...groupsOf(model.nodes)].filter(([group]) => collapsed.has(group));
  if (groups.length === 0) {
    return model;
  }
  const end = new Map<string, string>();
  for (const [group, members] of groups) {
    members.forEach((member) => end.set(member.id, groupId(group)));
  }
  const nodes = [
    ...model.nodes.filter((node) => !end.has(node.id)),
    ...groups.map(([group, members]) => groupNode(group, members)),
  ];
  const edges: GraphEdge[] = [];
  const bundles = new Map<string, GraphEdge[]>();
  for (const edge of model.edges) {
    const source = end.get(edge.source) ?? edge.source;
    const target = end.get(edge.target) ?? edge.target;
    if (source === edge.source && target === edge.target) {
      edges.push(edge);
    } else if (source !== target) {
      const key = JSON.stringify([source, target, edge.declared]);
      const bundle = bundles.get(key);
      if (bundle === undefined) {
        bundles.set(key, [edge]);
      } else {
        bundle.push(edge);
      }
    }
  }
  for (const bundle of bundles.values()) {
    const [first] = bundle;
    const source = end.get(first.source) ?? first.source;
    const target = end.get(first.target) ?? first.target;
    edges.push(bundledEdge(source, target, bundle, model.formatRate));
  }
  return {
    ...model,
    nodes: nodes.sort((a, b) => compareText(a.id, b.id)),
    edges: edges.sort(
      (a, b) => compareText(a.source, b.source) || compareText(a.target, b.target) || compareText(a.id, b.id)
    ),
  };
}

/** A group as a node. Its status is its worst member's, so that one unknown member keeps it from being healthy. */
function groupNode(group: string, members: GraphNode[]): GraphNode {
  const present = members.filter((member) => !member.absent);
  const counts = new Map<NodeStatus, number>();
  for (const { status } of present) {
    if (status !== undefined) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  }
  const places = members.flatMap((member) => member.geo ?? []);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    id: groupId(group),
    title: group,
    subtitle: nodesText(members.length),
    kind: '',
    family: 'group',
    external: members.every((member) => member.external),
    status: STATUSES.find((status) => counts.has(status)),
    mainStat: String(members.length),
    arcs: STATUSES.flatMap((status) => {
      const n = counts.get(status) ?? 0;
      return n === 0 ? [] : [{ name: status, share: n / present.length }];
    }),
    metrics: {},
    details: () =>
      [...counts].map(([status, n]): Detail => ({ label: statusName(status), text: String(n), links: () => [] })),
    implied: false,
    group,
    geo:
      places.length === 0
        ? undefined
        : { latitude: mean(places.map((p) => p.latitude)), longitude: mean(places.map((p) => p.longitude)) },
    absent: present.length === 0,
    members,
  };
}

function bundledEdge(
  source: string,
  target: string,
  bundle: GraphEdge[],
  formatRate: (value: number) => string
): GraphEdge {
  if (bundle.length === 1) {
    return { ...bundle[0], source, target, members: bundle };
  }
  const previous = bundle.some((edge) => edge.previous !== undefined)
    ? {
        metrics: total(
          bundle.map((edge) => edge.previous?.metrics ?? {}),
          formatRate
        ),
      }
    : undefined;
  const edge: GraphEdge = {
    id: `${source} → ${target}${bundle[0].declared ? ' (declared)' : ''}`,
    source,
    target,
    relation: '',
    declared: bundle[0].declared,
    mainStat: '',
    secondaryStat: '',
    metrics: total(
      bundle.map((member) => member.metrics),
      formatRate
    ),
    details: () => [{ label: t('details.edges', 'Edges'), text: String(bundle.length), links: () => [] }],
    previous,
    absent: bundle.every((member) => member.absent),
    members: bundle,
  };
  edge.change = changeOfEdge(edge);
  return edge;
}

/** Rates add up; error rates are weighted by them. Percentiles cannot be added or averaged: the highest is kept, and said. */
function total(all: Metrics[], formatRate: (value: number) => string): Metrics {
  const readings = (name: keyof Metrics) => all.flatMap((metrics) => metrics[name] ?? []);
  const rates = readings('rate');
  const weighted = all.filter((m) => m.errorRate !== undefined && (m.rate?.value ?? m.calls?.value ?? 0) > 0);
  const weight = (m: Metrics) => m.rate?.value ?? m.calls?.value ?? 0;
  const weights = weighted.reduce((sum, m) => sum + weight(m), 0);
  const slowest = readings('p95').reduce<Reading | undefined>(
    (a, b) => (a === undefined || b.value > a.value ? b : a),
    undefined
  );
  const rate = rates.reduce((sum, reading) => sum + reading.value, 0);
  const errorRate = weighted.reduce((sum, m) => sum + (m.errorRate?.value ?? 0) * weight(m), 0) / weights;
  return {
    rate: rates.length === 0 ? undefined : { value: rate, text: formatRate(rate) },
    errorRate:
      weights === 0
        ? undefined
        : { value: errorRate, text: formattedValueToString(getValueFormat('percentunit')(errorRate, 1)) },
    p95: slowest === undefined ? undefined : { value: slowest.value, text: `≤ ${slowest.text}` },
  };
}
