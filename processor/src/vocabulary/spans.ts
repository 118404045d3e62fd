/** Reading the attributes of spans, for the domains' mappings. */
import type { Span } from '../domains/define';

const text = (v: string | number | boolean | undefined): string | undefined =>
  v === undefined || v === '' ? undefined : String(v).slice(0, 256);

/** First attribute of `names` that is present and not empty, as a string of at most 256 characters. */
export function attr(span: Span, ...names: string[]): string | undefined {
  for (const name of names) {
    const v = text(span.attributes[name]);
    if (v !== undefined) return v;
  }
  return undefined;
}

/** The same as a number ≥ 0; undefined where it is none. */
export function num(span: Span, ...names: string[]): number | undefined {
  const v = attr(span, ...names);
  const n = v === undefined ? NaN : Number(v);
  return Number.isFinite(n) && n >= 0 ? n : undefined;
}

/** Attribute of the span's resource, as a string of at most 256 characters. */
export const resource = (span: Span, name: string): string | undefined => text(span.resource[name]);
