import { type CodeEditorSuggestionItem, CodeEditorSuggestionItemKind } from '@grafana/ui';
import { type Catalog, type SqlSchema } from './types';

/** Macros with what they become. */
const MACROS: Array<[string, string]> = [
  ['$__timeFilter(t)', 't in the time range'],
  ['$__timeInterval(t)', 'start of the step that t lies in'],
  ['$__interval', 'step in seconds'],
  ['$__interval_ms', 'step in milliseconds'],
  ['$__rangeSeconds', 'length of the time range'],
  ['$__fromTime', 'start of the time range'],
  ['$__toTime', 'end of the time range'],
  ['$__workspace', 'the workspace'],
];

/** What can be written: macros, tables, their columns, queries of the catalog, functions. */
export function suggestionsFor(schema?: SqlSchema, catalog?: Catalog): CodeEditorSuggestionItem[] {
  const columns = new Map<string, { type: string; tables: string[] }>();
  for (const table of schema?.tables ?? []) {
    for (const c of table.columns) {
      const known = columns.get(c.name) ?? { type: c.type, tables: [] };
      known.tables.push(table.name);
      columns.set(c.name, known);
    }
  }
  return [
    ...MACROS.map(([label, detail]) => ({ label, detail, kind: CodeEditorSuggestionItemKind.Constant })),
    ...(schema?.tables ?? []).map((x) => ({
      label: x.name,
      detail: x.columns.map((c) => c.name).join(', '),
      kind: CodeEditorSuggestionItemKind.Property,
    })),
    ...[...columns].map(([label, c]) => ({
      label,
      detail: `${c.type} · ${c.tables.join(', ')}`,
      kind: CodeEditorSuggestionItemKind.Field,
    })),
    ...(catalog?.queries ?? [])
      .filter((q) => q.parts.length === 1)
      .map((q) => ({
        label: `$__query(${q.name})`,
        detail: q.title,
        documentation: q.description,
        kind: CodeEditorSuggestionItemKind.Constant,
      })),
    ...(schema?.functions ?? []).map((label) => ({ label, kind: CodeEditorSuggestionItemKind.Method })),
  ];
}
