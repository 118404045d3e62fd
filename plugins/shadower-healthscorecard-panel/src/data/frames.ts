import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import { t } from '../i18n';
import { type FieldMapping, type Role, type RoleColumns } from '../types';

/** Names under which a column is found when the user chose none; the contract's own name comes first. */
const ENTITY = ['entity', 'name', 'service', 'service_name', 'host', 'instance', 'id'];
const KIND = ['kind', 'entity_kind', 'type'];
const SCORE = ['score', 'health_score', 'health'];
const STATUS = ['status', 'state', 'health_status'];
const TIME = ['time', 'timestamp'];
export const COLUMN_NAMES: { [R in Role]: Record<RoleColumns[R], string[]> } = {
  scores: {
    entity: ENTITY,
    kind: KIND,
    score: SCORE,
    status: STATUS,
    confidence: ['confidence'],
    calls: ['calls', 'samples', 'n'],
    previous_score: ['previous_score', 'previous'],
    change: ['change', 'score_change', 'delta'],
    time: TIME,
  },
  terms: {
    entity: ENTITY,
    kind: KIND,
    term: ['term', 'indicator', 'check', 'metric'],
    title: ['title', 'label'],
    weight: ['weight', 'points', 'max_points'],
    value: ['value', 'actual', 'current'],
    unit: ['unit'],
    target: ['target', 'goal', 'good'],
    points_lost: ['points_lost', 'lost', 'penalty'],
    previous_points_lost: ['previous_points_lost'],
    status: STATUS,
    since: ['since'],
    gate: ['gate', 'cap'],
    gate_above: ['gate_above'],
    gate_cap: ['gate_cap'],
    risk: ['risk'],
    severity: ['severity'],
    mitigation: ['mitigation'],
    priority: ['priority'],
    effort: ['effort'],
    evidence: ['evidence', 'evidence_url'],
    evidence_query: ['evidence_query'],
    evidence_column: ['evidence_column'],
    evidence_filter: ['evidence_filter'],
  },
  trend: { time: TIME, entity: ENTITY, kind: KIND, score: [...SCORE, 'value'] },
  risks: {
    entity: ENTITY,
    kind: KIND,
    risk: ['risk', 'title'],
    severity: ['severity'],
    mitigation: ['mitigation'],
    term: ['term'],
    since: ['since', 'time'],
  },
  recommendations: {
    entity: ENTITY,
    kind: KIND,
    recommendation: ['recommendation', 'title', 'action'],
    priority: ['priority'],
    effort: ['effort'],
    points: ['points', 'gain'],
    term: ['term'],
  },
  exemptions: {
    entity: ENTITY,
    kind: KIND,
    term: ['term'],
    owner: ['owner'],
    expires: ['expires', 'expiry', 'until'],
    reason: ['reason'],
  },
};
const ROLES = Object.keys(COLUMN_NAMES) as Role[];

export type Columns<C extends string> = Partial<Record<C, Field>>;

export type ReadRole = { [R in Role]: { role: R; frame: DataFrame; columns: Columns<RoleColumns[R]> } }[Role];
export type ReadFrame =
  | ReadRole
  /** Number fields that are an entity each, as time series databases answer. */
  | { role: 'series'; frame: DataFrame; time?: Field; values: Array<{ entity: string; field: Field }> };

export interface Recognition {
  frames: ReadFrame[];
  notices: string[];
}

const norm = (name: string) =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');

/**
 * Finds out which parts each frame plays: by its name or refId (`scores`, `terms`, …), else by its fields. Frames that
 * play none are named in a notice; empty frames without fields are passed over.
 */
export function recogniseFrames(series: readonly DataFrame[], mapping: FieldMapping = {}): Recognition {
  const frames: ReadFrame[] = [];
  const strangers: DataFrame[] = [];
  const all = [...series];
  const finder = new Finder(all);
  const columnsOf = <R extends Role>(role: R, frame: DataFrame) =>
    finder.columns<RoleColumns[R]>(frame, COLUMN_NAMES[role], mapping[role]);
  const current = all.filter((frame) => {
    const c = columnsOf('scores', frame);
    const named = roleByName(frame);
    return c.entity && c.score && !c.time && (named === undefined || named === 'scores');
  });

  for (const frame of series) {
    if (frame.fields.length === 0) {
      continue;
    }
    const named = roleByName(frame);
    const roles = named
      ? [named]
      : rolesByFields(columnsOf('scores', frame), columnsOf('terms', frame), frame, columnsOf);
    for (const role of roles) {
      const history = role === 'scores' && columnsOf('scores', frame).time && current.some((f) => f !== frame);
      // Beside a frame of current scores, a frame with times can only be their history.
      const as = history ? 'trend' : role;
      frames.push({ role: as, frame, columns: columnsOf(as, frame) } as ReadRole);
    }
    if (roles.length === 0) {
      strangers.push(frame);
    }
  }

  const notices: string[] = [];
  // Only without real scorecard frames is a guess at other shapes welcome; beside them it would invent entities.
  const guess = frames.length === 0;
  for (const frame of strangers) {
    const read = guess ? readOther(frame, all) : undefined;
    if (read) {
      frames.push(read);
    } else {
      notices.push(
        t('notice.stranger', 'Frame "{{frame}}" is none of {{roles}} and was left out (fields: {{fields}}).', {
          frame: frame.name || frame.refId || t('notice.unnamed', 'unnamed'),
          roles: ROLES.join(', '),
          fields: listNames(frame.fields.map((f) => f.name)),
        })
      );
    }
  }
  notices.push(...finder.missing(mapping));
  return { frames, notices };
}

