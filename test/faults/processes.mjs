// @ts-check
/** The processes of a fault: processors, and a ClickHouse that can die on its own. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clickHouseRows, processor, until } from '../support/stack.mjs';

export const USER = { name: 'faults', password: randomBytes(16).toString('hex') };

/** State of a process as Linux gives it: peak memory in MiB, and whether it is stopped. Undefined when it is gone. */
function processStatus(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(text);
    return { peakMb: peak ? Number(peak[1]) / 1024 : 0, stopped: /^State:\s+T/m.test(text) };
  } catch {
    return undefined;
  }
}

/** A processor as a process: how to end it, what it said, and how much memory it took. */
export class Processor {
  /** @type {any[]} what the victim told, in order */
  events = [];
  output = '';
  peakMb = 0;
  /** Whether it belongs to an earlier part of the fault. */
  excused = false;
  /** Whether it was told to end gracefully. */
  told = false;
  /** @type {number | string | undefined} exit code or signal */
  ended;

  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    this.pid = /** @type {number} */ (child.pid);
    child.on('message', (m) => void this.events.push({ at: Date.now(), .../** @type {object} */ (m) }));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (t) => (this.output = (this.output + t).slice(-20_000)));
    const sample = () => (this.peakMb = Math.max(this.peakMb, processStatus(this.pid)?.peakMb ?? 0));
    const timer = setInterval(sample, 100);
    this.exited = new Promise((done) =>
      child.once('exit', (code, signal) => {
        clearInterval(timer);
        this.ended = code ?? signal ?? 'gone';
        done(this.ended);
      }),
    );
  }

  /** @param {string} event */
  all = (event) => this.events.filter((e) => e.event === event);

  /** Waits for something it says; fails when it ends before. @param {string} event @param {number} [nth] @param {number} [seconds] */
  async says(event, nth = 1, seconds = 60) {
    return until(
      () => `${event} of process ${this.pid}; it said ${JSON.stringify(this.events.slice(-5))} ${this.output}`,
      async () => {
        const found = this.all(event)[nth - 1];
        if (found === undefined && this.ended !== undefined)
          throw new Error(
            `it ended (${this.ended}) before ${event}: ${JSON.stringify(this.events.slice(-5))} ${this.output}`,
          );
        return found;
      },
      seconds,
    );
  }

  /** Waits until it has ended, by itself. @param {number} [seconds] */
  async gone(seconds = 60) {
    await until(
      () => `the end of process ${this.pid}; it said ${JSON.stringify(this.events.slice(-5))} ${this.output}`,
      async () => this.ended,
      seconds,
    );
    return this.ended;
  }

  /** Waits until it has stopped itself (SIGSTOP). */
  stopped = (seconds = 60) =>
    until(
      () => `SIGSTOP of process ${this.pid}`,
      async () => processStatus(this.pid)?.stopped || undefined,
      seconds,
    );

  /** @param {NodeJS.Signals} name */
  signal(name) {
    if (this.ended === undefined) process.kill(this.pid, name);
  }

  async kill9() {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** SIGTERM; answers with how it ended. */
  async end(seconds = 60) {
    this.told = this.ended === undefined;
    this.signal('SIGTERM');
    await until(
      () => `a graceful end; ${this.output}`,
      async () => this.ended,
      seconds,
    );
    return this.ended;
  }
}

/** The embedded ClickHouse as a process that can die and come back on the same port and data. */
export class Store {
  constructor(folder) {
    this.folder = folder;
    this.port = 0;
  }
  /** @param {{ readonly?: boolean }} [o] whether its user may only read */
  async start({ readonly = false } = {}) {
    const { startEmbedded } = processor('clickhouse/embedded/spawn.js');
    const users = [{ ...USER, readonly }];
    this.child = await startEmbedded({ dataDir: join(this.folder, 'data'), port: this.port, users });
    this.url = this.child.url;
    this.port = Number(new URL(this.url).port);
  }
  get pid() {
    return this.child.pid;
  }
  /** kill -9; the data stay. */
  kill = () => this.child.kill();
  stop = () => this.child.stop();
  /** Runs SQL; rows as objects. @param {string} sql @returns {Promise<any[]>} */
  rows = (sql) => clickHouseRows({ url: this.url, user: USER.name, password: USER.password }, sql);
  /** @param {string} database @param {string} [url] another way to it, a proxy say */
  config = (database, url = this.url) => ({ url, user: USER.name, password: USER.password, database });
}
