import { type Field, ThresholdsMode, type ThresholdsConfig } from '@grafana/data';
import { type EntityScore, STATUSES, type Status, type TermStatus } from './model';

/** Words other tools use for the same states. */
const STATUS_WORDS: Record<Status, string[]> = {
  healthy: ['healthy', 'ok', 'good', 'up', 'pass', 'passing', 'green', 'normal', 'success'],
  degraded: ['degraded', 'warn', 'warning', 'yellow', 'orange', 'fair', 'at risk'],
  critical: ['critical', 'bad', 'error', 'fail', 'failed', 'failing', 'red', 'unhealthy', 'poor', 'alerting'],
  offline: ['offline', 'down', 'dead', 'disconnected', 'unreachable'],
  unknown: ['unknown', 'no data', 'nodata', 'n/a', 'none', 'pending'],
};
const BY_WORD = new Map(STATUSES.flatMap((status) => STATUS_WORDS[status].map((word) => [word, status] as const)));

const TERM_OF: Record<Status, TermStatus> = {
  healthy: 'ok',
  degraded: 'warn',
  critical: 'bad',
  offline: 'bad',
  unknown: 'unknown',
};
const STATUS_OF: Record<TermStatus, Status> = { ok: 'healthy', warn: 'degraded', bad: 'critical', unknown: 'unknown' };

export const STATUS_TEXT: Record<Status, string> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  critical: 'Critical',
  offline: 'Offline',
  unknown: 'Unknown',
};
export const TERM_STATUS_TEXT: Record<TermStatus, string> = {
  ok: 'OK',
  warn: 'Warning',
  bad: 'Failing',
  unknown: 'Unknown',
};

/** Reads a status word; null when it is none the panel knows. */
export function parseStatus(text: string): Status | null {
  return BY_WORD.get(text.trim().toLowerCase()) ?? null;
}

export function parseTermStatus(text: string): TermStatus | null {
  const status = parseStatus(text);
  return status && TERM_OF[status];
}

/** The entity status with the same icon and colour as a term's. */
export const statusOfTerm = (status: TermStatus): Status => STATUS_OF[status];

/** Grafana's own default (green, red from 80) says the opposite of a health score; this is what the panel sets instead. */
export const DEFAULT_THRESHOLDS: ThresholdsConfig = {
  mode: ThresholdsMode.Absolute,
  steps: [
    { value: -Infinity, color: 'red' },
    { value: 60, color: 'orange' },
    { value: 80, color: 'green' },
  ],
};

/**
 * Status of a score that came without one: the lowest band of the field's thresholds is critical, the highest healthy,
 * everything between degraded. Colours are not asked, so any palette gives the same status.
 */
export function statusFromThresholds(
  score: number,
  thresholds: ThresholdsConfig | undefined,
  range: { min: number; max: number }
): Status {
  const config = thresholds && thresholds.steps.length > 1 ? thresholds : DEFAULT_THRESHOLDS;
  const value =
    config.mode === ThresholdsMode.Percentage ? ((score - range.min) / (range.max - range.min)) * 100 : score;
  // The base step's value is -Infinity, and null once it went through JSON.
  const bounds = config.steps
    .slice(1)
    .map((step) => step.value ?? -Infinity)
    .sort((a, b) => a - b);
  const band = bounds.filter((bound) => value >= bound).length;
  return band === 0 ? 'critical' : band === bounds.length ? 'healthy' : 'degraded';
}

export const thresholdsOf = (field: Field | undefined): ThresholdsConfig | undefined => field?.config.thresholds;

export function countByStatus(entities: readonly EntityScore[]): Record<Status, number> {
  const counts: Record<Status, number> = { critical: 0, offline: 0, degraded: 0, unknown: 0, healthy: 0 };
  for (const { status } of entities) {
    counts[status]++;
  }
  return counts;
}

/** "3 critical, 1 unknown, 12 healthy", worst first, without the zeros. */
export function summaryText(entities: readonly EntityScore[]): string {
  const counts = countByStatus(entities);
  return STATUSES.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}
