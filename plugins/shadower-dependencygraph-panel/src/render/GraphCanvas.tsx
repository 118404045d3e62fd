import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Adjacency } from '../analysis/graphs';
import type { GraphNode } from '../data/model';
import type { Selection } from '../selection';
import type { Point } from '../types';
import { edgesText, nodesText } from '../words';
import type { CameraStore } from './cameraStore';
import { ARROWS, type Arrow, nextNode, nodeName } from './describe';
import { Minimap } from './Minimap';
import { NodeButtons } from './NodeButtons';
import { pick } from './pick';
import type { Scene } from './scene';
import { Screen } from './screen';
import { Traffic } from './traffic';
import { useGestures } from './useGestures';

interface Props {
  scene: Scene;
  graph: Adjacency;
  camera: CameraStore;
  width: number;
  height: number;
  minimap: boolean;
  animate: boolean;
  onSelect: (selection: Selection | undefined) => void;
  onHover: (hovered: Selection | undefined, at: Point) => void;
  /** The menu of a node, an edge or the background, at a point of the page. */
  onMenu: (of: Selection | undefined, at: Point) => void;
  /** While a node is dragged. */
  onDrag: (id: string, to: Point) => void;
  /** A drag has ended; with `undefined` it was given up. */
  onDrop: (id: string, to: Point | undefined) => void;
}

const ZOOM_STEP = 1.25;
/** How near in pixels the pointer has to come to an edge. */
const TOLERANCE = 7;
/** Up to so many nodes each has a button; of more, those around the one that has the focus. */
const MAX_BUTTONS = 400;

/** Draws the graph and handles pointer and keyboard. Holds no data: what it shows comes in, what is done goes out. */
export function GraphCanvas(props: Props) {
  const { scene, graph, camera, width, height, minimap, animate, onSelect, onHover, onMenu, onDrag, onDrop } = props;
  const { model, placement, selection } = scene;
  const styles = useStyles2(getStyles);
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLDivElement>(null);

  useScreen(canvas, overlay, scene, camera, width, height);
  const trafficCanvas = useTraffic(animate, scene, camera, width, height);

  const selectedNode = selection?.kind === 'node' ? selection.id : undefined;
  const [current, setCurrent] = useState<string>();
  const tabStop = useMemo(() => {
    if (current !== undefined && placement.positions.has(current) && !scene.hidden.has(current)) {
      return current;
    }
    // Tab leads to the top left node at first.
    let first: { id: string; at: Point } | undefined;
    for (const [id, at] of placement.positions) {
      if (!scene.hidden.has(id) && (first === undefined || at.x + at.y < first.at.x + first.at.y)) {
        first = { id, at };
      }
    }
    return first?.id;
  }, [current, placement.positions, scene.hidden]);
  const buttons = useMemo(() => {
    const drawn = model.nodes.filter((node) => !scene.hidden.has(node.id));
    if (drawn.length <= MAX_BUTTONS) {
      return drawn;
    }
    const near = new Set([tabStop, selectedNode, ...(tabStop === undefined ? [] : graph.neighbors(tabStop))]);
    return drawn.filter((node) => near.has(node.id)).slice(0, MAX_BUTTONS);
  }, [model, scene.hidden, tabStop, selectedNode, graph]);
  const nameOf = useCallback((node: GraphNode) => nodeName(node, graph, model.formatRate), [graph, model]);

  const pickAt = (at: Point): Selection | undefined => {
    const { x, y, k } = camera.camera;
    return pick(scene, { x: (at.x - x) / k, y: (at.y - y) / k }, TOLERANCE / k);
  };
  const select = (picked: Selection | undefined) => {
    if (picked?.kind === 'node') {
      setCurrent(picked.id);
    }
    onSelect(picked?.kind === 'node' && picked.id === selectedNode ? undefined : picked);
  };
  const gestures = useGestures({
    element: root,
    camera,
    pickAt,
    positionOf: (id) => placement.positions.get(id),
    onClick: select,
    onDrag,
    onDrop,
    onHover,
  });

  // A node that just became the current one may not have had a button before.
  const wantsFocus = useRef(false);
  useEffect(() => {
    if (wantsFocus.current && current !== undefined) {
      wantsFocus.current = false;
      const button = overlay.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(current)}"]`);
      button?.focus({ preventScroll: true });
    }
  }, [current, buttons]);
  const goTo = (id: string | undefined) => {
    const at = id === undefined ? undefined : placement.positions.get(id);
    if (id === undefined || at === undefined) {
      return;
    }
    wantsFocus.current = true;
    setCurrent(id);
    camera.reveal(at, width, height, 60);
    if (selectedNode !== undefined) {
      onSelect({ kind: 'node', id });
    }
  };

  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const id = event.target instanceof Element ? (event.target.getAttribute('data-id') ?? undefined) : undefined;
    const actions: Record<string, () => void> = {
      '+': () => camera.zoom(ZOOM_STEP),
      '=': () => camera.zoom(ZOOM_STEP),
      '-': () => camera.zoom(1 / ZOOM_STEP),
      '0': () => camera.reset(),
    };
    if (id !== undefined) {
      const menu = () => {
        const box = (event.target as Element).getBoundingClientRect();
        onMenu({ kind: 'node', id }, { x: box.left + box.width / 2, y: box.top + box.height / 2 });
      };
      actions.Enter = actions[' '] = () => select({ kind: 'node', id });
      actions.ContextMenu = menu;
      if (event.shiftKey) {
        actions.F10 = menu;
      }
      const drawn = model.nodes.filter((node) => !scene.hidden.has(node.id));
      actions.Home = () => goTo(drawn[0]?.id);
      actions.End = () => goTo(drawn[drawn.length - 1]?.id);
      for (const arrow of Object.keys(ARROWS) as Arrow[]) {
        actions[arrow] = () => goTo(nextNode(id, arrow, graph, placement.positions, scene.hidden));
      }
    }
    if (gestures.isDragging()) {
      actions.Escape = gestures.giveUpDrag;
    } else if (scene.lit !== undefined || selection !== undefined) {
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

  return (
    <div
      ref={root}
      className={styles.wrapper}
      style={{ width, height }}
      role="application"
      aria-roledescription={t('canvas.role', 'dependency graph')}
      aria-label={t(
        'canvas.label',
        'Dependency graph with {{nodes}} and {{edges}}. Arrow keys move between neighbours, Enter shows details, Escape clears. The table has the same content.',
        { nodes: nodesText(model.nodes.length), edges: edgesText(model.edges.length) }
      )}
      {...gestures.handlers}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => {
        event.preventDefault();
        // The keyboard's own event comes without a place; onKeyDown has answered it.
        if (event.button === 2) {
          onMenu(pickAt(gestures.inside(event)), { x: event.clientX, y: event.clientY });
        }
      }}
    >
      <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
      {animate && (
        <canvas ref={trafficCanvas} className={styles.traffic} style={{ width, height }} aria-hidden="true" />
      )}
      <div ref={overlay} className={styles.overlay}>
        <NodeButtons
          nodes={buttons}
          positions={placement.positions}
          nameOf={nameOf}
          tabStop={tabStop}
          selected={selectedNode}
        />
      </div>
      {minimap && <Minimap scene={scene} camera={camera} width={width} height={height} />}
      <div className={cx(styles.hint, gestures.wheelHint && styles.hintShown)} aria-hidden="true">
        {t('canvas.wheel-hint', 'Ctrl or ⌘ + scroll zooms')}
      </div>
    </div>
  );
}

