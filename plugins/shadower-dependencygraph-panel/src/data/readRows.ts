import { compareText } from './compare';
import { Columns, type FormatContext } from './frames';
import { familyOf, statusOf, statusOfScore } from './kinds';
import type { Arc, Detail, Geo, GraphEdge, GraphNode, Metrics, NodeStatus, Previous, Reading } from './model';
import type { Problems } from './problems';

export interface ReadSettings extends FormatContext {
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
  'latitude',
  'longitude',
  'time',
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
  'time',
]);
const METRIC_NAMES = ['calls', 'rate', 'error_rate', 'p95_ms', 'bytes'];

/**
 * A cell as an id. Names that every object has (`constructor`, `__proto__`) get an invisible mark: the graph library keeps
 * neighbours in plain objects and would take those names for neighbours already there.
 */
export function idOf(columns: Columns, name: string, row: number): string {
  const text = columns.text(name, row);
  return text in Object.prototype ? `${text}\u200b` : text;
}

/** A node row, or undefined when it has no id. `groupBy` is the column its group comes from. */
export function readNode(
  columns: Columns,
  row: number,
  settings: ReadSettings,
  groupBy: string | undefined,
  problems: Problems
): GraphNode | undefined {
  const id = idOf(columns, 'id', row);
  if (id === '') {
    problems.add('no-id', `row ${row + 1}`);
    return undefined;
  }
  const score = ranged(columns, 'score', row, id, 0, 100, problems);
  const kind = columns.text('kind', row);
  return {
    id,
    title: columns.text('title', row) || id,
    subtitle: columns.text('subtitle', row),
    kind,
    family: familyOf(kind),
    external: columns.boolean('external', row),
    status: readStatus(columns, 'status', row, 'score', score, settings, problems),
    score,
    // With a score it is only a line of the details.
    mainStat: score === undefined ? columns.display('mainstat', row) : '',
    arcs: readArcs(columns, row, id, problems),
    color: columns.text('color', row) || undefined,
    icon: columns.text('icon', row) || undefined,
    metrics: readMetrics(columns, row, id, problems),
    details: () => readDetails(columns, row, NODE_PARTS),
    implied: false,
    group: groupBy === undefined ? '' : columns.text(groupBy, row),
    geo: readGeo(columns, row, id, problems),
    previous: readPrevious(columns, row, id, settings, problems),
    absent: false,
  };
}

/** An edge row under an id that `taken` does not have yet, or undefined when an end is missing. */
export function readEdge(
  columns: Columns,
  row: number,
  taken: ReadonlyMap<string, GraphEdge>,
  settings: ReadSettings,
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
  const metrics = readMetrics(columns, row, id, problems);
  const plain = metrics.rate === undefined && metrics.errorRate === undefined && metrics.p95 === undefined;
  return {
    id,
    source,
    target,
    relation: columns.text('relation', row),
    declared: columns.text('origin', row).toLowerCase() === 'declared' || (dashes !== '' && dashes !== '0'),
    // Only an edge without our metrics shows them.
    mainStat: plain ? columns.display('mainstat', row) : '',
    secondaryStat: plain ? columns.display('secondarystat', row) : '',
    thickness: thickness !== undefined && thickness > 0 ? Math.min(thickness, 8) : undefined,
    color: columns.text('color', row) || undefined,
    metrics,
    details: () => readDetails(columns, row, EDGE_PARTS),
    previous: readPrevious(columns, row, id, settings, problems),
    absent: false,
  };
}

/** A node that only edges name. */
export function impliedNode(id: string, hasHealth: boolean): GraphNode {
  return {
    id,
    title: id,
    subtitle: '',
    kind: '',
    family: 'other',
    external: false,
    status: hasHealth ? 'unknown' : undefined,
    mainStat: '',
    arcs: [],
    metrics: {},
    details: () => [],
    implied: true,
    group: '',
    absent: false,
  };
}

