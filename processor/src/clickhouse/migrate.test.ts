/** Migrations in a real ClickHouse (embedded), from nothing and from past states; a cluster's DDL as text. */
import { allTables, rawTable, type TableDef } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import { domains } from '../domains';
import type { ClickHouse } from './client';
import { createTable } from './ddl';
import { migrate } from './migrate';
import { ClickHouseStore } from './store';
import { startEngine, type TestEngine } from './testing/engine';

let engine: TestEngine;
let ch: ClickHouse;
const T = allTables(domains).length;
const V = buildViews(domains, 'shadower').views.length;
beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
}, 120_000);
afterAll(() => engine?.stop());

const count = async (sql: string) => Number((await ch.rows<{ n: string }>(`SELECT toString(${sql}) AS n`))[0]!.n);

it('makes everything once, and nothing the second time', async () => {
  const fresh = engine.connect('fresh');
  const first = await migrate(fresh, domains);
  expect(first.statements).toHaveLength(1 + T + V + 1);
  expect((await migrate(fresh, domains)).statements).toEqual([]);
  await new ClickHouseStore(fresh, domains).check();
});

it('two at once do not hurt each other', async () => {
  const other = engine.connect('at_once');
  await Promise.all([migrate(other, domains), migrate(engine.connect('at_once'), domains)]);
  expect((await migrate(other, domains)).statements).toEqual([]);
  await new ClickHouseStore(other, domains).check();
});

