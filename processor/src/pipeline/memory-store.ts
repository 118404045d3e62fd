/** In-memory twin of the ClickHouse store: same contract, rows kept as objects. */
import { ShadowerError } from '../errors';
import { plainValues } from './columns';
import type { Block, PartitionProgress, Store, TopicPartition } from './ports';

export class MemoryStore implements Store {
  readonly tables = new Map<string, Record<string, unknown>[]>();
  private readonly tokens = new Set<string>();
  /** While set, inserts fail: 'before' loses them, 'after' stores them and loses the answer. */
  failing: 'before' | 'after' | undefined;
  /** Switches deduplication off, as the control of fault tests. */
  deduplicate = true;
  /** Blocks that a table remembers. */
  window = Infinity;
  private readonly taken = new Map<string, number>();
  private readonly marks = new Map<number, Map<string, number>>();

  async mark(at: number): Promise<void> {
    if (!this.marks.has(at)) this.marks.set(at, new Map(this.taken));
  }

  async remembers(table: string, mark: number): Promise<void> {
    const then = this.marks.get(mark);
    const since = then && (this.taken.get(table) ?? 0) - (then.get(table) ?? 0);
    if (since === undefined || since > this.window * 0.9)
      throw new ShadowerError('STORE_UNSAFE', `${table} has taken ${since ?? 'an unknown number of'} blocks since`);
  }

  async now(): Promise<number> {
    return Date.now();
  }

  rows(table: string): Record<string, unknown>[] {
    return this.tables.get(table) ?? [];
  }

  async check(): Promise<void> {}

  async insert(block: Block, token: string): Promise<void> {
    if (this.failing === 'before') throw new ShadowerError('STORE_UNAVAILABLE', 'switched off');
    const key = `${block.table}\u001f${token}`;
    if (!this.deduplicate || !this.tokens.has(key)) {
      this.tokens.add(key);
      this.taken.set(block.table, (this.taken.get(block.table) ?? 0) + 1);
      this.append(block);
    }
    if (this.failing === 'after') throw new ShadowerError('STORE_UNAVAILABLE', 'answer lost');
  }

  private append(block: Block): void {
    const rows = this.tables.get(block.table) ?? [];
    this.tables.set(block.table, rows);
    const columns = block.columns.map((c) => ({ name: c.name, values: plainValues(c.values, block.rows) }));
    for (let i = 0; i < block.rows; i++) rows.push(Object.fromEntries(columns.map((c) => [c.name, c.values[i]])));
  }

  async seenEventIds(
    tp: TopicPartition & { topicId?: string },
    before: number,
    since: number,
    limit: number,
    take: (id: string, at: number) => void,
  ): Promise<void> {
    const own = (r: Record<string, unknown>): boolean => r.topic_id === (tp.topicId ?? '');
    const rows = this.rows('event_ids').filter(
      (r) =>
        r.topic === tp.topic &&
        r.part === tp.partition &&
        (!own(r) || (r.off as number) < before) &&
        (r.written_at as number) >= Math.floor(since / 1000),
    );
    rows.sort((a, b) => Number(own(a)) - Number(own(b)) || (a.off as number) - (b.off as number));
    for (const r of limit === 0 ? [] : rows.slice(-limit)) take(r.id as string, (r.written_at as number) * 1000);
  }

  async progress(tp: TopicPartition): Promise<PartitionProgress | undefined> {
    const own = this.rows('progress_log').filter((r) => r.topic === tp.topic && r.part === tp.partition);
    const newest = own.reduce<Record<string, unknown> | undefined>(
      (a, r) => (a === undefined || (r.updated_at as number) >= (a.updated_at as number) ? r : a),
      undefined,
    );
    return (
      newest && {
        counted: newest.committed as number,
        topicId: newest.topic_id as string,
        completeUntil: newest.complete_until as number,
      }
    );
  }

  async writeProgress(block: Block): Promise<void> {
    this.append(block);
  }

  async close(): Promise<void> {}
}
