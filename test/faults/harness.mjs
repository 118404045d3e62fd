// @ts-check
/** What every fault runs on: one real Kafka and one real ClickHouse (its own process behind HTTP). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaHarness } from '../support/kafka.mjs';
import { Store } from './processes.mjs';
import { Scenario } from './scenario.mjs';

/** @typedef {import('./scenario.mjs').ScenarioOptions} ScenarioOptions */

/** The reason why the matrix cannot run here, or null. */
export const unavailable = () => kafkaHarness().unavailable();

/** Kafka, ClickHouse, and the scenarios on them. */
export class Harness {
  scenarios = 0;
  /** @param {{ short: boolean }} o */
  constructor({ short }) {
    this.short = short;
    this.folder = mkdtempSync(join(tmpdir(), 'shadower-faults-'));
    this.store = new Store(join(this.folder, 'clickhouse'));
  }

  async start() {
    const kafka = kafkaHarness().start({
      'delete.topic.enable': 'true',
      // So that a deleted topic is gone at once, and retention can be watched.
      'log.segment.delete.delay.ms': '500',
      'group.max.session.timeout.ms': '60000',
    });
    const [k] = await Promise.all([kafka, this.store.start()]);
    this.kafka = k;
  }

  /** A ClickHouse of its own, for a fault that spoils it; whoever asked for it starts and stops it. @param {string} folder */
  engine = (folder) => new Store(folder);

  /**
   * A fresh place for one run of a fault.
   * @param {ScenarioOptions} [o]
   */
  async scenario(o = {}) {
    const s = new Scenario(this, `f${++this.scenarios}`, o);
    await s.prepare();
    return s;
  }

  async stop() {
    await Promise.all([this.kafka?.stop(), this.store.child && this.store.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
