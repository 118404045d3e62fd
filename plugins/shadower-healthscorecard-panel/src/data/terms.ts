import { type DataFrame, type Field, getFieldDisplayName } from '@grafana/data';
import { t } from '../i18n';
import { type RoleColumns } from '../types';
import { type Columns } from './frames';
import {
  type Cell,
  type EntityScore,
  type Evidence,
  type Recommendation,
  type Risk,
  type ScoreRange,
  type Term,
} from './model';
import { parseLevel, parseTermStatus, statusFromThresholds, termStatusOf, thresholdsOf } from './status';
import { cell, inRange, toNumber, toText, toTime } from './values';

type TermColumns = Columns<RoleColumns['terms']>;

export interface TermRow {
  term: Term;
  risk: Risk | null;
  recommendation: Recommendation | null;
  /** The status word, where the panel does not know it. */
  strangeStatus: string | null;
}

/** One row of a `terms` frame; what cannot be read is null. */
export function readTerm(frame: DataFrame, c: TermColumns, row: number, range: ScoreRange): TermRow {
  const title = cell(c.title, row, toText);
  const id = cell(c.term, row, toText) ?? title ?? t('terms.nameless', 'Term {{row}}', { row: row + 1 });
  const value = cell(c.value, row, toNumber);
  const pointsLost = cell(c.points_lost, row, toNumber);
  const word = cell(c.status, row, toText);
  const said = word === null ? null : parseTermStatus(word);
  const gate = inRange(cell(c.gate, row, toNumber), range);
  const ruleCap = inRange(cell(c.gate_cap, row, toNumber), range) ?? gate;
  const since = cell(c.since, row, toTime);
  const term: Term = {
    id,
    title: title ?? id,
    weight: cell(c.weight, row, toNumber),
    value,
    unit: cell(c.unit, row, toText) ?? c.value?.config.unit ?? null,
    target: cell(c.target, row, toNumber) ?? cell(c.target, row, toText),
    pointsLost,
    previousPointsLost: cell(c.previous_points_lost, row, toNumber),
    // Without a value "ok" is a claim nobody measured; without a word, points lost say the same.
    status:
      said === 'ok' && value === null && pointsLost === null
        ? 'unknown'
        : (said ?? (word !== null || pointsLost === null ? 'unknown' : pointsLost > 0 ? 'warn' : 'ok')),
    since,
    gate,
    rule: ruleCap === null ? null : { above: cell(c.gate_above, row, toNumber), cap: ruleCap },
    evidence: readEvidence(frame, c, row),
    cells: cellsOf([c.title, c.term, c.value, c.points_lost], row),
    exemption: null,
  };
  const risk = cell(c.risk, row, toText);
  const mitigation = cell(c.mitigation, row, toText);
  const priority = parseLevel(cell(c.priority, row, toText));
  return {
    term,
    risk:
      risk === null
        ? null
        : { title: risk, severity: parseLevel(cell(c.severity, row, toText)), mitigation, term: term.title, since },
    recommendation:
      mitigation === null || !c.priority
        ? null
        : {
            title: mitigation,
            priority,
            effort: parseLevel(cell(c.effort, row, toText)),
            points: pointsLost,
            term: term.title,
          },
    strangeStatus: word !== null && said === null ? word : null,
  };
}

function readEvidence(frame: DataFrame, c: TermColumns, row: number): Evidence | null {
  const url = cell(c.evidence, row, toText);
  const query = cell(c.evidence_query, row, toText);
  if (url !== null) {
    return { url };
  }
  return query === null
    ? null
    : {
        refId: frame.refId,
        query,
        column: cell(c.evidence_column, row, toText),
        filter: cell(c.evidence_filter, row, toText),
      };
}

const cellsOf = (fields: Array<Field | undefined>, row: number): Cell[] =>
  fields.flatMap((field) => (field?.config.links?.length ? [{ field, row }] : []));

/** A number field of a scores frame that is a component's own score, as a term without points. */
export function readComponent(frame: DataFrame, field: Field, row: number, range: ScoreRange): Term {
  const value = cell(field, row, toNumber);
  return {
    id: field.name,
    title: getFieldDisplayName(field, frame),
    weight: null,
    value,
    unit: field.config.unit ?? null,
    target: null,
    pointsLost: null,
    previousPointsLost: null,
    status: value === null ? 'unknown' : termStatusOf(statusFromThresholds(value, thresholdsOf(field), range)),
    since: null,
    gate: null,
    rule: null,
    evidence: null,
    cells: cellsOf([field], row),
    exemption: null,
  };
}

/** Largest loss first, then what is unknown, then what costs nothing. */
export function byLoss(a: Term, b: Term): number {
  const rank = (t: Term) => (t.pointsLost === null ? 0.001 : t.pointsLost);
  return rank(b) - rank(a) || (b.weight ?? 0) - (a.weight ?? 0);
}

/** Points of rounding that a score may lie off its cap and still count as capped. */
const CAP_TOLERANCE = 0.05;

/** The lowest gate, where the score would be higher without it. */
export function capOf(e: EntityScore): EntityScore['cap'] {
  const gated = e.terms.filter((t) => t.gate !== null && (t.status === 'bad' || t.status === 'warn'));
  if (gated.length === 0 || e.score === null) {
    return null;
  }
  const term = gated.reduce((low, t) => (t.gate! < low.gate! ? t : low));
  const free = 100 - e.terms.reduce((sum, t) => sum + (t.pointsLost ?? 0), 0);
  return e.score <= term.gate! + CAP_TOLERANCE && free > term.gate! + CAP_TOLERANCE ? { at: term.gate!, term } : null;
}
