import { type Field, ThresholdsMode, type ThresholdsConfig } from '@grafana/data';
import { t } from '../i18n';
import { type EntityScore, type Level, LEVELS, STATUSES, type Status, type TermStatus } from './model';

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

/** The status as a heading, or (`inline`) inside a sentence or a count. */
export function statusText(status: Status, inline = false): string {
  switch (status) {
    case 'healthy':
      return inline ? t('status.word.healthy', 'healthy') : t('status.healthy', 'Healthy');
    case 'degraded':
      return inline ? t('status.word.degraded', 'degraded') : t('status.degraded', 'Degraded');
    case 'critical':
      return inline ? t('status.word.critical', 'critical') : t('status.critical', 'Critical');
    case 'offline':
      return inline ? t('status.word.offline', 'offline') : t('status.offline', 'Offline');
    case 'unknown':
      return inline ? t('status.word.unknown', 'unknown') : t('status.unknown', 'Unknown');
  }
}

export function termStatusText(status: TermStatus): string {
  switch (status) {
    case 'ok':
      return t('term-status.ok', 'OK');
    case 'warn':
      return t('term-status.warn', 'Warning');
    case 'bad':
      return t('term-status.bad', 'Failing');
    case 'unknown':
      return t('term-status.unknown', 'Unknown');
  }
}

/** Words for severity, priority and effort; null for none and for what the panel does not know. */
export function parseLevel(text: string | null): Level | null {
  const word = text?.trim().toLowerCase();
  return LEVELS.find((level) => level === word || LEVEL_WORDS[level].includes(word ?? '')) ?? null;
}
const LEVEL_WORDS: Record<Level, string[]> = {
  critical: ['severe', 'urgent', 'p0', 'blocker'],
  high: ['major', 'p1', 'error', 'large'],
  medium: ['moderate', 'p2', 'warning', 'warn'],
  low: ['minor', 'p3', 'info', 'small'],
};

export function levelText(level: Level | null): string {
  switch (level) {
    case 'critical':
      return t('level.critical', 'Critical');
    case 'high':
      return t('level.high', 'High');
    case 'medium':
      return t('level.medium', 'Medium');
    case 'low':
      return t('level.low', 'Low');
    case null:
      return t('level.unknown', 'Unknown');
  }
}

/** Highest first; what is not known stands first, because it may be anything. */
export const levelRank = (level: Level | null): number => (level === null ? -1 : LEVELS.indexOf(level));

/** Reads a status word; null when it is none the panel knows. */
export function parseStatus(text: string): Status | null {
  return BY_WORD.get(text.trim().toLowerCase()) ?? null;
}

export function parseTermStatus(text: string): TermStatus | null {
  const status = parseStatus(text);
  return status && TERM_OF[status];
}

export const termStatusOf = (status: Status): TermStatus => TERM_OF[status];

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
    .map((status) => `${counts[status]} ${statusText(status, true)}`)
    .join(', ');
}
