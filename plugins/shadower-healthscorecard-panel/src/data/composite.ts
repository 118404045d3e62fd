import { plural, t } from '../i18n';
import { type CompositeRule, type SortBy } from '../types';
import { type EntityScore, type Scorecard, STATUSES, type TrendPoint, unknownEntity } from './model';
import { matcher } from './pattern';
import { sortEntities } from './sort';

/**
 * An entity that is as bad as its worst member. Unknown members are not passed over: while any is unknown, the score is
 * at most the lowest known one, and the composite is never healthy.
 */
export function worstOf(key: string, name: string, kind: string, of: readonly EntityScore[]): EntityScore {
  const members = sortEntities(of, 'worst');
  const known = members.flatMap((m) => (m.score === null ? [] : [m.score]));
  const unknown = members.length - known.length;
  const partial = unknown > 0 || members.some((m) => m.atMost);
  const lowest = known.length === 0 ? null : Math.min(...known);
  const status = STATUSES.find((s) => members.some((m) => m.status === s)) ?? 'unknown';
  const previous = members.every((m) => m.previous !== null) ? Math.min(...members.map((m) => m.previous!)) : null;
  return {
    ...unknownEntity(key, name, kind),
    score: status === 'unknown' ? null : lowest,
    atMost: partial && status !== 'unknown' && lowest !== null,
    status,
    reason: unknown > 0 ? unknownMembers(unknown, members.length, lowest) : null,
    // Of the score that is shown: how sure the others are does not make the worst one better or worse.
    confidence: members.find((m) => m.score !== null && m.score === lowest)?.confidence ?? null,
    previous: members.length === 0 ? null : previous,
    change: partial || previous === null || lowest === null ? null : lowest - previous,
    trend: lowestTrend(members),
    members,
  };
}

function unknownMembers(unknown: number, all: number, lowest: number | null): string {
  const said = plural(
    'composite.unknown',
    unknown,
    '{{count}} of {{all}} members is unknown.',
    '{{count}} of {{all}} members are unknown.',
    { all }
  );
  return lowest === null
    ? said
    : `${said} ${t('composite.at-most', 'The score is {{score}} at most.', { score: Math.trunc(lowest * 10) / 10 })}`;
}

/** The lowest score at each time; unknown where any member's is unknown or missing then. */
function lowestTrend(members: readonly EntityScore[]): TrendPoint[] {
  const at = new Map<number, Array<number | null>>();
  for (const m of members) {
    for (const { time, score } of m.trend) {
      const scores = at.get(time);
      if (scores) {
        scores.push(score);
      } else {
        at.set(time, [score]);
      }
    }
  }
  const lowest = (scores: Array<number | null>) =>
    scores.length < members.length || scores.some((s) => s === null) ? null : Math.min(...scores.map((s) => s!));
  const trend = [...at].sort(([a], [b]) => a - b).map(([time, scores]) => ({ time, score: lowest(scores) }));
  return trend.some((p) => p.score !== null) ? trend : [];
}

/** Declared composites, and what is wrong with their declarations. */
export function buildComposites(
  entities: readonly EntityScore[],
  rules: readonly CompositeRule[]
): { composites: EntityScore[]; notices: string[] } {
  const composites: EntityScore[] = [];
  const notices: string[] = [];
  rules.forEach(({ name, members }, i) => {
    if (name.trim() === '' || members.trim() === '') {
      return;
    }
    const isMember = matcher(members);
    const of = entities.filter((e) => isMember(e.entity));
    const kind = t('composite.kind', 'composite');
    composites.push(worstOf(`composite ${i} ${name}`, name, kind, of));
    // A name that is not there any more would otherwise make the composite better in silence.
    const missing = members.split(',').filter((m) => m.trim() !== '' && !entities.some((e) => matcher(m)(e.entity)));
    if (missing.length > 0) {
      const last = composites[composites.length - 1];
      const reason = t('composite.missing', 'Not in the data: {{members}}.', {
        members: missing.map((m) => m.trim()).join(', '),
      });
      composites[composites.length - 1] = withUnknownPart(last, reason);
      notices.push(`${t('composite.notice', 'Composite "{{name}}":', { name })} ${reason}`);
    }
  });
  return { composites, notices };
}

/** The same while something that belongs to it is not known at all. */
function withUnknownPart(e: EntityScore, reason: string): EntityScore {
  const healthy = e.status === 'healthy' || e.status === 'unknown';
  return {
    ...e,
    status: healthy ? 'unknown' : e.status,
    score: healthy ? null : e.score,
    atMost: !healthy && e.score !== null,
    change: null,
    reason: [e.reason, reason].filter(Boolean).join(' '),
  };
}

export interface Group {
  name: string;
  entities: EntityScore[];
  /** The worst of them. */
  head: EntityScore;
}

/** Entities by the text of a field, in the order of their heads; what has no text is a group of its own, last by name. */
export function groupEntities(entities: readonly EntityScore[], field: string, sort: SortBy): Group[] {
  const by = new Map<string, EntityScore[]>();
  for (const e of entities) {
    const name = labelOf(e, field) ?? '';
    const group = by.get(name);
    if (group) {
      group.push(e);
    } else {
      by.set(name, [e]);
    }
  }
  const groups = new Map<string, Group>();
  for (const [name, of] of by) {
    const shown = name || t('group.none', 'Without {{field}}', { field });
    const head = worstOf(`group ${field} ${name}`, shown, field, of);
    groups.set(head.key, { name: shown, entities: of, head });
  }
  return sortEntities(
    [...groups.values()].map((g) => g.head),
    sort
  ).map((head) => groups.get(head.key)!);
}

/** Text of a field of the row that the entity came from. */
export function labelOf(e: EntityScore, field: string): string | null {
  const value: unknown = e.source?.frame.fields.find((f) => f.name === field)?.values[e.source.row];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Every entity that can be opened: the entities and the composites made of them. */
export function findEntity(
  scorecard: Scorecard,
  groups: readonly Group[] | null,
  key: string
): EntityScore | undefined {
  return scorecard.entities.find((e) => e.key === key) ?? groups?.find((g) => g.head.key === key)?.head;
}
