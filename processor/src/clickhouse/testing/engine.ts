/** A real, embedded ClickHouse for tests (needs `npm run build`), and a way to bring events into it without a log. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { domains } from '../../domains';
import { Batch, BatchPlans } from '../../pipeline/batch';
import { SeenIds } from '../../pipeline/seen';
import { createValidator } from '../../pipeline/validate';
import { WindowPlans } from '../../pipeline/window';
import { argumentType, buildViews } from '../../catalog/views';
import { ClickHouse } from '../client';
import { startEmbedded } from '../embedded/spawn';
import { ClickHouseStore } from '../store';

export interface TestEngine {
  url: string;
  /** Connection to one database of the engine, through `url` where another one is given; all are closed with it. */
  connect(database: string, url?: string): ClickHouse;
  stop(): Promise<void>;
}

export async function startEngine(): Promise<TestEngine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'clickhouse-'));
  const db = await startEmbedded({ dataDir, users: [{ name: 'writer', password: 'w' }] });
  const open: ClickHouse[] = [];
  return {
    url: db.url,
    connect(database, url = db.url) {
      const ch = new ClickHouse({ url, user: 'writer', password: 'w', database });
      open.push(ch);
      return ch;
    },
    async stop() {
      await Promise.all(open.map((ch) => ch.close()));
      await db.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const validate = createValidator(domains);
const plans = new BatchPlans(domains, new WindowPlans(domains));
let fed = 0;

/** Counts the events as one batch of the pipeline would. Throws when one is not valid. */
export async function feed(ch: ClickHouse, events: readonly object[]): Promise<void> {
  const batch = new Batch(
    plans,
    { topic: 'test', partition: 0 },
    new SeenIds(86_400_000, 1_000_000),
    { latenessMs: Infinity, futureMs: Infinity },
    Date.now(),
  );
  events.forEach((e, offset) => {
    const verdict = validate({ ...e });
    if (!verdict.ok) throw new Error(`${verdict.code}: ${verdict.reason}: ${JSON.stringify(e)}`);
    batch.add({ offset, key: null, value: null, timestamp: 0, headers: {} }, [
      { kind: 'event', idx: 0, event: verdict.event },
    ]);
  });
  const store = new ClickHouseStore(ch, domains);
  const token = `feed-${fed++}`;
  for (const block of batch.blocks()) await store.insert(block, token);
}

/** `2026-11-21 12:00:00.000`, as a DateTime64 parameter is written. */
export const clickHouseTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** Every part of a catalog query as its view at `grain` gives it. */
export async function runQuery(
  ch: ClickHouse,
  name: string,
  grain: string,
  args: { workspace: string; from: number; to: number; step?: number } & Record<string, unknown>,
): Promise<Record<string, Record<string, unknown>[]>> {
  const { catalog } = buildViews(domains, ch.database);
  const query = catalog.queries.find((q) => q.name === name)!;
  const out: Record<string, Record<string, unknown>[]> = {};
  for (const part of query.parts) {
    const view = part.views.find((v) => v.grain === grain)!;
    const columns = part.columns.map((c) => `\`${c.name}\``).join(', ');
    const list = part.args.map((a) => `${a}={${a}:${argumentType(a)}}`).join(', ');
    const given = { step: 60, ...args, from: clickHouseTime(args.from), to: clickHouseTime(args.to) };
    const params = Object.fromEntries(part.args.map((a) => [a, (given as Record<string, unknown>)[a] ?? []]));
    out[part.name] = await ch.rows(`SELECT ${columns} FROM ${ch.database}.${view.view}(${list})`, params);
  }
  return out;
}
