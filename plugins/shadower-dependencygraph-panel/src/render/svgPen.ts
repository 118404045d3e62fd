import type { Pen, Stroke } from './pen';

/** Writes SVG. `finish` gives the whole document. */
export function svgPen(
  fontFamily: string
): Pen & { finish: (width: number, height: number, background: string, title: string) => string } {
  const parts: string[] = [];
  const stroke = ({ stroke: color, width = 1, dash, round }: Stroke) =>
    color === undefined
      ? ''
      : ` stroke="${escape(color)}" stroke-width="${fixed(width)}" stroke-linejoin="round"` +
        (round === true ? ' stroke-linecap="round"' : '') +
        (dash === undefined ? '' : ` stroke-dasharray="${dash.map(fixed).join(' ')}"`);
  return {
    at({ x = 0, y = 0, scale = 1, alpha, name }, draw) {
      const moves = [
        x === 0 && y === 0 ? '' : `translate(${fixed(x)} ${fixed(y)})`,
        scale === 1 ? '' : `scale(${fixed(scale)})`,
      ].filter((move) => move !== '');
      parts.push(
        `<g${name === undefined ? '' : ` data-name="${escape(name)}"`}` +
          (moves.length === 0 ? '' : ` transform="${moves.join(' ')}"`) +
          (alpha === undefined ? '>' : ` opacity="${fixed(alpha)}">`)
      );
      draw();
      parts.push('</g>');
    },
    path(d, style) {
      parts.push(`<path d="${d}" fill="${style.fill === undefined ? 'none' : escape(style.fill)}"${stroke(style)}/>`);
    },
    lines(lines, style) {
      const d = lines.map((line) => `M${line.map((p) => `${fixed(p.x)},${fixed(p.y)}`).join('L')}`).join('');
      parts.push(`<path d="${d}" fill="none"${stroke(style)}/>`);
    },
    text(text, x, y, { fill, size, weight = 400, halo, align = 'center' }) {
      parts.push(
        `<text x="${fixed(x)}" y="${fixed(y)}" font-size="${fixed(size)}" font-weight="${weight}" fill="${escape(fill)}"` +
          (align === 'center' ? ' text-anchor="middle"' : '') +
          (halo === undefined
            ? '>'
            : ` stroke="${escape(halo)}" stroke-width="4" stroke-linejoin="round" paint-order="stroke">`) +
          `${escape(text)}</text>`
      );
    },
    finish: (width, height, background, title) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="${fixed(width)}" height="${fixed(height)}" viewBox="0 0 ${fixed(width)} ${fixed(height)}" font-family="${escape(fontFamily)}">` +
      `<title>${escape(title)}</title><rect width="100%" height="100%" fill="${escape(background)}"/>${parts.join('')}</svg>`,
  };
}

function fixed(n: number): number {
  return Math.round(n * 1000) / 1000;
}

/** Text from data, for use inside elements and attributes. Control characters, which XML does not allow, are left out. */
function escape(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
    .replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);
}
