import {
  type DataFrame,
  type Field,
  FieldType,
  type FieldConfig,
  formattedValueToString,
  getDisplayProcessor,
  type GrafanaTheme2,
  type LinkModel,
} from '@grafana/data';
import { compareText } from './compare';
import type { Emptiness, Reading } from './model';

/** The frames of a graph; either list may be empty. */
export interface GraphFrames {
  nodes: DataFrame[];
  edges: DataFrame[];
  /** The same of the previous period. */
  previousNodes: DataFrame[];
  previousEdges: DataFrame[];
  /** Frames that are neither. */
  ignored: DataFrame[];
}

/** What formatting needs to know. */
export interface FormatContext {
  theme: GrafanaTheme2;
  timeZone?: string;
}

function fieldNames(frame: DataFrame): Set<string> {
  return new Set(frame.fields.map((field) => field.name.trim().toLowerCase()));
}

/** Name and refId without the mark of the previous period. */
function labels(frame: DataFrame): string[] {
  return [frame.name ?? '', frame.refId ?? ''].map((text) => text.trim().toLowerCase());
}

const PREVIOUS = /(^|[^a-z])previous([^a-z]|$)/;

function hint(frame: DataFrame): 'nodes' | 'edges' | undefined {
  for (const text of labels(frame).map((label) => label.replace(/[^a-z]*previous$/, ''))) {
    if (/(^|[^a-z])edges?$/.test(text)) {
      return 'edges';
    }
    if (/(^|[^a-z])nodes?$/.test(text)) {
      return 'nodes';
    }
  }
  return undefined;
}

/**
 * Sorts frames into nodes and edges. Field names decide (`source` and `target` make edges, `id` makes nodes); where both
 * readings are possible, the frame's name or refId (`nodes`, `edges`) does. A frame with the word `previous` in its name or
 * refId (`previous_edges`, `edges previous`) is of the previous period.
 */
export function recognise(frames: DataFrame[]): GraphFrames {
  const found: GraphFrames = { nodes: [], edges: [], previousNodes: [], previousEdges: [], ignored: [] };
  for (const frame of frames) {
    const names = fieldNames(frame);
    const couldBeEdges = names.has('source') && names.has('target');
    const couldBeNodes = names.has('id');
    const nodeLike =
      frame.meta?.preferredVisualisationType === 'nodeGraph' ||
      hint(frame) === 'nodes' ||
      ['title', 'subtitle', 'mainstat', 'secondarystat', 'status', 'score', 'kind'].some((n) => names.has(n)) ||
      [...names].some((n) => n.startsWith('arc__') || n.startsWith('detail__'));
    const previous = labels(frame).some((label) => PREVIOUS.test(label));
    if (couldBeEdges && !(hint(frame) === 'nodes' && couldBeNodes)) {
      (previous ? found.previousEdges : found.edges).push(frame);
    } else if (couldBeNodes && (nodeLike || names.size === 1)) {
      (previous ? found.previousNodes : found.nodes).push(frame);
    } else {
      found.ignored.push(frame);
    }
  }
  return found;
}

/** Why the frames give no graph, or undefined when they do. */
export function emptiness(frames: DataFrame[], found: GraphFrames): Emptiness | undefined {
  const withFields = frames.filter((frame) => frame.fields.length > 0);
  if (withFields.length === 0) {
    return 'no-frames';
  }
  const usable = [...found.nodes, ...found.edges];
  if (usable.length === 0) {
    return withFields.some((frame) => frame.length > 0) ? 'not-a-graph' : 'no-rows';
  }
  return usable.every((frame) => frame.length === 0) ? 'no-rows' : undefined;
}

/** Units of the columns whose meaning is fixed, used when the field's configuration names none. */
const DEFAULT_CONFIG: Record<string, Partial<FieldConfig>> = {
  rate: { unit: 'reqps' },
  error_rate: { unit: 'percentunit', decimals: 1 },
  p95_ms: { unit: 'ms' },
  bytes: { unit: 'bytes' },
  calls: { unit: 'short' },
  score: { decimals: 0 },
};

/** Other names in use for columns of ours. */
const ALIASES: Partial<Record<string, string>> = { lat: 'latitude', lon: 'longitude', lng: 'longitude' };

/** A frame's columns by case-insensitive name, reading one row at a time. */
export class Columns {
  private readonly byName = new Map<string, Field>();
  private arcNames: string[] | undefined;
  private previous: boolean | undefined;
  private readonly displays = new Map<Field, (value: unknown) => string>();

