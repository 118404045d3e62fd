/** Synchronisations with integrations: their operations, and the conflicts they meet. */
import { event, field } from '../../define';

export const SYNC_TYPES = ['full', 'incremental', 'real_time', 'batch'] as const;
export const SYNC_STATUSES = ['running', 'completed', 'failed', 'partial'] as const;
export const CONFLICT_TYPES = [
  'version_mismatch',
  'concurrent_update',
  'schema_mismatch',
  'data_validation',
  'business_rule',
] as const;
export const RESOLUTIONS = ['auto', 'manual', 'deferred', 'ignored'] as const;

const integration = field.name('Integration that is synchronised with');
const stream = field.name('What is synchronised, e.g. contacts or orders');

export const syncOperation = event({
  type: 'integration.sync_operation',
  title: 'Sync operation',
  description:
    'A report about one synchronisation: once when it has ended, and, if wanted, while it is running. Records, volume, retries and duration count when it has ended; a running report only tells the backlog.',
  privacy: 'operational',
  rawRetentionDays: 30,
  fields: {
    integration,
    stream,
    operation_id: field.id('The operation, the same in all its reports').optional(),
    agent: field.name('Agent on whose behalf it runs').optional(),
    sync_type: field.choice(SYNC_TYPES, 'How much is looked at'),
    status: field.choice(SYNC_STATUSES, 'running, or how it ended; partial: some records failed'),
    records_to_sync: field.count('Records that were to be synchronised').optional(),
    records_synced: field.count('Records synchronised').optional(),
    records_failed: field.count('Records that failed').optional(),
    records_skipped: field.count('Records left out on purpose, e.g. unchanged').optional(),
    volume_bytes: field.count('Data moved', 'bytes').optional(),
    retries: field.count('Requests that were tried again').optional(),
    duration_ms: field.number('Time from start to end', 'ms', 0, 30 * 86_400_000).optional(),
    error_code: field.name('Why it failed or is partial').optional(),
  },
  example: {
    type: 'integration.sync_operation',
    event_id: 'sync-crm-contacts-8412',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'crm',
    stream: 'contacts',
    operation_id: '8412',
    sync_type: 'incremental',
    status: 'partial',
    records_to_sync: 240,
    records_synced: 231,
    records_failed: 4,
    records_skipped: 5,
    volume_bytes: 412_000,
    retries: 2,
    duration_ms: 8400,
    error_code: 'rate_limited',
  },
});

export const syncConflict = event({
  type: 'integration.sync_conflict',
  title: 'Sync conflict',
  description:
    'One conflict between two versions of a record, told once: when it is decided what becomes of it. Its event_id is that of the conflict.',
  privacy: 'operational',
  rawRetentionDays: 90,
  fields: {
    integration,
    stream,
    operation_id: field.id('The operation that met it').optional(),
    conflict_type: field.choice(CONFLICT_TYPES, 'What kind of conflict'),
    resolution: field.choice(RESOLUTIONS, 'What became of it'),
    resolution_ms: field
      .number('Time from detection to resolution; of auto and manual ones', 'ms', 0, 365 * 86_400_000)
      .optional(),
    field: field.name('Field in conflict').optional(),
    segment: field.name('Segment of users whose data it is').optional(),
    data_loss: field.flag('Whether data were lost').default(false),
    satisfaction: field
      .number('How content those concerned are with the outcome, 0 to 1, where asked', 'percentunit', 0, 1)
      .optional(),
  },
  example: {
    type: 'integration.sync_conflict',
    event_id: 'conflict-crm-contacts-8412-17',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'crm',
    stream: 'contacts',
    operation_id: '8412',
    conflict_type: 'concurrent_update',
    resolution: 'auto',
    resolution_ms: 120,
    field: 'email',
    segment: 'enterprise',
    data_loss: false,
  },
});
