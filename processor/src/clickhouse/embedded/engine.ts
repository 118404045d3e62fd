/**
 * chDB behind a gate. Each request gets an engine session of its own (opening one costs well under a millisecond while
 * another is open), so settings, parameters and the current database cannot leak from one request to the next. It also goes
 * round chDB's bound parameters, which chDB serialises over the whole process; `SET param_x` belongs to the session.
 */
import { Session, type ChdbResult } from 'chdb';
import { exception, fromEngine } from './errors';
import { identifier, quote } from './settings';

export interface EngineLimits {
  /** Statements that read, at once. */
  readers: number;
  /** Statements that write or change the schema, at once. */
  writers: number;
  /** Requests that may wait for their turn, per kind; beyond it they are refused with 503. */
  queue: number;
  /** Longest wait for a turn, milliseconds. */
  queueMs: number;
}

export interface Job {
  /** The one statement to run. */
  sql: string;
  /** Output format for a statement that names none. */
  format: string;
  /** Settings and query parameters as assignments of a `SET` statement, or ''. */
  set: string;
  database: string;
  reads: boolean;
  /** Lets format Values hold expressions; only for data that the guard has read. */
  expressions: boolean;
  /** ClickHouse's `readonly` level; '0' allows everything. */
  readonly: '0' | '1' | '2';
  /** Hard limit, milliseconds: the statement is killed then, whatever settings it carries. */
  killAfterMs: number;
  /** Aborts a read (a write runs on to its end, so that its outcome is known to the engine). */
  signal: AbortSignal;
  id: string;
}
export interface Result {
  bytes: Uint8Array;
  /** Rows of the result; rows written for an INSERT with data. */
  rows: number;
  /** Size of those rows inside the engine, bytes. */
  size: number;
  seconds: number;
}

/** Counting semaphore with a bounded queue. */
class Gate {
  private free: number;
  private readonly waiting: { resolve: () => void }[] = [];
  constructor(
    private readonly what: string,
    slots: number,
    private readonly queue: number,
    private readonly queueMs: number,
  ) {
    this.free = slots;
  }
  async enter(signal: AbortSignal): Promise<void> {
    if (this.free > 0) {
      this.free--;
      return;
    }
    if (this.waiting.length >= this.queue)
      throw exception(
        202,
        `Too many simultaneous queries: ${this.queue} ${this.what} statements are waiting already. Try again.`,
      );
    await new Promise<void>((resolve, reject) => {
      const entry = { resolve: () => (stop(), resolve()) };
      const leave = (error: Error): void => {
        stop();
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(error);
      };
      const onAbort = (): void => leave(exception(236, 'The client went away before its turn.'));
      const timer = setTimeout(
        () => leave(exception(202, `Too many simultaneous queries: no turn within ${this.queueMs} ms. Try again.`)),
        this.queueMs,
      );
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(entry);
    });
  }
  leave(): void {
    const next = this.waiting.shift();
    if (next) next.resolve();
    else this.free++;
  }
}

export class Engine {
  private readonly anchor: Session;
  private readonly readers: Gate;
  private readonly writers: Gate;
  private running = 0;
  private closing: (() => void) | undefined;
  private closed = false;

  /**
   * @param path directory of the data
   * @param home database of requests that name none, or `default`
   */
  constructor(
    private readonly path: string,
    private readonly home: string,
    limits: EngineLimits,
  ) {
    // One session stays open, because the last one to close shuts the engine down.
    this.anchor = new Session(path);
    this.readers = new Gate('reading', limits.readers, limits.queue, limits.queueMs);
    this.writers = new Gate('writing', limits.writers, limits.queue, limits.queueMs);
  }

