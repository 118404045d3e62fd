import { isIconName } from '@grafana/data';
import type { GraphEdge, GraphNode } from '../data/model';
import { NODE_RADIUS, shorten, subtitleOf, TITLE_LINE, TITLE_TOP } from '../layout/layoutInput';
import type { Point } from '../types';
import { arcColor, changeColor, statusColor, statusInk } from './colors';
import type { EdgeGeometry, Rect } from './geometry';
import { graticule } from './graticule';
import { groupTitleScale, labelSize } from './labels';
import { overlaps } from './occupancy';
import type { Pen } from './pen';
import { RECEDING } from './placement';
import { type EdgeStyle, isDrawn, type Scene } from './scene';
import { cylinderRim, EXTERNAL_ICON, KIND_ICONS, outlinePath, STATUS_BADGES } from './shapes';

/** Zoom from which nodes show their second line, and below which they and the edges show less. */
const NEAR = 1.35;
const FAR = 0.7;
/** Below it a node is its status's sign and an edge a plain line. */
const FARTHEST = 0.3;
const RING = 5;
/** Among more edges than these, those that alarm have to stand out. */
const CROWD = 800;
const DIMMED = { node: 0.2, edge: 0.15 };
const DASHES = { declared: [6, 5], absent: [2, 5], lost: [9, 4, 2, 4] } as const;

/** What the picture is drawn for. */
export interface View {
  /** Pixels per layout unit. */
  k: number;
  /** The part of the drawing in view, undefined for all. */
  clip?: Rect;
  /** Quick and without text, for a view that is moving. */
  draft?: boolean;
}

/** Draws a scene in layout units. The pen decides where it goes; what is out of view is left out. */
export function paint(pen: Pen, scene: Scene, view: View): void {
  const far = view.k < FARTHEST || view.draft === true;
  const visible = (rect: Rect) => view.clip === undefined || overlaps(rect, view.clip);
  paintBackdrop(pen, scene, view);
  const edges = scene.model.edges.flatMap((edge) => {
    const geometry = scene.placement.geometry.get(edge.id);
    const style = scene.edges.get(edge.id);
    return geometry !== undefined && style !== undefined && isDrawn(scene, edge) && visible(box(geometry.line))
      ? [{ edge, geometry, style }]
      : [];
  });
  if (far) {
    paintPlainEdges(pen, scene, edges, view.k);
  } else {
    edges.forEach(({ edge, geometry, style }) => paintEdge(pen, scene, edge, geometry, style));
  }
  for (const node of scene.model.nodes) {
    const at = scene.placement.positions.get(node.id);
    const r = 3 * NODE_RADIUS * Math.max(1, scene.textScale);
    const gone = node.change === 'lost' && node.absent && !scene.comparing;
    if (
      at !== undefined &&
      !gone &&
      !scene.hidden.has(node.id) &&
      visible({ x: at.x - r, y: at.y - r, width: 2 * r, height: 2 * r })
    ) {
      paintNode(pen, scene, node, at, view);
    }
  }
  for (const { edge, style } of view.draft === true ? [] : edges) {
    const at = scene.labels.get(edge.id);
    if (at !== undefined) {
      paintLabel(pen, scene, edge, style, at);
    }
  }
}

function box(line: Point[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of line) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left - 10, y: top - 10, width: right - left + 20, height: bottom - top + 20 };
}

/** What lies behind the graph: boxes of groups, lines of a map. */
function paintBackdrop(pen: Pen, { placement: { layout }, theme, textScale }: Scene, view: View): void {
  const scale = groupTitleScale(textScale);
  for (const { name, x, y, width, height } of layout.groups ?? []) {
    const c = 8;
    pen.at({ name: `group ${name}` }, () => {
      pen.path(
        `M${x + c},${y}h${width - 2 * c}a${c},${c} 0 0 1 ${c},${c}v${height - 2 * c}a${c},${c} 0 0 1 ${-c},${c}h${2 * c - width}a${c},${c} 0 0 1 ${-c},${-c}v${2 * c - height}a${c},${c} 0 0 1 ${c},${-c}Z`,
        { fill: theme.colors.background.secondary, stroke: theme.colors.border.medium, width: 1 / Math.min(view.k, 1) }
      );
      const most = Math.floor((width - 20) / (7.4 * scale));
      if (most > 2) {
        pen.text(shorten(name, most), x + 12, y + 7 + 14 * Math.min(scale, 1.4), {
          fill: theme.colors.text.secondary,
          size: 13 * scale,
          weight: theme.typography.fontWeightMedium,
          align: 'left',
        });
      }
    });
  }
  if (layout.geo !== undefined) {
    const lines = graticule(layout.geo);
    pen.lines(
      lines.map(({ line }) => line),
      { stroke: theme.colors.border.weak, width: 1 / view.k }
    );
    for (const { label, line } of lines) {
      pen.text(label, line[0].x + 4 / view.k, line[0].y + 12 / view.k, {
        fill: theme.colors.text.disabled,
        size: 10 / view.k,
        align: 'left',
      });
    }
  }
}

