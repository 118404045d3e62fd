/** The admin side: topics that must exist, committed positions, and what Kafka has of a partition. */
import type { Admin, Kafka } from 'kafkajs';
import { ShadowerError } from '../errors';
import { pause } from '../pipeline/delivery';
import type { Logger } from '../pipeline/ports';
import { asLogError, shadowerCause } from './client';

/** How missing topics are made; false: a missing topic is CONFIG_INVALID. Default: 4 partitions, the broker's replication. */
export type CreateTopics =
  { partitions?: number; replicationFactor?: number; config?: Readonly<Record<string, string>> } | false;

export interface TopicsOptions {
  kafka: Kafka;
  topics: readonly string[];
  createTopics?: CreateTopics;
  logger: Logger;
  /** Ends waiting and trying again. */
  signal: AbortSignal;
}

export interface PartitionRange {
  partition: number;
  low: number;
  /** Where open transactions begin, else the end. */
  high: number;
}

export class Topics {
  private client?: Promise<Admin>;
  private ready?: Promise<void>;
  constructor(private readonly o: TopicsOptions) {}

  /** Creates what is missing, once. Rejects with CONFIG_INVALID (missing, or compacted) or LOG_UNAVAILABLE. */
  ensure(): Promise<void> {
    return (this.ready ??= this.check().catch((e: unknown) => {
      this.ready = undefined;
      throw e;
    }));
  }

  /** First offset and end of each partition of a topic. Rejects with LOG_UNAVAILABLE. */
  async ranges(topic: string): Promise<PartitionRange[]> {
    const list = await this.run('read the offsets', (admin) => admin.fetchTopicOffsets(topic));
    return list.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
  }

  /** The group's committed offsets with their metadata; −1 where there is none. Rejects with LOG_UNAVAILABLE. */
  async committed(groupId: string, topics: string[]): Promise<Map<string, { offset: number; metadata: string }>> {
    const list = await this.run('read the positions', (admin) => admin.fetchOffsets({ groupId, topics }));
    return new Map(
      list.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset, metadata }) => [
          `${topic}/${partition}`,
          { offset: Number(offset), metadata: metadata ?? '' },
        ]),
      ),
    );
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.client?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  /** Runs something with the admin client, a few times over and with a new connection after an error. */
  private async run<T>(doing: string, what: (admin: Admin) => Promise<T>): Promise<T> {
    const { kafka, signal } = this.o;
    for (let attempt = 0; ; attempt++) {
      const connecting = (this.client ??= (async () => {
        const admin = kafka.admin();
        await admin.connect();
        return admin;
      })());
      try {
        return await what(await connecting);
      } catch (e) {
        if (this.client === connecting) this.client = undefined;
        void connecting.then((admin) => admin.disconnect()).catch(() => undefined);
        if (attempt === 2 || shadowerCause(e) || signal.aborted) throw asLogError(e, `cannot ${doing}`);
        await pause(300 * 2 ** attempt, signal);
      }
    }
  }

  private async check(): Promise<void> {
    const { topics, createTopics = {}, logger } = this.o;
    await this.run('prepare the topics', async (admin) => {
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter((topic) => !existing.has(topic));
      if (missing.length > 0) {
        if (createTopics === false) {
          throw new ShadowerError(
            'CONFIG_INVALID',
            `Kafka has no topic ${missing.join(', ')}; create it, or allow creating it`,
          );
        }
        const { partitions: numPartitions = 4, replicationFactor = -1, config = {} } = createTopics;
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
        await admin.createTopics({
          waitForLeaders: true,
          topics: missing.map((topic) => ({ topic, numPartitions, replicationFactor, configEntries })),
        });
        logger.info({ topics: missing, numPartitions }, 'Created the missing Kafka topics');
      }
      await this.refuseCompaction(admin);
    });
  }

  /** A compacted topic forgets events that were not counted yet. */
  private async refuseCompaction(admin: Admin): Promise<void> {
    const TOPIC = 2;
    const { resources } = await admin
      .describeConfigs({
        includeSynonyms: false,
        resources: this.o.topics.map((name) => ({ type: TOPIC, name, configNames: ['cleanup.policy'] })),
      })
      .catch((err: unknown) => {
        this.o.logger.debug({ err }, 'The topics’ settings may not be read; not checked');
        return { resources: [] };
      });
    for (const { resourceName, configEntries } of resources) {
      if (configEntries.some((e) => e.configName === 'cleanup.policy' && e.configValue.includes('compact'))) {
        const message = `topic ${resourceName} has cleanup.policy compact, which drops events before they are counted; set it to delete`;
        throw new ShadowerError('CONFIG_INVALID', message);
      }
    }
  }
}
