import { type DataFrame, type Field } from '@grafana/data';
import { type FieldMapping, type ScoreColumn, type TermColumn, type TrendColumn } from '../types';
import { type Columns, listNames, type ReadFrame, recogniseFrames } from './frames';
import { type Cap, type EntityScore, type Scorecard, type Term, type TrendPoint } from './model';
import { parseStatus, parseTermStatus, statusFromThresholds, thresholdsOf } from './status';
import { toNumber, toText, toTime } from './values';

/** Points of rounding that a score may lie off its cap and still count as capped. */
const CAP_TOLERANCE = 0.05;

/**
 * Reads frames into the scorecard. Never throws on data: what can be read is there, and `notices` say what is missing.
 *
 * @param series frames of all the panel's queries; entities of different queries are kept apart
 * @param mapping field names that the user chose
 */
export function buildScorecard(series: readonly DataFrame[], mapping: FieldMapping = {}): Scorecard {
  const { frames, notices } = recogniseFrames(series, mapping);
  const builder = new Builder(notices);
  const order: Array<ReadFrame['role']> = ['scores', 'series', 'terms', 'trend'];
  for (const role of order) {
    for (const read of frames) {
      if (read.role === role) {
        builder.read(read);
      }
    }
  }
  return builder.finish(frames.length > 0);
}

class Builder {
  private entities = new Map<string, EntityScore>();
  private byName = new Map<string, EntityScore[]>();
  private range = { min: 0, max: 100 };
  private counts = { duplicate: 0, outside: 0, nameless: 0, unplaced: 0, badTime: 0 };
  private strangeStatus = new Set<string>();
  private hasTerms = false;

  constructor(private notices: string[]) {}

  read(read: ReadFrame) {
    switch (read.role) {
      case 'scores':
        return this.readScores(read.frame, read.columns);
      case 'series':
        return this.readSeries(read);
      case 'terms':
        return this.readTerms(read.frame, read.columns);
      case 'trend':
        return this.readTrend(read.frame, read.columns);
    }
  }

  private readScores(frame: DataFrame, c: Columns<ScoreColumn>) {
    this.tellMissing('scores', c, ['entity', 'score']);
    this.takeRange(c.score);
    const started = new Set<string>();
    for (let row = 0; row < frame.length; row++) {
      const name = cell(c.entity, row, toText);
      if (name === null && c.entity) {
        this.counts.nameless++;
      }
      const entity = name ?? `Row ${row + 1}`;
      const kind = cell(c.kind, row, toText);
      const key = keyOf(frame.refId, kind, entity);
      const time = c.time ? cell(c.time, row, toTime) : null;
      if (this.entities.has(key) && (!started.has(key) || !c.time)) {
        this.counts.duplicate++;
        continue;
      }
      const before = this.entities.get(key);
      const e = this.judge(frame.refId, entity, kind, c, row);
      if (c.time) {
        // A long frame: every row is a point of the trend, and the newest one is the score.
        const trend = before?.trend ?? [];
        if (time !== null) {
          trend.push({ time, score: e.score });
        } else {
          this.counts.badTime++;
        }
        const newest = trend.reduce((max, p) => Math.max(max, p.time), -Infinity);
        this.put(before && (time === null || time < newest) ? before : { ...e, trend });
      } else {
        this.put(e);
      }
      started.add(key);
    }
  }

  private judge(
    refId: string | undefined,
    entity: string,
    kind: string | null,
    c: Columns<ScoreColumn>,
    row: number
  ): EntityScore {
    const calls = cell(c.calls, row, toNumber);
    const raw: unknown = c.score?.values[row];
    let score = toNumber(raw);
    let reason: string | null = null;
    if (score === null) {
      reason = !c.score
        ? 'The data has no score field.'
        : calls === 0
          ? 'No calls in the time range.'
          : raw === null || raw === undefined
            ? 'The score is empty.'
            : `The score is not a number (${String(raw).slice(0, 40)}).`;
    } else if (score < this.range.min || score > this.range.max) {
      reason = `The score ${score} is outside ${this.range.min}–${this.range.max}.`;
      score = null;
      this.counts.outside++;
    }

    const word = cell(c.status, row, toText);
    const said = word === null ? null : parseStatus(word);
    if (word !== null && said === null) {
      this.strangeStatus.add(word);
    }
    let status = said ?? 'unknown';
    if (said === null && score !== null) {
      if (word === null) {
        status = statusFromThresholds(score, thresholdsOf(c.score), this.range);
      } else {
        reason = `The status "${word}" is not one the panel knows.`;
      }
    } else if (said === 'healthy' && score === null) {
      // Unknown is never green, whatever the source says.
      status = 'unknown';
    } else if (said === 'unknown' && score !== null) {
      reason = 'The source says that the status is unknown.';
    }

    const previous = inRange(cell(c.previous_score, row, toNumber), this.range);
    const change =
      score === null ? null : (cell(c.change, row, toNumber) ?? (previous === null ? null : score - previous));
    const confidence = cell(c.confidence, row, toNumber);
    return {
      key: keyOf(refId, kind, entity),
      entity,
      kind,
      score,
      status,
      reason,
      confidence: confidence === null || confidence < 0 || confidence > 1 ? null : confidence,
      calls,
      previous,
      change,
      terms: [],
      trend: [],
      cap: null,
      source: { row, scoreField: c.score, entityField: c.entity },
    };
  }

