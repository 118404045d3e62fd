import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import { count } from '../data/compare';
import type { GraphModel } from '../data/model';
import type { Selection } from '../selection';
import type { Point } from '../types';
import { reveal, zoomAt } from './camera';
import { type Adjacency, ARROWS, type Arrow, nextNode, nodeName } from './describe';
import { EdgeLabelView, EdgeView } from './EdgeView';
import { NodeView, TITLE_SIZE } from './NodeView';
import { type EdgeStyle, type Placement, visibleLabels, visibleTitles } from './scene';
import type { CameraControl } from './useCamera';

interface Props {
  model: GraphModel;
  graph: Adjacency;
  placement: Placement;
  edgeStyles: ReadonlyMap<string, EdgeStyle>;
  view: CameraControl;
  width: number;
  height: number;
  selection: Selection | undefined;
  /** Nodes and edges drawn at full strength; undefined when all are. */
  lit: { nodes: ReadonlySet<string>; edges: ReadonlySet<string> } | undefined;
  matches: ReadonlySet<string>;
  onSelect: (selection: Selection | undefined) => void;
  /** While a node is dragged. */
  onDrag: (id: string, to: Point) => void;
  /** A drag has ended; with `undefined` it was given up. */
  onDrop: (id: string, to: Point | undefined) => void;
}

/** Pixels a pointer may wander and still be a click. */
const CLICK_SLOP = 4;
const ZOOM_STEP = 1.25;
/** Size of titles on screen, in pixels, below which they do not shrink however far one zooms out. */
const MIN_TITLE = 11;
/** Zoom from which nodes show their second line, and below which they and the edges show less. */
const NEAR = 1.35;
const FAR = 0.7;
const FARTHEST = 0.42;
const NONE: ReadonlySet<string> = new Set();

type Gesture =
  | { kind: 'pan'; at: Point; moved: boolean }
  | { kind: 'drag'; id: string; start: Point; origin: Point; to: Point; moved: boolean }
  | { kind: 'pinch'; distance: number };

