import { type DataFrame, formattedValueToString, getValueFormat } from '@grafana/data';
import { t } from '@grafana/i18n';
import { listSome, nodesText, RAW } from '../words';
import { compareText } from './compare';
import { Columns, type GraphFrames, recognise } from './frames';
import type { GraphEdge, GraphModel, GraphNode, Notice } from './model';
import { changeOfEdge, changeOfNode } from './period';
import { Problems } from './problems';
import { idOf, impliedNode, readEdge, readNode, type ReadSettings, stableRows } from './readRows';
import { historyOf, sliceAt, timesOf } from './time';

export interface BuildSettings extends ReadSettings {
  /** The column groups come from, 'auto' to pick one, '' for none. */
  groupBy: string;
  /** The time looked at, when the frames carry time; the last one without. */
  at?: number;
}

/** Columns that name what a node belongs to, in the order they are tried. */
const GROUP_COLUMNS = ['group', 'namespace', 'team', 'domain', 'system', 'owner', 'cluster', 'environment', 'region'];
const NODE_KEY = ['id', 'title', 'subtitle', 'kind', 'status', 'score', 'mainstat', 'secondarystat', 'rate'];
const EDGE_KEY = ['id', 'source', 'target', 'relation', 'origin', 'rate', 'mainstat', 'secondarystat'];

/**
 * Makes a graph of frames that follow Grafana's node graph convention, with our richer columns where they are present.
 * Whatever is wrong with the data (rows without an id, duplicates, unusable numbers, unknown statuses, nodes that only
 * edges name) is drawn as far as it can be and said in `notices`. The result does not depend on row order.
 */
export function buildGraph(frames: DataFrame[], settings: BuildSettings): GraphModel {
  const found = recognise(frames);
  const problems = new Problems();
  const columnsOf = (list: DataFrame[]) => list.map((frame) => new Columns(frame, settings));
  const nodeColumns = columnsOf(found.nodes);
  const edgeColumns = columnsOf(found.edges);
  const hasHealth = nodeColumns.some((columns) => columns.has('status') || columns.has('score'));
  const groupBy = groupColumn(nodeColumns, settings.groupBy);
  const times = timesOf([...found.nodes, ...found.edges]);
  const at = settings.at ?? times[times.length - 1];

  const nodes = readNodes(nodeColumns, settings, groupBy, at, problems);
  const edges = readEdges(edgeColumns, settings, at, problems);
  const hasFrames = found.previousNodes.length + found.previousEdges.length > 0;
  if (hasFrames) {
    addPrevious(nodes, edges, found, settings, groupBy, problems);
  }
  for (const edge of edges.values()) {
    for (const id of [edge.source, edge.target]) {
      const known = nodes.get(id);
      if (known === undefined) {
        problems.add('implied-node', id);
        nodes.set(id, { ...impliedNode(id, hasHealth), absent: edge.absent });
      } else if (known.implied && !edge.absent) {
        known.absent = false;
      }
    }
    edge.change = changeOfEdge(edge);
  }
  for (const node of nodes.values()) {
    node.change ??= changeOfNode(node);
  }

  const rated = edgeColumns.find((columns) => columns.has('rate'));
  const formatRate = (value: number) =>
    rated === undefined ? formattedValueToString(getValueFormat('reqps')(value)) : rated.format('rate', value);
  return {
    nodes: [...nodes.values()].sort((a, b) => compareText(a.id, b.id)),
    edges: [...edges.values()].sort(
      (a, b) => compareText(a.source, b.source) || compareText(a.target, b.target) || compareText(a.id, b.id)
    ),
    notices: [...problems.notices(problemTexts()), ...frameNotices(frames, found)],
    hidden: { nodes: 0, edges: 0 },
    formatRate,
    groupedBy: groupBy,
    hasPrevious: hasFrames || [...nodeColumns, ...edgeColumns].some((columns) => columns.hasPrevious),
    times,
    history: (kind, id) =>
      historyOf(
        (kind === 'node' ? nodeColumns : edgeColumns).map((columns) => ({
          columns,
          keyOf: kind === 'node' ? (row) => idOf(columns, 'id', row) : edgeKey(columns),
        })),
        id,
        times
      ),
  };
}

/** The columns that nodes can be grouped by: all of text, but for those that name the node itself. */
export function groupColumns(frames: DataFrame[]): string[] {
  const names = recognise(frames).nodes.flatMap((frame) =>
    frame.fields.filter((field) => field.type === 'string').map((field) => field.name.trim().toLowerCase())
  );
  return [...new Set(names)].filter((name) => !['id', 'title', 'subtitle', 'color', 'icon', 'status'].includes(name));
}

/** The column to group by: the one asked for, else the first of the usual ones, else the kind when there are several. */
function groupColumn(all: Columns[], wanted: string): string | undefined {
  const has = (name: string) => all.some((columns) => columns.has(name));
  if (wanted !== 'auto') {
    const name = wanted.trim().toLowerCase();
    return name !== '' && has(name) ? name : undefined;
  }
  const usual = GROUP_COLUMNS.flatMap((name) => [name, `detail__${name}`]).find(has);
  if (usual !== undefined) {
    return usual;
  }
  const kinds = new Set(
    all.flatMap((columns) => Array.from({ length: columns.frame.length }, (_, row) => columns.text('kind', row)))
  );
  return kinds.size > 1 ? 'kind' : undefined;
}

