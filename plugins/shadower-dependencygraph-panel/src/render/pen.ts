/** How a path is drawn. Colours are CSS colours; widths and dashes are in the pen's current units. */
export interface Stroke {
  fill?: string;
  stroke?: string;
  width?: number;
  dash?: readonly number[];
  round?: boolean;
}

export interface TextStyle {
  fill: string;
  size: number;
  weight?: number;
  /** Drawn around the letters, so that lines below stay out of the text. */
  halo?: string;
  align?: 'left' | 'center';
}

/** What a picture is drawn with: a canvas on screen, SVG for export. The picture itself is in `paint.ts`. */
export interface Pen {
  /** Draws within a moved, scaled and faded part of the picture. `name` groups it in SVG. */
  at: (where: { x?: number; y?: number; scale?: number; alpha?: number; name?: string }, draw: () => void) => void;
  /** An SVG path. */
  path: (d: string, style: Stroke) => void;
  /** Many lines in one style. */
  lines: (lines: ReadonlyArray<ReadonlyArray<{ x: number; y: number }>>, style: Stroke) => void;
  /** `y` is the baseline. */
  text: (text: string, x: number, y: number, style: TextStyle) => void;
}
