/** The number by which an outcome and its reason are mixed in. */
export function codeOf(outcome: string, reason: string): number {
  const name = `${outcome}\u001f${reason}`;
  let code = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) code = Math.imul(code ^ name.charCodeAt(i), 0x01000193);
  return code;
}

/**
 * Fingerprint of what became of each record of a batch, recorded with the intent. It is made of offsets, outcomes and
 * reasons, so a replay that accepts what the first run refused, or the other way round, is noticed before it writes.
 */
export class Digest {
  // Two lanes of FNV-1a over 32-bit words: no defence against anybody, only against a difference in judgement.
  private a = 0x811c9dc5;
  private b = 0x01000193;

  private mix(word: number): void {
    this.a = Math.imul(this.a ^ word, 0x01000193);
    this.b = Math.imul(this.b ^ word, 0x85ebca6b) ^ (this.b >>> 13);
  }

  /** A record begins. */
  record(offset: number): void {
    this.mix(offset | 0);
  }

  /** One of its items was counted; `code` says how, see `codeOf`. */
  item(code: number): void {
    this.mix(code);
  }

  /** 16 hexadecimal digits. */
  value(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.a) + hex(this.b);
  }
}
