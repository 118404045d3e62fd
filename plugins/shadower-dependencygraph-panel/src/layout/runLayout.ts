import { packed } from './components';
import { force } from './force';
import { layered } from './layered';
import type { LayoutInput, LayoutResult } from './types';

const LAYOUTS = { layered, force: packed(force) };

/** Places the nodes. A pure function of its input: same input, same result, in a worker or not. */
export function runLayout(input: LayoutInput): LayoutResult {
  return LAYOUTS[input.algorithm](input);
}
