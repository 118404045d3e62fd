/** Reference docs from the declarations: one page per domain, one JSON Schema per event, one page of error codes. */
import type { z } from 'zod';
import { fieldColumns, measureColumns, rawTableName, rollupTableName } from '../catalog/tables';
import type { Catalog, CatalogQuery } from '../catalog/types';
import { GRAIN_NAMES, envelope, type Domain, type EventDef, type FieldMeta, type RollupDef } from '../domains/define';
import { ERRORS } from '../errors';
import { eventJsonSchema } from '../pipeline/validate';
import { dashboardUid, ruleUid } from './names';

type Json = Record<string, unknown>;

/** Text inside a table cell. */
const cell = (text: unknown): string =>
  String(text ?? '')
    .replace(/\|/g, '\\|')
    .replace(/\s*\n\s*/g, ' ');
const code = (text: unknown): string => (text === undefined || text === null || text === '' ? '' : `\`${cell(text)}\``);

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const days = (n: number): string => (n === 0 ? 'not kept' : n === 1 ? '1 day' : `${n} days`);

/** Type and bounds of a field, as its JSON Schema has them. */
function typeText(schema: Json): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((v) => JSON.stringify(v)).join(', ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const any = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (any !== undefined) return any.map(typeText).join(' or ');
  const bounds: string[] = [];
  const { minimum, maximum, minLength, maxLength } = schema;
  if (typeof minimum === 'number' && typeof maximum === 'number')
    bounds.push(maximum >= Number.MAX_SAFE_INTEGER ? `≥ ${minimum}` : `${minimum} to ${maximum}`);
  if (typeof maxLength === 'number') bounds.push(`${Number(minLength ?? 0)} to ${maxLength} characters`);
  return [String(schema.type ?? 'any'), ...bounds].join(', ');
}

/** Metadata of a field, through `.optional()` and `.default()`. */
function metaOf(schema: z.ZodType): Partial<FieldMeta> {
  let s = schema as z.ZodType & { unwrap?: () => z.ZodType };
  for (;;) {
    const meta = s.meta() as FieldMeta | undefined;
    if (meta?.column !== undefined) return meta;
    if (typeof s.unwrap !== 'function') return meta ?? {};
    s = s.unwrap() as typeof s;
  }
}

const ENVELOPE_TEXT: Record<keyof typeof envelope, string> = {
  type: 'Type of the event; may be left out on a topic that implies it',
  event_id: 'Id given by the producer; seen again in this type within the horizon, the event counts once',
  time: 'When it happened: ISO 8601 with an offset, or milliseconds since the epoch',
  workspace: 'Workspace it belongs to',
};

function eventDoc(e: EventDef): string {
  const schema = eventJsonSchema(e) as { properties: Record<string, Json>; required?: string[] };
  const columns = new Map(fieldColumns(e).map((c) => [c.name, c.type]));
  const fields = e.fields as Record<string, z.ZodType>;
  const rows = Object.entries(schema.properties).map(([name, s]) => {
    const meta = name in fields ? metaOf(fields[name]!) : {};
    const text = name in envelope ? ENVELOPE_TEXT[name as keyof typeof envelope] : meta.description;
    return [
      code(name),
      typeText(s),
      meta.unit ?? '',
      schema.required?.includes(name) ? 'yes' : s.default !== undefined ? `no, ${JSON.stringify(s.default)}` : 'no',
      code(columns.get(name)),
      text,
    ];
  });
  return `### ${e.type}

${e.description}

Topic \`<prefix>.${e.type}\`; raw table ${
    e.rawRetentionDays === 0 ? 'switched off' : `\`${rawTableName(e.type)}\`, kept ${days(e.rawRetentionDays)}`
  }; privacy category ${e.privacy}. JSON Schema: [event-schemas/${e.type}.json](event-schemas/${e.type}.json).

${table(['Field', 'Type', 'Unit', 'Required, default', 'Column', 'Description'], rows)}

\`\`\`json
${JSON.stringify(e.example, null, 2)}
\`\`\``;
}