/** Up to five names, and how many more. */
export function listNames(names: string[]): string {
  return names.length <= 5
    ? names.join(', ')
    : t('list.more', '{{names}} and {{more}} more', {
        names: names.slice(0, 5).join(', '),
        more: names.length - 5,
      });
}

function roleByName(frame: DataFrame): Role | undefined {
  return [frame.name, frame.refId].map((name) => ROLES.find((role) => role === norm(name ?? ''))).find(Boolean);
}

function rolesByFields(
  scores: Columns<RoleColumns['scores']>,
  terms: Columns<RoleColumns['terms']>,
  frame: DataFrame,
  columnsOf: <R extends Role>(role: R, frame: DataFrame) => Columns<RoleColumns[R]>
): Role[] {
  if (terms.term && (terms.points_lost || (terms.weight && !scores.score))) {
    // One row per entity and term, with the entity's score in each of them.
    return scores.entity && scores.score && scores.score !== terms.value ? ['scores', 'terms'] : ['terms'];
  }
  if (scores.entity && scores.score) {
    return ['scores'];
  }
  const risks = columnsOf('risks', frame);
  const recommendations = columnsOf('recommendations', frame);
  const exemptions = columnsOf('exemptions', frame);
  if (risks.entity && risks.risk && risks.severity) {
    return ['risks'];
  }
  if (recommendations.entity && recommendations.recommendation && recommendations.priority) {
    return ['recommendations'];
  }
  return exemptions.entity && exemptions.owner && exemptions.expires ? ['exemptions'] : [];
}

/** One name column with one number column, or number fields that are an entity each. */
function readOther(frame: DataFrame, all: DataFrame[]): ReadFrame | undefined {
  const time = frame.fields.find((f) => f.type === FieldType.time);
  const strings = frame.fields.filter((f) => f.type === FieldType.string);
  const numbers = frame.fields.filter((f) => f.type === FieldType.number);
  if (numbers.length === 0) {
    return undefined;
  }
  if (strings.length === 1 && numbers.length === 1) {
    return { role: 'scores', frame, columns: { entity: strings[0], score: numbers[0], time } };
  }
  if (strings.length === 0 && (time || frame.length === 1)) {
    return {
      role: 'series',
      frame,
      time,
      values: numbers.map((field) => ({ entity: entityOfSeries(field, frame, all), field })),
    };
  }
  return undefined;
}

function entityOfSeries(field: Field, frame: DataFrame, all: DataFrame[]): string {
  const labels = field.labels ?? {};
  for (const name of ENTITY) {
    if (labels[name]) {
      return labels[name];
    }
  }
  return getFieldDisplayName(field, frame, all);
}

class Finder {
  /** Chosen names that some frame has. */
  private found = new Set<string>();
  constructor(private all: DataFrame[]) {}

  columns<C extends string>(
    frame: DataFrame,
    names: Record<C, string[]>,
    chosen: Partial<Record<C, string>> = {}
  ): Columns<C> {
    const byName = new Map<string, Field>();
    const claimed = new Set<Field>();
    for (const field of frame.fields) {
      if (!byName.has(norm(field.name))) {
        byName.set(norm(field.name), field);
      }
    }
    const out: Columns<C> = {};
    const columns = Object.keys(names) as C[];
    for (const column of columns) {
      const want = chosen[column];
      const field =
        want && frame.fields.find((f) => f.name === want || getFieldDisplayName(f, frame, this.all) === want);
      if (field) {
        this.found.add(want);
        out[column] = field;
        claimed.add(field);
      }
    }
    for (const column of columns) {
      // A name that was chosen and is not here is not replaced by a guess: the user would not see the difference.
      if (out[column] || chosen[column]) {
        continue;
      }
      const name = names[column].find((n) => byName.has(n) && !claimed.has(byName.get(n)!));
      if (name) {
        out[column] = byName.get(name)!;
        claimed.add(out[column]);
      }
    }
    return out;
  }

  missing(mapping: FieldMapping): string[] {
    const notices: string[] = [];
    for (const [role, columns] of Object.entries<Partial<Record<string, string>> | undefined>({ ...mapping })) {
      for (const [column, name] of Object.entries<string | undefined>(columns ?? {})) {
        if (name && !this.found.has(name)) {
          notices.push(
            t('notice.no-field', 'Field "{{name}}", chosen as {{column}} of {{role}}, is not in the data.', {
              name,
              column,
              role,
            })
          );
        }
      }
    }
    return notices;
  }
}
