/**
 * The reconciliation that runs beside a processor, now and then over the last minutes: one thread, bounded memory, and of
 * all processors the first whose turn comes does it. What it finds is logged, told to the observer, and written to the
 * table `reconciliation_1m`, where an alert rule sees it; late events are counted on the way.
 */
import { rawTableName } from '../catalog/tables';
import type { ClickHouse } from '../clickhouse/client';
import { UNCONDITIONAL, quoteString, settingsSql } from '../clickhouse/ddl';
import type { Domain } from '../domains/define';
import type { Clock, Logger } from '../pipeline/ports';
import { GENTLE } from './count-checks';
import { CHECKS, describe, differencesOf, type ReconcileReport } from './differences';
import { reconcile } from './reconcile';

export interface ScheduleOptions {
  /** Milliseconds from one run to the next. */
  intervalMs: number;
  /** How far back a run looks, milliseconds; more than the interval, so that nothing lies between two runs. */
  windowMs: number;
  transactional?: readonly string[];
}
export const SCHEDULE_DEFAULTS: ScheduleOptions = { intervalMs: 5 * 60_000, windowMs: 15 * 60_000 };

export interface ReconcileObserver {
  /** What the newest run of any processor found, by check; `ran` tells whether it was this one. */
  reconciled(
    result: { check: string; compared: number; differences: number }[],
    judgedUntil: number,
    ran: boolean,
  ): void;
  failed(error: Error): void;
  took(seconds: number): void;
}

/** An event is late when its minute has been over for as long as this, seconds, at the time it is written. */
const LATE_SECONDS = 60;

const INSERT = `SETTINGS ${settingsSql(UNCONDITIONAL)}`;

export class ReconcileSchedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly ch: ClickHouse,
    private readonly domains: readonly Domain[],
    private readonly logger: Logger,
    private readonly observer: ReconcileObserver,
    private readonly o: ScheduleOptions = SCHEDULE_DEFAULTS,
    private readonly clock: Clock = Date.now,
  ) {}

  start(): void {
    // A little apart from process to process, so that the first to come spares the others the work.
    const every = this.o.intervalMs * (1 + Math.random() / 10);
    this.timer = setInterval(() => {
      this.running ??= this.tick().finally(() => (this.running = undefined));
    }, every);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** One turn; never rejects. */
  async tick(): Promise<void> {
    const started = performance.now();
    try {
      const ran = (await this.isDue()) && (await this.run());
      await this.tell(ran);
      if (ran) this.observer.took((performance.now() - started) / 1000);
    } catch (e) {
      this.observer.failed(e as Error);
      this.logger.warn({ err: e }, 'The scheduled reconciliation failed; it is tried again');
    }
  }

  private async isDue(): Promise<boolean> {
    const [row] = (await this.ch.arrays(
      `SELECT count() FROM ${this.ch.database}.reconciliation_1m WHERE checked_at > now64(3) - toIntervalMillisecond(${Math.floor(this.o.intervalMs * 0.9)})`,
    )) as [number][];
    return row![0] === 0;
  }

  private async run(): Promise<boolean> {
    const to = this.clock();
    const report = await reconcile(this.ch, this.domains, {
      from: to - this.o.windowMs,
      to,
      ...(this.o.transactional !== undefined && { transactional: this.o.transactional }),
    });
    if (report.from >= report.to) return false;
    for (const d of differencesOf(report)) this.logger.error({ ...d }, `Counts do not agree: ${describe(d)}`);
    await this.write(report);
    await this.countLate(report.from / 1000, report.to / 1000);
    return true;
  }

  private async write(report: ReconcileReport): Promise<void> {
    // The last minute that was judged: an alert rule looks at what is complete, and no further.
    const t = report.to / 1000 - 60;
    const rows: string[] = [];
    const row = (
      workspace: string,
      check: string,
      subject: string,
      compared: number,
      n: number,
      detail: string,
    ): void =>
      void rows.push(
        `(${quoteString(workspace)}, ${t}, ${quoteString(check)}, ${quoteString(subject)}, ${compared}, ${n}, ${quoteString(detail)}, now64(3, 'UTC'), now('UTC'))`,
      );
    for (const r of report.results) {
      row('', r.check, '', r.compared, 0, '');
      const bySubject = new Map<string, { workspace: string; subject: string; n: number; detail: string }>();
      for (const d of r.differences) {
        const key = `${d.workspace}\u001f${d.subject}`;
        const known = bySubject.get(key);
        if (known === undefined) bySubject.set(key, { ...d, n: 1, detail: describe(d) });
        else known.n++;
      }
      for (const s of bySubject.values()) row(s.workspace, r.check, s.subject, 0, s.n, s.detail);
    }
    await this.ch.command(
      `INSERT INTO ${this.ch.database}.reconciliation_1m (workspace, t, check, subject, compared, differences, detail, checked_at, written_at) ${INSERT} VALUES ${rows.join(', ')}`,
    );
  }

  /** Late events of the minutes of processing in [from, to), seconds. Counting a minute again changes nothing. */
  private async countLate(from: number, to: number): Promise<void> {
    for (const def of this.domains.flatMap((d) => d.events)) {
      if (def.rawRetentionDays === 0) continue;
      await this.ch.command(
        `INSERT INTO ${this.ch.database}.late_1m (workspace, t, type, events, windows, written_at) ${INSERT}, ${Object.entries(
          GENTLE,
        )
          .map(([k, v]) => `${k} = ${v}`)
          .join(', ')}
         SELECT workspace, toStartOfMinute(written_at) AS minute, ${quoteString(def.type)}, count(), uniqExact(intDiv(toUnixTimestamp64Milli(t), 60000)), now('UTC')
         FROM ${this.ch.database}.${rawTableName(def.type)}
         WHERE written_at >= toDateTime(${from}, 'UTC') AND written_at < toDateTime(${to}, 'UTC')
           AND toUnixTimestamp(written_at) >= intDiv(toUnixTimestamp64Milli(t), 60000) * 60 + 60 + ${LATE_SECONDS}
         GROUP BY workspace, minute`,
      );
    }
  }

  /** What the newest run found, whoever ran it. */
  private async tell(ran: boolean): Promise<void> {
    const rows = (await this.ch.arrays(
      `SELECT check, toUnixTimestamp(t), max(compared), sum(differences) FROM ${this.ch.database}.reconciliation_1m FINAL
       WHERE t = (SELECT max(t) FROM ${this.ch.database}.reconciliation_1m) GROUP BY check, t`,
    )) as [string, number, number, number][];
    if (rows.length === 0) return;
    const result = rows
      .filter(([check]) => check in CHECKS)
      .map(([check, , compared, differences]) => ({ check, compared, differences }));
    this.observer.reconciled(result, rows[0]![1] + 60, ran);
  }
}
