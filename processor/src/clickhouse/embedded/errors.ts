/**
 * Errors on ClickHouse's wire: a number, a name and a text. They keep ClickHouse's own codes instead of those in
 * `errors.ts` of the processor, because clients of the HTTP interface tell errors apart by these.
 */

const NAMES = {
  36: 'BAD_ARGUMENTS',
  48: 'NOT_IMPLEMENTED',
  62: 'SYNTAX_ERROR',
  81: 'UNKNOWN_DATABASE',
  115: 'UNKNOWN_SETTING',
  117: 'INCORRECT_DATA',
  159: 'TIMEOUT_EXCEEDED',
  194: 'REQUIRED_PASSWORD',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  236: 'ABORTED',
  243: 'NOT_ENOUGH_SPACE',
  307: 'TOO_MANY_BYTES',
  344: 'SUPPORT_IS_DISABLED',
  396: 'TOO_MANY_ROWS_OR_BYTES',
  456: 'UNKNOWN_QUERY_PARAMETER',
  497: 'ACCESS_DENIED',
  516: 'AUTHENTICATION_FAILED',
  1001: 'STD_EXCEPTION',
} as const;

const BAD_REQUEST = new Set([
  6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 54, 55, 62, 69, 72, 117, 167, 168, 223, 376, 427, 441, 457, 675, 676,
]);
const NOT_FOUND = new Set([46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 511]);
const OTHER: Readonly<Record<number, number>> = {
  48: 501,
  76: 503,
  159: 408,
  192: 403,
  193: 403,
  194: 401,
  202: 503,
  209: 503,
  307: 413,
  439: 503,
  497: 403,
  516: 403,
};

/** HTTP status that a ClickHouse server answers with for an exception code (its `exceptionCodeToHTTPStatus`). */
export function httpStatus(code: number): number {
  if (BAD_REQUEST.has(code)) return 400;
  if (NOT_FOUND.has(code)) return 404;
  return OTHER[code] ?? 500;
}

/** An exception as a ClickHouse client sees it. `message` has the form `Code: N. DB::Exception: … (NAME)`. */
export class ClickHouseException extends Error {
  readonly status: number;
  constructor(
    readonly code: number,
    message: string,
    status?: number,
  ) {
    super(message);
    this.name = 'ClickHouseException';
    this.status = status ?? httpStatus(code);
  }
}

/** Builds an exception that this endpoint raises itself. `status` overrides the usual HTTP status of the code. */
export function exception(code: keyof typeof NAMES, detail: string, status?: number): ClickHouseException {
  return new ClickHouseException(code, `Code: ${code}. DB::Exception: ${detail} (${NAMES[code]})`, status);
}

/** Turns whatever the engine threw into an exception with its code. */
export function fromEngine(error: unknown): ClickHouseException {
  if (error instanceof ClickHouseException) return error;
  const text = error instanceof Error ? error.message : String(error);
  // chDB says "Code: N. DB::Exception: …"; a wrapped exception repeats the head, and the first code is the outer one.
  const match = /Code:\s*(\d+)\.\s*DB::/.exec(text);
  if (match) return new ClickHouseException(Number(match[1]), text.slice(match.index).trim());
  // A body is written to disk on its way into the engine; the client may try again when there is room.
  if ((error as { code?: unknown } | null)?.code === 'ENOSPC') return exception(243, `The disk is full: ${text}`);
  return exception(1001, text);
}
