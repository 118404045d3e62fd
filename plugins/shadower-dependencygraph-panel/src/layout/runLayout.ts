import type { LayoutAlgorithm } from '../types';
import { packed } from './components';
import { force } from './force';
import { geographic } from './geographic';
import { grouped } from './grouped';
import { layered } from './layered';
import { radial } from './radial';
import type { Layout, LayoutInput, LayoutResult } from './types';

const LAYOUTS: Record<LayoutAlgorithm, Layout> = {
  layered,
  force: packed(force),
  radial: packed(radial),
  geographic,
  grouped,
};

/** Places the nodes. A pure function of its input: same input, same result, in a worker or not. */
export function runLayout(input: LayoutInput): LayoutResult {
  return LAYOUTS[input.algorithm](input);
}
