/** The contract of the Store port. ClickHouse and the in-memory twin run it; see `*.test.ts` beside them. */
import { systemTables } from '../catalog/tables';
import type { Block, Store, TopicPartition } from './ports';

/** One fresh, empty store. */
export interface StoreHarness {
  store: Store;
  /** All rows of a table. */
  rows(table: string): Promise<Record<string, unknown>[]>;
  /** The next insert is carried out, but its answer does not arrive. */
  loseNextAnswer(): void;
  /** Sets how many blocks the table remembers; 0 switches its deduplication off: the control. */
  remember(table: string, blocks: number): Promise<void>;
  cleanUp(): Promise<void>;
}

/** Block of a system table from rows as objects. */
export function systemBlock(table: string, rows: readonly Record<string, unknown>[]): Block {
  const columns = systemTables.find((t) => t.name === table)!.columns;
  return {
    table,
    rows: rows.length,
    columns: columns.map((c) => ({ name: c.name, type: c.type, values: rows.map((r) => r[c.name]) })),
  };
}

const SECOND = Math.floor(Date.now() / 1000);
const ids = (
  ...rows: { off: number; id: string; part?: number; topic?: string; topic_id?: string; written_at?: number }[]
): Block =>
  systemBlock(
    'event_ids',
    rows.map((r) => ({ topic: 't', part: 0, topic_id: '', written_at: SECOND, ...r })),
  );
const progress = (row: {
  part?: number;
  committed?: number;
  complete_until?: number;
  updated_at: number;
  topic_id?: string;
}): Block =>
  systemBlock('progress_log', [
    { topic: 't', part: 0, committed: 1, end: 2, complete_until: 0, topic_id: '', written_at: SECOND, ...row },
  ]);

