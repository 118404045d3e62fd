import { useTheme2 } from '@grafana/ui';
import { useMemo, useSyncExternalStore } from 'react';
import type { Lit } from '../analysis/graphs';
import type { GraphModel } from '../data/model';
import type { CameraStore } from '../render/cameraStore';
import { visibleLabels, visibleTitles } from '../render/labels';
import { TITLE_SIZE } from '../render/paint';
import type { Placement } from '../render/placement';
import { type Scene, styleEdges } from '../render/scene';
import type { Selection } from '../selection';
import type { GraphOptions } from '../types';

/** Size of titles on screen, in pixels, below which they do not shrink however far one zooms out. */
const MIN_TITLE = 11;
/** Below this zoom only alarming edges are labelled. */
const FARTHEST = 0.42;
/** Zoom changes by at least this factor before text is placed anew: little for small graphs, much for large ones. */
const STEPS = { small: 1.02, large: 1.15 };
/** Nodes beyond which text is placed anew only when the view is at rest. */
const LARGE = 60;
const NONE: ReadonlySet<string> = new Set();

interface Parts {
  model: GraphModel;
  placement: Placement;
  options: GraphOptions;
  camera: CameraStore;
  lit: Lit | undefined;
  selection: Selection | undefined;
  matches: ReadonlySet<string>;
  hidden: ReadonlySet<string>;
  comparing: boolean;
}

/** Everything that is drawn, put together. Changes with the zoom only in steps. */
export function useScene(parts: Parts): Scene {
  const { model, placement, options, camera, lit, selection, matches, hidden, comparing } = parts;
  const theme = useTheme2();
  const large = model.nodes.length > LARGE;
  const step = Math.log(large ? STEPS.large : STEPS.small);
  // Rounded down: text then is a little larger than the least readable size, never smaller.
  const zoom = useSyncExternalStore(camera.subscribe, () =>
    Math.exp(Math.floor(Math.log(large ? camera.restedZoom : camera.camera.k) / step) * step)
  );
  const textScale = Math.max(1, MIN_TITLE / TITLE_SIZE / zoom);
  const farthest = zoom < FARTHEST;
  const edges = useMemo(() => styleEdges(model, options, comparing, theme), [model, options, comparing, theme]);
  const titles = useMemo(
    () => visibleTitles(model, placement, textScale, lit?.nodes ?? NONE),
    [model, placement, textScale, lit]
  );
  const labels = useMemo(
    () => visibleLabels(model, placement, edges, titles, textScale, lit?.edges ?? NONE, farthest),
    [model, placement, edges, titles, textScale, lit, farthest]
  );
  return useMemo(
    () => ({ model, placement, edges, titles, labels, textScale, theme, lit, selection, matches, hidden, comparing }),
    [model, placement, edges, titles, labels, textScale, theme, lit, selection, matches, hidden, comparing]
  );
}