/** Keeps the canvas, and the buttons over it, at what the camera shows. */
function useScreen(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  overlayRef: React.RefObject<HTMLDivElement | null>,
  scene: Scene,
  camera: CameraStore,
  width: number,
  height: number
): void {
  const screen = useRef<Screen | undefined>(undefined);
  const fontFamily = scene.theme.typography.fontFamily;
  useLayoutEffect(() => {
    if (canvas.current === null) {
      return undefined;
    }
    const made = new Screen(canvas.current, fontFamily);
    screen.current = made;
    return () => {
      made.destroy();
      screen.current = undefined;
    };
  }, [canvas, fontFamily]);
  useLayoutEffect(() => {
    const update = () => {
      const { x, y, k } = camera.camera;
      screen.current?.setCamera(camera.camera);
      if (overlayRef.current !== null) {
        overlayRef.current.style.transform = `translate(${x}px, ${y}px) scale(${k})`;
      }
    };
    update();
    return camera.subscribe(update);
  }, [camera, overlayRef, fontFamily]);
  useLayoutEffect(() => screen.current?.setSize(width, height), [width, height, fontFamily]);
  useLayoutEffect(() => screen.current?.setScene(scene), [scene, fontFamily]);
  // Text measured before a web font came is drawn again with it.
  useEffect(() => {
    let current = true;
    document.fonts?.ready.then(() => current && screen.current?.refresh()).catch(() => undefined);
    return () => {
      current = false;
    };
  }, []);
}

function useTraffic(
  animate: boolean,
  scene: Scene,
  camera: CameraStore,
  width: number,
  height: number
): React.RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!animate || canvas.current === null) {
      return undefined;
    }
    const traffic = new Traffic(canvas.current, camera);
    traffic.setScene(scene, width, height);
    return () => traffic.stop();
  }, [animate, scene, camera, width, height]);
  return canvas;
}

const getStyles = (theme: GrafanaTheme2) => ({
  wrapper: css({
    position: 'relative',
    overflow: 'hidden',
    cursor: 'grab',
    userSelect: 'none',
    // Vertical swipes scroll the dashboard; everything else is ours.
    touchAction: 'pan-y',
    '&:active': { cursor: 'grabbing' },
  }),
  canvas: css({
    position: 'absolute',
    left: 0,
    top: 0,
    transformOrigin: '0 0',
    pointerEvents: 'none',
    // Moved at every frame: a layer of its own is moved without being painted.
    willChange: 'transform',
  }),
  traffic: css({ position: 'absolute', left: 0, top: 0, pointerEvents: 'none' }),
  overlay: css({
    position: 'absolute',
    left: 0,
    top: 0,
    width: 0,
    height: 0,
    transformOrigin: '0 0',
    willChange: 'transform',
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
