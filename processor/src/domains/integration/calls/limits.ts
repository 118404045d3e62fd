/** The limits. A step with fewer calls than `calls` says nothing about shares and percentiles. */
export const LIMITS = {
  calls: 20,
  /** Share of calls that failed. */
  failing: { warning: 0.05, critical: 0.25 },
  /** p95, ms. */
  slowMs: 2000,
  /** Against the median of the steps of the range: how many times as long, and at least so many ms longer. */
  shift: { times: 2, ms: 20, minCalls: 6, minSteps: 6 },
  /** Of a caller's targets that must show the same at once before the caller, and not the way to each, is to blame. */
  commonCause: { share: 0.6, targets: 3 },
} as const;
