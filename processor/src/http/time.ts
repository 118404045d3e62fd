/** Times as callers write them. */
import { ShadowerError } from '../errors';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const RELATIVE = /^now(?:([+-])([0-9]{1,9})([smhdw]))?$/;
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** ISO 8601 with an offset (or a bare date, UTC), milliseconds since the epoch, `now`, `now-1h`. Throws QUERY_BAD_PARAM. */
export function parseTime(text: string, name: string, now: number): number {
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const [, sign, count, unit] = relative;
    return unit === undefined ? now : now + (sign === '-' ? -1 : 1) * Number(count) * UNITS[unit]!;
  }
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : ISO.test(text) ? Date.parse(text) : NaN;
  if (!Number.isFinite(ms))
    throw new ShadowerError(
      'QUERY_BAD_PARAM',
      `${name} is ${text.slice(0, 60)}; it takes 2026-11-21T12:00:00Z, milliseconds since 1970, or now-1h`,
    );
  return ms;
}