  private readSeries({ frame, time, values }: Extract<ReadFrame, { role: 'series' }>) {
    for (const { entity, field } of values) {
      this.takeRange(field);
      const last = frame.length - 1;
      const e = this.judge(frame.refId, entity, null, { score: field }, last);
      if (this.entities.has(e.key)) {
        this.counts.duplicate++;
        continue;
      }
      for (let row = 0; time && row < frame.length; row++) {
        const at = cell(time, row, toTime);
        if (at === null) {
          this.counts.badTime++;
        } else {
          e.trend.push({ time: at, score: inRange(cell(field, row, toNumber), this.range) });
        }
      }
      this.put(e);
    }
  }

  private readTerms(frame: DataFrame, c: Columns<TermColumn>) {
    this.tellMissing('terms', c, ['entity', 'term', 'points_lost']);
    this.hasTerms ||= frame.length > 0;
    for (let row = 0; row < frame.length; row++) {
      const targets = this.find(frame, c.entity, c.kind, row, 'Only its terms are in the data, not its score.');
      if (targets.length === 0) {
        continue;
      }
      const title = cell(c.title, row, toText);
      const id = cell(c.term, row, toText) ?? title ?? `Term ${row + 1}`;
      const value = cell(c.value, row, toNumber);
      const pointsLost = cell(c.points_lost, row, toNumber);
      const word = cell(c.status, row, toText);
      const said = word === null ? null : parseTermStatus(word);
      if (word !== null && said === null) {
        this.strangeStatus.add(word);
      }
      const targetNumber = cell(c.target, row, toNumber);
      const term: Term = {
        id,
        title: title ?? id,
        weight: cell(c.weight, row, toNumber),
        value,
        unit: cell(c.unit, row, toText) ?? c.value?.config.unit ?? null,
        target: targetNumber ?? cell(c.target, row, toText),
        pointsLost,
        previousPointsLost: cell(c.previous_points_lost, row, toNumber),
        // Without a value "ok" is a claim nobody measured; without a word, points lost say the same.
        status:
          said === 'ok' && value === null && pointsLost === null
            ? 'unknown'
            : (said ?? (word !== null || pointsLost === null ? 'unknown' : pointsLost > 0 ? 'warn' : 'ok')),
        since: cell(c.since, row, toTime),
        gate: inRange(cell(c.gate, row, toNumber), this.range),
      };
      for (const e of targets) {
        e.terms.push(term);
      }
    }
  }

  private readTrend(frame: DataFrame, c: Columns<TrendColumn>) {
    this.tellMissing('trend', c, ['time', 'score']);
    if (!c.time || !c.score) {
      return;
    }
    for (let row = 0; row < frame.length; row++) {
      const time = cell(c.time, row, toTime);
      if (time === null) {
        this.counts.badTime++;
        continue;
      }
      const point: TrendPoint = { time, score: inRange(cell(c.score, row, toNumber), this.range) };
      for (const e of this.find(frame, c.entity, c.kind, row, 'Only its trend is in the data, not its score.')) {
        e.trend.push(point);
      }
    }
  }

  /**
   * The entities a terms or trend row belongs to: those of its own query where there are any, else those of that name
   * in any query. A name nobody scored becomes an entity with an unknown score.
   */
  private find(
    frame: DataFrame,
    entityField: Field | undefined,
    kindField: Field | undefined,
    row: number,
    reason: string
  ): EntityScore[] {
    const name = cell(entityField, row, toText);
    if (name === null) {
      // One entity and no name: no doubt whose row it is.
      if (!entityField && this.entities.size === 1) {
        return [...this.entities.values()];
      }
      this.counts.unplaced++;
      return [];
    }
    const kind = cell(kindField, row, toText);
    const named = (this.byName.get(name) ?? []).filter((e) => kind === null || e.kind === null || e.kind === kind);
    const own = named.filter((e) => e.key.startsWith((frame.refId ?? '') + SEP));
    if (own.length > 0 || named.length > 0) {
      return own.length > 0 ? own : named;
    }
    const e: EntityScore = {
      key: keyOf(frame.refId, kind, name),
      entity: name,
      kind,
      score: null,
      status: 'unknown',
      reason,
      confidence: null,
      calls: null,
      previous: null,
      change: null,
      terms: [],
      trend: [],
      cap: null,
      source: null,
    };
    this.put(e);
    return [e];
  }

