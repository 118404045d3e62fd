/** Where every item of a batch went: the accounts, the dead letters, and the digest of both. */
import { systemTables, type ColumnDef } from '../catalog/tables';
import type { DeadLetter } from './decode';
import { codeOf, Digest } from './digest';
import type { Block, TopicPartition } from './ports';

export type Outcome = 'used' | 'duplicate' | 'dead_letter' | 'ignored';

export interface Account {
  workspace: string;
  outcome: Outcome;
  reason: string;
  items: number;
  /** How it is mixed into the digest. */
  code: number;
}

/** What is kept of a dead letter's payload, bytes. */
const PAYLOAD_LIMIT = 64 * 1024;

export const columnsOf = (name: string): ColumnDef[] => systemTables.find((t) => t.name === name)!.columns;
export const rowsBlock = (table: string, columns: ColumnDef[], rows: unknown[][]): Block => ({
  table,
  rows: rows.length,
  columns: columns.map((c, i) => ({ name: c.name, type: c.type, values: rows.map((r) => r[i]) })),
});

export class Ledger {
  private readonly judged = new Digest();
  private readonly accounts = new Map<string, Account>();
  private readonly letters: unknown[][] = [];

  constructor(
    private readonly tp: TopicPartition,
    /** When the batch was opened, seconds. */
    private readonly writtenAt: number,
  ) {}

  /** A record begins. */
  record(offset: number): void {
    this.judged.record(offset);
  }

  /** The account of an outcome, made if need be; its items are to be counted by `count`. */
  account(workspace: string, outcome: Outcome, reason: string): Account {
    const key = `${workspace}\u001f${outcome}\u001f${reason}`;
    let a = this.accounts.get(key);
    if (a === undefined) {
      a = { workspace, outcome, reason, items: 0, code: codeOf(outcome, reason) };
      this.accounts.set(key, a);
    }
    return a;
  }

  /** One item more. */
  count(a: Account): void {
    a.items++;
    this.judged.item(a.code);
  }

  deadLetter(offset: number, timestamp: number, l: DeadLetter): void {
    this.count(this.account(l.workspace, 'dead_letter', l.code));
    const payload = l.payload.length > PAYLOAD_LIMIT ? l.payload.subarray(0, PAYLOAD_LIMIT) : l.payload;
    this.letters.push([
      l.workspace,
      timestamp,
      this.tp.topic,
      this.tp.partition,
      offset,
      l.idx,
      l.code,
      l.reason,
      // A record's payload may lie in a buffer that is used again.
      Buffer.from(payload),
      l.payload.length,
      this.writtenAt,
    ]);
  }

  /** Counts per outcome and reason, for metrics. */
  outcomes(): { outcome: Outcome; reason: string; items: number }[] {
    return [...this.accounts.values()];
  }

  digest(): string {
    return this.judged.value();
  }

  letterBlock(): Block | undefined {
    return this.letters.length === 0 ? undefined : rowsBlock('dead_letters', columnsOf('dead_letters'), this.letters);
  }

  accountBlock(): Block | undefined {
    const minute = Math.floor(this.writtenAt / 60) * 60;
    const rows = [...this.accounts.values()].map((a) => [
      a.workspace,
      minute,
      this.tp.topic,
      a.outcome,
      a.reason,
      a.items,
      this.writtenAt,
    ]);
    return rows.length === 0 ? undefined : rowsBlock('accounting_1m', columnsOf('accounting_1m'), rows);
  }
}