function rollupDoc(r: RollupDef<never>): string {
  const grains = GRAIN_NAMES.filter((g) => r.retentionDays[g] > 0);
  const measures = Object.entries(r.measures).map(([name, m]) => [
    code(name),
    m.kind,
    m.unit,
    measureColumns(name, m)
      .map((c) => code(c.name))
      .join(', '),
    m.description,
  ]);
  return `### ${r.name}

${r.title}, from \`${r.event}\`. Tables: ${grains
    .map((g) => `\`${rollupTableName(r.name, g)}\` (${days(r.retentionDays[g])})`)
    .join(', ')}.

${table(
  ['Dimension', 'Description'],
  Object.entries(r.dimensions).map(([name, d]) => [code(name), d.description]),
)}

${table(['Measure', 'Kind', 'Unit', 'Columns', 'Description'], measures)}`;
}

function queryDoc(q: CatalogQuery): string {
  const params =
    q.params.length === 0
      ? 'No parameters.'
      : table(
          ['Parameter', 'Type', 'Choices', 'Description'],
          q.params.map((p) => [code(p.name), p.type, code(p.values), p.description]),
        );
  const parts = q.parts.map((part) => {
    const columns = table(
      ['Column', 'Type', 'Role', 'Unit', 'Description'],
      part.columns.map((c) => [code(c.name), c.type, c.role ?? '', c.unit ?? '', c.description]),
    );
    return `${q.parts.length > 1 ? `Part \`${part.name}\`:\n\n` : ''}${columns}`;
  });
  const from = q.rollup === null ? 'raw events' : `rollup \`${q.rollup}\``;
  return `### ${q.name}

${q.description}

Kind ${q.kind}, from ${from}; answers may be up to ${q.cacheSeconds} s old (never in an alert rule).

${params}

${parts.join('\n\n')}`;
}

function alertsDoc(d: Domain): string {
  return d.alerts
    .map((a) => {
      const sign = a.condition.op === 'gt' ? '>' : '<';
      return `### ${a.title}

Rule \`${ruleUid(a.name)}\`, severity ${a.severity}: ${a.reduce} of \`${a.column}\` of \`${a.query}\` over ${a.windowSeconds} s (steps of ${a.stepSeconds} s) ${sign} ${a.condition.value}, for ${a.forSeconds} s. Unknown values raise no alarm; without any data ${
        a.absence === 'fine' ? 'all is well' : 'the rule is in the state NoData'
      }.

${a.runbook}`;
    })
    .join('\n\n');
}

const section = (title: string, body: string): string => (body === '' ? '' : `## ${title}\n\n${body}\n\n`);

export const MARKER = '<!-- Generated by `npm run generate` from the declarations in processor/src. Do not edit. -->';

/** The reference page of a domain, markdown. */
export function domainDoc(d: Domain, catalog: Catalog): string {
  const routes = d.routes.map((r) => [code(`${r.method} ${r.path}`), r.summary]);
  const dashboards = d.dashboards.map((x) => [x.title, code(dashboardUid(x.name)), x.description]);
  return `${MARKER}

# ${d.title}

${d.description}

${section('Events', d.events.map(eventDoc).join('\n\n'))}${section(
    'Rollups',
    d.rollups.map(rollupDoc).join('\n\n'),
  )}${section(
    'Queries',
    catalog.queries
      .filter((q) => q.domain === d.name)
      .map(queryDoc)
      .join('\n\n'),
  )}${section('Dashboards', dashboards.length === 0 ? '' : table(['Dashboard', 'Uid', 'Description'], dashboards))}${section(
    'Alert rules',
    alertsDoc(d),
  )}${section('HTTP API', routes.length === 0 ? '' : table(['Route', 'Summary'], routes))}`;
}

/** The page of error codes, markdown. */
export function errorsDoc(): string {
  return `${MARKER}

# Error codes

Stable codes that API answers, dead letters, logs and the CLI carry.

${table(
  ['Code', 'HTTP status', 'Meaning'],
  Object.entries(ERRORS).map(([name, e]) => [code(name), e.status, e.text]),
)}
`;
}

/** JSON Schema of an event with its identity. */
export const schemaDoc = (e: EventDef): Json => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: e.title,
  description: e.description,
  ...eventJsonSchema(e),
  examples: [e.example],
});
