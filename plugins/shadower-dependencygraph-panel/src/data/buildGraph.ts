import { type DataFrame, formattedValueToString, getValueFormat } from '@grafana/data';
import { compareText, count, listSome } from './compare';
import { Columns, type FormatContext, recognise } from './frames';
import { familyOf, statusOf, statusOfScore } from './kinds';
import {
  type Arc,
  type Detail,
  type GraphEdge,
  type GraphModel,
  type GraphNode,
  type Metrics,
  type Notice,
  STATUSES,
} from './model';

export interface BuildSettings extends FormatContext {
  maxNodes: number;
  maxEdges: number;
  scoreHealthy: number;
  scoreDegraded: number;
}

/** Columns drawn in a place of their own; all others become details. */
const NODE_PARTS = new Set([
  'id',
  'title',
  'subtitle',
  'kind',
  'color',
  'icon',
  'external',
  'noderadius',
  'highlighted',
  'isinstrumented',
  'fixedx',
  'fixedy',
]);
const EDGE_PARTS = new Set([
  'id',
  'source',
  'target',
  'color',
  'thickness',
  'highlighted',
  'strokedasharray',
  'origin',
  'relation',
]);
const METRIC_NAMES = ['calls', 'rate', 'error_rate', 'p95_ms', 'bytes'];

/** Collects what was wrong with the rows, so each kind of problem is said once, with examples. */
class Problems {
  private readonly groups = new Map<string, string[]>();

  add(kind: string, example: string): void {
    const examples = this.groups.get(kind);
    if (examples === undefined) {
      this.groups.set(kind, [example]);
    } else if (!examples.includes(example)) {
      examples.push(example);
    }
  }

  notices(words: Record<string, (examples: string[]) => Notice>): Notice[] {
    return Object.entries(words).flatMap(([kind, say]) => {
      const examples = this.groups.get(kind);
      return examples === undefined ? [] : [say([...examples].sort(compareText))];
    });
  }
}

/**
 * Makes a graph of frames that follow Grafana's node graph convention, with our richer columns where they are present.
 * Whatever is wrong with the data (rows without an id, duplicates, unusable numbers, unknown statuses, nodes that only
 * edges name, cuts by a limit) is drawn as far as it can be and said in `notices`. The result does not depend on row order.
 */
