/** Ends parts in the reverse order of their starts, and says which one it waits for when that takes long. */

const SLOW_MS = 5000;

export class Closers {
  private readonly list: { what: string; close: () => Promise<unknown> }[] = [];

  constructor(
    private readonly report: {
      slow: (what: string, seconds: number) => void;
      failed: (what: string, error: Error) => void;
    },
  ) {}

  /** `what` is named while it is waited for. */
  add(what: string, close: () => Promise<unknown>): void {
    this.list.push({ what, close });
  }

  /** Never rejects: a part that fails to end does not keep the others. */
  async close(): Promise<void> {
    for (let next = this.list.pop(); next !== undefined; next = this.list.pop()) {
      const { what, close } = next;
      const started = performance.now();
      const watch = setInterval(
        () => this.report.slow(what, Math.round((performance.now() - started) / 1000)),
        SLOW_MS,
      );
      await close().catch((e: Error) => this.report.failed(what, e));
      clearInterval(watch);
    }
  }
}