describe('past states converge and keep their data', () => {
  const write = () =>
    ch.command(
      "INSERT INTO shadower.integration_calls_1m (workspace, integration, calls, written_at) VALUES ('w', 'a', 5, now())",
    );
  const kept = () => count("(SELECT sum(calls) FROM shadower.integration_calls_1m WHERE workspace = 'w')");
  let before = 0;
  beforeAll(() => migrate(ch, domains));
  beforeEach(async () => {
    await write();
    before = await kept();
  });
  afterEach(async () => {
    expect(await kept()).toBe(before);
    expect((await migrate(ch, domains)).statements).toEqual([]);
    await new ClickHouseStore(ch, domains).check();
  });

  it.each<[string, string[], RegExp[]]>([
    [
      'a column is missing',
      ['ALTER TABLE shadower.integration_calls_1m DROP COLUMN rate_limited'],
      [/ADD COLUMN IF NOT EXISTS `rate_limited` .* AFTER `failures`/],
    ],
    [
      'another retention',
      ['ALTER TABLE shadower.integration_calls_1m MODIFY TTL written_at + INTERVAL 3 DAY'],
      [/MODIFY TTL written_at \+ INTERVAL 30 DAY/],
    ],
    ['no retention', ['ALTER TABLE shadower.integration_calls_1m REMOVE TTL'], [/MODIFY TTL/]],
    [
      'a retention where none is wanted',
      ['ALTER TABLE shadower.catalog MODIFY TTL written_at + INTERVAL 300 DAY'],
      [/catalog` REMOVE TTL/],
    ],
    [
      'deduplication is off',
      ['ALTER TABLE shadower.integration_calls_1m MODIFY SETTING non_replicated_deduplication_window = 0'],
      [/MODIFY SETTING non_replicated_deduplication_window = 10000/],
    ],
    [
      'the setting was dropped',
      ['ALTER TABLE shadower.integration_calls_1m RESET SETTING non_replicated_deduplication_window'],
      [/MODIFY SETTING/],
    ],
    ['a table is missing', ['DROP TABLE shadower.dead_letters'], [/CREATE TABLE IF NOT EXISTS .*dead_letters/]],
    [
      'a view of a query that is gone',
      ['CREATE VIEW shadower.integration_old__main__1m AS SELECT 1'],
      [/DROP VIEW IF EXISTS .*integration_old__main__1m/],
    ],
    [
      'a number was narrower',
      ['ALTER TABLE shadower.raw_integration_api_call MODIFY COLUMN idx UInt8'],
      [/MODIFY COLUMN `idx` UInt32/],
    ],
    [
      'a number that may be missing was narrower',
      ['ALTER TABLE shadower.raw_integration_api_call MODIFY COLUMN status_code Nullable(UInt16)'],
      [/MODIFY COLUMN `status_code` Nullable\(UInt64\)/],
    ],
    [
      'a later release has widened a number, and let it be missing',
      [
        'ALTER TABLE shadower.raw_integration_api_call MODIFY COLUMN idx UInt64',
        'ALTER TABLE shadower.raw_integration_api_call MODIFY COLUMN latency_ms Nullable(Float64)',
      ],
      [],
    ],
    [
      'a number was narrower, and could not be missing',
      ['DROP COLUMN bytes_in', 'ADD COLUMN bytes_in UInt32'].map(
        (change) => `ALTER TABLE shadower.raw_integration_api_call ${change}`,
      ),
      [/MODIFY COLUMN `bytes_in` Nullable\(UInt64\)/],
    ],
  ])('%s', async (_name, past, wanted) => {
    for (const sql of past) await ch.command(sql);
    const { statements } = await migrate(ch, domains);
    expect(statements).toHaveLength(wanted.length);
    wanted.forEach((w, i) => expect(statements[i]).toMatch(w));
  });

  it('a view is missing', async () => {
    await ch.command('DROP VIEW shadower.integration_calls__main__1h');
    expect((await migrate(ch, domains)).statements).toHaveLength(V + 1);
  });

  it('an older version, with a query fewer and another definition, and back', async () => {
    const older = domains.map((d) => ({
      ...d,
      queries: d.queries.filter((q) => q.name !== 'integration_endpoints'),
    }));
    const down = await migrate(ch, older);
    expect(down.statements.filter((s) => s.startsWith('DROP VIEW'))).toHaveLength(3);
    expect((await migrate(ch, older)).statements).toEqual([]);
    await expect(new ClickHouseStore(ch, domains).check()).rejects.toMatchObject({ code: 'STORE_SCHEMA' });
    expect((await migrate(ch, domains)).statements).toHaveLength(V + 1);
  });
});

describe('what is refused changes nothing', () => {
  const refused = async (past: string, code: string, message: RegExp) => {
    const other = engine.connect('refusals');
    await other.command('CREATE DATABASE IF NOT EXISTS refusals');
    await other.command(past);
    await expect(migrate(other, domains)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const tables = await other.rows("SELECT name FROM system.tables WHERE database = 'refusals'");
    expect(tables).toHaveLength(1);
    await other.command('DROP DATABASE refusals');
  };
  const past = (name: string, change: (t: TableDef) => Partial<TableDef>): string => {
    const t = allTables(domains).find((x) => x.name === name)!;
    return createTable({ ...t, ...change(t) }, { database: 'refusals' })[0]!;
  };

  it('a type that cannot be widened', () =>
    refused(
      past('integration_calls_1m', (t) => ({
        columns: t.columns.map((c) => (c.name === 'cost' ? { ...c, type: 'UInt64' } : c)),
      })),
      'STORE_SCHEMA',
      /integration_calls_1m\.cost is .*UInt64.* not a safe widening/,
    ));
  it('a new key column', () =>
    refused(
      past('integration_calls_1m', (t) => ({
        columns: t.columns.filter((c) => c.name !== 'agent'),
        orderBy: t.orderBy.filter((c) => c !== 'agent'),
      })),
      'STORE_SCHEMA',
      /a key cannot change in place/,
    ));
  it('a key column that is gone', () =>
    refused(
      past('integration_calls_1m', (t) => ({
        columns: [...t.columns, { name: 'region', type: 'String', description: 'x' }],
        orderBy: [...t.orderBy, 'region'],
      })),
      'STORE_SCHEMA',
      /has the key \(.*region\)/,
    ));
  it('another engine', () =>
    refused(
      past('progress_log', () => ({ engine: 'MergeTree' })),
      'STORE_SCHEMA',
      /is MergeTree, ReplacingMergeTree is needed/,
    ));
});

describe('a cluster (as text: no test here has one)', () => {
  const o = { database: 'shadower', cluster: 'main' };
  const sqlOf = (name: string) =>
    createTable(
      allTables(domains).find((t) => t.name === name)!,
      o,
    );

  it('every table is a replicated one that remembers inserts, and a distributed one over it', () => {
    for (const t of allTables(domains)) {
      const [local, distributed, ...more] = createTable(t, o);
      expect(more).toEqual([]);
      expect(local).toMatch(
        new RegExp(`^CREATE TABLE IF NOT EXISTS \`shadower\`.\`${t.name}_local\` ON CLUSTER \`main\``),
      );
      expect(local).toContain(
        `ENGINE = Replicated${t.engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`,
      );
      expect(local).toContain(
        'replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800',
      );
      expect(local).not.toContain('non_replicated');
      expect(distributed).toMatch(
        new RegExp(
          `\`${t.name}\` ON CLUSTER \`main\` AS \`shadower\`.\`${t.name}_local\` ENGINE = Distributed\\(\`main\`, \`shadower\`, \`${t.name}_local\`, cityHash64\\(`,
        ),
      );
    }
  });

  it.each([
    [
      'integration_calls_1m',
      'cityHash64(`workspace`, `integration`, `kind`, `provider`, `endpoint`, `method`, `vantage`, `agent`)',
    ],
    [
      'entity_edges_1h',
      'cityHash64(`workspace`, `source_kind`, `source`, `target_kind`, `target`, `relation`, `origin`)',
    ],
    [rawTable(domains.flatMap((d) => d.events)[0]!).name, 'cityHash64(`workspace`, `t`)'],
    ['dead_letters', 'cityHash64(`workspace`, `t`)'],
    ['accounting_1m', 'cityHash64(`workspace`, `topic`, `outcome`, `reason`)'],
    // FINAL and the newest offsets work shard by shard: a partition's rows must share one.
    ['event_ids', 'cityHash64(`topic`, `part`)'],
    ['progress_log', 'cityHash64(`topic`, `part`)'],
    ['catalog', 'cityHash64(`id`)'],
  ])('%s is sharded by %s', (table, key) => {
    expect(sqlOf(table)[1]).toContain(`${key})`);
  });

  it('views read the distributed tables', () => {
    for (const v of buildViews(domains, 'shadower').views) expect(v.sql).not.toMatch(/_local/);
  });

  it('is refused a database that was made for one server, before anything is changed', async () => {
    await migrate(ch, domains);
    const tables = await ch.rows("SELECT name FROM system.tables WHERE database = 'shadower'");
    await expect(migrate(ch, domains, { cluster: 'main' })).rejects.toMatchObject({
      code: 'STORE_SCHEMA',
      message: expect.stringMatching(/made for one server/),
    });
    expect(await ch.rows("SELECT name FROM system.tables WHERE database = 'shadower'")).toEqual(tables);
  });
});