type DrawnEdge = { edge: GraphEdge; geometry: EdgeGeometry; style: EdgeStyle };

/** Thousands of edges seen from afar: those of one look as a single path, without arrows. */
function paintPlainEdges(pen: Pen, scene: Scene, edges: DrawnEdge[], k: number): void {
  const looks = new Map<
    string,
    { lines: Point[][]; color: string; width: number; dash?: readonly number[]; alpha?: number }
  >();
  for (const { edge, geometry, style } of edges) {
    const width = Math.max(1, Math.round(style.width * k * 2) / 2) / k;
    const dash = dashOf(edge, style)?.map((length) => length / 2 / k);
    const calm =
      edges.length > CROWD && style.severity !== 'warn' && style.severity !== 'bad' && scene.lit === undefined;
    const alpha = isDim(scene, 'edge', edge.id) ? DIMMED.edge : calm ? 0.3 : 0.75;
    const key = `${style.color} ${width} ${dash?.join()} ${alpha}`;
    const look = looks.get(key) ?? { lines: [], color: style.color, width, dash, alpha };
    look.lines.push(geometry.line);
    looks.set(key, look);
  }
  // What is lit, and what alarms, on top: few edges are drawn last.
  for (const { lines, color, width, dash, alpha } of [...looks.values()].sort(
    (a, b) => b.lines.length - a.lines.length
  )) {
    pen.at({ alpha }, () => pen.lines(lines, { stroke: color, width, dash }));
  }
}

function dashOf(edge: GraphEdge, style: EdgeStyle): readonly number[] | undefined {
  return style.change === 'lost'
    ? DASHES.lost
    : edge.absent
      ? DASHES.absent
      : edge.declared
        ? DASHES.declared
        : undefined;
}

function isDim(scene: Scene, kind: 'node' | 'edge', id: string): boolean {
  return scene.lit !== undefined && !(kind === 'node' ? scene.lit.nodes : scene.lit.edges).has(id);
}

function paintEdge(pen: Pen, scene: Scene, edge: GraphEdge, geometry: EdgeGeometry, style: EdgeStyle): void {
  const { color, width } = style;
  pen.at({ name: `edge ${edge.id}`, alpha: isDim(scene, 'edge', edge.id) ? DIMMED.edge : undefined }, () => {
    if (scene.selection?.kind === 'edge' && scene.selection.id === edge.id) {
      pen.path(geometry.path, { stroke: scene.theme.colors.primary.border, width: width + 6 });
    }
    pen.path(geometry.path, { stroke: color, width, dash: dashOf(edge, style) });
    pen.path(geometry.arrow, { fill: color, stroke: color, width: Math.max(0.01, width / 2 - 0.5) });
  });
}

/** An edge's values on a plate, so that lines crossing below stay out of the text. */
function paintLabel(
  pen: Pen,
  scene: Scene,
  edge: GraphEdge,
  { label, color, severity, change }: EdgeStyle,
  at: Point
): void {
  const { theme } = scene;
  const { width, height } = labelSize(label, 1);
  const alpha = isDim(scene, 'edge', edge.id) ? DIMMED.edge : undefined;
  const marked =
    severity === 'warn' || severity === 'bad' || (change !== undefined && change !== 'same' && change !== 'unknown');
  pen.at({ x: at.x, y: at.y, scale: scene.textScale, alpha, name: `label ${edge.id}` }, () => {
    pen.path(
      `M${3 - width / 2},${-height / 2}h${width - 6}a3,3 0 0 1 3,3v${height - 6}a3,3 0 0 1 -3,3h${6 - width}a3,3 0 0 1 -3,-3v${6 - height}a3,3 0 0 1 3,-3Z`,
      { fill: theme.colors.background.primary, stroke: marked ? color : undefined }
    );
    pen.text(label, 0, 4, { fill: theme.colors.text.primary, size: 11 });
  });
}

