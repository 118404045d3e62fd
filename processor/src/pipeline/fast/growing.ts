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
