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
import { plural, t } from '../i18n';
import { exemptionState } from '../data/exemptions';
import { type EntityScore, type Exemption, type Term } from '../data/model';
import { statusText } from '../data/status';

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
    return { direction: 'unknown', short: UNKNOWN, long: t('change.unknown', 'no previous score to compare with') };
  }
  const size = points(Math.abs(change));
  if (size === '0') {
    return { direction: 'none', short: '±0', long: t('change.none', 'no change from the previous period') };
  }
  return change > 0
    ? { direction: 'up', short: `▲ ${size}`, long: t('change.up', 'up {{size}} from the previous period', { size }) }
    : {
        direction: 'down',
        short: `▼ ${size}`,
        long: t('change.down', 'down {{size}} from the previous period', { size }),
      };
}

/** A difference in points with its sign: "+3", "−12.5". */
export function signed(n: number): string {
  const size = points(Math.abs(n));
  return size === '0' ? '±0' : n > 0 ? `+${size}` : `−${size}`;
}

/** Points lost, as what they do to the score: "−12.5 points". */
export const lostText = (lost: number): string =>
  t('moved.lost', '{{points}} points', { points: lost === 0 ? '0' : signed(-lost) });

/** Confidence in words and percent; null when the source says nothing about it, or there is no score to be sure of. */
export function confidenceText(
  e: Pick<EntityScore, 'confidence' | 'score'>,
  low: number
): { low: boolean; text: string } | null {
  if (e.confidence === null || e.score === null) {
    return null;
  }
  const percent = Math.round(e.confidence * 100);
  return e.confidence < low
    ? { low: true, text: t('confidence.low', 'Low confidence ({{percent}} %)', { percent }) }
    : { low: false, text: t('confidence.value', 'Confidence {{percent}} %', { percent }) };
}

/** Marks before a score: `≤` where a part of it is unknown, `≈` where confidence is low. */
export const scoreMark = (e: Pick<EntityScore, 'score' | 'atMost'>, low: boolean | undefined): string =>
  e.score === null ? '' : e.atMost ? '≤' : low ? '≈' : '';

/** What an exemption says: until when, by whom and why. An expired one says that it is over. */
export function exemptionText(x: Exemption, now: number, timeZone: string): string {
  const date = x.expires === null ? '' : dateTimeFormat(x.expires, { timeZone, format: 'YYYY-MM-DD HH:mm' });
  const until = {
    active: t('exemption.until', 'Exempt until {{date}}', { date }),
    expired: t('exemption.expired', 'Exemption expired {{date}}', { date }),
    open: t('exemption.open', 'Exemption without an expiry date'),
  }[exemptionState(x, now)];
  const owner = x.owner ?? t('exemption.no-owner', 'nobody');
  return [until, t('exemption.owner', 'owner: {{owner}}', { owner }), x.reason].filter(Boolean).join(', ');
}

/** Everything a tile shows, as one sentence for screen readers. */
export function entityLabel(e: EntityScore, lowConfidence: number): string {
  const status = statusText(e.status, true);
  const score = scoreText(e, e.score);
  const parts = [
    e.score === null
      ? t('label.unknown', '{{entity}}: {{status}}, score unknown', { entity: e.entity, status })
      : e.atMost
        ? t('label.at-most', '{{entity}}: {{status}}, score at most {{score}}', { entity: e.entity, status, score })
        : t('label.score', '{{entity}}: {{status}}, score {{score}}', { entity: e.entity, status, score }),
  ];
  if (e.score !== null && e.change !== null) {
    parts.push(changeText(e.change).long);
  }
  if (confidenceText(e, lowConfidence)?.low) {
    parts.push(t('confidence.word-low', 'low confidence'));
  }
  if (e.cap) {
    parts.push(t('label.capped', 'capped at {{at}} by {{term}}', { at: points(e.cap.at), term: e.cap.term.title }));
  }
  if (e.exemption) {
    parts.push(t('label.exemption', 'has an exemption'));
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
    value: value === null ? t('term-status.unknown', 'Unknown') : format(value, unit, decimals),
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
    return plural('duration.minutes', minutes, '{{count}} minute', '{{count}} minutes');
  }
  const hours = Math.round(minutes / 60);
  return hours < 48
    ? plural('duration.hours', hours, '{{count}} hour', '{{count}} hours')
    : plural('duration.days', Math.round(hours / 24), '{{count}} day', '{{count}} days');
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