/** Draws the graph as SVG and handles pointer and keyboard. Holds no data: what it shows comes in, what is done goes out. */
export function GraphCanvas(props: Props) {
  const {
    model,
    graph,
    placement,
    edgeStyles,
    view,
    width,
    height,
    selection,
    lit,
    matches,
    onSelect,
    onDrag,
    onDrop,
  } = props;
  const styles = useStyles2(getStyles);
  const svg = useRef<SVGSVGElement>(null);
  const gesture = useRef<Gesture | undefined>(undefined);
  const pointers = useRef(new Map<number, Point>());
  const suppressClick = useRef(false);
  const [wheelHint, setWheelHint] = useState(false);
  const { camera, move, reset } = view;

  const selectedNode = selection?.kind === 'node' ? selection.id : undefined;
  const [current, setCurrent] = useState<string>();
  // Tab leads to the node last visited, else to the top left one.
  const tabStop = useMemo(() => {
    if (current !== undefined && placement.positions.has(current)) {
      return current;
    }
    let first: { id: string; at: Point } | undefined;
    for (const [id, at] of placement.positions) {
      if (first === undefined || at.x + at.y < first.at.x + first.at.y) {
        first = { id, at };
      }
    }
    return first?.id;
  }, [current, placement.positions]);

  // React listens to wheel passively, where preventDefault does nothing.
  useEffect(() => {
    const element = svg.current;
    if (element === null) {
      return undefined;
    }
    let hideHint: ReturnType<typeof setTimeout> | undefined;
    const onWheel = (event: WheelEvent) => {
      // Without a modifier the dashboard scrolls. A trackpad pinch arrives with ctrlKey set.
      if (!event.ctrlKey && !event.metaKey) {
        setWheelHint(true);
        clearTimeout(hideHint);
        hideHint = setTimeout(() => setWheelHint(false), 1200);
        return;
      }
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      move((last) =>
        zoomAt(last, Math.exp(-pixels * 0.003), { x: event.clientX - box.left, y: event.clientY - box.top })
      );
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      clearTimeout(hideHint);
      element.removeEventListener('wheel', onWheel);
    };
  }, [move]);

  const nodeAt = (target: EventTarget): string | undefined => {
    const index = target instanceof Element ? target.closest('[data-node]')?.getAttribute('data-node') : undefined;
    return index === undefined || index === null ? undefined : model.nodes[Number(index)]?.id;
  };
  const edgeAt = (target: EventTarget): string | undefined =>
    target instanceof Element ? (target.closest('[data-edge]')?.getAttribute('data-edge') ?? undefined) : undefined;

  const onPointerDown = (event: React.PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) {
      return;
    }
    const at = { x: event.clientX, y: event.clientY };
    pointers.current.set(event.pointerId, at);
    suppressClick.current = false;
    if (pointers.current.size === 2) {
      giveUpDrag();
      const [a, b] = [...pointers.current.values()];
      gesture.current = { kind: 'pinch', distance: Math.hypot(a.x - b.x, a.y - b.y) };
      return;
    }
    const id = nodeAt(event.target);
    const origin = id === undefined ? undefined : placement.positions.get(id);
    gesture.current =
      id === undefined || origin === undefined
        ? { kind: 'pan', at, moved: false }
        : { kind: 'drag', id, start: at, origin, to: origin, moved: false };
  };

  const onPointerMove = (event: React.PointerEvent<SVGSVGElement>) => {
    const now = gesture.current;
    if (now === undefined || !pointers.current.has(event.pointerId)) {
      return;
    }
    const at = { x: event.clientX, y: event.clientY };
    pointers.current.set(event.pointerId, at);
    if (now.kind === 'pinch') {
      const [a, b] = [...pointers.current.values()];
      const box = event.currentTarget.getBoundingClientRect();
      const distance = Math.hypot(a.x - b.x, a.y - b.y);
      const factor = distance / Math.max(now.distance, 1);
      const middle = { x: (a.x + b.x) / 2 - box.left, y: (a.y + b.y) / 2 - box.top };
      gesture.current = { kind: 'pinch', distance };
      suppressClick.current = true;
      move((last) => zoomAt(last, factor, middle));
      return;
    }
    const from = now.kind === 'pan' ? now.at : now.start;
    const [dx, dy] = [at.x - from.x, at.y - from.y];
    if (!now.moved && Math.hypot(dx, dy) < CLICK_SLOP) {
      return;
    }
    if (!now.moved) {
      // Only now: capturing on press would take the click away from what was pressed.
      event.currentTarget.setPointerCapture?.(event.pointerId);
      suppressClick.current = true;
    }
    if (now.kind === 'pan') {
      gesture.current = { kind: 'pan', at, moved: true };
      move((last) => ({ ...last, x: last.x + dx, y: last.y + dy }));
    } else {
      const to = { x: now.origin.x + dx / camera.k, y: now.origin.y + dy / camera.k };
      gesture.current = { ...now, to, moved: true };
      onDrag(now.id, to);
    }
  };

  const onPointerUp = (event: React.PointerEvent<SVGSVGElement>) => {
    pointers.current.delete(event.pointerId);
    const now = gesture.current;
    gesture.current = undefined;
    if (now?.kind === 'drag' && now.moved) {
      onDrop(now.id, { x: Math.round(now.to.x), y: Math.round(now.to.y) });
    }
  };

  const giveUpDrag = (): boolean => {
    const now = gesture.current;
    gesture.current = undefined;
    if (now?.kind === 'drag' && now.moved) {
      onDrop(now.id, undefined);
      return true;
    }
    return false;
  };

  const onClick = (event: React.MouseEvent<SVGSVGElement>) => {
    if (suppressClick.current) {
      suppressClick.current = false;
      return;
    }
    const node = nodeAt(event.target);
    const edge = edgeAt(event.target);
    if (node !== undefined) {
      setCurrent(node);
      onSelect(node === selectedNode ? undefined : { kind: 'node', id: node });
    } else {
      onSelect(edge === undefined ? undefined : { kind: 'edge', id: edge });
    }
  };

  const goTo = (id: string | undefined) => {
    const index = model.nodes.findIndex((node) => node.id === id);
    const at = id === undefined ? undefined : placement.positions.get(id);
    if (id === undefined || index < 0 || at === undefined) {
      return;
    }
    setCurrent(id);
    move((last) => reveal(last, at, width, height, 60));
    const element = svg.current?.querySelector<SVGGElement>(`[data-node="${index}"]`);
    element?.focus({ preventScroll: true });
    if (selectedNode !== undefined) {
      onSelect({ kind: 'node', id });
    }
  };

  const onKeyDown = (event: React.KeyboardEvent<SVGSVGElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const id = nodeAt(event.target);
    const centre = { x: width / 2, y: height / 2 };
    const actions: Record<string, () => void> = {
      '+': () => move((last) => zoomAt(last, ZOOM_STEP, centre)),
      '=': () => move((last) => zoomAt(last, ZOOM_STEP, centre)),
      '-': () => move((last) => zoomAt(last, 1 / ZOOM_STEP, centre)),
      '0': reset,
    };
    if (id !== undefined) {
      actions.Enter = actions[' '] = () => onSelect(id === selectedNode ? undefined : { kind: 'node', id });
      actions.Home = () => goTo(model.nodes[0]?.id);
      actions.End = () => goTo(model.nodes[model.nodes.length - 1]?.id);
      for (const arrow of Object.keys(ARROWS) as Arrow[]) {
        actions[arrow] = () => goTo(nextNode(id, arrow, graph, placement.positions));
      }
    }
    if (gesture.current?.kind === 'drag') {
      actions.Escape = () => {
        suppressClick.current = giveUpDrag();
      };
    } else if (selection !== undefined) {
      actions.Escape = () => onSelect(undefined);
    }
    const action = actions[event.key];
    if (action !== undefined) {
      // Grafana has shortcuts of its own, Escape among them.
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  };

  // Text keeps a readable size when zoomed out; what then has no room is left out.
  const textScale = Math.max(1, MIN_TITLE / TITLE_SIZE / camera.k);
  const litNodes = lit?.nodes ?? NONE;
  const litEdges = lit?.edges ?? NONE;
  const titles = useMemo(
    () => visibleTitles(model, placement, textScale, litNodes),
    [model, placement, textScale, litNodes]
  );
  const farthest = camera.k < FARTHEST;
  const labels = useMemo(
    () => visibleLabels(model, placement, edgeStyles, titles, textScale, litEdges, farthest),
    [model, placement, edgeStyles, titles, textScale, litEdges, farthest]
  );
  const names = useMemo(() => model.nodes.map((node) => nodeName(node, graph, model.formatRate)), [model, graph]);

  return (
    <div className={styles.wrapper} style={{ width, height }}>
      <svg
        ref={svg}
        width={width}
        height={height}
        className={styles.svg}
        role="application"
        aria-roledescription="dependency graph"
        aria-label={`Dependency graph with ${count(model.nodes.length, 'node')} and ${count(model.edges.length, 'edge')}. Arrow keys move between neighbours, Enter shows details, Escape clears.`}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={(event) => {
          pointers.current.delete(event.pointerId);
          giveUpDrag();
        }}
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.k})`}>
          <g aria-hidden="true">
            {model.edges.map((edge) => {
              const geometry = placement.geometry.get(edge.id);
              const style = edgeStyles.get(edge.id);
              return geometry === undefined || style === undefined ? null : (
                <EdgeView
                  key={edge.id}
                  id={edge.id}
                  geometry={geometry}
                  color={style.color}
                  width={style.width}
                  declared={edge.declared}
                  dimmed={lit !== undefined && !lit.edges.has(edge.id)}
                  selected={selection?.kind === 'edge' && selection.id === edge.id}
                />
              );
            })}
          </g>
          {model.nodes.map((node, index) => {
            const at = placement.positions.get(node.id);
            const dimmed = lit !== undefined && !lit.nodes.has(node.id);
            return at === undefined ? null : (
              <NodeView
                key={node.id}
                node={node}
                index={index}
                x={at.x}
                y={at.y}
                name={names[index]}
                tabbable={node.id === tabStop}
                dimmed={dimmed}
                selected={node.id === selectedNode}
                matched={matches.has(node.id)}
                pinned={placement.pinned.has(node.id)}
                textScale={textScale}
                title={titles.get(node.id)?.text}
                titleLine={titles.get(node.id)?.line ?? 0}
                showSubtitle={camera.k >= NEAR || node.id === selectedNode}
                far={camera.k < FAR}
                receding={placement.receding.has(node.id)}
              />
            );
          })}
          <g aria-hidden="true">
            {model.edges.map((edge) => {
              const at = labels.get(edge.id);
              const style = edgeStyles.get(edge.id);
              return at === undefined || style === undefined ? null : (
                <EdgeLabelView
                  key={edge.id}
                  id={edge.id}
                  text={style.label}
                  x={at.x}
                  y={at.y}
                  scale={textScale}
                  color={style.color}
                  alarming={style.severity === 'warn' || style.severity === 'bad'}
                  dimmed={lit !== undefined && !lit.edges.has(edge.id)}
                />
              );
            })}
          </g>
        </g>
      </svg>
      <div className={cx(styles.hint, wheelHint && styles.hintShown)} aria-hidden="true">
        Ctrl or ⌘ + scroll zooms
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  wrapper: css({ position: 'relative', overflow: 'hidden' }),
  svg: css({
    display: 'block',
    cursor: 'grab',
    userSelect: 'none',
    fontFamily: theme.typography.fontFamily,
    // Vertical swipes scroll the dashboard; everything else is ours.
    touchAction: 'pan-y',
    '&:active': { cursor: 'grabbing' },
  }),
  hint: css({
    position: 'absolute',
    left: '50%',
    bottom: theme.spacing(1),
    transform: 'translateX(-50%)',
    padding: theme.spacing(0.5, 1),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.elevated ?? theme.colors.background.secondary,
    color: theme.colors.text.primary,
    fontSize: theme.typography.bodySmall.fontSize,
    boxShadow: theme.shadows.z2,
    pointerEvents: 'none',
    opacity: 0,
    '@media (prefers-reduced-motion: no-preference)': { transition: 'opacity 150ms' },
  }),
  hintShown: css({ opacity: 1 }),
});
