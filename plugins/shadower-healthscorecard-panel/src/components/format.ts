import {
  dateTimeFormat,
  dateTimeFormatTimeAgo,
  type DisplayProcessor,
  FieldType,
  formattedValueToString,
  getDisplayProcessor,
  type GrafanaTheme2,
  type LinkModel,
  textUtil,
} from '@grafana/data';
import { STATUS_TEXT } from '../data/status';
import { type EntityScore, type Term } from '../data/model';

/** Stands wherever a number would, but none is known. */
export const UNKNOWN = '–';

const fraction = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** Points as a plain number with at most one decimal. */
export const points = (n: number): string => fraction.format(n);

/** The score as the field's unit, decimals and value mappings say; else with at most one decimal. */
export function scoreText(e: Pick<EntityScore, 'source'>, score: number | null): string {
  if (score === null) {
    return UNKNOWN;
  }
  const field = e.source?.scoreField;
  const { unit, decimals, mappings } = field?.config ?? {};
  // A bare number is what "none" and "short" mean, too.
  const configured =
    (unit !== undefined && !['', 'none', 'short'].includes(unit)) ||
    (decimals ?? null) !== null ||
    (mappings?.length ?? 0) > 0;
  // Cut, not rounded: 99.96 must not read 100, nor 59.96 (critical) read 60 (degraded).
  return configured && field?.display
    ? formattedValueToString(field.display(score))
    : points(Math.trunc(score * 10 + Math.sign(score) * 1e-9) / 10);
}

export interface ChangeText {
  direction: 'up' | 'down' | 'none' | 'unknown';
  /** Sign and number, for eyes. */
  short: string;
  /** The same in words. */
  long: string;
}

export function changeText(change: number | null): ChangeText {
  if (change === null) {
    return { direction: 'unknown', short: UNKNOWN, long: 'no previous score to compare with' };
  }
  const size = points(Math.abs(change));
  if (size === '0') {
    return { direction: 'none', short: '±0', long: 'no change from the previous period' };
  }
  return change > 0
    ? { direction: 'up', short: `▲ ${size}`, long: `up ${size} from the previous period` }
    : { direction: 'down', short: `▼ ${size}`, long: `down ${size} from the previous period` };
}

/** Confidence in words and percent; null when the source says nothing about it. */
export function confidenceText(e: Pick<EntityScore, 'confidence'>, low: number): { low: boolean; text: string } | null {
  if (e.confidence === null) {
    return null;
  }
  const percent = `${Math.round(e.confidence * 100)} %`;
  return e.confidence < low
    ? { low: true, text: `Low confidence (${percent})` }
    : { low: false, text: `Confidence ${percent}` };
}

/** Everything a tile shows, as one sentence for screen readers. */
export function entityLabel(e: EntityScore, lowConfidence: number): string {
  const parts = [
    e.score === null
      ? `${e.entity}: ${STATUS_TEXT[e.status].toLowerCase()}, score unknown`
      : `${e.entity}: ${STATUS_TEXT[e.status].toLowerCase()}, score ${scoreText(e, e.score)}`,
  ];
  if (e.score !== null && e.change !== null) {
    parts.push(changeText(e.change).long);
  }
  if (confidenceText(e, lowConfidence)?.low && e.score !== null) {
    parts.push('low confidence');
  }
  if (e.reason) {
    parts.push(e.reason.replace(/\.$/, ''));
  }
  return parts.join(', ');
}

/** Formatter of a term's values; one display processor per unit. */
export function valueFormatter(theme: GrafanaTheme2, timeZone?: string) {
  const byUnit = new Map<string, DisplayProcessor>();
  return (value: number, unit: string | null, decimals?: number): string => {
    const key = unit ?? '';
    let display = byUnit.get(key);
    if (!display) {
      display = getDisplayProcessor({
        field: { type: FieldType.number, config: { unit: unit ?? 'short' } },
        theme,
        timeZone,
      });
      byUnit.set(key, display);
    }
    return formattedValueToString(display(value, decimals));
  };
}

/** Value and target in the term's unit, with as many decimals as it takes to tell them apart (99.94 % of 99.9 %). */
export function valueAndTarget(
  { value, target, unit }: Pick<Term, 'value' | 'target' | 'unit'>,
  format: ReturnType<typeof valueFormatter>
): { value: string; target: string } {
  const show = (decimals?: number) => ({
    value: value === null ? 'Unknown' : format(value, unit, decimals),
    target: typeof target === 'number' ? format(target, unit, decimals) : (target ?? UNKNOWN),
  });
  let shown = show();
  for (let decimals = 1; decimals <= 4 && shown.value === shown.target && value !== target; decimals++) {
    shown = show(decimals);
  }
  return shown;
}

export const ago = (time: number, timeZone: string) => dateTimeFormatTimeAgo(time, { timeZone });
export const absolute = (time: number, timeZone: string) => dateTimeFormat(time, { timeZone });

/** "25 minutes", for ages. */
export function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) {
    return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  }
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

/** Data links of the entity's and the score's field, made safe, without repeats. */
export function entityLinks(e: EntityScore): LinkModel[] {
  const { row = 0, entityField, scoreField } = e.source ?? {};
  const links = new Map<string, LinkModel>();
  for (const field of [entityField, scoreField]) {
    for (const link of field?.getLinks?.({ valueRowIndex: row }) ?? []) {
      links.set(`${link.title}\n${link.href}`, { ...link, href: textUtil.sanitizeUrl(link.href) });
    }
  }
  return [...links.values()];
}
