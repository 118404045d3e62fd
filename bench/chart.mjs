// @ts-check
/** Line charts as SVG: panels side by side over one logarithmic x axis, readable on a light and on a dark page. */

const [WIDTH, HEIGHT] = [420, 240];
const PAD = { left: 56, right: 16, top: 40, bottom: 44 };
/** Three to one or better on white and on near-black. */
const COLORS = ['#2f7fd6', '#c2702a'];
const INK = '#7a828c';

const escape = (/** @type {string} */ s) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const short = (/** @type {number} */ n) => (n >= 1e6 ? `${n / 1e6} M` : n >= 1e3 ? `${n / 1e3} k` : String(n));
/** A round number at or above `n`: 1, 2, 2.5 or 5 times a power of ten. */
function ceiling(/** @type {number} */ n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return ([1, 2, 2.5, 5, 10].find((f) => f * power >= n) ?? 10) * power;
}

/**
 * @param {{title: string, x: {label: string, values: number[]}, panels: {title: string, lines: {name: string, values: number[]}[]}[]}} o
 */
export function panels(o) {
  const width = WIDTH * o.panels.length;
  const logs = o.x.values.map((v) => Math.log10(v));
  const [first, last] = [Math.min(...logs), Math.max(...logs)];
  const inner = { w: WIDTH - PAD.left - PAD.right, h: HEIGHT - PAD.top - PAD.bottom };
  const xOf = (/** @type {number} */ l) => PAD.left + (last === first ? 0.5 : (l - first) / (last - first)) * inner.w;
  const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ s, extra = '') =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${extra}>${escape(s)}</text>`;
  const drawn = o.panels.map((p, i) => {
    const top = ceiling(Math.max(...p.lines.flatMap((l) => l.values)));
    const yOf = (/** @type {number} */ v) => PAD.top + (1 - v / top) * inner.h;
    const parts = [text(PAD.left, 16, p.title, ' font-weight="600"')];
    for (let k = 0; k <= 4; k++) {
      const v = (top * k) / 4;
      parts.push(
        `<line x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${yOf(v).toFixed(1)}" y2="${yOf(v).toFixed(1)}" stroke="${INK}" stroke-opacity="${k === 0 ? 0.8 : 0.25}"/>`,
        text(PAD.left - 6, yOf(v) + 4, short(v), ' text-anchor="end"'),
      );
    }
    o.x.values.forEach((v, n) =>
      parts.push(text(xOf(logs[n]), HEIGHT - PAD.bottom + 16, short(v), ' text-anchor="middle"')),
    );
    parts.push(text(PAD.left + inner.w / 2, HEIGHT - 10, o.x.label, ' text-anchor="middle"'));
    p.lines.forEach((l, k) => {
      const color = COLORS[k % COLORS.length];
      // Told apart by dashes as well as by colour.
      const dash = k === 0 ? '' : ' stroke-dasharray="6 3"';
      const at = l.values.map((v, n) => `${xOf(logs[n]).toFixed(1)},${yOf(v).toFixed(1)}`);
      parts.push(`<polyline points="${at.join(' ')}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`);
      for (const point of at)
        parts.push(`<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3" fill="${color}"/>`);
      if (p.lines.length > 1) {
        const x = PAD.left + k * 130;
        parts.push(
          `<line x1="${x}" x2="${x + 18}" y1="28" y2="28" stroke="${color}" stroke-width="2"${dash}/>`,
          text(x + 23, 32, l.name),
        );
      }
    });
    return `<g transform="translate(${i * WIDTH},0)">\n${parts.join('\n')}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}" role="img">
<title>${escape(o.title)}</title>
${drawn.join('\n')}
</svg>
`;
}