  constructor(
    readonly frame: DataFrame,
    private readonly context: FormatContext
  ) {
    for (const field of frame.fields) {
      const written = field.name.trim().toLowerCase();
      const name = ALIASES[written] ?? written;
      if (!this.byName.has(name)) {
        this.byName.set(name, field);
      }
    }
  }

  /** The `arc__` columns, in the order they are drawn. */
  get arcs(): readonly string[] {
    return (this.arcNames ??= this.names.filter((name) => name.startsWith('arc__')).sort(compareText));
  }

  /** Whether any column tells of the previous period. */
  get hasPrevious(): boolean {
    return (this.previous ??= this.names.some((name) => name.startsWith('previous_')));
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  field(name: string): Field | undefined {
    return this.byName.get(name);
  }

  /** What the user calls the field: its configured display name, then its name. */
  label(name: string): string {
    const field = this.byName.get(name);
    const plain = (field?.name ?? name).trim().replace(/^(detail|arc)__/i, '');
    return field?.config.displayName || plain.replace(/_/g, ' ');
  }

  /** The cell as plain text, '' for null. Not formatted: for ids and words. */
  text(name: string, row: number): string {
    const value: unknown = this.byName.get(name)?.values[row];
    return value === null || value === undefined ? '' : String(value).trim();
  }

  /** The cell as a finite number, or undefined for null, NaN, ±Infinity and what is no number. */
  number(name: string, row: number): number | undefined {
    const value: unknown = this.byName.get(name)?.values[row];
    if (value === null || value === undefined || value === '' || typeof value === 'boolean') {
      return undefined;
    }
    const n = typeof value === 'number' ? value : Number(value);
    return Number.isFinite(n) ? n : undefined;
  }

  /** True when the cell holds something that should have been a number and is none. */
  isBadNumber(name: string, row: number): boolean {
    const value: unknown = this.byName.get(name)?.values[row];
    return value !== null && value !== undefined && value !== '' && this.number(name, row) === undefined;
  }

  /** Like `number`, with the text it is shown as. */
  reading(name: string, row: number): Reading | undefined {
    const value = this.number(name, row);
    return value === undefined ? undefined : this.readingOf(name, value);
  }

  /** A value with the text it would have in this column. */
  readingOf(name: string, value: number): Reading {
    const format = () => this.format(name, value);
    let text: string | undefined;
    return {
      value,
      get text() {
        return (text ??= format());
      },
    };
  }

  /** The cell as a time in milliseconds, when the column is of that type. */
  time(row: number): number | undefined {
    const field = this.byName.get('time') ?? this.byName.get('timestamp');
    return field?.type === FieldType.time && typeof field.values[row] === 'number' ? field.values[row] : undefined;
  }

  /** The cell as shown: formatted with the field's unit, decimals, mappings. '' for null. */
  display(name: string, row: number): string {
    const field = this.byName.get(name);
    const value: unknown = field?.values[row];
    if (field === undefined || value === null || value === undefined) {
      return '';
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return '';
    }
    return this.format(name, value);
  }

  boolean(name: string, row: number): boolean {
    const value: unknown = this.byName.get(name)?.values[row];
    return value === true || value === 1 || ['true', 'yes', '1'].includes(String(value).toLowerCase());
  }

  /** The field's data links for a row, variables filled in. */
  links(name: string, row: number): LinkModel[] {
    return this.byName.get(name)?.getLinks?.({ valueRowIndex: row }) ?? [];
  }

  hasLinks(name: string): boolean {
    const field = this.byName.get(name);
    return field?.getLinks !== undefined && (field.config.links?.length ?? 0) > 0;
  }

  /** Formats a value as a cell of this column is. */
  format(name: string, value: unknown): string {
    const field = this.byName.get(name);
    if (field === undefined) {
      return String(value);
    }
    let display = this.displays.get(field);
    if (display === undefined) {
      const defaults = DEFAULT_CONFIG[name.replace(/^previous_/, '')];
      const usable = field.config.unit !== undefined || defaults === undefined ? field.display : undefined;
      const config = defaults === undefined ? field.config : { ...defaults, ...withoutUndefined(field.config) };
      // A column of text with numbers in it ("mainstat" of some datasources) is formatted as text.
      const type = field.type === FieldType.other ? FieldType.string : field.type;
      const processor =
        usable ??
        getDisplayProcessor({
          field: { ...field, type, config },
          theme: this.context.theme,
          timeZone: this.context.timeZone,
        });
      display = (v) => formattedValueToString(processor(v)).trim();
      this.displays.set(field, display);
    }
    return display(value);
  }
}

function withoutUndefined(config: FieldConfig): FieldConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined && value !== null));
}
