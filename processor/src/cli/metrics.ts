/** What the pipeline tells Prometheus. Names, labels and units are listed in docs/metrics.md. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Logger, TopicPartition } from '../pipeline/ports';
import type { PipelineObserver } from '../pipeline/processor';
import type { ReconcileObserver } from '../repair/schedule';

const labels = (tp: TopicPartition) => ({ topic: tp.topic, partition: String(tp.partition) });

export function pipelineMetrics(
  registry: Registry,
  logger: Logger,
): PipelineObserver & { lag(read: () => number): void; paused(read: () => number): void } {
  const registers = [registry];
  const items = new Counter({
    name: 'shadower_pipeline_items_total',
    help: 'Events and spans by what became of them',
    labelNames: ['topic', 'outcome', 'reason'],
    registers,
  });
  const flushes = new Histogram({
    name: 'shadower_pipeline_flush_duration_seconds',
    help: 'Time from recording a range to committing it',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers,
  });
  const failures = new Counter({
    name: 'shadower_store_failures_total',
    help: 'Inserts that failed and were tried again',
    labelNames: ['topic'],
    registers,
  });
  const committed = new Gauge({
    name: 'shadower_pipeline_committed_offset',
    help: 'Next offset to be counted',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const end = new Gauge({
    name: 'shadower_pipeline_end_offset',
    help: 'End of the partition',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const complete = new Gauge({
    name: 'shadower_pipeline_complete_until_seconds',
    help: 'Unix time before which every event is counted',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const seen = new Gauge({
    name: 'shadower_pipeline_seen_event_ids',
    help: 'Event ids held to recognise repetitions',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const shortened = new Gauge({
    name: 'shadower_pipeline_seen_horizon_shortened_seconds',
    help: 'Horizon that is left when more ids come than are held; 0 while it is whole',
    labelNames: ['topic', 'partition'],
    registers,
  });
  return {
    flushed(tp, _range, outcomes, seconds) {
      flushes.observe(seconds);
      for (const o of outcomes) items.inc({ topic: tp.topic, outcome: o.outcome, reason: o.reason }, o.items);
    },
    storeFailed(tp, error, attempt) {
      failures.inc({ topic: tp.topic });
      // Once when it begins and then ever more rarely: an outage must not fill the log.
      if (Number.isInteger(Math.log2(attempt)))
        logger.warn({ ...tp, attempt, err: error }, 'ClickHouse did not take a block; it will be sent again');
    },
    progressed(tp, at, to, completeUntil) {
      committed.set(labels(tp), at);
      end.set(labels(tp), to);
      complete.set(labels(tp), completeUntil / 1000);
    },
    seen(tp, ids, shortenedToMs) {
      seen.set(labels(tp), ids);
      shortened.set(labels(tp), (shortenedToMs ?? 0) / 1000);
    },
    paused(read) {
      const gauge = new Gauge({
        name: 'shadower_store_paused_seconds',
        help: 'How long ClickHouse has taken nothing although there is something to write; 0 while it does',
        registers,
        collect() {
          gauge.set(read());
        },
      });
    },
    lag(read) {
      const gauge = new Gauge({
        name: 'shadower_pipeline_lag_records',
        help: 'Records that are in the log and not yet counted, in the partitions of this process',
        registers,
        collect() {
          gauge.set(read());
        },
      });
    },
  };
}

/** The scheduled reconciliation. */
export function reconcileMetrics(registry: Registry): ReconcileObserver {
  const registers = [registry];
  const differences = new Gauge({
    name: 'shadower_reconcile_differences',
    help: 'Differences that the newest scheduled reconciliation found, by check; of all processors, whoever ran it',
    labelNames: ['check'],
    registers,
  });
  const compared = new Gauge({
    name: 'shadower_reconcile_compared',
    help: 'Windows, minutes or partitions that it compared',
    labelNames: ['check'],
    registers,
  });
  const judged = new Gauge({
    name: 'shadower_reconcile_judged_until_seconds',
    help: 'Unix time up to which it judged',
    registers,
  });
  const runs = new Counter({
    name: 'shadower_reconcile_runs_total',
    help: 'Turns of this process: done, left to another processor (or nothing was settled), or failed',
    labelNames: ['outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'shadower_reconcile_duration_seconds',
    help: 'Time that a run took',
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100],
    registers,
  });
  return {
    reconciled(result, judgedUntil, ran) {
      for (const r of result) {
        differences.set({ check: r.check }, r.differences);
        compared.set({ check: r.check }, r.compared);
      }
      judged.set(judgedUntil);
      runs.inc({ outcome: ran ? 'done' : 'left' });
    },
    failed: () => runs.inc({ outcome: 'failed' }),
    took: (seconds) => duration.observe(seconds),
  };
}