  /** Makes the home database and tells what the engine knows. */
  async start(): Promise<{ settings: string[]; tableFunctions: string[]; version: string; timezone: string }> {
    await this.anchor.queryAsync(`CREATE DATABASE IF NOT EXISTS ${identifier(this.home)} ENGINE = Atomic`);
    const row = await this.anchor.queryAsync(
      `SELECT (SELECT groupArray(name) FROM system.settings) AS settings,
              (SELECT groupArray(name) FROM system.table_functions) AS tableFunctions,
              version() AS version, timezone() AS timezone`,
      { format: 'JSONEachRow' },
    );
    return JSON.parse(row.text()) as {
      settings: string[];
      tableFunctions: string[];
      version: string;
      timezone: string;
    };
  }

  /** Runs one statement. @throws ClickHouseException */
  async run(job: Job): Promise<Result> {
    const gate = job.reads ? this.readers : this.writers;
    await gate.enter(job.signal);
    this.running++;
    let session: Session | undefined;
    try {
      if (this.closed) throw exception(236, 'The embedded ClickHouse is shutting down.', 503);
      if (job.signal.aborted) throw exception(236, 'The client went away before its turn.');
      session = new Session(this.path);
      await this.use(session, job.database);
      // One statement for all: each costs the engine about a millisecond, and an insert of one row not much more.
      const own = `log_comment=${quote(job.id)}, implicit_select='0', input_format_values_interpret_expressions='${job.expressions ? 1 : 0}'`;
      await session.queryAsync(`SET ${own}${job.set === '' ? '' : `, ${job.set}`}`);
      // Last, because nothing can be set any more (1), or the level not be lifted (2), once it holds.
      if (job.readonly !== '0') await session.queryAsync(`SET readonly='${job.readonly}'`);
      return await this.watched(session, job);
    } catch (error) {
      throw fromEngine(error);
    } finally {
      session?.close();
      this.running--;
      gate.leave();
      if (this.running === 0) this.closing?.();
    }
  }

  private async use(session: Session, database: string): Promise<void> {
    const name = database === '' || database === 'default' ? this.home : database;
    try {
      await session.queryAsync(`USE ${identifier(name)}`);
    } catch (error) {
      const known = fromEngine(error);
      if (known.code !== 81 || name !== this.home) throw known;
      // Someone dropped the home database; a request has to start somewhere, as it does in a server's `default`.
      await session.queryAsync(`CREATE DATABASE IF NOT EXISTS ${identifier(name)} ENGINE = Atomic`);
      await session.queryAsync(`USE ${identifier(name)}`);
    }
  }

  /** Runs the statement and kills it at its time limit, or when the client of a read goes away. */
  private async watched(session: Session, job: Job): Promise<Result> {
    let timedOut = false;
    let retry: NodeJS.Timeout | undefined;
    const kill = (): void => {
      void this.kill(job.id);
      // A statement that is still being planned is not in the list yet, and one between two blocks looks at the flag late.
      retry = setTimeout(kill, 200);
    };
    const timer = setTimeout(() => ((timedOut = true), kill()), job.killAfterMs);
    if (job.reads) job.signal.addEventListener('abort', kill, { once: true });
    try {
      const r: ChdbResult = await session.queryAsync(job.sql, { format: job.format });
      return { bytes: r.bytes(), rows: r.rowsRead, size: r.bytesRead, seconds: r.elapsed };
    } catch (error) {
      const known = fromEngine(error);
      if (timedOut && known.code === 394)
        throw exception(159, `Timeout exceeded: the hard limit of ${job.killAfterMs} ms per statement.`);
      throw known;
    } finally {
      clearTimeout(timer);
      job.signal.removeEventListener('abort', kill);
      clearTimeout(retry);
    }
  }

  /** `SYNC` never returns in chDB, so the kill is asynchronous. */
  private async kill(id: string): Promise<void> {
    let session: Session | undefined;
    try {
      session = new Session(this.path);
      await session.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quote(id)} ASYNC`, { format: 'Null' });
    } catch {
      // Nothing to kill any more; the statement's own outcome is what counts.
    } finally {
      session?.close();
    }
  }

  /** Refuses new statements, waits for those in flight, then closes. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.running > 0) await new Promise<void>((resolve) => (this.closing = resolve));
    this.anchor.close();
  }
}
