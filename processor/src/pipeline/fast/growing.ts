/** Typed arrays that grow, and keep their memory when they are emptied. */

const FIRST = 1024;

export class Doubles {
  data = new Float64Array(FIRST);
  length = 0;
  push(v: number): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = v;
  }
  private grow(): void {
    const next = new Float64Array(this.data.length * 2);
    next.set(this.data);
    this.data = next;
  }
  view(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

export class Words {
  data = new Uint32Array(FIRST);
  length = 0;
  push(v: number): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = v;
  }
  private grow(): void {
    const next = new Uint32Array(this.data.length * 2);
    next.set(this.data);
    this.data = next;
  }
  view(): Uint32Array {
    return this.data.subarray(0, this.length);
  }
}

export class Octets {
  data = new Uint8Array(FIRST);
  length = 0;
  push(v: number): void {
    if (this.length === this.data.length) this.room(1);
    this.data[this.length++] = v;
  }
  /** Makes room for `bytes` more and gives the array to write into at `length`. */
  room(bytes: number): Uint8Array {
    if (this.length + bytes > this.data.length) {
      const next = new Uint8Array(Math.max(this.data.length * 2, this.length + bytes));
      next.set(this.data);
      this.data = next;
    }
    return this.data;
  }
  /** Appends a length as LEB128. */
  pushLength(n: number): void {
    while (n >= 0x80) {
      this.push((n % 0x80) | 0x80);
      n = Math.floor(n / 0x80);
    }
    this.push(n);
  }
  /** Appends `from[start, end)`; strings of events are short, for which a loop beats a call. */
  append(from: Uint8Array, start: number, end: number): void {
    const n = end - start;
    const to = this.room(n);
    const at = this.length;
    if (n > 64) to.set(from.subarray(start, end), at);
    else for (let i = 0; i < n; i++) to[at + i] = from[start + i]!;
    this.length = at + n;
  }
  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}

/**
 * A column that costs nothing while all its values are the same, as those of fields that nobody sends are. `NaN` counts as
 * equal to itself.
 */
abstract class Lazy<T extends Float64Array | Uint32Array | Uint8Array> {
  length = 0;
  /** The value of all rows while there is no array. */
  protected value = 0;
  protected data: T | null = null;

  protected abstract make(size: number): T;

  push(v: number): void {
    if (this.data === null) {
      if (this.length === 0) this.value = v;
      else if (v !== this.value && (v === v || this.value === this.value)) this.begin();
    }
    if (this.data !== null) {
      if (this.length === this.data.length) this.resize(this.length * 2);
      this.data[this.length] = v;
    }
    this.length++;
  }

  private begin(): void {
    this.resize(Math.max(FIRST, this.length * 2));
    (this.data as Float64Array).fill(this.value, 0, this.length);
  }

  private resize(size: number): void {
    const next = this.make(size);
    if (this.data !== null) next.set(this.data.subarray(0, this.length));
    this.data = next;
  }

  /** Empties it. Memory is kept where the rows before made use of it. */
  reset(): void {
    this.length = 0;
  }

  /** Values of all rows. */
  view(): T {
    if (this.data === null) {
      const all = this.make(this.length);
      if (this.value !== 0) (all as Float64Array).fill(this.value);
      return all;
    }
    return this.data.subarray(0, this.length) as T;
  }

  /** The value of every row, undefined where they differ. */
  get constant(): number | undefined {
    return this.data === null ? this.value : undefined;
  }

  at(i: number): number {
    return this.data === null ? this.value : this.data[i]!;
  }
}
export class LazyDoubles extends Lazy<Float64Array> {
  protected make(size: number): Float64Array {
    return new Float64Array(size);
  }
}
export class LazyWords extends Lazy<Uint32Array> {
  protected make(size: number): Uint32Array {
    return new Uint32Array(size);
  }
}
export class LazyOctets extends Lazy<Uint8Array> {
  protected make(size: number): Uint8Array {
    return new Uint8Array(size);
  }
}
