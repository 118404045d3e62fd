import { NODE_RADIUS } from './layout/layoutInput';
import { canvasPen } from './render/canvasPen';
import { paint } from './render/paint';
import type { Scene } from './render/scene';
import { svgPen } from './render/svgPen';

/** Around the drawing, in layout units. */
const MARGIN = NODE_RADIUS;
/** Pixels per layout unit, and the longest side a browser's canvas surely holds. */
const SCALE = 2;
const LONGEST = 8192;

/** The whole drawing as an SVG document: what is on screen, with text as text. */
export function toSvg(scene: Scene, title: string): string {
  const { bounds } = scene.placement;
  const pen = svgPen(scene.theme.typography.fontFamily);
  pen.at({ x: MARGIN - bounds.x, y: MARGIN - bounds.y }, () => paint(pen, scene, { k: 1 }));
  return pen.finish(
    bounds.width + 2 * MARGIN,
    bounds.height + 2 * MARGIN,
    scene.theme.colors.background.primary,
    title
  );
}

/** The whole drawing as a PNG, at twice its size or as large as a canvas may be. */
export function toPng(scene: Scene): Promise<Blob> {
  const { bounds } = scene.placement;
  const [width, height] = [bounds.width + 2 * MARGIN, bounds.height + 2 * MARGIN];
  const k = Math.min(SCALE, LONGEST / width, LONGEST / height);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * k);
  canvas.height = Math.round(height * k);
  const context = canvas.getContext('2d');
  if (context === null) {
    return Promise.reject(new Error('This browser gives no canvas to draw the PNG on. Export SVG instead.'));
  }
  context.fillStyle = scene.theme.colors.background.primary;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(k, 0, 0, k, (MARGIN - bounds.x) * k, (MARGIN - bounds.y) * k);
  paint(canvasPen(context, scene.theme.typography.fontFamily), scene, { k });
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => {
      if (blob === null) {
        reject(new Error('The browser could not make a PNG of this size. Export SVG instead.'));
      } else {
        resolve(blob);
      }
    }, 'image/png')
  );
}

/** Hands a file to the user. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the address by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
