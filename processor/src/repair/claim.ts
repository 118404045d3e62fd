/**
 * A claim on work that must not run twice at a time, kept in the store where every process sees it. It is renewed while the
 * work goes on; of a process that was killed it ends by itself, at once where its machine can be asked.
 *
 * Processors refuse to start while somebody holds the claim `rebuild` (see ClickHouseStore.check).
 */
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { ClickHouse } from '../clickhouse/client';
import { UNCONDITIONAL, quoteString, settingsSql } from '../clickhouse/ddl';
import { CLAIM_SECONDS } from '../clickhouse/store';
import { ShadowerError } from '../errors';

const RENEW_MS = 5000;

interface Row {
  owner: string;
  detail: string;
  age: number;
}

/** Whether a claim's owner is a process of this machine that has ended. */
function hasEnded(owner: string): boolean {
  const [host, pid] = owner.split(' ');
  if (host !== hostname() || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export class Claim {
  /** When it was last known to be ours, by this process's clock. */
  private held = Date.now();
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly ch: ClickHouse,
    private readonly name: string,
    readonly owner: string,
    private readonly detail: string,
  ) {}

  /** Rejects with STORE_MAINTENANCE while another process holds it. */
  static async take(ch: ClickHouse, name: 'rebuild' | 'check', detail: string): Promise<Claim> {
    const claim = new Claim(ch, name, `${hostname()} ${process.pid} ${randomUUID()}`, detail);
    const holder = await claim.read();
    if (holder !== undefined && !hasEnded(holder.owner)) throw claim.taken(holder);
    await claim.write('running');
    // Of two that found it free, the later write wins, and both see it now.
    const now = await claim.read();
    if (now?.owner !== claim.owner) throw claim.taken(now!);
    claim.timer = setInterval(() => void claim.renew(), RENEW_MS);
    claim.timer.unref();
    return claim;
  }

  /** Rejects with STORE_MAINTENANCE when it was lost, as after a long stop of this process. */
  async assertHeld(): Promise<void> {
    const now = await this.read();
    if (now?.owner !== this.owner)
      throw new ShadowerError(
        'STORE_MAINTENANCE',
        `the claim on ${this.name} was lost${now === undefined ? `: it was not renewed for ${CLAIM_SECONDS} s` : ` to ${now.owner}`}; run it again`,
      );
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    if ((await this.read().catch(() => undefined))?.owner === this.owner) await this.write('done');
  }

  private taken(by: Row): ShadowerError {
    return new ShadowerError(
      'STORE_MAINTENANCE',
      `${this.name} (${by.detail}) is running in process ${by.owner.split(' ').slice(0, 2).reverse().join(' on ')}, last heard of ${Math.round(by.age)} s ago; wait for it. Of a process that was killed the claim ends after ${CLAIM_SECONDS} s.`,
    );
  }

  private async read(): Promise<Row | undefined> {
    const rows = await this.ch.rows<Row>(
      `SELECT owner, detail, toFloat64(now64(3)) - toFloat64(updated_at) AS age FROM ${this.ch.database}.maintenance FINAL WHERE name = {name:String} AND state = 'running' AND age < ${CLAIM_SECONDS}`,
      { name: this.name },
    );
    return rows[0];
  }

  private async renew(): Promise<void> {
    if (Date.now() - this.held > CLAIM_SECONDS * 500) return; // too late to be sure; assertHeld will tell
    try {
      if ((await this.read())?.owner === this.owner) await this.write('running');
    } catch {
      // ClickHouse is away: the claim ages, and assertHeld tells before anything is replaced.
    }
  }

  private async write(state: 'running' | 'done'): Promise<void> {
    await this.ch.command(
      `INSERT INTO ${this.ch.database}.maintenance (name, owner, state, detail, updated_at, written_at) SETTINGS ${settingsSql(UNCONDITIONAL)} SELECT ${quoteString(this.name)}, ${quoteString(this.owner)}, '${state}', ${quoteString(this.detail)}, now64(3, 'UTC'), now('UTC')`,
    );
    this.held = Date.now();
  }
}
