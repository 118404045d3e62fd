/** Table definitions, derived from the declarations. DDL, blocks and docs all come from these. */
import { z } from 'zod';
import {
  GRAINS,
  GRAIN_NAMES,
  envelope,
  type Domain,
  type EventDef,
  type FieldMeta,
  type Grain,
  type Measure,
  type RollupDef,
} from '../domains/define';
import { allRollups } from '../vocabulary/edges';

export interface ColumnDef {
  name: string;
  /** Plain ClickHouse type, as blocks carry it. */
  type: string;
  /** Aggregate function of a SimpleAggregateFunction column. */
  aggregate?: 'sum' | 'max' | 'min' | 'sumMap';
  description: string;
}
export interface TableDef {
  name: string;
  description: string;
  columns: ColumnDef[];
  engine: 'MergeTree' | 'AggregatingMergeTree' | 'ReplacingMergeTree';
  orderBy: string[];
  partitionBy: string;
  /** Days from `written_at`. */
  retentionDays: number;
}

const NAME = 'LowCardinality(String)';

/** Identifier-safe form of an event type: `a.b_c` → `a_b_c`. */
export const rawTableName = (eventType: string): string => `raw_${eventType.replace(/\./g, '_')}`;
export const rollupTableName = (rollup: string, grain: Grain): string => `${rollup}_${grain}`;

const position: ColumnDef[] = [
  { name: 'topic', type: NAME, description: 'Topic of the record' },
  { name: 'part', type: 'UInt32', description: 'Partition of the record' },
  { name: 'off', type: 'Int64', description: 'Offset of the record' },
  { name: 'idx', type: 'UInt32', description: 'Position of the event inside its record' },
];
const writtenAt: ColumnDef = {
  name: 'written_at',
  type: "DateTime('UTC')",
  description: 'When its batch was first written',
};

/** Unwraps optional and default, keeping the field's metadata. */
function fieldMeta(schema: z.ZodType): { meta: FieldMeta; nullable: boolean } {
  let s: z.ZodType = schema;
  let nullable = false;
  let found = s.meta() as FieldMeta | undefined;
  while (s instanceof z.ZodOptional || s instanceof z.ZodDefault) {
    if (s instanceof z.ZodOptional) nullable = true;
    s = s.unwrap() as z.ZodType;
    found = (s.meta() as FieldMeta | undefined) ?? found;
  }
  if (found?.column === undefined) throw new Error('an event field was not made by a field builder of domains/define');
  return { meta: found, nullable };
}

/** Columns of an event's own fields. A missing number or flag is NULL, a missing string is ''. */
export function fieldColumns(def: EventDef): ColumnDef[] {
  return Object.entries(def.fields as Record<string, z.ZodType>).map(([name, schema]) => {
    const { meta, nullable } = fieldMeta(schema);
    const isString = meta.column.includes('String');
    return {
      name,
      type: nullable && !isString ? `Nullable(${meta.column})` : meta.column,
      description: meta.description,
    };
  });
}

export function rawTable(def: EventDef): TableDef {
  return {
    name: rawTableName(def.type),
    description: `Raw events: ${def.description}`,
    columns: [
      { name: 'workspace', type: NAME, description: 'Workspace' },
      { name: 't', type: "DateTime64(3, 'UTC')", description: 'When it happened' },
      { name: 'event_id', type: 'String', description: "Producer's id of the event; '' if none" },
      ...fieldColumns(def),
      ...position,
      writtenAt,
    ],
    engine: 'MergeTree',
    orderBy: ['workspace', 't'],
    partitionBy: 'toYYYYMM(t)',
    retentionDays: def.rawRetentionDays,
  };
}

/** Columns that a measure becomes. */
export function measureColumns(name: string, m: Pick<Measure<never>, 'kind' | 'description' | 'integer'>): ColumnDef[] {
  switch (m.kind) {
    case 'count':
      return [{ name, type: 'UInt64', aggregate: 'sum', description: m.description }];
    case 'sum':
      return [{ name, type: m.integer ? 'UInt64' : 'Float64', aggregate: 'sum', description: m.description }];
    case 'max':
    case 'min':
      return [{ name, type: 'Nullable(Float64)', aggregate: m.kind, description: m.description }];
    case 'histogram':
      return [
        {
          name: `${name}_hist`,
          type: 'Map(Int16, UInt64)',
          aggregate: 'sumMap',
          description: `${m.description}: log-spaced buckets`,
        },
        { name: `${name}_sum`, type: 'Float64', aggregate: 'sum', description: `${m.description}: sum` },
        { name: `${name}_count`, type: 'UInt64', aggregate: 'sum', description: `${m.description}: number of values` },
        { name: `${name}_max`, type: 'Nullable(Float64)', aggregate: 'max', description: `${m.description}: maximum` },
      ];
  }
}

