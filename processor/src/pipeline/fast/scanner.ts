/**
 * Reads one JSON event straight into typed slots. It accepts only what it is sure of: one flat object, the type's own
 * keys at most once each, printable ASCII without escapes, plain numbers, everything within the schema. Whatever else comes
 * (also what is valid but unusual) it declines, and the plain path decides; so it can never judge differently.
 */
import { HASH_PRIME, HASH_SEED, Interner } from './interner';
import type { EventLayout, FieldKind, FieldLayout } from './layout';

const KINDS: readonly FieldKind[] = ['type', 'time', 'word', 'text', 'number', 'flag'];
const [TYPE, TIME, WORD, TEXT, NUMBER, FLAG] = [0, 1, 2, 3, 4, 5] as const;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Digits that a double holds whatever they are. */
const SAFE_DIGITS = 15;
export const MISSING_FLAG = 255;
const DAY_MS = 86_400_000;

const QUOTE = 0x22;
const SPACE = 0x20;

/** Days of each month, leap years apart. */
const MONTH_DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
const isLeap = (y: number): boolean => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;

export class Scanner {
  /** Interned value per word field; 0 is missing. */
  readonly words: Int32Array;
  /** Value per number field; NaN is missing. */
  readonly numbers: Float64Array;
  /** Value per flag field; 255 is missing. */
  readonly flags: Uint8Array;
  /** Where each text field's bytes lie in the record; a start of −1 is missing. */
  readonly textStarts: Int32Array;
  readonly textEnds: Int32Array;
  /** Milliseconds since the epoch. */
  time = 0;
  /** Distinct values per word field. */
  readonly interners: Interner[];

  private readonly kinds: Uint8Array;
  private readonly slots: Uint8Array;
  private readonly keys: Uint8Array;
  private readonly keyStarts: Int32Array;
  private readonly keyLengths: Int32Array;
  private readonly minimums: Float64Array;
  private readonly maximums: Float64Array;
  private readonly integers: Uint8Array;
  private readonly minLengths: Float64Array;
  private readonly maxLengths: Float64Array;
  private readonly typeName: Uint8Array;
  /** Which field came k-th the last time: producers write their keys in one order. */
  private readonly order: Uint8Array;
  private readonly requiredLow: number;
  private readonly requiredHigh: number;
  private readonly defaultWords: Int32Array;
  private readonly defaultNumbers: Float64Array;
  private readonly workspaceField: number;
  /** Slot of the workspace among the words. */
  readonly workspaceSlot: number;
  private readonly count: number;
  private cachedDay = -1;
  private cachedDayMs = 0;
  // Results of the value readers, which return the position behind the value.
  private number = 0;

  constructor(readonly layout: EventLayout) {
    const { fields, counts } = layout;
    const n = fields.length;
    this.count = n;
    this.words = new Int32Array(counts.word);
    this.numbers = new Float64Array(counts.number);
    this.flags = new Uint8Array(counts.flag);
    this.textStarts = new Int32Array(counts.text);
    this.textEnds = new Int32Array(counts.text);
    const of = (pick: (f: FieldLayout) => number) => Float64Array.from(fields, pick);
    this.kinds = Uint8Array.from(fields, (f) => KINDS.indexOf(f.kind));
    this.slots = Uint8Array.from(fields, (f) => f.slot);
    const names = fields.map((f) => Buffer.from(f.name));
    this.keys = new Uint8Array(Buffer.concat(names));
    this.keyLengths = Int32Array.from(names, (b) => b.length);
    this.keyStarts = new Int32Array(n);
    for (let f = 1; f < n; f++) this.keyStarts[f] = this.keyStarts[f - 1]! + this.keyLengths[f - 1]!;
    this.minimums = of((f) => f.minimum);
    this.maximums = of((f) => f.maximum);
    this.integers = Uint8Array.from(fields, (f) => (f.integer ? 1 : 0));
    this.minLengths = of((f) => f.minLength);
    this.maxLengths = of((f) => f.maxLength);
    this.typeName = new Uint8Array(Buffer.from(layout.def.type));
    this.order = Uint8Array.from({ length: n + 1 }, (_, i) => Math.min(i, n - 1));
    const words = fields.filter((f) => f.kind === 'word');
    this.interners = words.map((f) => new Interner(f.accepts));
    this.defaultWords = Int32Array.from(words, (f, i) =>
      typeof f.default === 'string' ? this.interners[i]!.ofString(f.default) : 0,
    );
    this.defaultNumbers = Float64Array.from(
      fields.filter((f) => f.kind === 'number'),
      (f) => (typeof f.default === 'number' ? f.default : NaN),
    );
    let [low, high] = [0, 0];
    fields.forEach((f, i) => {
      // The topic may imply the type, and the intake's header the workspace.
      if (!f.required || f.name === 'type' || f.name === 'workspace') return;
      if (i < 31) low |= 1 << i;
      else high |= 1 << (i - 31);
    });
    this.requiredLow = low;
    this.requiredHigh = high;
    this.workspaceField = fields.findIndex((f) => f.name === 'workspace');
    this.workspaceSlot = fields[this.workspaceField]!.slot;
  }

