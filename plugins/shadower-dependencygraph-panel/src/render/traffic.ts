import type { Point } from '../types';
import type { CameraStore } from './cameraStore';
import { isDrawn, type Scene } from './scene';

/** Beyond so many moving edges dots tell nothing and cost a core. */
export const MAX_MOVING = 150;
/** Pixels per second for the least and the busiest edge. */
const SPEED = { least: 18, most: 90 };
/** Distance of dots in pixels. */
const SPACING = 64;
/** Milliseconds between frames: smooth enough for dots, at half of a screen's cost. */
const STEP = 33;

interface Track {
  line: Point[];
  length: number;
  speed: number;
  color: string;
}

/** Dots that run along edges in the direction of calls, faster with a higher rate, on a canvas of their own. */
export class Traffic {
  private tracks: Track[] = [];
  private frame: number | undefined;
  private last = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly camera: CameraStore
  ) {}

  /** Takes over what moves in a scene; nothing does when too much would. */
  setScene(scene: Scene, width: number, height: number): void {
    const busiest = scene.model.edges.reduce((most, edge) => Math.max(most, edge.metrics.rate?.value ?? 0), 0);
    this.tracks = scene.model.edges.flatMap((edge) => {
      const line = scene.placement.geometry.get(edge.id)?.line;
      const rate = edge.metrics.rate?.value ?? 0;
      const dim = scene.lit !== undefined && !scene.lit.edges.has(edge.id);
      if (line === undefined || rate <= 0 || dim || !isDrawn(scene, edge)) {
        return [];
      }
      const length = line.slice(1).reduce((sum, p, i) => sum + Math.hypot(p.x - line[i].x, p.y - line[i].y), 0);
      const share = Math.log1p(rate) / Math.log1p(busiest);
      const color = scene.theme.colors.text.primary;
      return [{ line, length, speed: SPEED.least + (SPEED.most - SPEED.least) * share, color }];
    });
    if (this.tracks.length > MAX_MOVING) {
      this.tracks = [];
    }
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.stop();
    if (this.tracks.length > 0) {
      this.frame = requestAnimationFrame(this.draw);
    }
  }

  stop(): void {
    if (this.frame !== undefined) {
      cancelAnimationFrame(this.frame);
      this.frame = undefined;
    }
    this.canvas.getContext('2d')?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  private readonly draw = (now: number): void => {
    // The browser calls this only while the tab is looked at.
    this.frame = requestAnimationFrame(this.draw);
    const context = this.canvas.getContext('2d');
    if (context === null || now - this.last < STEP) {
      return;
    }
    this.last = now;
    const ratio = window.devicePixelRatio || 1;
    const { x, y, k } = this.camera.camera;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const { line, length, speed, color } of this.tracks) {
      context.fillStyle = color;
      const spacing = SPACING / k;
      for (let at = (((now / 1000) * speed) / k) % spacing; at < length; at += spacing) {
        const p = pointAt(line, at);
        context.beginPath();
        context.arc(p.x * k + x, p.y * k + y, 1.8, 0, 2 * Math.PI);
        context.fill();
      }
    }
  };
}

function pointAt(line: Point[], distance: number): Point {
  let left = distance;
  for (let i = 0; i + 1 < line.length; i++) {
    const length = Math.hypot(line[i + 1].x - line[i].x, line[i + 1].y - line[i].y);
    if (left <= length && length > 0) {
      const t = left / length;
      return { x: line[i].x + (line[i + 1].x - line[i].x) * t, y: line[i].y + (line[i + 1].y - line[i].y) * t };
    }
    left -= length;
  }
  return line[line.length - 1];
}
