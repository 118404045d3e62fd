import { type Camera, fit, reveal, zoomAt } from './camera';
import type { Rect } from './geometry';
import type { Point } from '../types';

/** Milliseconds without a move after which the view counts as at rest. */
const REST = 160;

/** What the camera looks at, and through which window. */
export interface Frame {
  /** Another key is another drawing, and starts fitted. */
  key: string;
  bounds: Rect;
  width: number;
  height: number;
  padding: number;
}

/**
 * Holds the view outside of React: panning moves a picture sixty times a second, and must not render components. Until the
 * user moves the view it follows the panel's size; a new drawing starts fitted.
 */
export class CameraStore {
  private readonly listeners = new Set<() => void>();
  private frame: Frame = { key: '', bounds: { x: 0, y: 0, width: 1, height: 1 }, width: 1, height: 1, padding: 0 };
  private fitted: Camera = { x: 0, y: 0, k: 1 };
  private moved: Camera | undefined;
  private rested = 1;
  private resting: ReturnType<typeof setTimeout> | undefined;

  /** The zoom when the view was last at rest: what costs much follows this one. */
  get restedZoom(): number {
    return this.rested;
  }

  get camera(): Camera {
    return this.moved ?? this.fitted;
  }

  /** Whether the view is the one that shows everything. */
  get isFitted(): boolean {
    return this.moved === undefined;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  setFrame(frame: Frame): void {
    if (frame.key !== this.frame.key) {
      this.moved = undefined;
    }
    this.frame = frame;
    this.fitted = fit(frame.bounds, frame.width, frame.height, frame.padding);
    this.rest();
  }

  move(change: (camera: Camera) => Camera): void {
    const before = this.camera;
    const after = change(before);
    if (after !== before) {
      this.moved = after;
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.rest(), REST);
      this.tell();
    }
  }

  /** Keeps the view where it is, whatever the drawing's bounds become. */
  freeze(): void {
    this.moved ??= { ...this.fitted };
  }

  /** Zooms around a point of the window, its middle without one. */
  zoom(factor: number, anchor: Point = { x: this.frame.width / 2, y: this.frame.height / 2 }): void {
    this.move((camera) => zoomAt(camera, factor, anchor));
  }

  /** Brings a point of the drawing into a part of the window. */
  reveal(at: Point, width: number, height: number, margin: number): void {
    this.move((camera) => reveal(camera, at, width, height, margin));
  }

  /** Fits a part of the drawing into the window. */
  show(part: Rect): void {
    this.move(() => fit(part, this.frame.width, this.frame.height, this.frame.padding + 24));
  }

  /** Shows everything again. */
  reset(): void {
    this.moved = undefined;
    this.rest();
  }

  private rest(): void {
    clearTimeout(this.resting);
    this.rested = this.camera.k;
    this.tell();
  }

  private tell(): void {
    this.listeners.forEach((listener) => listener());
  }
}