/** A node: its kind as shape and icon, its score as ring and number, its status as badge, its title below. */
function paintNode(pen: Pen, scene: Scene, node: GraphNode, at: Point, { k, draft = false }: View): void {
  const { theme } = scene;
  const receding = scene.placement.receding.has(node.id);
  const selected = scene.selection?.kind === 'node' && scene.selection.id === node.id;
  const alpha = isDim(scene, 'node', node.id) ? DIMMED.node : undefined;
  pen.at({ x: at.x, y: at.y, alpha, name: `node ${node.id}` }, () => {
    if (selected || scene.matches.has(node.id)) {
      pen.path(outlinePath(node.family, NODE_RADIUS + 8), {
        fill: theme.colors.primary.transparent,
        stroke: theme.colors.primary.border,
        width: 2 / Math.min(k, 1),
      });
    }
    if (k < FARTHEST || draft) {
      paintSpot(pen, scene, node);
    } else {
      pen.at({ scale: receding ? RECEDING : 1 }, () => {
        paintRing(pen, scene, node, receding);
        paintCore(pen, scene, node, k < FAR || receding);
        if (node.external) {
          paintExternal(pen, scene);
        }
      });
      if (node.status !== undefined && !receding) {
        pen.at({ x: NODE_RADIUS * 0.78 - 8, y: -NODE_RADIUS * 0.78 - 8 }, () => paintBadge(pen, scene, node));
      }
      if (scene.placement.pinned.has(node.id)) {
        pen.at({ x: -NODE_RADIUS * 0.78, y: -NODE_RADIUS * 0.78 }, () => {
          pen.path('M-5,0A5,5 0 1 1 5,0A5,5 0 1 1 -5,0Z', {
            fill: theme.colors.primary.main,
            stroke: theme.colors.background.primary,
            width: 1.5,
          });
          pen.path('M-1.6,0A1.6,1.6 0 1 1 1.6,0A1.6,1.6 0 1 1 -1.6,0Z', { fill: theme.colors.primary.contrastText });
        });
      }
      if (scene.comparing && node.change !== undefined && node.change !== 'same' && node.change !== 'unknown') {
        paintChange(pen, scene, node);
      }
    }
    const title = draft ? undefined : scene.titles.get(node.id);
    if (title !== undefined) {
      pen.at({ y: TITLE_TOP, scale: scene.textScale }, () => {
        const halo = theme.colors.background.primary;
        pen.text(title.text, 0, TITLE_LINE * (title.line + 0.75), {
          fill: receding || node.absent ? theme.colors.text.secondary : theme.colors.text.primary,
          size: TITLE_SIZE,
          weight: receding ? theme.typography.fontWeightRegular : theme.typography.fontWeightMedium,
          halo,
        });
        const subtitle = subtitleOf(node);
        if ((k >= NEAR || selected) && subtitle !== '') {
          pen.text(shorten(subtitle), 0, TITLE_LINE * (title.line + 1.7), {
            fill: theme.colors.text.secondary,
            size: 11,
            halo,
          });
        }
      });
    }
  });
}

/** Font size of titles, in layout units. */
export const TITLE_SIZE = 12;

/** From afar a node is just its status, by shape and colour. */
function paintSpot(pen: Pen, { theme }: Scene, node: GraphNode): void {
  if (node.status === undefined) {
    const color =
      node.color === undefined ? theme.colors.text.secondary : theme.visualization.getColorByName(node.color);
    pen.path(outlinePath(node.family, NODE_RADIUS), { fill: color });
    return;
  }
  const hollow = node.status === 'unknown';
  pen.at({ x: -26, y: -26, scale: 3.25 }, () =>
    pen.path(STATUS_BADGES[node.status ?? 'unknown'].outline, {
      fill: hollow ? theme.colors.background.primary : statusColor(node.status ?? 'unknown', theme),
      stroke: hollow ? theme.colors.text.secondary : undefined,
      width: 3,
    })
  );
}

/** The outline: the score (or the data's arcs) as a share of it in colour. Unknown health is a dashed grey outline. */
function paintRing(pen: Pen, { theme }: Scene, node: GraphNode, faint: boolean): void {
  const whole = outlinePath(node.family, NODE_RADIUS);
  const unknown = node.status === 'unknown' && node.score === undefined && node.members === undefined;
  const offline = node.status === 'offline' && node.members === undefined;
  pen.path(whole, {
    fill: theme.colors.background.secondary,
    stroke: unknown
      ? faint
        ? theme.colors.text.disabled
        : theme.colors.text.secondary
      : offline
        ? statusColor('offline', theme)
        : theme.colors.border.medium,
    width: unknown || offline ? 2.5 : RING,
    dash: unknown ? (node.absent ? DASHES.absent : [5, 4]) : undefined,
  });
  for (const { from, share, color } of ringParts(node, theme)) {
    pen.path(outlinePath(node.family, NODE_RADIUS, from, from + share), { stroke: color, width: RING });
  }
  if (node.family === 'database') {
    pen.path(cylinderRim(NODE_RADIUS), { stroke: theme.colors.border.strong, width: 1.5 });
  }
}

