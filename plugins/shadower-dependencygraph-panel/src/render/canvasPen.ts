import type { Pen } from './pen';

const MAX_PATHS = 20_000;

/** Parsed paths, by their text: parsing costs more than drawing. */
const parsed = new Map<string, Path2D>();

function pathOf(d: string): Path2D {
  let path = parsed.get(d);
  if (path === undefined) {
    if (parsed.size >= MAX_PATHS) {
      parsed.clear();
    }
    path = new Path2D(d);
    parsed.set(d, path);
  }
  return path;
}

const SOLID: number[] = [];

/** Draws on a canvas. */
export function canvasPen(context: CanvasRenderingContext2D, fontFamily: string): Pen {
  const set = (style: { stroke?: string; width?: number; dash?: readonly number[]; round?: boolean }) => {
    context.strokeStyle = style.stroke ?? '';
    context.lineWidth = style.width ?? 1;
    context.setLineDash(style.dash === undefined ? SOLID : [...style.dash]);
    context.lineCap = style.round === true ? 'round' : 'butt';
    context.lineJoin = 'round';
  };
  return {
    at({ x = 0, y = 0, scale = 1, alpha }, draw) {
      context.save();
      context.translate(x, y);
      context.scale(scale, scale);
      if (alpha !== undefined) {
        context.globalAlpha *= alpha;
      }
      draw();
      context.restore();
    },
    path(d, style) {
      const path = pathOf(d);
      if (style.fill !== undefined) {
        context.fillStyle = style.fill;
        context.fill(path);
      }
      if (style.stroke !== undefined) {
        set(style);
        context.stroke(path);
      }
    },
    lines(lines, style) {
      set(style);
      context.beginPath();
      for (const line of lines) {
        context.moveTo(line[0].x, line[0].y);
        for (let i = 1; i < line.length; i++) {
          context.lineTo(line[i].x, line[i].y);
        }
      }
      context.stroke();
    },
    text(text, x, y, { fill, size, weight = 400, halo, align = 'center' }) {
      context.font = `${weight} ${size}px ${fontFamily}`;
      context.textAlign = align;
      context.textBaseline = 'alphabetic';
      if (halo !== undefined) {
        set({ stroke: halo, width: 4 });
        context.strokeText(text, x, y);
      }
      context.fillStyle = fill;
      context.fillText(text, x, y);
    },
  };
}