export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let h: StoreHarness;
    beforeEach(async () => {
      h = await open();
    });
    afterEach(() => h?.cleanUp());
    const held = async (table = 'event_ids') => (await h.rows(table)).map((r) => r.id).sort();

    it('takes a block once per token', async () => {
      await h.store.check();
      const block = ids({ off: 1, id: 'a' }, { off: 2, id: 'b' });
      await h.store.insert(block, 't/0/0-3');
      await h.store.insert(block, 't/0/0-3');
      expect(await held()).toEqual(['a', 'b']);
    });

    it('tells tokens apart, also for equal blocks', async () => {
      await h.store.insert(ids({ off: 1, id: 'a' }), 'one');
      await h.store.insert(ids({ off: 1, id: 'a' }), 'two');
      expect(await held()).toEqual(['a', 'a']);
    });

    it('the same token is another one for another table', async () => {
      await h.store.insert(ids({ off: 1, id: 'a' }), 'token');
      const account = { workspace: 'w', t: SECOND - (SECOND % 60), topic: 't', outcome: 'used', reason: 'x', items: 3 };
      await h.store.insert(systemBlock('accounting_1m', [{ ...account, written_at: SECOND }]), 'token');
      expect(await held()).toEqual(['a']);
      expect(await h.rows('accounting_1m')).toHaveLength(1);
    });

    it('a retry after a lost answer counts nothing twice', async () => {
      const block = ids({ off: 1, id: 'a' });
      h.loseNextAnswer();
      await expect(h.store.insert(block, 'token')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await held()).toEqual(['a']);
      await h.store.insert(block, 'token');
      expect(await held()).toEqual(['a']);
    });

    it('without deduplication it would: the control', async () => {
      await h.remember('event_ids', 0);
      const block = ids({ off: 1, id: 'a' });
      h.loseNextAnswer();
      await expect(h.store.insert(block, 'token')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await h.store.insert(block, 'token');
      expect(await held()).toEqual(['a', 'a']);
    });

    it('finds the ids of a partition: below an offset, since a time, the newest, in order', async () => {
      const tp = { topic: 't', partition: 0 };
      const at = SECOND * 1000;
      // Inserted out of order, as concurrent inserts may land.
      await h.store.insert(ids({ off: 30, id: 'c' }, { off: 40, id: 'd' }), '2');
      await h.store.insert(
        ids({ off: 10, id: 'a', written_at: SECOND - 100 }, { off: 20, id: 'b', written_at: SECOND - 50 }),
        '1',
      );
      await h.store.insert(ids({ off: 5, id: 'other partition', part: 1 }), '3');
      await h.store.insert(ids({ off: 5, id: 'other topic', topic: 'u' }), '4');
      const found = async (of: TopicPartition & { topicId?: string }, before: number, since: number, limit: number) => {
        const list: { id: string; at: number }[] = [];
        await h.store.seenEventIds(of, before, since, limit, (id, when) => list.push({ id, at: when }));
        return list;
      };
      const seen = async (before: number, since: number, limit: number) =>
        (await found(tp, before, since, limit)).map((r) => r.id);
      expect(await found(tp, 100, 0, 10)).toEqual([
        { id: 'a', at: at - 100_000 },
        { id: 'b', at: at - 50_000 },
        { id: 'c', at },
        { id: 'd', at },
      ]);
      expect(await seen(40, 0, 10)).toEqual(['a', 'b', 'c']);
      expect(await seen(100, at - 50_000, 10)).toEqual(['b', 'c', 'd']);
      // Times are kept to the second; a horizon inside a second includes that second.
      expect(await seen(100, at - 50_000 + 999, 10)).toEqual(['b', 'c', 'd']);
      expect(await seen(100, at - 49_000, 10)).toEqual(['c', 'd']);
      expect(await seen(100, 0, 3)).toEqual(['b', 'c', 'd']);
      expect(await seen(100, -5, 0)).toEqual([]);
      expect(await found({ topic: 'none', partition: 0 }, 100, 0, 10)).toEqual([]);

      // A topic made anew begins at offset 0 again; what the former one had was seen all the same.
      await h.store.insert(
        ids({ off: 2, id: 'new', topic_id: 'anew' }, { off: 9, id: 'later', topic_id: 'anew' }),
        '5',
      );
      const anew = await found({ ...tp, topicId: 'anew' }, 5, 0, 10);
      expect(anew.map((r) => r.id)).toEqual(['a', 'b', 'c', 'd', 'new']);
      expect((await found(tp, 40, 0, 10)).map((r) => r.id)).toEqual(['new', 'later', 'a', 'b', 'c']);
    });

    it('knows how far a partition was counted and complete, by the newest word on it', async () => {
      const tp = { topic: 't', partition: 0 };
      const at = SECOND * 1000;
      expect(await h.store.progress(tp)).toBeUndefined();
      await h.store.writeProgress(progress({ committed: 30, complete_until: at + 123, updated_at: at + 5 }));
      expect(await h.store.progress(tp)).toEqual({ counted: 30, topicId: '', completeUntil: at + 123 });
      await h.store.writeProgress(progress({ committed: 40, complete_until: at + 456, updated_at: at + 6 }));
      await h.store.writeProgress(progress({ committed: 40, complete_until: at + 456, updated_at: at + 6 }));
      await h.store.writeProgress(progress({ part: 1, committed: 5, complete_until: at + 999, updated_at: at + 7 }));
      // A slow writer's old word does not undo a newer one.
      await h.store.writeProgress(progress({ committed: 35, complete_until: at + 1, updated_at: at + 4 }));
      expect(await h.store.progress(tp)).toEqual({ counted: 40, topicId: '', completeUntil: at + 456 });
      expect(await h.store.progress({ topic: 't', partition: 1 })).toMatchObject({ counted: 5 });
      expect(await h.store.progress({ topic: 'u', partition: 0 })).toBeUndefined();
      // Also as the last block of a batch; of a topic that was made anew.
      await h.store.insert(progress({ committed: 7, updated_at: at + 8, topic_id: 'made anew' }), 'token');
      expect(await h.store.progress(tp)).toMatchObject({ counted: 7, topicId: 'made anew' });
    });

    it('tells how long a token is remembered: up to nine tenths of the window since a mark', async () => {
      await h.remember('event_ids', 20);
      const mark = SECOND * 1000;
      await h.store.mark(mark);
      let n = 0;
      const insert = () => h.store.insert(ids({ off: n, id: `${n}` }), `token ${n++}`);
      while (n < 18) await insert();
      await h.store.remembers('event_ids', mark);
      await h.store.remembers('accounting_1m', mark);
      await insert();
      await expect(h.store.remembers('event_ids', mark)).rejects.toMatchObject({ code: 'STORE_UNSAFE' });
      await h.store.remembers('accounting_1m', mark);
      // A later mark knows better, one that nobody took is no word at all.
      await h.store.mark(mark + 1);
      await h.store.remembers('event_ids', mark + 1);
      await expect(h.store.remembers('event_ids', mark + 2)).rejects.toMatchObject({ code: 'STORE_UNSAFE' });
    });

    it('tells its clock', async () => {
      const before = Date.now();
      const now = await h.store.now();
      // The same machine here; its whole milliseconds may be cut off.
      expect(now).toBeGreaterThanOrEqual(before - 1);
      expect(now).toBeLessThanOrEqual(Date.now() + 1);
    });
  });
}