function ringParts(node: GraphNode, theme: Scene['theme']): Array<{ from: number; share: number; color: string }> {
  if (node.score !== undefined) {
    return [{ from: 0, share: node.score.value / 100, color: statusColor(node.status ?? 'unknown', theme) }];
  }
  if (node.members === undefined && (node.status === 'unknown' || node.status === 'offline')) {
    return [];
  }
  if (node.arcs.length === 0) {
    const color = node.color === undefined ? undefined : theme.visualization.getColorByName(node.color);
    const full = node.status === undefined ? color : statusColor(node.status, theme);
    return full === undefined ? [] : [{ from: 0, share: 1, color: full }];
  }
  let from = 0;
  return node.arcs.map((arc, i) => {
    const part = { from, share: arc.share, color: arcColor(arc, i, theme) };
    from += arc.share;
    return part;
  });
}

function paintCore(pen: Pen, { theme }: Scene, node: GraphNode, far: boolean): void {
  const text =
    node.members !== undefined
      ? node.mainStat
      : (node.score?.text ??
        (node.status === 'unknown' ? '?' : node.status === 'offline' ? '–' : shorten(node.mainStat, 9)));
  const large =
    node.score !== undefined || node.members !== undefined || node.status === 'unknown' || node.status === 'offline';
  const alone = far && large;
  const iconSize = text === '' ? 22 : 13;
  const iconY = text === '' ? 0 : -10;
  if (!alone) {
    const family = node.icon !== undefined && isIconName(node.icon) ? iconFamily(node.icon) : node.family;
    pen.at({ x: -iconSize / 2, y: iconY - iconSize / 2, scale: iconSize / 16 }, () =>
      pen.path(KIND_ICONS[family ?? node.family], { stroke: theme.colors.text.secondary, width: 1.4, round: true })
    );
  }
  if (text !== '') {
    pen.text(text, 0, alone ? 7 : large ? 13 : 10, {
      fill: theme.colors.text.primary,
      size: alone ? 20 : large ? 17 : 10,
      weight: large ? theme.typography.fontWeightBold : theme.typography.fontWeightRegular,
    });
  }
}

/** Grafana's icons by name are images of their own; the common ones have a sign of ours that says the same. */
function iconFamily(icon: string): GraphNode['family'] | undefined {
  const families: Array<[RegExp, GraphNode['family']]> = [
    [/database|cube-slash/, 'database'],
    [/cloud|globe|plug/, 'integration'],
    [/user/, 'user'],
    [/list|bars|exchange/, 'queue'],
    [/sitemap|channel/, 'network'],
    [/code|brackets/, 'endpoint'],
    [/ai|brain|robot/, 'agent'],
    [/desktop|kubernetes|docker|server/, 'host'],
    [/cube|gf-|cog|process/, 'service'],
  ];
  return families.find(([pattern]) => pattern.test(icon))?.[1];
}

function paintExternal(pen: Pen, { theme }: Scene): void {
  pen.at({ x: -NODE_RADIUS * 0.8 - 8, y: NODE_RADIUS * 0.72 - 8 }, () => {
    pen.path('M-2,8A10,10 0 1 1 18,8A10,10 0 1 1 -2,8Z', {
      fill: theme.colors.background.primary,
      stroke: theme.colors.border.medium,
    });
    pen.at({ x: 1.6, y: 1.6, scale: 0.8 }, () =>
      pen.path(EXTERNAL_ICON, { stroke: theme.colors.text.secondary, width: 1.4, round: true })
    );
  });
}

function paintBadge(pen: Pen, { theme }: Scene, node: GraphNode): void {
  const status = node.status ?? 'unknown';
  const { outline, sign } = STATUS_BADGES[status];
  const hollow = status === 'unknown';
  pen.path(outline, {
    fill: hollow ? theme.colors.background.primary : statusColor(status, theme),
    stroke: hollow ? statusColor(status, theme) : theme.colors.background.primary,
    width: 1.5,
    dash: hollow ? [2.5, 1.6] : undefined,
  });
  pen.path(sign, { stroke: statusInk(status, theme), width: 2, round: true });
}

const CHANGE_ICONS = {
  new: 'M0-4.5V4.5M-4.5 0H4.5',
  lost: 'M-4-4L4 4M4-4L-4 4',
  worse: 'M0-4.5L5 4H-5Z',
  better: 'M0 4.5L5-4H-5Z',
};

function paintChange(pen: Pen, { theme }: Scene, node: GraphNode): void {
  const change = node.change as keyof typeof CHANGE_ICONS;
  const color = changeColor(change, theme);
  pen.at({ x: NODE_RADIUS * 0.86, y: NODE_RADIUS * 0.8 }, () => {
    pen.path('M-9,0A9,9 0 1 1 9,0A9,9 0 1 1 -9,0Z', {
      fill: theme.colors.background.primary,
      stroke: color,
      width: 1.5,
    });
    pen.path(CHANGE_ICONS[change], {
      stroke: color,
      fill: change === 'worse' || change === 'better' ? color : undefined,
      width: 2,
      round: true,
    });
  });
}
