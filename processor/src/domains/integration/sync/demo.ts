/** What the demo's shop synchronises, and what goes wrong with it while an incident lasts. */
import type { DemoSource } from '../../define';
import { RESOLUTIONS, CONFLICT_TYPES, SYNC_TYPES, syncConflict, syncOperation } from './events';

interface Stream {
  integration: string;
  stream: string;
  sync_type: (typeof SYNC_TYPES)[number];
  /** Seconds from one operation to the next, and when in the period it ends. */
  every: number;
  offset: number;
  records: number;
  bytesPerRecord: number;
  /** Records per second. */
  speed: number;
  /** Conflicts per operation. */
  conflicts: number;
  fields: readonly string[];
  /** What an incident does: it fails, or falls silent. */
  incident?: 'fails' | 'stops';
}

const STREAMS: readonly Stream[] = [
  {
    integration: 'crm',
    stream: 'contacts',
    sync_type: 'incremental',
    every: 60,
    offset: 20,
    records: 120,
    bytesPerRecord: 1400,
    speed: 40,
    conflicts: 0.4,
    fields: ['email', 'email', 'email', 'phone', 'owner', 'address'],
    incident: 'fails',
  },
  {
    integration: 'crm',
    stream: 'deals',
    sync_type: 'incremental',
    every: 300,
    offset: 75,
    records: 60,
    bytesPerRecord: 2200,
    speed: 25,
    conflicts: 0.3,
    fields: ['stage', 'amount', 'owner'],
  },
  {
    integration: 'crm',
    stream: 'accounts',
    sync_type: 'full',
    every: 1800,
    offset: 500,
    records: 9000,
    bytesPerRecord: 900,
    speed: 60,
    conflicts: 1.2,
    fields: ['name', 'owner'],
  },
  {
    integration: 'search',
    stream: 'catalog',
    sync_type: 'real_time',
    every: 15,
    offset: 3,
    records: 12,
    bytesPerRecord: 3100,
    speed: 30,
    conflicts: 0,
    fields: [],
    incident: 'stops',
  },
  {
    integration: 'shipping',
    stream: 'orders',
    sync_type: 'batch',
    every: 600,
    offset: 240,
    records: 400,
    bytesPerRecord: 1800,
    speed: 50,
    conflicts: 0.1,
    fields: ['status'],
  },
];

const SEGMENTS = ['enterprise', 'enterprise', 'mid-market', 'trial'];
/** Records that wait when the incident is at its height. */
const PILE = 24_000;

export const demo: DemoSource = {
  events(from, to, random, incident) {
    const out: Record<string, unknown>[] = [];
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const second = Math.floor(from / 1000);
    for (const s of STREAMS) {
      if (second % s.every !== s.offset) continue;
      const hurt = s.incident === undefined ? 0 : incident;
      if (s.incident === 'stops' && hurt > 0.2) continue;
      const time = from + Math.floor(random() * (to - from));
      const operation = `${s.integration}-${s.stream}-${second.toString(36)}`;
      const about = { integration: s.integration, stream: s.stream, operation_id: operation };
      const wanted = Math.round(s.records * (0.6 + random() * 0.8) + PILE * hurt);
      const failed = random() < 0.004 + 0.6 * hurt;
      const partial = !failed && random() < 0.02 + 0.8 * hurt;
      const bad = failed ? 0 : partial ? Math.ceil(wanted * (0.02 + 0.5 * hurt * random())) : 0;
      const skipped = failed ? 0 : Math.floor((wanted - bad) * 0.05);
      const synced = failed ? 0 : hurt > 0 ? Math.min(wanted - bad - skipped, s.records) : wanted - bad - skipped;
      out.push({
        type: syncOperation.type,
        event_id: `demo-${operation}`,
        time,
        ...about,
        sync_type: s.sync_type,
        status: failed ? 'failed' : partial ? 'partial' : 'completed',
        records_to_sync: wanted,
        records_synced: synced,
        records_failed: bad,
        records_skipped: skipped,
        volume_bytes: synced * s.bytesPerRecord,
        retries: Math.floor(random() * (1 + 6 * hurt)),
        duration_ms: Math.round(1000 * (2 + synced / s.speed) * (0.8 + random() * 0.5)),
        ...(failed
          ? { error_code: random() < 0.8 ? 'rate_limited' : 'timeout' }
          : partial
            ? { error_code: 'validation' }
            : {}),
      });
      const expected = s.conflicts * (1 + 4 * hurt);
      const n = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
      for (let i = 0; i < n; i++) {
        const r = random();
        const resolution =
          r < 0.68 ? RESOLUTIONS[0] : r < 0.88 ? RESOLUTIONS[1] : r < 0.96 ? RESOLUTIONS[2] : RESOLUTIONS[3];
        const took =
          resolution === 'auto'
            ? 40 + random() * 400
            : resolution === 'manual'
              ? 60_000 * (3 + random() * 240)
              : undefined;
        out.push({
          type: syncConflict.type,
          event_id: `demo-${operation}-conflict-${i}`,
          time,
          ...about,
          conflict_type: pick([...CONFLICT_TYPES, 'concurrent_update', 'concurrent_update', 'version_mismatch']),
          resolution,
          ...(took === undefined ? {} : { resolution_ms: Math.round(took) }),
          field: pick(s.fields),
          segment: pick(SEGMENTS),
          data_loss: resolution !== 'manual' && random() < 0.01 + 0.06 * hurt,
        });
      }
    }
    return out;
  },
};
