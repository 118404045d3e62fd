import type { Camera } from './camera';
import { canvasPen } from './canvasPen';
import { paint } from './paint';
import type { Scene } from './scene';

/** Around the window, as a share of its size, so much is painted too: what a pan brings in is there already. */
const MARGIN = 0.35;
/** A picture that takes at most so many milliseconds is painted at every move of the view. */
const QUICK = 9;
/** A slower one is moved and scaled as it is, and painted anew after so many milliseconds of rest. */
const REST = 140;
/** While the view moves, a picture that leaves the window uncovered is painted anew, as a draft, at most every so many milliseconds. */
const COVER = 250;

/**
 * Paints a scene on a canvas. Small scenes are painted anew for every frame. A large one is painted with a margin around the
 * window, and while the view moves the browser's compositor moves that picture; it is painted sharp when the view rests.
 */
export class Screen {
  private scene: Scene | undefined;
  private camera: Camera = { x: 0, y: 0, k: 1 };
  private painted: Camera | undefined;
  private width = 1;
  private height = 1;
  private cost = 0;
  private paintedAt = 0;
  private frame: number | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly fontFamily: string
  ) {}

  setScene(scene: Scene): void {
    this.scene = scene;
    this.refresh();
  }

  /** Paints the same anew, for what a scene does not know of. */
  refresh(): void {
    this.painted = undefined;
    this.schedule();
  }

  setSize(width: number, height: number): void {
    if (width !== this.width || height !== this.height) {
      this.width = width;
      this.height = height;
      this.painted = undefined;
      this.schedule();
    }
  }

  setCamera(camera: Camera): void {
    this.camera = camera;
    this.schedule();
  }

  /** Stops; the canvas is left as it is. */
  destroy(): void {
    if (this.frame !== undefined) {
      cancelAnimationFrame(this.frame);
    }
    clearTimeout(this.rest);
    this.scene = undefined;
  }

  private schedule(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.update();
    });
  }

  private update(): void {
    if (this.painted === undefined || this.cost <= QUICK) {
      this.repaint();
      return;
    }
    this.shift();
    clearTimeout(this.rest);
    if (!this.covers() && performance.now() - this.paintedAt > COVER) {
      this.repaint(true);
    }
    this.rest = setTimeout(() => this.repaint(), REST);
  }

  private get margin(): { x: number; y: number } {
    return { x: Math.round(this.width * MARGIN), y: Math.round(this.height * MARGIN) };
  }

  /** Where the painted picture has to be for the view: a change of style that the compositor makes alone. */
  private shift(): void {
    const { x, y } = this.margin;
    const from = this.painted ?? this.camera;
    const scale = this.camera.k / from.k;
    const dx = this.camera.x - from.x * scale - x * scale;
    const dy = this.camera.y - from.y * scale - y * scale;
    this.canvas.style.transform = `translate(${dx}px, ${dy}px) scale(${scale})`;
  }

  private covers(): boolean {
    const from = this.painted ?? this.camera;
    const { x, y } = this.margin;
    const scale = this.camera.k / from.k;
    const left = this.camera.x - from.x * scale - x * scale;
    const top = this.camera.y - from.y * scale - y * scale;
    return (
      left <= 0 &&
      top <= 0 &&
      left + (this.width + 2 * x) * scale >= this.width &&
      top + (this.height + 2 * y) * scale >= this.height
    );
  }

  /** A draft is quicker, and made only while the view moves. */
  private repaint(draft = false): void {
    clearTimeout(this.rest);
    const { scene, camera } = this;
    const context = scene === undefined ? null : this.canvas.getContext('2d');
    if (scene === undefined || context === null) {
      return;
    }
    const start = performance.now();
    const ratio = window.devicePixelRatio || 1;
    const { x, y } = this.margin;
    const [width, height] = [this.width + 2 * x, this.height + 2 * y];
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== pixels[0] || this.canvas.height !== pixels[1]) {
      [this.canvas.width, this.canvas.height] = pixels;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const k = camera.k * ratio;
    context.setTransform(k, 0, 0, k, (camera.x + x) * ratio, (camera.y + y) * ratio);
    paint(canvasPen(context, this.fontFamily), scene, {
      k: camera.k,
      draft,
      clip: {
        x: -(camera.x + x) / camera.k,
        y: -(camera.y + y) / camera.k,
        width: width / camera.k,
        height: height / camera.k,
      },
    });
    this.painted = camera;
    this.shift();
    this.paintedAt = performance.now();
    if (draft) {
      return;
    }
    // Smoothed: one slow frame on a busy machine says little.
    this.cost = this.cost === 0 ? this.paintedAt - start : 0.6 * this.cost + 0.4 * (this.paintedAt - start);
    this.canvas.dataset.paints = String(Number(this.canvas.dataset.paints ?? 0) + 1);
  }
}
