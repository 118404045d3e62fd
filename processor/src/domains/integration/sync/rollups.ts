import { rollup, type EventOf } from '../../define';
import { syncConflict, syncOperation } from './events';

type Operation = EventOf<typeof syncOperation>;

const ended = (e: Operation): boolean => e.status !== 'running';
/** What an operation that has ended adds; a running one would be counted again at its end. */
const atEnd = (value: (e: Operation) => number | undefined) => (e: Operation) => (ended(e) ? value(e) : undefined);
const is = (status: Operation['status']) => (e: Operation) => (e.status === status ? 1 : 0);

/** Records that still wait as of the report; undefined where it does not say how many there were. */
const backlog = (e: Operation): number | undefined =>
  e.records_to_sync === undefined
    ? undefined
    : Math.max(0, e.records_to_sync - (e.records_synced ?? 0) - (e.records_skipped ?? 0));

const count = (description: string, value: (e: Operation) => number | undefined, unit = 'short') =>
  ({ kind: 'sum', integer: true, value, unit, description }) as const;

export const syncs = rollup(syncOperation, {
  name: 'integration_syncs',
  title: 'Sync operations per stream',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    stream: { value: (e) => e.stream, description: 'What is synchronised' },
    sync_type: { value: (e) => e.sync_type, description: 'full, incremental, real_time or batch' },
    error_code: { value: (e) => e.error_code ?? '', description: 'Why it failed or is partial' },
  },
  measures: {
    completed: count('Operations completed', is('completed')),
    failed: count('Operations failed', is('failed')),
    partial: count('Operations that ended with some records failed', is('partial')),
    running: count('Reports of running operations', is('running')),
    records_to_sync: count(
      'Records that were to be synchronised',
      atEnd((e) => e.records_to_sync),
    ),
    records_synced: count(
      'Records synchronised',
      atEnd((e) => e.records_synced),
    ),
    records_failed: count(
      'Records that failed',
      atEnd((e) => e.records_failed),
    ),
    records_skipped: count(
      'Records left out on purpose',
      atEnd((e) => e.records_skipped),
    ),
    records_timed: count(
      'Records synchronised by operations whose duration is known',
      atEnd((e) => (e.duration_ms === undefined ? undefined : e.records_synced)),
    ),
    volume: count(
      'Data moved',
      atEnd((e) => e.volume_bytes),
      'bytes',
    ),
    retries: count(
      'Requests that were tried again',
      atEnd((e) => e.retries),
    ),
    duration: { kind: 'histogram', value: atEnd((e) => e.duration_ms), unit: 'ms', description: 'Duration' },
    backlog: { kind: 'max', value: backlog, unit: 'short', description: 'Most records that still waited' },
    first_success: {
      kind: 'min',
      value: (e) => (e.status === 'completed' ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'First completed operation',
    },
    last_success: {
      kind: 'max',
      value: (e) => (e.status === 'completed' ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last completed operation',
    },
  },
});

export const conflicts = rollup(syncConflict, {
  name: 'integration_sync_conflicts',
  title: 'Sync conflicts per field and segment',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    stream: { value: (e) => e.stream, description: 'What is synchronised' },
    conflict_type: { value: (e) => e.conflict_type, description: 'What kind of conflict' },
    resolution: { value: (e) => e.resolution, description: 'auto, manual, deferred or ignored' },
    field: { value: (e) => e.field ?? '', description: 'Field in conflict' },
    segment: { value: (e) => e.segment ?? '', description: 'Segment of users' },
  },
  measures: {
    conflicts: { kind: 'count', value: () => 1, unit: 'short', description: 'Conflicts' },
    data_loss: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.data_loss ? 1 : 0),
      unit: 'short',
      description: 'Conflicts in which data were lost',
    },
    resolution_time: {
      kind: 'histogram',
      value: (e) => e.resolution_ms,
      unit: 'ms',
      description: 'Time from detection to resolution',
    },
    satisfaction: {
      kind: 'sum',
      value: (e) => e.satisfaction,
      unit: 'percentunit',
      description: 'Sum of satisfaction',
    },
    rated: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.satisfaction === undefined ? 0 : 1),
      unit: 'short',
      description: 'Conflicts of which the satisfaction is known',
    },
  },
});
