/**
 * Starts the layout worker. webpack turns this expression into a chunk of its own (`layout-worker.js`) under the public path
 * that the plugin's loader sets at run time, so it also works below a sub-path. The worker must not load chunks
 * itself: inside it, that public path is unknown.
 * @throws when the page forbids workers, or the plugin is served from another origin.
 */
export function createWorker(): Worker {
  return new Worker(/* webpackChunkName: "layout-worker" */ new URL('./layout.worker.ts', import.meta.url));
}