  /** Interned workspace; also set by the caller where the event leaves it to the record's header. */
  get workspace(): number {
    return this.words[this.workspaceSlot]!;
  }
  set workspace(id: number) {
    this.words[this.workspaceSlot] = id;
  }
  get workspaces(): Interner {
    return this.interners[this.workspaceSlot]!;
  }

  /**
   * Reads `d[start, end)`. True: the slots hold a valid event (`workspace` may be missing, then 0). False: not for this
   * reader; the slots are then undefined.
   */
  scan(d: Uint8Array, start: number, end: number): boolean {
    this.words.set(this.defaultWords);
    this.numbers.set(this.defaultNumbers);
    this.flags.fill(MISSING_FLAG);
    this.textStarts.fill(-1);
    let seenLow = 0;
    let seenHigh = 0;
    let p = start;
    if (d[p++] !== 0x7b) return false;
    for (let k = 0; ; k++) {
      while (d[p] === SPACE) p++;
      if (d[p++] !== QUOTE || k >= this.count) return false;
      let f = this.order[k]!;
      if (!this.isKey(d, p, f)) {
        f = this.findKey(d, p);
        if (f < 0) return false;
        this.order[k] = f;
      }
      if (f < 31) {
        if ((seenLow & (1 << f)) !== 0) return false;
        seenLow |= 1 << f;
      } else {
        if ((seenHigh & (1 << (f - 31))) !== 0) return false;
        seenHigh |= 1 << (f - 31);
      }
      p += this.keyLengths[f]! + 1;
      while (d[p] === SPACE) p++;
      if (d[p++] !== 0x3a) return false;
      while (d[p] === SPACE) p++;
      p = this.value(d, p, f);
      if (p < 0 || p > end) return false;
      while (d[p] === SPACE) p++;
      const c = d[p++];
      if (c === 0x2c) continue;
      if (c !== 0x7d) return false;
      break;
    }
    if (p > end) return false;
    for (; p < end; p++) {
      const c = d[p];
      if (c !== SPACE && c !== 0x0a && c !== 0x0d && c !== 0x09) return false;
    }
    return (seenLow & this.requiredLow) === this.requiredLow && (seenHigh & this.requiredHigh) === this.requiredHigh;
  }

  /** Empties all slots, defaults included. */
  clear(): void {
    this.words.fill(0);
    this.numbers.fill(NaN);
    this.flags.fill(MISSING_FLAG);
    this.textStarts.fill(-1);
  }

  private isKey(d: Uint8Array, p: number, f: number): boolean {
    const length = this.keyLengths[f]!;
    if (d[p + length] !== QUOTE) return false;
    const from = this.keyStarts[f]!;
    for (let i = 0; i < length; i++) if (d[p + i] !== this.keys[from + i]) return false;
    return true;
  }

  private findKey(d: Uint8Array, p: number): number {
    for (let f = 0; f < this.count; f++) if (this.isKey(d, p, f)) return f;
    return -1;
  }