  private put(e: EntityScore) {
    const before = this.entities.get(e.key);
    this.entities.set(e.key, e);
    const same = this.byName.get(e.entity) ?? [];
    this.byName.set(e.entity, before ? same.map((x) => (x === before ? e : x)) : [...same, e]);
  }

  private takeRange(field: Field | undefined) {
    const { min, max } = field?.config ?? {};
    const range = { min: min ?? 0, max: max ?? 100 };
    if (range.max > range.min) {
      this.range = range;
    }
  }

  private tellMissing<C extends string>(role: string, columns: Columns<C>, needed: C[]) {
    const missing = needed.filter((name) => !columns[name]);
    if (missing.length > 0) {
      this.notices.push(`The ${role} frame has no field for ${missing.join(', ')}: choose it in the panel's options.`);
    }
  }

  finish(recognised: boolean): Scorecard {
    const entities = [...this.entities.values()];
    const distances: number[] = [];
    let newest: number | null = null;
    for (const e of entities) {
      e.trend.sort((a, b) => a.time - b.time);
      e.terms.sort(byLoss);
      e.cap = capOf(e);
      for (let i = 1; i < e.trend.length; i++) {
        const distance = e.trend[i].time - e.trend[i - 1].time;
        if (distance > 0) {
          distances.push(distance);
        }
      }
      const last = e.trend[e.trend.length - 1];
      if (last && (newest === null || last.time > newest)) {
        newest = last.time;
      }
    }
    distances.sort((a, b) => a - b);

    const { duplicate, outside, nameless, unplaced, badTime } = this.counts;
    const say = (n: number, one: string, many: string) =>
      n > 0 && this.notices.push(n === 1 ? `1 ${one}` : `${n} ${many}`);
    say(
      duplicate,
      'row repeats an entity; the first one is shown.',
      'rows repeat an entity; the first ones are shown.'
    );
    say(
      outside,
      `score lies outside ${this.range.min}–${this.range.max} and is shown as unknown.`,
      `scores lie outside ${this.range.min}–${this.range.max} and are shown as unknown.`
    );
    say(nameless, 'row has no entity name.', 'rows have no entity name.');
    say(
      unplaced,
      'row of terms or trend names no entity and was left out.',
      'rows of terms or trend name no entity and were left out.'
    );
    say(badTime, 'point has no valid time and was left out.', 'points have no valid time and were left out.');
    if (this.strangeStatus.size > 0) {
      this.notices.push(
        `Shown as unknown, because the panel does not know the status: ${listNames([...this.strangeStatus])}.`
      );
    }
    const bare = this.hasTerms ? entities.filter((e) => e.terms.length === 0 && e.score !== null).length : 0;
    say(bare, 'entity has no terms.', 'entities have no terms.');

    return {
      entities,
      notices: this.notices,
      range: this.range,
      newest,
      step: distances.length > 0 ? distances[Math.floor(distances.length / 2)] : null,
      recognised,
    };
  }
}

const SEP = '\u0000';
const keyOf = (refId: string | undefined, kind: string | null, entity: string) =>
  [refId ?? '', kind ?? '', entity].join(SEP);

function cell<T>(field: Field | undefined, row: number, read: (value: unknown) => T | null): T | null {
  return field ? read(field.values[row]) : null;
}

const inRange = (value: number | null, { min, max }: { min: number; max: number }) =>
  value === null || value < min || value > max ? null : value;

/** Largest loss first, then what is unknown, then what costs nothing. */
function byLoss(a: Term, b: Term): number {
  const rank = (t: Term) => (t.pointsLost === null ? 0.001 : t.pointsLost);
  return rank(b) - rank(a) || (b.weight ?? 0) - (a.weight ?? 0);
}

/** The lowest gate, where the score would be higher without it. */
function capOf(e: EntityScore): Cap | null {
  const gated = e.terms.filter((t) => t.gate !== null && (t.status === 'bad' || t.status === 'warn'));
  if (gated.length === 0 || e.score === null) {
    return null;
  }
  const term = gated.reduce((low, t) => (t.gate! < low.gate! ? t : low));
  const free = 100 - e.terms.reduce((sum, t) => sum + (t.pointsLost ?? 0), 0);
  return e.score <= term.gate! + CAP_TOLERANCE && free > term.gate! + CAP_TOLERANCE ? { at: term.gate!, term } : null;
}
