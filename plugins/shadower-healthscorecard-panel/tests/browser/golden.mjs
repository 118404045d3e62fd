/**
 * Golden pictures: what the panel looked like when somebody last looked at it and found it good. Written with
 * `UPDATE_GOLDEN=1`. Fonts differ from machine to machine, and with them every line of text: pictures are compared only
 * where the text of a probe is as wide as where they were made; elsewhere that is said, and nothing is compared.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'golden');
const FONTS = path.join(FOLDER, 'fonts.json');
/** Difference of a colour channel (0–255) that an eye does not see, and share of the pixels that may differ more. */
const CHANNEL = 24;
const SHARE = 0.002;

export class Golden {
  static async open(page, out) {
    const fonts = await page.evaluate(probeFonts);
    const update = process.env.UPDATE_GOLDEN === '1';
    fs.mkdirSync(out, { recursive: true });
    if (update) {
      fs.mkdirSync(FOLDER, { recursive: true });
      fs.writeFileSync(FONTS, `${JSON.stringify(fonts)}\n`);
    }
    const made = fs.existsSync(FONTS) ? fs.readFileSync(FONTS, 'utf8').trim() : null;
    const same = made === JSON.stringify(fonts);
    const why = same ? null : `made with other fonts (${made}) than this machine has (${JSON.stringify(fonts)})`;
    return new Golden(page, out, update, why);
  }

  constructor(page, out, update, why) {
    Object.assign(this, { page, out, update, why });
  }

  /** Throws where the picture (PNG) differs from the golden one; both and their difference are then in `out`. */
  async compare(name, png) {
    const file = path.join(FOLDER, `${name}.png`);
    if (this.why) {
      return;
    }
    if (this.update) {
      fs.writeFileSync(file, png);
      return;
    }
    if (!fs.existsSync(file)) {
      throw new Error(`no golden picture ${name}.png; look at test-results/ and write it with UPDATE_GOLDEN=1`);
    }
    const wanted = fs.readFileSync(file);
    const { size, share, difference } = await this.page.evaluate(comparePictures, {
      a: wanted.toString('base64'),
      b: png.toString('base64'),
      channel: CHANNEL,
    });
    if (size || share > SHARE) {
      fs.writeFileSync(path.join(this.out, `${name}-wanted.png`), wanted);
      fs.writeFileSync(path.join(this.out, `${name}-got.png`), png);
      if (difference) {
        fs.writeFileSync(path.join(this.out, `${name}-difference.png`), Buffer.from(difference, 'base64'));
      }
      throw new Error(
        `${name} looks different: ${size ?? `${(share * 100).toFixed(2)} % of the pixels`}; see test-results/golden`
      );
    }
  }
}

/** In the page: widths of a text in the fonts that the panel uses, in tenths of a pixel. */
function probeFonts() {
  const context = document.createElement('canvas').getContext('2d');
  return [
    '400 14px "Inter", "Helvetica", "Arial", sans-serif',
    '500 24px "Inter", "Helvetica", "Arial", sans-serif',
  ].map((font) => {
    context.font = font;
    return Math.round(context.measureText('Health 0123456789 ▼≈≤ payments-api').width * 10);
  });
}

/** In the page: the share of pixels that differ, and a picture of where. */
async function comparePictures({ a, b, channel }) {
  const read = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return { canvas, context, image: context.getImageData(0, 0, bitmap.width, bitmap.height) };
  };
  const [x, y] = [await read(a), await read(b)];
  if (x.image.width !== y.image.width || x.image.height !== y.image.height) {
    const size = ({ width, height }) => `${width}×${height}`;
    return { size: `${size(y.image)} instead of ${size(x.image)}`, share: 1 };
  }
  let differing = 0;
  for (let i = 0; i < x.image.data.length; i += 4) {
    const apart = [0, 1, 2].some((c) => Math.abs(x.image.data[i + c] - y.image.data[i + c]) > channel);
    differing += apart ? 1 : 0;
    y.image.data.set(apart ? [255, 0, 255, 255] : [...y.image.data.slice(i, i + 3), 80], i);
  }
  y.context.putImageData(y.image, 0, 0);
  return {
    size: null,
    share: (differing * 4) / x.image.data.length,
    difference: y.canvas.toDataURL('image/png').split(',')[1],
  };
}