  /** Reads the value of field f at p; the position behind it, or −1. */
  private value(d: Uint8Array, p: number, f: number): number {
    const slot = this.slots[f]!;
    switch (this.kinds[f]) {
      case WORD: {
        if (d[p++] !== QUOTE) return -1;
        const start = p;
        let hash = HASH_SEED;
        for (let c = d[p]!; c !== QUOTE; c = d[++p]!) {
          if (!(c >= 0x20 && c <= 0x7e) || c === 0x5c) return -1;
          hash = Math.imul(hash ^ c, HASH_PRIME);
        }
        const id = this.interners[slot]!.find(d, start, p, hash);
        if (id < 0) return -1;
        this.words[slot] = id;
        return p + 1;
      }
      case TEXT: {
        if (d[p++] !== QUOTE) return -1;
        const start = p;
        for (let c = d[p]!; c !== QUOTE; c = d[++p]!) if (!(c >= 0x20 && c <= 0x7e) || c === 0x5c) return -1;
        const length = p - start;
        if (length < this.minLengths[f]! || length > this.maxLengths[f]!) return -1;
        this.textStarts[slot] = start;
        this.textEnds[slot] = p;
        return p + 1;
      }
      case NUMBER: {
        p = this.readNumber(d, p);
        const v = this.number;
        if (p < 0 || v < this.minimums[f]! || v > this.maximums[f]!) return -1;
        if (this.integers[f] === 1 && v !== Math.floor(v)) return -1;
        this.numbers[slot] = v;
        return p;
      }
      case FLAG:
        if (d[p] === 0x74 && d[p + 1] === 0x72 && d[p + 2] === 0x75 && d[p + 3] === 0x65) {
          this.flags[slot] = 1;
          return p + 4;
        }
        if (d[p] === 0x66 && d[p + 1] === 0x61 && d[p + 2] === 0x6c && d[p + 3] === 0x73 && d[p + 4] === 0x65) {
          this.flags[slot] = 0;
          return p + 5;
        }
        return -1;
      case TIME:
        if (d[p] === QUOTE) return this.readIsoTime(d, p + 1);
        p = this.readNumber(d, p);
        if (p < 0 || this.number < 0 || this.number !== Math.floor(this.number)) return -1;
        this.time = this.number;
        return p;
      case TYPE: {
        if (d[p++] !== QUOTE) return -1;
        const { length } = this.typeName;
        for (let i = 0; i < length; i++) if (d[p + i] !== this.typeName[i]) return -1;
        p += length;
        return d[p] === QUOTE ? p + 1 : -1;
      }
      default:
        return -1;
    }
  }

  /** A number of at most 15 digits without exponent, into `number`: digits and power of ten are exact, so the quotient is the nearest double. */
  private readNumber(d: Uint8Array, p: number): number {
    const negative = d[p] === 0x2d;
    if (negative) p++;
    const start = p;
    let mantissa = 0;
    let c = d[p]! - 0x30;
    while (c >= 0 && c <= 9) {
      mantissa = mantissa * 10 + c;
      c = d[++p]! - 0x30;
    }
    let digits = p - start;
    if (digits === 0 || (digits > 1 && d[start] === 0x30)) return -1;
    let value = mantissa;
    // After the loop c is what follows, less '0'.
    if (c === 0x2e - 0x30) {
      const point = p;
      c = d[++p]! - 0x30;
      while (c >= 0 && c <= 9) {
        mantissa = mantissa * 10 + c;
        c = d[++p]! - 0x30;
      }
      const decimals = p - point - 1;
      if (decimals === 0) return -1;
      digits += decimals;
      if (digits > SAFE_DIGITS) return -1;
      value = mantissa / POWERS_OF_TEN[decimals]!;
    } else if (digits > SAFE_DIGITS) return -1;
    if (c === 0x65 - 0x30 || c === 0x45 - 0x30) return -1;
    if (negative) {
      // JSON.parse makes −0 of it.
      if (mantissa === 0) return -1;
      value = -value;
    }
    this.number = value;
    return p;
  }

  /** `2026-11-21T12:00:00Z` or with three decimals, behind the opening quote; other forms of ISO 8601 are declined. */
  private readIsoTime(d: Uint8Array, p: number): number {
    if (d[p + 4] !== 0x2d || d[p + 7] !== 0x2d || d[p + 10] !== 0x54 || d[p + 13] !== 0x3a || d[p + 16] !== 0x3a)
      return -1;
    const year = two(d, p) * 100 + two(d, p + 2);
    const month = two(d, p + 5);
    const day = two(d, p + 8);
    const hour = two(d, p + 11);
    const minute = two(d, p + 14);
    const second = two(d, p + 17);
    // Something that is no digit makes a NaN, and every comparison with one is false.
    if (!(year >= 1970 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59)) return -1;
    const date = year * 10_000 + month * 100 + day;
    if (date !== this.cachedDay) {
      const last = month === 2 && isLeap(year) ? 29 : MONTH_DAYS[month]!;
      if (!(day >= 1 && day <= last)) return -1;
      this.cachedDay = date;
      this.cachedDayMs = Math.round(Date.UTC(year, month - 1, day) / DAY_MS) * DAY_MS;
    }
    p += 19;
    let ms = 0;
    if (d[p] === 0x2e) {
      ms = two(d, p + 1) * 10 + digit(d[p + 3]!);
      if (!(ms >= 0)) return -1;
      p += 4;
    }
    if (d[p] !== 0x5a || d[p + 1] !== QUOTE) return -1;
    this.time = this.cachedDayMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return p + 2;
  }
}

const digit = (c: number): number => (c >= 0x30 && c <= 0x39 ? c - 0x30 : NaN);
const two = (d: Uint8Array, p: number): number => digit(d[p]!) * 10 + digit(d[p + 1]!);
