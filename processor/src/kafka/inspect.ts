/** The state of a consumer group, without joining it. */
import type { LogInspector, LogState } from '../pipeline/log-state';
import type { Logger, OffsetRange, TopicPartition } from '../pipeline/ports';
import { asLogError, kafkaClient, type KafkaConnection } from './client';

/** The intent in a position's metadata (see intent.ts). What else may stand there is the consumer's to judge. */
function pendingOf(tp: TopicPartition, from: number, metadata: string): OffsetRange | undefined {
  if (metadata === '') return undefined;
  const { to, at, encoder } = JSON.parse(metadata) as Partial<OffsetRange>;
  return to === undefined ? undefined : { ...tp, from, to, at: at ?? 0, encoder: encoder ?? 0 };
}

export class KafkaInspector implements LogInspector {
  private readonly admin;
  private connected?: Promise<void>;

  constructor(
    private readonly o: KafkaConnection & { groupId: string },
    logger: Logger,
  ) {
    this.admin = kafkaClient(o, logger).admin();
  }

  /** Rejects with LOG_UNAVAILABLE, also where the group's offsets carry another program's metadata. */
  async state(): Promise<LogState> {
    const { groupId } = this.o;
    try {
      await (this.connected ??= this.admin.connect());
      const { groups } = await this.admin.describeGroups([groupId]);
      const offsets = await this.admin.fetchOffsets({ groupId });
      return {
        consumers: groups.flatMap((g) => g.members.map((m) => `${m.clientId} at ${m.clientHost.replace(/^\//, '')}`)),
        partitions: offsets.flatMap(({ topic, partitions }) =>
          partitions
            .filter((p) => Number(p.offset) >= 0)
            .map((p) => {
              const tp = { topic, partition: p.partition };
              const committed = Number(p.offset);
              const pending = pendingOf(tp, committed, p.metadata ?? '');
              return { ...tp, committed, ...(pending && { pending }) };
            }),
        ),
      };
    } catch (e) {
      throw asLogError(e, `cannot read the state of the group ${groupId}`);
    }
  }

  async close(): Promise<void> {
    await this.connected?.catch(() => undefined);
    await this.admin.disconnect().catch(() => undefined);
  }
}
