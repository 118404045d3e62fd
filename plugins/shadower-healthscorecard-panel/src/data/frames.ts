import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import { type FieldMapping, type Role, type ScoreColumn, type TermColumn, type TrendColumn } from '../types';

/** Names under which a column is found when the user chose none; the contract's own name comes first. */
const SCORE_NAMES: Record<ScoreColumn, string[]> = {
  entity: ['entity', 'name', 'service', 'service_name', 'host', 'instance', 'id'],
  kind: ['kind', 'entity_kind', 'type'],
  score: ['score', 'health_score', 'health'],
  status: ['status', 'state', 'health_status'],
  confidence: ['confidence'],
  calls: ['calls', 'samples', 'n'],
  previous_score: ['previous_score', 'previous'],
  change: ['change', 'score_change', 'delta'],
  time: ['time', 'timestamp'],
};
const TERM_NAMES: Record<TermColumn, string[]> = {
  entity: SCORE_NAMES.entity,
  kind: SCORE_NAMES.kind,
  term: ['term', 'indicator', 'check', 'metric'],
  title: ['title', 'label'],
  weight: ['weight', 'points', 'max_points'],
  value: ['value', 'actual', 'current'],
  unit: ['unit'],
  target: ['target', 'goal', 'good'],
  points_lost: ['points_lost', 'lost', 'penalty'],
  previous_points_lost: ['previous_points_lost'],
  status: ['status', 'state'],
  since: ['since'],
  gate: ['gate', 'cap'],
};
const TREND_NAMES: Record<TrendColumn, string[]> = {
  time: SCORE_NAMES.time,
  entity: SCORE_NAMES.entity,
  kind: SCORE_NAMES.kind,
  score: [...SCORE_NAMES.score, 'value'],
};

export type Columns<C extends string> = Partial<Record<C, Field>>;

export type ReadFrame =
  | { role: 'scores'; frame: DataFrame; columns: Columns<ScoreColumn> }
  | { role: 'terms'; frame: DataFrame; columns: Columns<TermColumn> }
  | { role: 'trend'; frame: DataFrame; columns: Columns<TrendColumn> }
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
 * Finds out which part each frame plays: by its name or refId (`scores`, `terms`, `trend`), else by its fields. Frames
 * that are none of these are named in a notice; empty frames without fields are passed over.
 */
export function recogniseFrames(series: readonly DataFrame[], mapping: FieldMapping = {}): Recognition {
  const frames: ReadFrame[] = [];
  const strangers: DataFrame[] = [];
  const all = [...series];
  const finder = new Finder(all);
  const current = all.filter((frame) => {
    const c = finder.columns(frame, SCORE_NAMES, mapping.scores);
    return c.entity && c.score && !c.time && roleByName(frame) !== 'terms' && roleByName(frame) !== 'trend';
  });

  for (const frame of series) {
    if (frame.fields.length === 0) {
      continue;
    }
    const scores = finder.columns(frame, SCORE_NAMES, mapping.scores);
    const terms = finder.columns(frame, TERM_NAMES, mapping.terms);
    const trend = finder.columns(frame, TREND_NAMES, mapping.trend);
    const role = roleByName(frame) ?? roleByFields(scores, terms);
    if (role === 'scores' && scores.time && current.some((f) => f !== frame)) {
      // Beside a frame of current scores, a frame with times can only be their history.
      frames.push({ role: 'trend', frame, columns: trend });
    } else if (role === 'scores') {
      frames.push({ role, frame, columns: scores });
    } else if (role === 'terms') {
      frames.push({ role, frame, columns: terms });
    } else if (role === 'trend') {
      frames.push({ role, frame, columns: trend });
    } else {
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
        `Frame "${frame.name || frame.refId || 'unnamed'}" is neither scores, terms nor trend and was left out ` +
          `(fields: ${listNames(frame.fields.map((f) => f.name))}).`
      );
    }
  }
  notices.push(...finder.missing(mapping));
  return { frames, notices };
}

/** Up to five names, and how many more. */
export function listNames(names: string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}

function roleByName(frame: DataFrame): Role | undefined {
  for (const name of [frame.name, frame.refId]) {
    switch (norm(name ?? '')) {
      case 'scores':
        return 'scores';
      case 'terms':
        return 'terms';
      case 'trend':
        return 'trend';
    }
  }
  return undefined;
}

function roleByFields(scores: Columns<ScoreColumn>, terms: Columns<TermColumn>): Role | undefined {
  if (terms.term && (terms.points_lost || (terms.weight && !scores.score))) {
    return 'terms';
  }
  return scores.entity && scores.score ? 'scores' : undefined;
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
  for (const name of SCORE_NAMES.entity) {
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
          notices.push(`Field "${name}", chosen as ${column} of ${role}, is not in the data.`);
        }
      }
    }
    return notices;
  }
}