function readStatus(
  columns: Columns,
  name: string,
  row: number,
  scoreName: string,
  score: Reading | undefined,
  settings: ReadSettings,
  problems: Problems
): NodeStatus | undefined {
  if (columns.has(name)) {
    const word = columns.text(name, row);
    const status = statusOf(word);
    if (status === undefined) {
      problems.add('bad-status', `"${word}"`);
    }
    return status ?? 'unknown';
  }
  if (!columns.has(scoreName)) {
    return undefined;
  }
  return score === undefined ? 'unknown' : statusOfScore(score.value, settings.scoreHealthy, settings.scoreDegraded);
}

function readNumber(columns: Columns, name: string, row: number, id: string, problems: Problems) {
  if (columns.isBadNumber(name, row)) {
    problems.add('bad-number', `${name} of ${id}`);
  }
  return columns.reading(name, row);
}

function ranged(
  columns: Columns,
  name: string,
  row: number,
  id: string,
  min: number,
  max: number,
  problems: Problems
): Reading | undefined {
  const reading = readNumber(columns, name, row, id, problems);
  if (reading !== undefined && (reading.value < min || reading.value > max)) {
    problems.add('out-of-range', `${name} of ${id}`);
    return undefined;
  }
  return reading;
}

function readMetrics(columns: Columns, row: number, id: string, problems: Problems, prefix = ''): Metrics {
  const read = (name: string, max = Number.MAX_VALUE) =>
    columns.has(prefix + name) ? ranged(columns, prefix + name, row, id, 0, max, problems) : undefined;
  return {
    calls: read('calls'),
    rate: read('rate'),
    errorRate: read('error_rate', 1),
    p95: read('p95_ms'),
    bytes: read('bytes'),
  };
}

/** The columns `previous_*`; undefined when the frame has none of them. */
function readPrevious(
  columns: Columns,
  row: number,
  id: string,
  settings: ReadSettings,
  problems: Problems
): Previous | undefined {
  if (!columns.hasPrevious) {
    return undefined;
  }
  const score = ranged(columns, 'previous_score', row, id, 0, 100, problems);
  return {
    score,
    status: readStatus(columns, 'previous_status', row, 'previous_score', score, settings, problems),
    metrics: readMetrics(columns, row, id, problems, 'previous_'),
  };
}

function readGeo(columns: Columns, row: number, id: string, problems: Problems): Geo | undefined {
  if (!columns.has('latitude') || !columns.has('longitude')) {
    return undefined;
  }
  const latitude = ranged(columns, 'latitude', row, id, -90, 90, problems)?.value;
  const longitude = ranged(columns, 'longitude', row, id, -180, 180, problems)?.value;
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

function readArcs(columns: Columns, row: number, id: string, problems: Problems): Arc[] {
  const arcs: Arc[] = [];
  for (const name of columns.arcs) {
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

function readDetails(columns: Columns, row: number, drawn: ReadonlySet<string>): Detail[] {
  const details: Detail[] = [];
  for (const name of columns.names) {
    // The status is shown as a badge and the arcs as a ring, but a field with links is always worth its line.
    const isPart =
      drawn.has(name) ||
      name === 'status' ||
      name === 'score' ||
      name.startsWith('arc__') ||
      name.startsWith('previous_');
    const hasLinks = columns.hasLinks(name);
    if (isPart && !hasLinks) {
      continue;
    }
    const text = columns.display(name, row);
    if (text !== '' || METRIC_NAMES.includes(name)) {
      details.push({
        label: columns.label(name),
        text,
        links: () => columns.links(name, row),
      });
    }
  }
  return details;
}

/** Row numbers ordered by content, so that which of two duplicate rows wins does not depend on their order. */
export function stableRows(columns: Columns, names: string[]): number[] {
  const used = names.filter((name) => columns.has(name));
  const keys = Array.from({ length: columns.frame.length }, (_, row) =>
    used.map((name) => columns.text(name, row)).join('\u0000')
  );
  return keys.map((_, row) => row).sort((a, b) => compareText(keys[a], keys[b]));
}
