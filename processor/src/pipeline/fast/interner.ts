/**
 * Distinct strings of one field: bytes ↔ small number ↔ JavaScript string. A field's schema is asked once per distinct
 * value; afterwards its verdict is looked up.
 */

/** FNV-1a over bytes, as the scanner computes it while it looks for the end of a string. */
export const HASH_SEED = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

export const EMPTY = 0;
const OK = 1;

export class Interner {
  /** Number → string; 0 is the empty string, which stands for a missing value. */
  readonly strings: string[] = [''];
  /** Number → 1 when the schema accepts it. */
  private verdicts = new Uint8Array(256);
  private bytes = new Uint8Array(8192);
  private used = 0;
  private starts = new Uint32Array(256);
  private ends = new Uint32Array(256);
  private hashes = new Int32Array(256);
  private table = new Int32Array(1024);
  private mask = 1023;

  constructor(private readonly accepts: (value: string) => boolean) {}

  get size(): number {
    return this.strings.length;
  }

  get byteLength(): number {
    return this.used;
  }

  /** Number of `data[start, end)`, whose hash is given; −1 when the schema refuses it. */
  find(data: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start;
    if (length === 0) return -1;
    let slot = (hash ^ (hash >>> 15)) & this.mask;
    for (let id = this.table[slot]!; id !== 0; id = this.table[(slot = (slot + 1) & this.mask)]!) {
      if (this.hashes[id] !== hash) continue;
      const from = this.starts[id]!;
      if (this.ends[id]! - from !== length) continue;
      let i = 0;
      while (i < length && this.bytes[from + i] === data[start + i]) i++;
      if (i === length) return this.verdicts[id] === OK ? id : -1;
    }
    const id = this.add(slot, data, start, end, hash);
    return this.verdicts[id] === OK ? id : -1;
  }

  /** Number of a string that was found valid elsewhere; '' has the number 0. */
  ofString(s: string): number {
    if (s === '') return EMPTY;
    const data = Buffer.from(s, 'utf8');
    let hash = HASH_SEED;
    for (const b of data) hash = Math.imul(hash ^ b, HASH_PRIME);
    let slot = (hash ^ (hash >>> 15)) & this.mask;
    // By bytes: a string with half a surrogate pair is stored as what it becomes in UTF-8.
    for (let id = this.table[slot]!; id !== 0; id = this.table[(slot = (slot + 1) & this.mask)]!)
      if (this.hashes[id] === hash && data.equals(this.bytes.subarray(this.starts[id], this.ends[id]))) return id;
    return this.add(slot, data, 0, data.length, hash);
  }

  /** Number of a string, −1 when the schema refuses it. */
  validString(s: string): number {
    const id = this.ofString(s);
    return id !== EMPTY && this.verdicts[id] === OK ? id : -1;
  }

  private add(slot: number, data: Uint8Array, start: number, end: number, hash: number): number {
    const id = this.strings.length;
    const text = Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('utf8');
    this.strings.push(text);
    if (id === this.starts.length) {
      this.starts = grown(this.starts, new Uint32Array(id * 2));
      this.ends = grown(this.ends, new Uint32Array(id * 2));
      this.hashes = grown(this.hashes, new Int32Array(id * 2));
      this.verdicts = grown(this.verdicts, new Uint8Array(id * 2));
    }
    const length = end - start;
    if (this.used + length > this.bytes.length)
      this.bytes = grown(this.bytes, new Uint8Array(Math.max(this.bytes.length * 2, this.used + length)));
    for (let i = 0; i < length; i++) this.bytes[this.used + i] = data[start + i]!;
    this.starts[id] = this.used;
    this.used += length;
    this.ends[id] = this.used;
    this.hashes[id] = hash;
    this.verdicts[id] = this.accepts(text) ? OK : 0;
    this.table[slot] = id;
    if (this.strings.length * 2 > this.table.length) this.rehash();
    return id;
  }

  private rehash(): void {
    this.table = new Int32Array(this.table.length * 2);
    this.mask = this.table.length - 1;
    for (let id = 1; id < this.strings.length; id++) {
      let slot = (this.hashes[id]! ^ (this.hashes[id]! >>> 15)) & this.mask;
      while (this.table[slot] !== 0) slot = (slot + 1) & this.mask;
      this.table[slot] = id;
    }
  }
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
