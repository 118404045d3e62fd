/**
 * Event ids seen within the horizon, per partition. Whether an id counts as seen depends only on the record that
 * carried it first and on the horizon, so a replay decides as the first run did.
 */
export class SeenIds {
  private readonly at = new Map<string, number>();

  constructor(
    /** Milliseconds within which the same id counts once. */
    readonly horizonMs: number,
    /** Most ids held; the oldest go first, which shortens the horizon (`shortenedTo`). */
    readonly capacity: number,
  ) {}

  /** Age of the oldest id that had to be dropped early, milliseconds; undefined while the horizon is whole. */
  shortenedTo: number | undefined;

  get size(): number {
    return this.at.size;
  }

  /** Notes the id at `now`; false when it was seen within the horizon. */
  add(id: string, now: number): boolean {
    const before = this.at.get(id);
    if (before !== undefined) {
      if (now - before <= this.horizonMs) return false;
      this.at.delete(id);
    }
    this.at.set(id, now);
    // Insertion order is time order, so the front is what expires first.
    for (const [oldest, t] of this.at) {
      const expired = now - t > this.horizonMs;
      if (!expired && this.at.size <= this.capacity) break;
      if (!expired) this.shortenedTo = now - t;
      this.at.delete(oldest);
    }
    return true;
  }
}
