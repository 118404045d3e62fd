import { createWorker } from './createWorker';
import type { LayoutAnswer, LayoutRequest } from './layout.worker';
import { topologyKey } from './layoutInput';
import type { LayoutInput, LayoutResult } from './types';

/** How long a worker may take before the main thread does the work instead: a blocked worker script reports nothing. */
const WORKER_TIMEOUT_MS = 20_000;
const CACHE_SIZE = 16;
/** Name of the measure of the time from asking for a layout to having it. */
const LAYOUT_MEASURE = 'shadower-dependencygraph layout';

interface Waiting {
  resolve: (result: LayoutResult) => void;
  reject: (error: Error) => void;
  fallBack: () => void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Runs layouts off the main thread and remembers the last ones by topology, so that a refresh that only changes metrics
 * moves nothing. Where workers are refused (content security policy, plugin served from another origin, no
 * `Worker`), the main thread does the work; the result is the same.
 */
export class LayoutService {
  private readonly cache = new Map<string, LayoutResult>();
  private readonly waiting = new Map<number, Waiting>();
  private worker: Worker | undefined;
  private workerRefused = typeof Worker === 'undefined';
  private nextId = 1;

  constructor(private readonly startWorker: () => Worker = createWorker) {}

  /** The layout of this topology, if it is remembered. */
  cached(key: string): LayoutResult | undefined {
    const hit = this.cache.get(key);
    if (hit !== undefined) {
      this.cache.delete(key);
      this.cache.set(key, hit);
    }
    return hit;
  }

  /** Lays out a graph. Rejects when the layout itself fails. */
  async run(input: LayoutInput, key = topologyKey(input)): Promise<LayoutResult> {
    const known = this.cached(key);
    if (known !== undefined) {
      return known;
    }
    const start = performance.now();
    const result = await (this.workerRefused ? here(input) : this.inWorker(input));
    // Shows in the browser's profiler, and to the bench.
    performance.measure?.(LAYOUT_MEASURE, { start });
    this.cache.set(key, result);
    const oldest = this.cache.keys().next();
    if (this.cache.size > CACHE_SIZE && !oldest.done) {
      this.cache.delete(oldest.value);
    }
    return result;
  }

  private inWorker(input: LayoutInput): Promise<LayoutResult> {
    return new Promise<LayoutResult>((resolve, reject) => {
      const fallBack = () => here(input).then(resolve, reject);
      const worker = this.getWorker();
      if (worker === undefined) {
        fallBack();
        return;
      }
      const id = this.nextId++;
      const timer = setTimeout(() => this.refuseWorker(), WORKER_TIMEOUT_MS);
      this.waiting.set(id, { resolve, reject, fallBack, timer });
      const request: LayoutRequest = { id, input };
      worker.postMessage(request);
    });
  }

  private getWorker(): Worker | undefined {
    if (this.worker === undefined && !this.workerRefused) {
      try {
        this.worker = this.startWorker();
        this.worker.onmessage = (event: MessageEvent<LayoutAnswer>) => this.settle(event.data);
        this.worker.onerror = (event) => {
          event.preventDefault();
          this.refuseWorker();
        };
      } catch {
        this.workerRefused = true;
      }
    }
    return this.worker;
  }

  private settle(answer: LayoutAnswer): void {
    const waiting = this.waiting.get(answer.id);
    if (waiting === undefined) {
      return;
    }
    clearTimeout(waiting.timer);
    this.waiting.delete(answer.id);
    if ('result' in answer) {
      waiting.resolve(answer.result);
    } else {
      waiting.reject(new Error(answer.error));
    }
  }

  private refuseWorker(): void {
    this.workerRefused = true;
    this.worker?.terminate();
    this.worker = undefined;
    const abandoned = [...this.waiting.values()];
    this.waiting.clear();
    for (const { timer, fallBack } of abandoned) {
      clearTimeout(timer);
      fallBack();
    }
  }
}

/** On the main thread. The code is a chunk of its own, since hardly any page needs it. */
async function here(input: LayoutInput): Promise<LayoutResult> {
  const { runLayout } = await import(/* webpackChunkName: "layout" */ './runLayout');
  return runLayout(input);
}

/** One service, and so one worker and one cache, for all panels of the page. */
export const layoutService = new LayoutService();
