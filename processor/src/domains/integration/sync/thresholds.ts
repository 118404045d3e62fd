/** Where sync begins to hurt: what alert rules and findings compare with. */
/** Share of operations that failed. The source document names no limit. */
export const FAILURE_RATE = 0.1;
/** Records that wait. */
export const BACKLOG = 10_000;
/** Times the stream's usual distance of successes that the last one is ago. */
export const OVERDUE = 3;
/** Share of conflicts that need a person. */
export const MANUAL_RATE = 0.2;
/** Share of the conflicts that one field has. */
export const FIELD_SHARE = 0.3;
/** Conflicts below which shares of them say little. */
export const ENOUGH_CONFLICTS = 20;