export function buildGraph(frames: DataFrame[], settings: BuildSettings): GraphModel {
  const found = recognise(frames);
  const problems = new Problems();
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();

  const nodeColumns = found.nodes.map((frame) => new Columns(frame, settings));
  const hasHealth = nodeColumns.some((columns) => columns.has('status') || columns.has('score'));
  for (const columns of nodeColumns) {
    for (const row of stableRows(columns, [
      'id',
      'title',
      'subtitle',
      'kind',
      'status',
      'score',
      'mainstat',
      'secondarystat',
      'rate',
    ])) {
      const node = readNode(columns, row, settings, problems);
      if (node === undefined) {
        continue;
      }
      if (nodes.has(node.id)) {
        problems.add('duplicate-node', node.id);
      } else {
        nodes.set(node.id, node);
      }
    }
  }

  const edgeColumns = found.edges.map((frame) => new Columns(frame, settings));
  for (const columns of edgeColumns) {
    for (const row of stableRows(columns, [
      'id',
      'source',
      'target',
      'relation',
      'origin',
      'rate',
      'mainstat',
      'secondarystat',
    ])) {
      const edge = readEdge(columns, row, edges, problems);
      if (edge !== undefined) {
        edges.set(edge.id, edge);
      }
    }
  }

  for (const edge of edges.values()) {
    for (const id of [edge.source, edge.target]) {
      if (!nodes.has(id)) {
        problems.add('implied-node', id);
        nodes.set(id, impliedNode(id, hasHealth));
      }
    }
  }

  const notices = problems.notices({
    'no-id': (rows) =>
      warning(`${count(rows.length, 'node row')} without an id left out (${listSome(rows)}). Fill the field "id".`),
    'no-ends': (rows) =>
      warning(
        `${count(rows.length, 'edge row')} without a source or target left out (${listSome(rows)}). Fill the fields "source" and "target".`
      ),
    'duplicate-node': (ids) =>
      warning(`${count(ids.length, 'node id')} occurs more than once; one row of each is drawn: ${listSome(ids)}.`),
    'duplicate-edge': (ids) =>
      warning(
        `${count(ids.length, 'edge id')} occurs more than once; all are drawn, as separate edges: ${listSome(ids)}.`
      ),
    'bad-number': (cells) => warning(`Values that are not finite numbers are treated as missing: ${listSome(cells)}.`),
    'out-of-range': (cells) => warning(`Values outside their range are treated as missing: ${listSome(cells)}.`),
    'bad-status': (words) =>
      warning(
        `Unrecognised status shown as unknown: ${listSome(words)}. Use healthy, degraded, critical, offline or unknown.`
      ),
    'bad-arcs': (ids) => warning(`The arc__ values do not add up to 1 and were scaled: ${listSome(ids)}.`),
    'implied-node': (ids) =>
      warning(
        `${count(ids.length, 'node')} added because edges name ${ids.length === 1 ? 'it' : 'them'} and no node row does: ${listSome(ids)}.`
      ),
  });
  if (found.ignored.some((frame) => frame.length > 0)) {
    notices.push({
      severity: 'info',
      text: `${count(found.ignored.length, 'frame')} that is neither nodes nor edges ignored: ${listSome(found.ignored.map((f) => f.name || f.refId || 'unnamed'))}.`,
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
  const rated = edgeColumns.find((columns) => columns.has('rate'));
  const formatRate = (value: number) =>
    rated === undefined ? formattedValueToString(getValueFormat('reqps')(value)) : rated.format('rate', value);
  return { ...cut([...nodes.values()], [...edges.values()], notices, settings), formatRate };
}

function warning(text: string): Notice {
  return { severity: 'warning', text };
}

/**
 * A cell as an id. Names that every object has (`constructor`, `__proto__`) get an invisible mark: the graph library keeps
 * neighbours in plain objects and would take those names for neighbours already there.
 */
function idOf(columns: Columns, name: string, row: number): string {
  const text = columns.text(name, row);
  return text in Object.prototype ? `${text}\u200b` : text;
}

/** Row numbers ordered by content, so that which of two duplicate rows wins does not depend on their order. */
function stableRows(columns: Columns, names: string[]): number[] {
  const keys = Array.from({ length: columns.frame.length }, (_, row) =>
    names.map((name) => columns.text(name, row)).join('\u0000')
  );
  return keys.map((_, row) => row).sort((a, b) => compareText(keys[a], keys[b]));
}

function readNode(columns: Columns, row: number, settings: BuildSettings, problems: Problems): GraphNode | undefined {
  const id = idOf(columns, 'id', row);
  if (id === '') {
    problems.add('no-id', `row ${row + 1}`);
    return undefined;
  }
  const inRange = (name: string, min: number, max: number) => {
    const reading = readNumber(columns, name, row, id, problems);
    if (reading !== undefined && (reading.value < min || reading.value > max)) {
      problems.add('out-of-range', `${name} of ${id}`);
      return undefined;
    }
    return reading;
  };
  const score = inRange('score', 0, 100);
  const word = columns.text('status', row);
  let status = columns.has('status') ? statusOf(word) : undefined;
  if (columns.has('status') && status === undefined) {
    problems.add('bad-status', `"${word}"`);
    status = 'unknown';
  }
  if (!columns.has('status') && columns.has('score')) {
    status =
      score === undefined ? 'unknown' : statusOfScore(score.value, settings.scoreHealthy, settings.scoreDegraded);
  }
  const kind = columns.text('kind', row);
  return {
    id,
    title: columns.text('title', row) || id,
    subtitle: columns.text('subtitle', row),
    kind,
    family: familyOf(kind),
    external: columns.boolean('external', row),
    status,
    score,
    mainStat: columns.display('mainstat', row),
    secondaryStat: columns.display('secondarystat', row),
    arcs: readArcs(columns, row, id, problems),
    color: columns.text('color', row) || undefined,
    icon: columns.text('icon', row) || undefined,
    metrics: readMetrics(columns, row, id, problems),
    details: readDetails(columns, row, NODE_PARTS),
    implied: false,
  };
}

function readEdge(
  columns: Columns,
  row: number,
  taken: Map<string, GraphEdge>,
  problems: Problems
): GraphEdge | undefined {
  const source = idOf(columns, 'source', row);
  const target = idOf(columns, 'target', row);
  if (source === '' || target === '') {
    problems.add('no-ends', `row ${row + 1}`);
    return undefined;
  }
  const given = idOf(columns, 'id', row);
  const wanted = given || `${source} → ${target}`;
  if (given !== '' && taken.has(given)) {
    problems.add('duplicate-edge', given);
  }
  let id = wanted;
  for (let n = 2; taken.has(id); n++) {
    id = `${wanted} #${n}`;
  }
  const thickness = columns.number('thickness', row);
  const dashes = columns.text('strokedasharray', row);
  return {
    id,
    source,
    target,
    relation: columns.text('relation', row),
    declared: columns.text('origin', row).toLowerCase() === 'declared' || (dashes !== '' && dashes !== '0'),
    mainStat: columns.display('mainstat', row),
    secondaryStat: columns.display('secondarystat', row),
    thickness: thickness !== undefined && thickness > 0 ? Math.min(thickness, 8) : undefined,
    color: columns.text('color', row) || undefined,
    metrics: readMetrics(columns, row, id, problems),
    details: readDetails(columns, row, EDGE_PARTS),
  };
}

function impliedNode(id: string, hasHealth: boolean): GraphNode {
  return {
    id,
    title: id,
    subtitle: '',
    kind: '',
    family: 'other',
    external: false,
    status: hasHealth ? 'unknown' : undefined,
    mainStat: '',
    secondaryStat: '',
    arcs: [],
    metrics: {},
    details: [],
    implied: true,
  };
}

function readNumber(columns: Columns, name: string, row: number, id: string, problems: Problems) {
  if (columns.isBadNumber(name, row)) {
    problems.add('bad-number', `${name} of ${id}`);
  }
  return columns.reading(name, row);
}

function readMetrics(columns: Columns, row: number, id: string, problems: Problems): Metrics {
  const read = (name: string, max = Number.MAX_VALUE) => {
    const reading = readNumber(columns, name, row, id, problems);
    if (reading !== undefined && (reading.value < 0 || reading.value > max)) {
      problems.add('out-of-range', `${name} of ${id}`);
      return undefined;
    }
    return reading;
  };
  return {
    calls: read('calls'),
    rate: read('rate'),
    errorRate: read('error_rate', 1),
    p95: read('p95_ms'),
    bytes: read('bytes'),
  };
}

function readArcs(columns: Columns, row: number, id: string, problems: Problems): Arc[] {
  const arcs: Arc[] = [];
  for (const name of columns.names.filter((n) => n.startsWith('arc__')).sort(compareText)) {
    const share = columns.number(name, row);
    if (columns.isBadNumber(name, row)) {
      problems.add('bad-number', `${name} of ${id}`);
    } else if (share !== undefined && share < 0) {
      problems.add('out-of-range', `${name} of ${id}`);
    } else if (share !== undefined && share > 0) {
      arcs.push({ name: name.slice('arc__'.length), share, color: columns.field(name)?.config.color?.fixedColor });
    }
  }
  const total = arcs.reduce((sum, arc) => sum + arc.share, 0);
  if (total > 1.01) {
    problems.add('bad-arcs', id);
    return arcs.map((arc) => ({ ...arc, share: arc.share / total }));
  }
  return arcs;
}

function readDetails(columns: Columns, row: number, drawn: Set<string>): Detail[] {
  const details: Detail[] = [];
  for (const name of columns.names) {
    // The status is shown as a badge and the arcs as a ring, but a field with links is always worth its line.
    const isPart = drawn.has(name) || name === 'status' || name === 'score' || name.startsWith('arc__');
    const hasLinks = columns.hasLinks(name);
    if (isPart && !hasLinks) {
      continue;
    }
    const text = columns.display(name, row);
    if (text !== '' || METRIC_NAMES.includes(name)) {
      details.push({ label: columns.label(name), text: text || 'no data', links: () => columns.links(name, row) });
    }
  }
  return details;
}

/** Sorts, and holds the graph to its limits: the least healthy, then the best connected nodes stay. */
function cut(
  nodes: GraphNode[],
  edges: GraphEdge[],
  notices: Notice[],
  settings: BuildSettings
): Omit<GraphModel, 'formatRate'> {
  const degree = new Map<string, number>();
  for (const edge of edges) {
    for (const id of new Set([edge.source, edge.target])) {
      degree.set(id, (degree.get(id) ?? 0) + 1);
    }
  }
  const rank = (node: GraphNode) => (node.status === undefined ? STATUSES.length : STATUSES.indexOf(node.status));
  const keptNodes =
    nodes.length <= settings.maxNodes
      ? nodes
      : [...nodes]
          .sort(
            (a, b) => rank(a) - rank(b) || (degree.get(b.id) ?? 0) - (degree.get(a.id) ?? 0) || compareText(a.id, b.id)
          )
          .slice(0, settings.maxNodes);
  const ids = new Set(keptNodes.map((node) => node.id));
  const reachable = edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  const keptEdges =
    reachable.length <= settings.maxEdges
      ? reachable
      : [...reachable]
          .sort((a, b) => (b.metrics.rate?.value ?? -1) - (a.metrics.rate?.value ?? -1) || compareText(a.id, b.id))
          .slice(0, settings.maxEdges);
  const hidden = { nodes: nodes.length - keptNodes.length, edges: edges.length - keptEdges.length };
  if (hidden.nodes > 0 || hidden.edges > 0) {
    const limit =
      hidden.nodes > 0 ? `the limit of ${settings.maxNodes} nodes` : `the limit of ${settings.maxEdges} edges`;
    notices.unshift(
      warning(
        `${count(hidden.nodes, 'node')} and ${count(hidden.edges, 'edge')} hidden by ${limit}. Narrow the query, or raise the limit in the panel's options.`
      )
    );
  }
  return {
    nodes: [...keptNodes].sort((a, b) => compareText(a.id, b.id)),
    edges: [...keptEdges].sort(
      (a, b) => compareText(a.source, b.source) || compareText(a.target, b.target) || compareText(a.id, b.id)
    ),
    notices,
    hidden,
  };
}