/** The rollup's tables, one per grain with a retention. */
export function rollupTables(r: Omit<RollupDef<never>, 'event'>): (TableDef & { grain: Grain })[] {
  const dimensions = Object.entries(r.dimensions).map(([name, d]): ColumnDef => ({
    name,
    type: NAME,
    description: d.description,
  }));
  const [first, ...rest] = dimensions.map((d) => d.name);
  return GRAIN_NAMES.filter((g) => r.retentionDays[g] > 0).map((grain) => ({
    grain,
    name: rollupTableName(r.name, grain),
    description: `${r.title}, windows of ${GRAINS[grain]} s`,
    columns: [
      { name: 'workspace', type: NAME, description: 'Workspace' },
      { name: 't', type: "DateTime('UTC')", description: 'Start of the window' },
      ...dimensions,
      ...Object.entries(r.measures).flatMap(([name, m]) => measureColumns(name, m)),
      { ...writtenAt, aggregate: 'max' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: ['workspace', first!, 't', ...rest],
    partitionBy: grain === '1m' ? 'toYYYYMM(t)' : 'toYear(t)',
    retentionDays: r.retentionDays[grain],
  }));
}

/** Tables that every installation has, whatever its domains. */
export const systemTables: readonly TableDef[] = [
  {
    name: 'dead_letters',
    description: 'Records and events that were refused, with the reason',
    columns: [
      { name: 'workspace', type: NAME, description: "Workspace if known, else ''" },
      { name: 't', type: "DateTime64(3, 'UTC')", description: 'When the record was appended to its topic' },
      ...position,
      { name: 'code', type: NAME, description: 'Stable error code' },
      { name: 'reason', type: 'String', description: 'What is wrong, where' },
      { name: 'payload', type: 'String', description: 'The record (or the event in it), cut at 64 KiB' },
      { name: 'payload_bytes', type: 'UInt64', description: 'Its whole size' },
      writtenAt,
    ],
    engine: 'MergeTree',
    orderBy: ['workspace', 't'],
    partitionBy: 'toYYYYMM(written_at)',
    retentionDays: 30,
  },
  {
    name: 'accounting_1m',
    description: 'Where every event went, counted',
    columns: [
      { name: 'workspace', type: NAME, description: "Workspace if known, else ''" },
      { name: 't', type: "DateTime('UTC')", description: 'Minute in which it was processed' },
      { name: 'topic', type: NAME, description: 'Topic' },
      { name: 'outcome', type: NAME, description: 'used, duplicate, dead_letter or ignored' },
      { name: 'reason', type: NAME, description: 'Event type, error code or reason for ignoring' },
      { name: 'items', type: 'UInt64', aggregate: 'sum', description: 'Events or spans' },
      { ...writtenAt, aggregate: 'max' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: ['workspace', 't', 'topic', 'outcome', 'reason'],
    partitionBy: 'toYYYYMM(t)',
    retentionDays: 400,
  },
  {
    name: 'freshness_1m',
    description: 'How late data were when they had become complete, and what held them up',
    columns: [
      { name: 'workspace', type: NAME, description: "Always '': it concerns all" },
      {
        name: 't',
        type: "DateTime('UTC')",
        description:
          'Newest minute of the partition that was complete; so a reader that stops at what is complete sees it',
      },
      { name: 'topic', type: NAME, description: 'Topic' },
      { name: 'part', type: 'UInt32', description: 'Partition' },
      { name: 'lag', type: 'UInt64', aggregate: 'max', description: 'Records in the log that were not yet counted' },
      {
        name: 'behind_seconds',
        type: 'Float64',
        aggregate: 'max',
        description: 'Time since which data may be missing: now less complete until, seconds',
      },
      {
        name: 'paused_seconds',
        type: 'Float64',
        aggregate: 'max',
        description: 'How long ClickHouse had taken nothing although there was something to write, seconds',
      },
      { ...writtenAt, aggregate: 'max' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: ['workspace', 't', 'topic', 'part'],
    partitionBy: 'toYYYYMM(t)',
    retentionDays: 30,
  },
  {
    name: 'late_1m',
    description: 'Events that came after their minute was over, and so corrected windows',
    columns: [
      { name: 'workspace', type: NAME, description: 'Workspace' },
      { name: 't', type: "DateTime('UTC')", description: 'Minute in which they were processed' },
      { name: 'type', type: NAME, description: 'Event type' },
      { name: 'events', type: 'UInt64', aggregate: 'max', description: 'Events' },
      { name: 'windows', type: 'UInt64', aggregate: 'max', description: 'Minutes of event time they fell into' },
      { ...writtenAt, aggregate: 'max' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: ['workspace', 't', 'type'],
    partitionBy: 'toYYYYMM(t)',
    retentionDays: 30,
  },
  {
    name: 'reconciliation_1m',
    description:
      'What the scheduled reconciliation found; of each check a row without a subject, so that its silence shows',
    columns: [
      { name: 'workspace', type: NAME, description: "Workspace, '' where it concerns no single one" },
      { name: 't', type: "DateTime('UTC')", description: 'Last minute that was judged' },
      { name: 'check', type: NAME, description: 'What was compared' },
      {
        name: 'subject',
        type: 'String',
        description: "Table, topic or partition that differs; '' for the check as a whole",
      },
      {
        name: 'compared',
        type: 'UInt64',
        aggregate: 'max',
        description: 'Windows, minutes or partitions that were compared',
      },
      { name: 'differences', type: 'UInt64', aggregate: 'max', description: 'How many of them differ' },
      { name: 'detail', type: 'String', aggregate: 'max', description: 'The first difference in words' },
      {
        name: 'checked_at',
        type: "DateTime64(3, 'UTC')",
        aggregate: 'max',
        description: 'When it was checked',
      },
      { ...writtenAt, aggregate: 'max' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: ['workspace', 't', 'check', 'subject'],
    partitionBy: 'toYYYYMM(t)',
    retentionDays: 30,
  },
  {
    name: 'event_ids',
    description: 'Ids seen within the horizon, so that a restart still knows them',
    columns: [
      { name: 'topic', type: NAME, description: 'Topic' },
      { name: 'part', type: 'UInt32', description: 'Partition' },
      { name: 'off', type: 'Int64', description: 'Offset' },
      { name: 'topic_id', type: NAME, description: "Identity of the topic, '' where the log has none" },
      { name: 'id', type: 'String', description: 'Workspace and event id' },
      writtenAt,
    ],
    engine: 'MergeTree',
    orderBy: ['topic', 'part', 'off'],
    partitionBy: 'toYYYYMMDD(written_at)',
    retentionDays: 2,
  },
  {
    name: 'progress_log',
    description: 'How far each partition has come',
    columns: [
      { name: 'topic', type: NAME, description: 'Topic' },
      { name: 'part', type: 'UInt32', description: 'Partition' },
      { name: 'committed', type: 'Int64', description: 'Next offset to be counted' },
      { name: 'end', type: 'Int64', description: 'End of the partition' },
      { name: 'complete_until', type: "DateTime64(3, 'UTC')", description: 'Every event before this time is counted' },
      { name: 'updated_at', type: "DateTime64(3, 'UTC')", description: 'When this was known' },
      { name: 'topic_id', type: 'String', description: "Identity of the topic, '' where the log has none" },
      writtenAt,
    ],
    engine: 'ReplacingMergeTree',
    orderBy: ['topic', 'part'],
    partitionBy: 'tuple()',
    retentionDays: 30,
  },
  {
    name: 'insert_marks',
    description: 'How many parts each table had taken, now and then, so that a retry knows how many came since',
    columns: [
      { name: 'marked_at', type: "DateTime64(3, 'UTC')", description: 'Name of the mark: when it was taken' },
      { name: 'subject', type: NAME, description: 'Table' },
      { name: 'block', type: 'UInt64', description: 'Highest block number that it has given to a part' },
      writtenAt,
    ],
    engine: 'MergeTree',
    orderBy: ['marked_at', 'subject'],
    partitionBy: 'toYYYYMM(written_at)',
    retentionDays: 7,
  },
  {
    name: 'maintenance',
    description: 'Work that must not run beside itself or beside processors, and who does it',
    columns: [
      { name: 'name', type: NAME, description: 'Kind of work: rebuild or check' },
      { name: 'owner', type: 'String', description: 'Host, process and run' },
      { name: 'state', type: NAME, description: 'running or done' },
      { name: 'detail', type: 'String', description: 'What it covers' },
      { name: 'updated_at', type: "DateTime64(3, 'UTC')", description: 'Last sign of life' },
      writtenAt,
    ],
    engine: 'ReplacingMergeTree',
    orderBy: ['name'],
    partitionBy: 'tuple()',
    retentionDays: 30,
  },
  {
    name: 'catalog',
    description: 'The catalog of queries, as the views were made',
    columns: [
      { name: 'id', type: 'UInt8', description: 'Always 1' },
      { name: 'schema', type: 'String', description: 'Hash of the declarations' },
      { name: 'json', type: 'String', description: 'The catalog' },
      { name: 'updated_at', type: "DateTime64(3, 'UTC')", description: 'When it was written' },
      writtenAt,
    ],
    engine: 'ReplacingMergeTree',
    orderBy: ['id'],
    partitionBy: 'tuple()',
    retentionDays: 0,
  },
];

/** System tables that queries may use like a rollup, with the grains they have. */
export const systemRollups: readonly { name: string; retentionDays: Record<Grain, number> }[] = [
  { name: 'accounting', retentionDays: { '1m': 400, '1h': 0, '1d': 0 } },
  { name: 'freshness', retentionDays: { '1m': 30, '1h': 0, '1d': 0 } },
  { name: 'late', retentionDays: { '1m': 30, '1h': 0, '1d': 0 } },
  { name: 'reconciliation', retentionDays: { '1m': 30, '1h': 0, '1d': 0 } },
];

/** Every table of the schema. */
export function allTables(domains: readonly Domain[]): TableDef[] {
  return [
    ...domains
      .flatMap((d) => d.events)
      .filter((e) => e.rawRetentionDays > 0)
      .map(rawTable),
    ...allRollups(domains).flatMap((r) => rollupTables(r.rollup)),
    ...systemTables,
  ];
}

export const ENVELOPE_FIELDS = Object.keys(envelope);
