/** What the domains' HTTP endpoints have in common. */
import { z } from 'zod';

/** Choices of `timeframe`, in milliseconds. */
export const TIMEFRAMES = {
  '1h': 3600_000,
  '6h': 6 * 3600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
} as const;
type Timeframe = keyof typeof TIMEFRAMES;

export const timeframe = z
  .enum(Object.keys(TIMEFRAMES) as [Timeframe, ...Timeframe[]])
  .default('24h')
  .describe('How far to look back');

/** `true` or `false` in a query string. */
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((v) => v === 'true');

/** Rows of a query's part, and how the numbers came about (`QueryAnswer`). */
export const rows = z.array(z.record(z.string(), z.unknown()));
export const meta = z.record(z.string(), z.unknown());

/** Date or date and time in a query string, as milliseconds; a bare date (UTC) is its first moment or, as an end, the one after its last. */
export const moment = (side: 'start' | 'end') =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])
    .transform((v) =>
      v.includes('T')
        ? Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(v) ? v : `${v}Z`)
        : Date.parse(`${v}T00:00:00Z`) + (side === 'end' ? 86_400_000 : 0),
    );