function readNodes(
  all: Columns[],
  settings: ReadSettings,
  groupBy: string | undefined,
  at: number | undefined,
  problems: Problems
): Map<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  for (const columns of all) {
    const rows = stableRows(columns, NODE_KEY);
    const slice = at === undefined ? undefined : sliceAt(columns, rows, at, (row) => idOf(columns, 'id', row));
    for (const row of slice?.rows ?? rows) {
      const node = readNode(columns, row, settings, groupBy, problems);
      if (node === undefined) {
        continue;
      }
      if (nodes.has(node.id)) {
        problems.add('duplicate-node', node.id);
      } else {
        nodes.set(node.id, slice?.absent.has(row) === true ? emptied(node) : node);
      }
    }
  }
  return nodes;
}

function readEdges(
  all: Columns[],
  settings: ReadSettings,
  at: number | undefined,
  problems: Problems
): Map<string, GraphEdge> {
  const edges = new Map<string, GraphEdge>();
  for (const columns of all) {
    const rows = stableRows(columns, EDGE_KEY);
    const slice = at === undefined ? undefined : sliceAt(columns, rows, at, edgeKey(columns));
    for (const row of slice?.rows ?? rows) {
      const edge = readEdge(columns, row, edges, settings, problems);
      if (edge !== undefined) {
        edges.set(edge.id, slice?.absent.has(row) === true ? { ...edge, metrics: {}, absent: true } : edge);
      }
    }
  }
  return edges;
}

/** The id an edge row has, as `readEdge` gives it to the first of its kind. */
function edgeKey(columns: Columns): (row: number) => string {
  return (row) => idOf(columns, 'id', row) || `${idOf(columns, 'source', row)} → ${idOf(columns, 'target', row)}`;
}

/** What remains of a node that has no row at the time looked at. */
function emptied(node: GraphNode): GraphNode {
  return {
    ...node,
    status: node.status === undefined ? undefined : 'unknown',
    score: undefined,
    arcs: [],
    metrics: {},
    mainStat: '',
    absent: true,
  };
}

/** Takes in the frames of the previous period: values of what is still there, and what is gone as `lost`. */
function addPrevious(
  nodes: Map<string, GraphNode>,
  edges: Map<string, GraphEdge>,
  found: GraphFrames,
  settings: ReadSettings,
  groupBy: string | undefined,
  problems: Problems
): void {
  const columnsOf = (list: DataFrame[]) => list.map((frame) => new Columns(frame, settings));
  const previousNodes = readNodes(columnsOf(found.previousNodes), settings, groupBy, undefined, problems);
  const previousEdges = readEdges(columnsOf(found.previousEdges), settings, undefined, problems);
  for (const node of nodes.values()) {
    const before = previousNodes.get(node.id);
    node.previous = before === undefined ? undefined : { ...before };
    node.change = before === undefined && previousNodes.size > 0 ? 'new' : undefined;
  }
  for (const before of previousNodes.values()) {
    if (!nodes.has(before.id)) {
      nodes.set(before.id, { ...emptied(before), previous: { ...before }, change: 'lost' });
    }
  }
  for (const edge of edges.values()) {
    edge.previous = { metrics: previousEdges.get(edge.id)?.metrics ?? {} };
  }
  for (const before of previousEdges.values()) {
    if (!edges.has(before.id)) {
      edges.set(before.id, { ...before, metrics: {}, previous: { metrics: before.metrics }, absent: true });
    }
  }
}

function frameNotices(frames: DataFrame[], found: GraphFrames): Notice[] {
  const notices: Notice[] = [];
  if (found.ignored.some((frame) => frame.length > 0)) {
    notices.push({
      severity: 'info',
      text: t('notices.ignored', 'Frames that are neither nodes nor edges are ignored: {{names}}.', {
        names: listSome(found.ignored.map((f) => f.name || f.refId || t('notices.unnamed', 'unnamed'))),
        ...RAW,
      }),
    });
  }
  for (const frame of frames) {
    for (const notice of frame.meta?.notices ?? []) {
      const text = notice.text.trim();
      if (text !== '' && !notices.some((n) => n.text === text)) {
        notices.push({ severity: notice.severity === 'info' ? 'info' : 'warning', text });
      }
    }
  }
  return notices;
}

function problemTexts(): Record<string, (examples: string[]) => string> {
  const values = (examples: string[]) => ({ count: examples.length, some: listSome(examples), ...RAW });
  return {
    'no-id': (rows) =>
      t('notices.no-id', 'Node rows without an id left out: {{count}} ({{some}}). Fill the field "id".', values(rows)),
    'no-ends': (rows) =>
      t(
        'notices.no-ends',
        'Edge rows without a source or target left out: {{count}} ({{some}}). Fill the fields "source" and "target".',
        values(rows)
      ),
    'duplicate-node': (ids) =>
      t(
        'notices.duplicate-node',
        'Node ids that occur more than once: {{count}}; one row of each is drawn: {{some}}.',
        values(ids)
      ),
    'duplicate-edge': (ids) =>
      t(
        'notices.duplicate-edge',
        'Edge ids that occur more than once: {{count}}; all are drawn, as separate edges: {{some}}.',
        values(ids)
      ),
    'bad-number': (cells) =>
      t('notices.bad-number', 'Values that are not finite numbers are treated as missing: {{some}}.', values(cells)),
    'out-of-range': (cells) =>
      t('notices.out-of-range', 'Values outside their range are treated as missing: {{some}}.', values(cells)),
    'bad-status': (words) =>
      t(
        'notices.bad-status',
        'Unrecognised status shown as unknown: {{some}}. Use healthy, degraded, critical, offline or unknown.',
        values(words)
      ),
    'bad-arcs': (ids) =>
      t('notices.bad-arcs', 'The arc__ values do not add up to 1 and were scaled: {{some}}.', values(ids)),
    'implied-node': (ids) =>
      t('notices.implied-node', '{{nodes}} added because edges name them and no node row does: {{some}}.', {
        nodes: nodesText(ids.length),
        ...values(ids),
      }),
  };
}
