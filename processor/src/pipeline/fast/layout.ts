/** What the scanner knows of an event type: its fields by the kind of value, taken from the JSON Schema of its zod schema. */
import Ajv2020 from 'ajv/dist/2020';
import { fieldColumns } from '../../catalog/tables';
import type { EventDef } from '../../domains/define';
import { eventJsonSchema } from '../validate';

/**
 * `word`: few distinct values, interned, judged once each; `text`: many distinct values, kept as bytes; `number`; `flag`;
 * and the two envelope fields with a form of their own.
 */
export type FieldKind = 'type' | 'time' | 'word' | 'text' | 'number' | 'flag';

export interface FieldLayout {
  name: string;
  kind: FieldKind;
  /** Index among the fields of its kind. */
  slot: number;
  required: boolean;
  /** number: bounds, and whether only whole numbers are valid. */
  minimum: number;
  maximum: number;
  integer: boolean;
  /** text: bounds of the length. */
  minLength: number;
  maxLength: number;
  /** word and number: the value where it is missing; undefined for none. */
  default: string | number | undefined;
  /** word: whether the schema accepts a value. */
  accepts: (value: string) => boolean;
}

export interface EventLayout {
  def: EventDef;
  fields: FieldLayout[];
  /** Whether the scanner can judge all of it; else every event goes through the plain path. */
  scannable: boolean;
  counts: Record<FieldKind, number>;
}

/** The pattern of `field.name` and `field.id`: no control characters, which printable ASCII never has. */
const NO_CONTROL_CHARACTERS = '^\\P{Cc}+$';
const HARMLESS = new Set(['type', 'description', 'default', 'title']);

type Json = Record<string, unknown>;
const onlyHas = (schema: Json, ...keys: string[]): boolean =>
  Object.keys(schema).every((k) => HARMLESS.has(k) || keys.includes(k));

function kindOf(name: string, column = 'String'): FieldKind {
  if (name === 'type' || name === 'time') return name;
  if (name === 'workspace' || column.includes('LowCardinality')) return 'word';
  if (column.includes('String')) return 'text';
  return column.includes('Bool') ? 'flag' : 'number';
}

/** Whether the scanner's rules for the kind are all that the schema asks for. */
function isCovered(kind: FieldKind, schema: Json): boolean {
  switch (kind) {
    case 'type':
    case 'time':
      return true;
    case 'word':
      return schema.type === 'string';
    case 'text':
      return (
        schema.type === 'string' &&
        onlyHas(schema, 'minLength', 'maxLength', 'pattern') &&
        (schema.pattern === undefined || schema.pattern === NO_CONTROL_CHARACTERS) &&
        schema.default === undefined
      );
    case 'number':
      return (schema.type === 'number' || schema.type === 'integer') && onlyHas(schema, 'minimum', 'maximum');
    case 'flag':
      return schema.type === 'boolean' && onlyHas(schema) && schema.default === undefined;
  }
}

/** Most fields a type may have: which ones were seen is kept in two words of 31 bits. */
const MAX_FIELDS = 62;

/** Reads a type's fields from its schema; compiles a validator per word field, so it is done once per type. */
export function layoutOf(def: EventDef): EventLayout {
  const schema = eventJsonSchema(def) as { properties: Record<string, Json>; required?: string[] };
  const columns = new Map(fieldColumns(def).map((c) => [c.name, c.type]));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const counts: EventLayout['counts'] = { type: 0, time: 0, word: 0, text: 0, number: 0, flag: 0 };
  const fields: FieldLayout[] = [];
  let scannable = true;
  for (const [name, property] of Object.entries(schema.properties)) {
    const kind = kindOf(name, columns.get(name));
    scannable &&= isCovered(kind, property);
    const check = kind === 'word' ? ajv.compile(property) : undefined;
    fields.push({
      name,
      kind,
      slot: counts[kind]++,
      required: (schema.required ?? []).includes(name),
      minimum: (property.minimum as number | undefined) ?? -Infinity,
      maximum: (property.maximum as number | undefined) ?? Infinity,
      integer: property.type === 'integer',
      minLength: (property.minLength as number | undefined) ?? 0,
      maxLength: (property.maxLength as number | undefined) ?? Infinity,
      default: property.default as string | number | undefined,
      accepts: (value) => check?.(value) === true,
    });
  }
  return { def, fields, counts, scannable: scannable && fields.length <= MAX_FIELDS };
}
