import { compareText } from '../data/compare';
import { degrees } from '../data/limits';
import { type GraphEdge, type GraphModel, type GraphNode, STATUSES } from '../data/model';
import { CHAR_WIDTH, NODE_RADIUS, shorten, TITLE_LINE, TITLE_TOP } from '../layout/layoutInput';
import type { Point } from '../types';
import type { Severity } from './colors';
import type { Rect } from './geometry';
import { labelsWithRoom, Occupancy } from './occupancy';
import { type Placement, RECEDING } from './placement';
import type { EdgeStyle } from './scene';

/** A title as drawn, with the room it takes. */
export interface Title {
  text: string;
  /** How many lines lower than usual it is. */
  line: number;
  rect: Rect;
}

/** Shorter titles tried, in characters, before a title is left out. */
const TITLE_LENGTHS = [18, 16, 14, 12, 10, 8];
/** How far a title may reach beyond the drawing, in layout units — less than the padding it is fitted with. */
const AIR = 6;
/** Titles and labels are tried for at most so many: more would not be read, and takes time at every step of a zoom. */
const MOST = { titles: 1500, labels: 800 };

/** Size of an edge label's plate in layout units, estimated from its length. */
export function labelSize(text: string, scale: number): { width: number; height: number } {
  return { width: ([...text].length * 5.7 + 8) * scale, height: 16 * scale };
}

/** What titles and labels must not cover: the rings. */
function rings(model: GraphModel, placement: Placement, scale: number): Occupancy {
  const occupancy = new Occupancy(70 * scale);
  for (const { id } of model.nodes) {
    const at = placement.positions.get(id);
    const r = (placement.receding.has(id) ? RECEDING : 1) * NODE_RADIUS + 4;
    if (at !== undefined) {
      occupancy.take({ x: at.x - r, y: at.y - r, width: 2 * r, height: 2 * r });
    }
  }
  // The name at the top left of a group's box.
  for (const { name, x, y } of placement.layout.groups ?? []) {
    const size = groupTitleScale(scale);
    occupancy.take({ x: x + 12, y: y + 4, width: [...name].length * 7.4 * size, height: 18 * size });
  }
  return occupancy;
}

/** How much larger than drawn a group's name is when zoomed out. */
export function groupTitleScale(textScale: number): number {
  return Math.min(textScale, 3);
}

/**
 * The titles to draw `scale` times their size: the worst and best connected nodes first, whole, else shortened, else not
 * at all. So a title is either readable or absent; every node has it in its tooltip and for assistive technology.
 */
export function visibleTitles(
  model: GraphModel,
  placement: Placement,
  scale: number,
  first: ReadonlySet<string>
): Map<string, Title> {
  const degree = degrees(model.edges);
  const rank = ({ id, status }: GraphNode) =>
    first.has(id) ? -2 : placement.receding.has(id) ? 9 : status === undefined ? 8 : STATUSES.indexOf(status);
  const sorted = [...model.nodes]
    .sort((a, b) => rank(a) - rank(b) || (degree.get(b.id) ?? 0) - (degree.get(a.id) ?? 0) || compareText(a.id, b.id))
    .slice(0, MOST.titles);
  const taken = rings(model, placement, scale);
  const titles = new Map<string, Title>();
  const { x, width: room, y, height } = placement.bounds;
  for (const node of sorted) {
    const at = placement.positions.get(node.id);
    if (at === undefined) {
      continue;
    }
    const whole = shorten(node.title);
    const texts = [whole, ...TITLE_LENGTHS.filter((n) => n < [...whole].length).map((n) => shorten(node.title, n))];
    // In a crowd, every other title goes one line lower.
    const tries = texts.flatMap((text) => [0, 1].map((line) => ({ text, line })));
    for (const { text, line } of tries) {
      const width = [...text].length * CHAR_WIDTH * scale;
      const rect = {
        x: at.x - width / 2,
        y: at.y + TITLE_TOP + line * TITLE_LINE * scale,
        width,
        height: TITLE_LINE * scale,
      };
      const inside =
        rect.x >= x - AIR &&
        rect.x + width <= x + room + AIR &&
        (line === 0 || rect.y + rect.height <= y + height + AIR);
      if (inside && taken.isFree(rect)) {
        taken.take(rect);
        titles.set(node.id, { text, line, rect });
        break;
      }
    }
  }
  return titles;
}

/**
 * The edge labels to draw, and where: the worst and busiest edges first, as long as they cover neither nodes, titles nor
 * each other. At the drawing's rim they are moved inwards.
 */
export function visibleLabels(
  model: GraphModel,
  placement: Placement,
  styles: ReadonlyMap<string, EdgeStyle>,
  titles: ReadonlyMap<string, Title>,
  scale: number,
  always: ReadonlySet<string>,
  onlyAlarming: boolean
): Map<string, Point> {
  const severities: Severity[] = ['bad', 'warn', 'ok', 'none'];
  const rank = (edge: GraphEdge) =>
    always.has(edge.id) ? -1 : severities.indexOf(styles.get(edge.id)?.severity ?? 'none');
  const wanted = model.edges
    .filter((edge) => (styles.get(edge.id)?.label ?? '') !== '' && (!onlyAlarming || rank(edge) <= 1))
    .sort(
      (a, b) =>
        rank(a) - rank(b) || (b.metrics.rate?.value ?? 0) - (a.metrics.rate?.value ?? 0) || compareText(a.id, b.id)
    )
    .slice(0, MOST.labels);
  const { x: left, width: room } = placement.bounds;
  const rects = wanted.flatMap((edge) => {
    const geometry = placement.geometry.get(edge.id);
    const size = labelSize(styles.get(edge.id)?.label ?? '', scale);
    if (geometry === undefined) {
      return [];
    }
    const places = [geometry.label, ...geometry.labels].map((at) => ({
      x: Math.max(left - AIR, Math.min(left + room + AIR - size.width, at.x - size.width / 2)),
      y: at.y - size.height / 2,
      ...size,
    }));
    return [{ id: edge.id, places }];
  });
  const taken = rings(model, placement, scale);
  titles.forEach((title) => taken.take(title.rect));
  const kept = labelsWithRoom(rects, taken);
  return new Map([...kept].map(([id, rect]) => [id, { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }]));
}
