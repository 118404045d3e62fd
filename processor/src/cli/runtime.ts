/** Puts the parts together: event log, store, pipeline, API. What `start` runs, and what end-to-end tests run. */
import { join } from 'node:path';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { ClickHouse, type ClickHouseConfig } from '../clickhouse/client';
import { migrate } from '../clickhouse/migrate';
import { ClickHouseStore } from '../clickhouse/store';
import type { Domain } from '../domains/define';
import { createHttpServer, type AuthConfig, type HttpLimits } from '../http';
import { Journal } from '../journal';
import { KafkaLog, type KafkaLogOptions } from '../kafka';
import { decodeTraces } from '../otlp';
import { TIME_LIMITS, type TimeLimits } from '../pipeline/batch';
import type { TopicSpec } from '../pipeline/decode';
import type { EventLog, Logger } from '../pipeline/ports';
import { fastBatches } from '../pipeline/fast/fast-batch';
import { Pipeline, PIPELINE_DEFAULTS, type PipelineOptions } from '../pipeline/processor';
import { createProber, readTargets } from '../probe';
import { createQueryRunner } from '../query';
import { ReconcileSchedule, SCHEDULE_DEFAULTS, type ScheduleOptions } from '../repair/schedule';
import { Closers } from './closers';
import { Freshness } from './freshness';
import { pipelineMetrics, reconcileMetrics } from './metrics';

export interface RuntimeOptions {
  domains: readonly Domain[];
  clickhouse: ClickHouseConfig;
  cluster?: string;
  /** Kafka, or the folder of the journal. */
  log: { kafka: Omit<KafkaLogOptions, 'topics' | 'logger' | 'onError'> } | { journal: string };
  topicPrefix: string;
  otlpTopics: readonly string[];
  /** Workspace of records that name none. */
  workspace?: string;
  auth: AuthConfig;
  /** File of the targets that may be probed. */
  probes?: string;
  http: { host: string; port: number; limits?: Partial<HttpLimits> };
  pipeline?: Partial<PipelineOptions>;
  /** The reconciliation that runs beside; false leaves it out. */
  reconcile?: Partial<ScheduleOptions> | false;
  /** How late and how early an event may be. */
  time?: TimeLimits;
  logger: FastifyBaseLogger & Logger;
}

export interface Runtime {
  url: string;
  log: EventLog;
  pipeline: Pipeline;
  /** Statements that the migration ran. */
  migrated: string[];
  /** Flushes, commits and lets go of everything. */
  stop(): Promise<void>;
}

/** All topics that are consumed, and how each is read. */
export function topicSpecs(
  o: Pick<RuntimeOptions, 'domains' | 'topicPrefix' | 'otlpTopics' | 'workspace'>,
): TopicSpec[] {
  const common = o.workspace === undefined ? {} : { workspace: o.workspace };
  return [
    ...o.domains
      .flatMap((d) => d.events)
      .map((e): TopicSpec => ({
        topic: `${o.topicPrefix}.${e.type}`,
        encoding: 'event_json',
        type: e.type,
        ...common,
      })),
    // What has no known type goes here and becomes a dead letter with its reason.
    { topic: `${o.topicPrefix}.unknown`, encoding: 'event_json', ...common },
    ...o.otlpTopics.map((topic): TopicSpec => ({ topic, encoding: 'otlp', ...common })),
  ];
}

export async function startRuntime(o: RuntimeOptions): Promise<Runtime> {
  const ch = new ClickHouse(o.clickhouse);
  const closers = new Closers({
    slow: (what, seconds) => o.logger.warn({ what, seconds }, 'Closing takes long'),
    failed: (what, err) => o.logger.warn({ what, err }, 'Closing failed'),
  });
  closers.add('the connection to ClickHouse', () => ch.close());
  try {
    const { statements } = await migrate(ch, o.domains, o.cluster === undefined ? {} : { cluster: o.cluster });
    const topics = topicSpecs(o);
    const names = topics.map((t) => t.topic);
    let halted: Error | undefined;
    const onError = (error: Error): void => {
      halted = error;
      o.logger.error({ err: error }, 'The event log stopped');
    };
    const log: EventLog =
      'kafka' in o.log
        ? new KafkaLog({ ...o.log.kafka, topics: names, logger: o.logger, onError })
        : await Journal.open({ folder: o.log.journal, topics: names, logger: o.logger, onError });

    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const store = new ClickHouseStore(ch, o.domains);
    const metrics = pipelineMetrics(registry, o.logger);
    const freshness = new Freshness(ch);
    closers.add('freshness', async () => freshness.stop());
    const pipeline = new Pipeline(
      log,
      store,
      fastBatches(o.domains, decodeTraces, o.time ?? TIME_LIMITS),
      topics,
      { ...PIPELINE_DEFAULTS, ...o.pipeline },
      Date.now,
      {
        ...metrics,
        storeFailed: (tp, error, attempt) => {
          metrics.storeFailed?.(tp, error, attempt);
          freshness.storeFailed(tp, error, attempt);
        },
        flushed: (tp, range, outcomes, seconds) => {
          metrics.flushed?.(tp, range, outcomes, seconds);
          freshness.flushed(tp, range, outcomes, seconds);
        },
      },
    );
    metrics.lag(() => pipeline.lag());
    metrics.paused(() => Math.max(0, ...freshness.paused().map((p) => p.seconds)));
    closers.add('the pipeline', () => pipeline.stop());
    const runner = createQueryRunner({ clickhouse: o.clickhouse });
    closers.add('queries', () => runner.close());
    const app: FastifyInstance = await createHttpServer({
      log,
      topics: { prefix: o.topicPrefix, otlp: o.otlpTopics[0]! },
      domains: o.domains,
      runner,
      ...(o.probes === undefined ? {} : { prober: createProber(readTargets(o.probes)) }),
      auth: o.auth,
      ...(o.http.limits === undefined ? {} : { limits: o.http.limits }),
      metrics: registry,
      probes: {
        log: async () => {
          if (halted !== undefined) throw halted;
          await log.endOffsets();
        },
        store: async () => {
          if (pipeline.fatal !== undefined) throw pipeline.fatal;
          if (!(await ch.ping())) throw new Error('no answer to a ping');
        },
        schema: () => store.check(),
      },
      logger: o.logger,
    });
    closers.add('the HTTP API', () => app.close());
    await pipeline.start();
    freshness.start();
    if (o.reconcile !== false) {
      const schedule = new ReconcileSchedule(ch, o.domains, o.logger, reconcileMetrics(registry), {
        ...SCHEDULE_DEFAULTS,
        ...o.reconcile,
      });
      closers.add('the reconciliation', () => schedule.stop());
      schedule.start();
    }
    const url = await app.listen({ host: o.http.host, port: o.http.port });
    return { url, log, pipeline, migrated: statements, stop: () => closers.close() };
  } catch (e) {
    await closers.close();
    throw e;
  }
}

export const journalFolder = (dataDir: string): string => join(dataDir, 'journal');
