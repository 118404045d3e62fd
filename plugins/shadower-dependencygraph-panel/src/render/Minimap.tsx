import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { useEffect, useRef } from 'react';
import type { CameraStore } from './cameraStore';
import { statusColor } from './colors';
import type { Scene } from './scene';

const SIZE = { width: 140, height: 96 };
const DOT = 2;

interface Props {
  scene: Scene;
  camera: CameraStore;
  width: number;
  height: number;
}

/** The whole graph small, with the part in view framed; a press or drag moves the view there. Shown while it is a part. */
export function Minimap({ scene, camera, width, height }: Props) {
  const styles = useStyles2(getStyles);
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { bounds } = scene.placement;
  const scale = Math.min(SIZE.width / bounds.width, SIZE.height / bounds.height);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context === null || context === undefined) {
      return;
    }
    context.clearRect(0, 0, SIZE.width, SIZE.height);
    for (const node of scene.model.nodes) {
      const at = scene.placement.positions.get(node.id);
      if (at !== undefined && !scene.hidden.has(node.id)) {
        context.fillStyle =
          node.status === undefined ? scene.theme.colors.text.secondary : statusColor(node.status, scene.theme);
        context.globalAlpha = scene.lit === undefined || scene.lit.nodes.has(node.id) ? 1 : 0.25;
        context.fillRect((at.x - bounds.x) * scale - DOT / 2, (at.y - bounds.y) * scale - DOT / 2, DOT, DOT);
      }
    }
  }, [scene, bounds, scale]);

  useEffect(() => {
    const update = () => {
      const { x, y, k } = camera.camera;
      const all =
        bounds.x * k + x >= -1 &&
        bounds.y * k + y >= -1 &&
        (bounds.x + bounds.width) * k + x <= width + 1 &&
        (bounds.y + bounds.height) * k + y <= height + 1;
      if (root.current !== null && frame.current !== null) {
        root.current.style.display = all ? 'none' : 'block';
        frame.current.style.left = `${(-x / k - bounds.x) * scale}px`;
        frame.current.style.top = `${(-y / k - bounds.y) * scale}px`;
        frame.current.style.width = `${(width / k) * scale}px`;
        frame.current.style.height = `${(height / k) * scale}px`;
      }
    };
    update();
    return camera.subscribe(update);
  }, [camera, bounds, scale, width, height]);

  const go = (event: React.PointerEvent<HTMLDivElement>) => {
    event.stopPropagation();
    if (event.buttons !== 1) {
      return;
    }
    const box = event.currentTarget.getBoundingClientRect();
    const at = {
      x: bounds.x + (event.clientX - box.left) / scale,
      y: bounds.y + (event.clientY - box.top) / scale,
    };
    camera.move(({ k }) => ({ k, x: width / 2 - at.x * k, y: height / 2 - at.y * k }));
  };
  return (
    <div
      ref={root}
      className={styles.map}
      // A pointer's shortcut: arrow keys walk through the graph, and bring what they reach into view.
      aria-hidden="true"
      data-minimap=""
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture?.(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
      onClick={(event) => event.stopPropagation()}
    >
      <canvas ref={canvas} width={SIZE.width} height={SIZE.height} />
      <div ref={frame} className={styles.frame} />
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  map: css({
    position: 'absolute',
    left: theme.spacing(1),
    bottom: theme.spacing(4),
    width: SIZE.width,
    height: SIZE.height,
    overflow: 'hidden',
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.primary,
    opacity: 0.92,
    cursor: 'move',
    touchAction: 'none',
  }),
  frame: css({
    position: 'absolute',
    border: `1.5px solid ${theme.colors.primary.border}`,
    background: theme.colors.primary.transparent,
    pointerEvents: 'none',
  }),
});
