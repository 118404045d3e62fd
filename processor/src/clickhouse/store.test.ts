/** The ClickHouse store against a real ClickHouse: the embedded one. */
import { domains } from '../domains';
import { Batch, BatchPlans } from '../pipeline/batch';
import { SeenIds } from '../pipeline/seen';
import { storeContract, systemBlock } from '../pipeline/store.contract';
import { createValidator } from '../pipeline/validate';
import { WindowPlans } from '../pipeline/window';
import type { ClickHouse } from './client';
import { migrate } from './migrate';
import { ClickHouseStore } from './store';
import { startEngine, type TestEngine } from './testing/engine';
import { startLossyProxy, type LossyProxy } from './testing/lossy-proxy';

let engine: TestEngine;
let proxy: LossyProxy;
let ch: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  proxy = await startLossyProxy(engine.url);
  ch = engine.connect('shadower', proxy.url);
  await migrate(ch, domains);
}, 120_000);
afterAll(async () => {
  await engine?.stop();
  await proxy?.close();
});

const WINDOW = 'non_replicated_deduplication_window';
const TABLES = ['event_ids', 'accounting_1m', 'progress_log'];

storeContract('ClickHouseStore', async () => {
  // Truncating forgets tokens, so every test begins with empty tables that remember nothing.
  // How far each had come is known from before.
  const store = new ClickHouseStore(ch, domains);
  await store.mark(1);
  for (const t of TABLES) await ch.command(`TRUNCATE TABLE shadower.${t}`);
  return {
    store,
    rows: (table) => ch.rows(`SELECT * FROM shadower.${table}`),
    loseNextAnswer: () => proxy.loseNext(),
    remember: (table, blocks) => ch.command(`ALTER TABLE shadower.${table} MODIFY SETTING ${WINDOW} = ${blocks}`),
    cleanUp: async () => {
      await migrate(ch, domains);
    },
  };
});

describe('check', () => {
  const store = () => new ClickHouseStore(ch, domains);

  it('refuses a database without a schema', async () => {
    const empty = new ClickHouseStore(engine.connect('nothing_here'), domains);
    await expect(empty.check()).rejects.toMatchObject({ code: 'STORE_SCHEMA', message: /shadower migrate/ });
  });

  it('refuses the schema of another version', async () => {
    const older = domains.map((d) => ({
      ...d,
      queries: d.queries.map((q) => ({ ...q, title: `${q.title}, formerly` })),
    }));
    await expect(new ClickHouseStore(ch, older).check()).rejects.toMatchObject({ code: 'STORE_SCHEMA' });
    await expect(store().check()).resolves.toBeUndefined();
  });

  it('refuses a table that is gone', async () => {
    await ch.command('RENAME TABLE shadower.dead_letters TO shadower.elsewhere');
    await expect(store().check()).rejects.toMatchObject({ code: 'STORE_SCHEMA', message: /dead_letters is missing/ });
    await ch.command('RENAME TABLE shadower.elsewhere TO shadower.dead_letters');
  });

  it.each([0, 10])('refuses a table that remembers only %d inserts', async (n) => {
    await ch.command(`ALTER TABLE shadower.integration_calls_1h MODIFY SETTING ${WINDOW} = ${n}`);
    await expect(store().check()).rejects.toMatchObject({
      code: 'STORE_UNSAFE',
      message: expect.stringMatching(new RegExp(`integration_calls_1h remembers ${n} inserts`)),
    });
    await migrate(ch, domains);
    await expect(store().check()).resolves.toBeUndefined();
  });

  it('tells a store that is away from one that refuses', async () => {
    const away = new ClickHouseStore(engine.connect('shadower', 'http://127.0.0.1:9'), domains);
    await expect(away.check()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const block = { ...systemBlock('event_ids', []), table: 'no_such_table' };
    await expect(store().insert(block, 'x')).rejects.toMatchObject({ code: 'STORE_SCHEMA' });
  });
});

it('takes a batch that touches more months than ClickHouse allows by default, and its replay', async () => {
  const validate = createValidator(domains);
  const batch = new Batch(
    new BatchPlans(domains, new WindowPlans(domains)),
    { topic: 'months', partition: 0 },
    new SeenIds(1, 1),
    { latenessMs: Infinity, futureMs: Infinity },
    Date.now(),
  );
  for (let i = 0; i < 110; i++) {
    const v = validate({
      type: 'integration.dependency',
      workspace: 'months',
      time: Date.UTC(2016, i),
      source: 'a',
      target: 'b',
      dependency_type: 'data',
    });
    if (!v.ok) throw new Error(v.reason);
    batch.add({ offset: i, key: null, value: null, timestamp: 0, headers: {} }, [
      { kind: 'event', idx: 0, event: v.event },
    ]);
  }
  const store = new ClickHouseStore(ch, domains);
  for (let replay = 0; replay < 2; replay++) for (const b of batch.blocks()) await store.insert(b, 'months');
  const count = await ch.rows(
    "SELECT toString(count()) AS n FROM shadower.raw_integration_dependency WHERE workspace = 'months'",
  );
  expect(count).toEqual([{ n: '110' }]);
});
