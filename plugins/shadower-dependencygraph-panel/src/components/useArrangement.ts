import { useMemo, useState } from 'react';
import type { GraphModel } from '../data/model';
import { layoutInput } from '../layout/layoutInput';
import type { LayoutResult } from '../layout/types';
import { type LayoutState, useLayout } from '../layout/useLayout';
import { parseViewport, viewportOf } from '../layout/viewport';
import type { Rect } from '../render/geometry';
import { moveNode, place, type Placement } from '../render/placement';
import type { GraphOptions, Pins, Point } from '../types';

const EMPTY_LAYOUT: LayoutResult = { positions: {}, routes: {}, width: 0, height: 0 };
const NO_PINS: Pins = { at: {} };

interface Arrangement {
  layout: LayoutState;
  placement: Placement;
  /** What to fit into the panel: during a drag what was there before, so that nothing zooms under the pointer. */
  bounds: Rect;
  pins: Pins;
  /** The class of panel shapes that the drawing is made for. */
  viewport: string;
}

/** Where everything is: the layout for the panel's class of shapes, what the user pinned, and what is being dragged. */
export function useArrangement(
  model: GraphModel,
  options: GraphOptions,
  width: number,
  height: number,
  drag: { id: string; to: Point } | undefined
): Arrangement {
  const [viewportName, setViewportName] = useState<string>();
  const fresh = viewportOf(width, height, viewportName).name;
  if (fresh !== viewportName) {
    setViewportName(fresh);
  }
  const pins = options.pinned[options.layout] ?? NO_PINS;
  // What was pinned fits one arrangement: it is kept, whatever the panel's size, until all is unpinned.
  const pinnedIn = Object.keys(pins.at).length > 0 ? parseViewport(pins.in)?.name : undefined;
  const viewport = pinnedIn ?? fresh;
  const input = useMemo(
    () => layoutInput(model, options.layout, options.direction, parseViewport(viewport) ?? viewportOf(1, 1)),
    [model, options.layout, options.direction, viewport]
  );
  const layout = useLayout(input);
  const rested = useMemo(() => place(model, layout.result ?? EMPTY_LAYOUT, pins.at), [model, layout.result, pins.at]);
  const placement = useMemo(
    () => (drag === undefined ? rested : moveNode(rested, model.edges, drag.id, drag.to)),
    [rested, model.edges, drag]
  );
  return { layout, placement, bounds: rested.bounds, pins, viewport };
}
