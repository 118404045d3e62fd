import { type DataFrame, type Field, FieldType } from '@grafana/data';
import { t } from '../i18n';
import { type RoleColumns, type ScorecardOptions } from '../types';
import { buildComposites } from './composite';
import { applyExemptions, type ExemptionClaim, expiryOf } from './exemptions';
import { COLUMN_NAMES, type Columns, listNames, type ReadFrame, recogniseFrames } from './frames';
import { type EntityScore, type Scorecard, type TrendPoint, unknownEntity } from './model';
import { levelRank, parseLevel, parseStatus, statusFromThresholds, thresholdsOf } from './status';
import { Tally } from './tally';
import { byLoss, capOf, readComponent, readTerm } from './terms';
import { cell, inRange, toNumber, toText, toTime } from './values';

/** What the options say about reading. */
export type ReadOptions = Partial<
  Pick<ScorecardOptions, 'fields' | 'statusFrom' | 'componentFields' | 'composites' | 'exemptions'>
>;

/**
 * Reads frames into the scorecard. Never throws on data: what can be read is there, and `notices` say what is missing.
 *
 * @param series frames of all the panel's queries; entities of different queries are kept apart
 */
export function buildScorecard(series: readonly DataFrame[], options: ReadOptions = {}): Scorecard {
  const { frames, notices } = recogniseFrames(series, options.fields);
  const builder = new Builder(notices, options);
  const order: Array<ReadFrame['role']> = [
    'scores',
    'series',
    'terms',
    'trend',
    'risks',
    'recommendations',
    'exemptions',
  ];
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
  private tally = new Tally();
  private hasTerms = false;
  private groupFields = new Set<string>();
  private claims: ExemptionClaim[];

  constructor(
    private notices: string[],
    private options: ReadOptions
  ) {
    this.claims = (options.exemptions ?? [])
      .filter((x) => x.entity.trim() !== '')
      .map((x) => ({
        entity: x.entity,
        term: x.term.trim(),
        owner: toText(x.owner),
        expires: expiryOf(x.expires),
        reason: toText(x.reason),
      }));
  }

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
      case 'risks':
        return this.readRisks(read.frame, read.columns);
      case 'recommendations':
        return this.readRecommendations(read.frame, read.columns);
      case 'exemptions':
        return this.readExemptions(read.frame, read.columns);
    }
  }

  private readScores(frame: DataFrame, c: Columns<RoleColumns['scores']>) {
    this.tellMissing('scores', c, ['entity', 'score']);
    this.takeRange(c.score);
    this.takeGroupFields(frame, c);
    const components = frame.fields.filter((f) => this.options.componentFields?.includes(f.name));
    this.hasTerms ||= components.length > 0;
    // A frame of terms that repeats the entity's score in each row.
    const repeats = frame.fields.some((f) => COLUMN_NAMES.terms.term.includes(f.name.toLowerCase()));
    const started = new Set<string>();
    for (let row = 0; row < frame.length; row++) {
      const name = cell(c.entity, row, toText);
      if (name === null && c.entity) {
        this.tally.nameless++;
      }
      const entity = name ?? t('scores.nameless', 'Row {{row}}', { row: row + 1 });
      const kind = cell(c.kind, row, toText);
      const key = keyOf(frame.refId, kind, entity);
      const time = c.time ? cell(c.time, row, toTime) : null;
      if (this.entities.has(key) && (!started.has(key) || !c.time)) {
        if (!repeats || this.entities.get(key)?.score !== cell(c.score, row, toNumber)) {
          this.tally.duplicate++;
        }
        continue;
      }
      const before = this.entities.get(key);
      const e = this.judge(frame, entity, kind, c, row);
      e.terms = components.map((field) => readComponent(frame, field, row, this.range));
      if (c.time) {
        // A long frame: every row is a point of the trend, and the newest one is the score.
        const trend = before?.trend ?? [];
        if (time !== null) {
          trend.push({ time, score: e.score });
        } else {
          this.tally.badTime++;
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
    frame: DataFrame,
    entity: string,
    kind: string | null,
    c: Columns<RoleColumns['scores']>,
    row: number
  ): EntityScore {
    const calls = cell(c.calls, row, toNumber);
    const raw: unknown = c.score?.values[row];
    let score = toNumber(raw);
    let reason: string | null = null;
    if (score === null) {
      reason = !c.score
        ? t('reason.no-field', 'The data has no score field.')
        : calls === 0
          ? t('reason.no-calls', 'No calls in the time range.')
          : raw === null || raw === undefined
            ? t('reason.empty', 'The score is empty.')
            : t('reason.not-number', 'The score is not a number ({{text}}).', { text: String(raw).slice(0, 40) });
    } else if (score < this.range.min || score > this.range.max) {
      reason = t('reason.outside', 'The score {{score}} is outside {{min}}–{{max}}.', { score, ...this.range });
      score = null;
      this.tally.outside++;
    }

    const word = this.options.statusFrom === 'thresholds' ? null : cell(c.status, row, toText);
    const said = word === null ? null : parseStatus(word);
    if (word !== null && said === null) {
      this.tally.strangeStatus.add(word);
    }
    let status = said ?? 'unknown';
    if (said === null && score !== null) {
      if (word === null) {
        status = statusFromThresholds(score, thresholdsOf(c.score), this.range);
      } else {
        reason = t('reason.strange', 'The status "{{word}}" is not one the panel knows.', { word });
      }
    } else if (said === 'healthy' && score === null) {
      // Unknown is never green, whatever the source says.
      status = 'unknown';
    } else if (said === 'unknown' && score !== null) {
      reason = t('reason.said-unknown', 'The source says that the status is unknown.');
    }

    const previous = inRange(cell(c.previous_score, row, toNumber), this.range);
    const change =
      score === null ? null : (cell(c.change, row, toNumber) ?? (previous === null ? null : score - previous));
    const confidence = cell(c.confidence, row, toNumber);
    return {
      ...unknownEntity(keyOf(frame.refId, kind, entity), entity, kind),
      score,
      status,
      reason,
      confidence: confidence === null || confidence < 0 || confidence > 1 ? null : confidence,
      calls,
      previous,
      change,
      source: { row, frame, scoreField: c.score, entityField: c.entity },
    };
  }

  private readSeries({ frame, time, values }: Extract<ReadFrame, { role: 'series' }>) {
    for (const { entity, field } of values) {
      this.takeRange(field);
      const last = frame.length - 1;
      const e = this.judge(frame, entity, null, { score: field }, last);
      if (this.entities.has(e.key)) {
        this.tally.duplicate++;
        continue;
      }
      for (let row = 0; time && row < frame.length; row++) {
        const at = cell(time, row, toTime);
        if (at === null) {
          this.tally.badTime++;
        } else {
          e.trend.push({ time: at, score: inRange(cell(field, row, toNumber), this.range) });
        }
      }
      this.put(e);
    }
  }

  private readTerms(frame: DataFrame, c: Columns<RoleColumns['terms']>) {
    this.tellMissing('terms', c, ['entity', 'term', 'points_lost']);
    this.hasTerms ||= frame.length > 0;
    for (let row = 0; row < frame.length; row++) {
      const targets = this.find(frame, c.entity, c.kind, row, onlyTerms);
      if (targets.length === 0) {
        continue;
      }
      const { term, risk, recommendation, strangeStatus } = readTerm(frame, c, row, this.range);
      if (strangeStatus !== null) {
        this.tally.strangeStatus.add(strangeStatus);
      }
      for (const e of targets) {
        e.terms.push({ ...term });
        e.risks.push(...(risk ? [risk] : []));
        e.recommendations.push(...(recommendation ? [recommendation] : []));
      }
    }
  }

  private readTrend(frame: DataFrame, c: Columns<RoleColumns['trend']>) {
    this.tellMissing('trend', c, ['time', 'score']);
    if (!c.time || !c.score) {
      return;
    }
    for (let row = 0; row < frame.length; row++) {
      const time = cell(c.time, row, toTime);
      if (time === null) {
        this.tally.badTime++;
        continue;
      }
      const point: TrendPoint = { time, score: inRange(cell(c.score, row, toNumber), this.range) };
      for (const e of this.find(frame, c.entity, c.kind, row, onlyTrend)) {
        e.trend.push(point);
      }
    }
  }

  private readRisks(frame: DataFrame, c: Columns<RoleColumns['risks']>) {
    this.tellMissing('risks', c, ['entity', 'risk']);
    for (let row = 0; row < frame.length; row++) {
      const title = cell(c.risk, row, toText);
      if (title === null) {
        continue;
      }
      const risk = {
        title,
        severity: parseLevel(cell(c.severity, row, toText)),
        mitigation: cell(c.mitigation, row, toText),
        term: cell(c.term, row, toText),
        since: cell(c.since, row, toTime),
      };
      this.find(frame, c.entity, c.kind, row, onlyAdvice).forEach((e) => e.risks.push(risk));
    }
  }

  private readRecommendations(frame: DataFrame, c: Columns<RoleColumns['recommendations']>) {
    this.tellMissing('recommendations', c, ['entity', 'recommendation']);
    for (let row = 0; row < frame.length; row++) {
      const title = cell(c.recommendation, row, toText);
      if (title === null) {
        continue;
      }
      const recommendation = {
        title,
        priority: parseLevel(cell(c.priority, row, toText)),
        effort: parseLevel(cell(c.effort, row, toText)),
        points: cell(c.points, row, toNumber),
        term: cell(c.term, row, toText),
      };
      this.find(frame, c.entity, c.kind, row, onlyAdvice).forEach((e) => e.recommendations.push(recommendation));
    }
  }

  private readExemptions(frame: DataFrame, c: Columns<RoleColumns['exemptions']>) {
    this.tellMissing('exemptions', c, ['entity', 'owner', 'expires']);
    for (let row = 0; row < frame.length; row++) {
      const entity = cell(c.entity, row, toText);
      if (entity !== null) {
        this.claims.push({
          entity,
          term: cell(c.term, row, toText) ?? '',
          owner: cell(c.owner, row, toText),
          expires: cell(c.expires, row, toTime),
          reason: cell(c.reason, row, toText),
        });
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
    reason: () => string
  ): EntityScore[] {
    const name = cell(entityField, row, toText);
    if (name === null) {
      // One entity and no name: no doubt whose row it is.
      if (!entityField && this.entities.size === 1) {
        return [...this.entities.values()];
      }
      this.tally.unplaced++;
      return [];
    }
    const kind = cell(kindField, row, toText);
    const named = (this.byName.get(name) ?? []).filter((e) => kind === null || e.kind === null || e.kind === kind);
    const own = named.filter((e) => e.key.startsWith((frame.refId ?? '') + SEP));
    if (own.length > 0 || named.length > 0) {
      return own.length > 0 ? own : named;
    }
    const e: EntityScore = { ...unknownEntity(keyOf(frame.refId, kind, name), name, kind), reason: reason() };
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

  /** What entities can be grouped by: text fields that say something about them. */
  private takeGroupFields(frame: DataFrame, c: Columns<RoleColumns['scores']>) {
    const own = new Set([c.entity, c.status, c.score]);
    frame.fields.filter((f) => f.type === FieldType.string && !own.has(f)).forEach((f) => this.groupFields.add(f.name));
  }

  private tellMissing<C extends string>(role: string, columns: Columns<C>, needed: C[]) {
    const missing = needed.filter((name) => !columns[name]);
    if (missing.length > 0) {
      this.notices.push(
        t('notice.no-column', "The {{role}} frame has no field for {{missing}}: choose it in the panel's options.", {
          role,
          missing: missing.join(', '),
        })
      );
    }
  }

  finish(recognised: boolean): Scorecard {
    const entities = [...this.entities.values()];
    const distances: number[] = [];
    let newest: number | null = null;
    for (const e of entities) {
      e.trend.sort((a, b) => a.time - b.time);
      e.terms.sort(byLoss);
      e.risks.sort((a, b) => levelRank(a.severity) - levelRank(b.severity));
      e.recommendations.sort((a, b) => levelRank(a.priority) - levelRank(b.priority));
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

    const unmatched = applyExemptions(entities, this.claims);
    const { composites, notices } = buildComposites(entities, this.options.composites ?? []);
    this.notices.push(...notices);
    const bare = this.hasTerms ? entities.filter((e) => e.terms.length === 0 && e.score !== null).length : 0;
    this.notices.push(...this.tally.notices(this.range, bare), ...tellUnmatched(unmatched));
    return {
      entities: [...entities, ...composites],
      notices: this.notices,
      range: this.range,
      newest,
      step: distances.length > 0 ? distances[Math.floor(distances.length / 2)] : null,
      groupFields: [...this.groupFields],
      recognised,
    };
  }
}

// Functions, because looking up a text for each of thousands of rows would cost more than reading them.
const onlyTerms = () => t('reason.only-terms', 'Only its terms are in the data, not its score.');
const onlyTrend = () => t('reason.only-trend', 'Only its trend is in the data, not its score.');
const onlyAdvice = () => t('reason.only-advice', 'Only its risks or recommendations are in the data, not its score.');

const SEP = '\u0000';
const keyOf = (refId: string | undefined, kind: string | null, entity: string) =>
  [refId ?? '', kind ?? '', entity].join(SEP);

const tellUnmatched = (claims: readonly ExemptionClaim[]): string[] =>
  claims.length === 0
    ? []
    : [
        t('notice.exemptions', 'Exemptions that match nothing in the data: {{names}}.', {
          names: listNames(claims.map((x) => (x.term === '' ? x.entity : `${x.entity} / ${x.term}`))),
        }),
      ];
