/** Bounds on work in flight. */
import { ShadowerError } from '../errors';

/** At most `limit` at one time, at most `queue` waiting, each for `waitMs` at most; BUSY beyond. */
export class Gate {
  private inside = 0;
  private readonly waiting: { enter: () => void }[] = [];

  constructor(
    private readonly what: string,
    private readonly limit: number,
    private readonly queue: number,
    private readonly waitMs: number,
  ) {}

  get running(): number {
    return this.inside;
  }
  get queued(): number {
    return this.waiting.length;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside >= this.limit) await this.turn();
    else this.inside++;
    try {
      return await work();
    } finally {
      // The place passes to the next in line without ever being free, so nobody can slip in between.
      const next = this.waiting.shift();
      if (next === undefined) this.inside--;
      else next.enter();
    }
  }

  private turn(): Promise<void> {
    if (this.waiting.length >= this.queue)
      return Promise.reject(new ShadowerError('BUSY', `${this.limit} ${this.what} are running and ${this.queue} wait`));
    return new Promise((resolve, reject) => {
      const entry = {
        enter: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(new ShadowerError('BUSY', `no free place for one of the ${this.what} within ${this.waitMs} ms`));
      }, this.waitMs);
      this.waiting.push(entry);
    });
  }
}

/** Bytes in flight. A reservation that would pass the limit is BUSY, unless nothing else is in flight. */
export class ByteBudget {
  private used = 0;
  constructor(private readonly limit: number) {}
  get inFlight(): number {
    return this.used;
  }
  /** Returns the function that gives the bytes back. */
  reserve(bytes: number): () => void {
    if (this.used > 0 && this.used + bytes > this.limit)
      throw new ShadowerError('BUSY', `${this.used} bytes of requests are being handled; the limit is ${this.limit}`);
    this.used += bytes;
    let held = true;
    return () => {
      if (held) this.used -= bytes;
      held = false;
    };
  }
}
