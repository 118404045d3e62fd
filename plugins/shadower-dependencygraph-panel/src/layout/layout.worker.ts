import { runLayout } from './runLayout';
import type { LayoutInput, LayoutResult } from './types';

/** What the worker is asked, and answers. */
export interface LayoutRequest {
  id: number;
  input: LayoutInput;
}
export type LayoutAnswer = { id: number; result: LayoutResult } | { id: number; error: string };

addEventListener('message', (event: MessageEvent<LayoutRequest>) => {
  const { id, input } = event.data;
  let answer: LayoutAnswer;
  try {
    answer = { id, result: runLayout(input) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  // No target origin: this is a worker's own port, not a window.
  (postMessage as (message: LayoutAnswer) => void)(answer);
});
