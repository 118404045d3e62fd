/**
 * Event ids seen within the horizon, per partition. Whether an id counts as seen depends only on the record that
 * carried it first and on the horizon, so a replay decides as the first run did.
 *
 * Ids are held as 96-bit hashes under a key of this process, 28 bytes each: a million ids take 28 MB, where strings
 * took five times that. Two ids of a full set share a hash with a probability of about 1e-17.
 */
import { randomBytes } from 'node:crypto';

const FIRST = 1024;
const M1 = 0xcc9e2d51;
const M2 = 0x1b873593;

/** Murmur3's finaliser: every bit of the input reaches every bit of the output. */
function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const [KEY_A, KEY_B, KEY_C] = new Int32Array(new Uint8Array(randomBytes(12)).buffer) as unknown as number[];

export class SeenIds {
  // A ring of entries in the order in which they came, which is the order in which they expire.
  private a = new Int32Array(FIRST);
  private b = new Int32Array(FIRST);
  private c = new Int32Array(FIRST);
  private times = new Float64Array(FIRST);
  private head = 0;
  private tail = 0;
  /** Hash table of ring places, one above; 0 is free. */
  private table = new Int32Array(FIRST * 2);
  private live = 0;
  private scratch = Buffer.allocUnsafe(1024);
  // The hash of the id at hand.
  private h0 = 0;
  private h1 = 0;
  private h2 = 0;

  constructor(
    /** Milliseconds within which the same id counts once. */
    readonly horizonMs: number,
    /** Most ids held; the oldest go first, which shortens the horizon (`shortenedTo`). */
    readonly capacity: number,
  ) {}

  /** Age of the oldest id that had to be dropped early, milliseconds; undefined while the horizon is whole. */
  shortenedTo: number | undefined;

  get size(): number {
    return this.live;
  }

  /** Notes the id at `now`; false when it was seen within the horizon. */
  add(id: string, now: number): boolean {
    if (id.length * 3 > this.scratch.length) this.scratch = Buffer.allocUnsafe(id.length * 3);
    return this.addBytes(this.scratch, 0, this.scratch.write(id, 0, 'utf8'), now);
  }

  /** The same for the UTF-8 bytes of an id. */
  addBytes(data: Uint8Array, start: number, end: number, now: number): boolean {
    this.hash(data, start, end);
    let slot = this.find();
    const place = this.table[slot]! - 1;
    if (place >= 0) {
      if (now - this.times[place]! <= this.horizonMs) return false;
      this.remove(slot);
      slot = this.find();
    }
    if (this.tail - this.head === this.times.length) {
      this.grow();
      slot = this.find();
    }
    const at = this.tail++ & (this.times.length - 1);
    this.a[at] = this.h0;
    this.b[at] = this.h1;
    this.c[at] = this.h2;
    this.times[at] = now;
    this.table[slot] = at + 1;
    this.live++;
    this.expire(now);
    return true;
  }

  private expire(now: number): void {
    for (; this.head < this.tail; this.head++) {
      const at = this.head & (this.times.length - 1);
      const t = this.times[at]!;
      // Removed before, when the same id came again after its horizon.
      if (Number.isNaN(t)) continue;
      const expired = now - t > this.horizonMs;
      if (!expired && this.live <= this.capacity) break;
      if (!expired) this.shortenedTo = now - t;
      this.h0 = this.a[at]!;
      this.h1 = this.b[at]!;
      this.h2 = this.c[at]!;
      this.remove(this.find());
    }
  }

  private hash(data: Uint8Array, start: number, end: number): void {
    let [x, y, z] = [KEY_A!, KEY_B!, KEY_C!];
    let p = start;
    for (const last = end - 3; p < last; p += 4) {
      const w = data[p]! | (data[p + 1]! << 8) | (data[p + 2]! << 16) | (data[p + 3]! << 24);
      x = Math.imul(x ^ w, M1);
      x = (x << 13) | (x >>> 19);
      y = Math.imul(y + w, M2);
      y = (y << 15) | (y >>> 17);
      z = Math.imul(z ^ Math.imul(w, M2), M1);
      z = (z << 11) | (z >>> 21);
    }
    let rest = end - start;
    for (; p < end; p++) rest = Math.imul(rest, 257) + data[p]!;
    this.h0 = finish(x ^ rest);
    this.h1 = finish(y + Math.imul(rest, M1));
    this.h2 = finish(z ^ Math.imul(rest, M2));
  }

  /** Place in the table of the hash at hand, or the free one where it belongs. */
  private find(): number {
    const mask = this.table.length - 1;
    let slot = this.h0 & mask;
    for (let e = this.table[slot]!; e !== 0; e = this.table[(slot = (slot + 1) & mask)]!)
      if (this.a[e - 1] === this.h0 && this.b[e - 1] === this.h1 && this.c[e - 1] === this.h2) return slot;
    return slot;
  }

  /** Frees a place of the table, closing the gap so that no search ends too early. */
  private remove(slot: number): void {
    const mask = this.table.length - 1;
    this.times[this.table[slot]! - 1] = NaN;
    this.live--;
    for (let next = (slot + 1) & mask; this.table[next] !== 0; next = (next + 1) & mask) {
      const home = this.a[this.table[next]! - 1]! & mask;
      // What may not stand before its home stays.
      if (((next - home) & mask) < ((next - slot) & mask)) continue;
      this.table[slot] = this.table[next]!;
      slot = next;
    }
    this.table[slot] = 0;
  }

  private grow(): void {
    const old = { a: this.a, b: this.b, c: this.c, times: this.times };
    const size = old.times.length;
    this.a = new Int32Array(size * 2);
    this.b = new Int32Array(size * 2);
    this.c = new Int32Array(size * 2);
    this.times = new Float64Array(size * 2);
    this.table = new Int32Array(size * 4);
    const [h0, h1, h2] = [this.h0, this.h1, this.h2];
    let tail = 0;
    for (let i = this.head; i < this.tail; i++) {
      const from = i & (size - 1);
      if (Number.isNaN(old.times[from]!)) continue;
      this.h0 = this.a[tail] = old.a[from]!;
      this.h1 = this.b[tail] = old.b[from]!;
      this.h2 = this.c[tail] = old.c[from]!;
      this.times[tail] = old.times[from]!;
      this.table[this.find()] = ++tail;
    }
    this.head = 0;
    this.tail = tail;
    [this.h0, this.h1, this.h2] = [h0, h1, h2];
  }
}
