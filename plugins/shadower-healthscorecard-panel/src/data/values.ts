import { type Field } from '@grafana/data';
import { type ScoreRange } from './model';

/**
 * Readers of single cells. A cell that does not hold the wanted thing is null, whatever garbage it holds: the panel
 * draws it as unknown.
 */

export function toNumber(value: unknown): number | null {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : null;
  }
  if (typeof value === 'bigint') {
    return Number(value);
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const parsed = Number(value);
    return Number.isFinite(parsed) ? parsed : null;
  }
  return null;
}

export function toText(value: unknown): string | null {
  if (typeof value === 'string') {
    const text = value.trim();
    return text === '' ? null : text;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value);
  }
  return null;
}

/** Milliseconds since the epoch, from a number of milliseconds, a Date or an ISO 8601 text. 0 means "never". */
export function toTime(value: unknown): number | null {
  let ms: number | null = null;
  if (value instanceof Date) {
    ms = value.getTime();
  } else if (typeof value === 'string') {
    ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  } else {
    ms = toNumber(value);
  }
  return ms !== null && Number.isFinite(ms) && ms > 0 && ms <= 8.64e15 ? ms : null;
}

/** A cell of a field that may be missing. */
export function cell<T>(field: Field | undefined, row: number, read: (value: unknown) => T | null): T | null {
  return field ? read(field.values[row]) : null;
}

export const inRange = (value: number | null, { min, max }: ScoreRange): number | null =>
  value === null || value < min || value > max ? null : value;
