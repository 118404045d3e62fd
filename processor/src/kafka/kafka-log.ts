/**
 * The event log on Kafka. kafkajs keeps the membership and produces; this class decides what is delivered and what may be
 * committed, and reads through one of two sources: our own fetch loop (fetcher.ts; kafkajs' consumer is then paused for
 * good and keeps the membership only), or kafkajs' (kafkajs-fetch.ts). See membership.ts for why commits do not go through
 * kafkajs' consumer.
 */
import { setMaxListeners } from 'node:events';
import { type Assignment, type Consumer, type Kafka } from 'kafkajs';
import { ShadowerError } from '../errors';
import { assign, deliver, isFatal, pause, type LogHealth } from '../pipeline/delivery';
import type { EventLog, LogConsumer, Logger, NewRecord, OffsetRange, TopicPartition } from '../pipeline/ports';
import { notAssigned, RangeFence } from '../pipeline/range-fence';
import { Appender } from './appender';
import { asLogError, final, kafkaClient, protocolError, shadowerCause, type KafkaConnection } from './client';
import { loadNativeCrc32c } from './crc32c';
import { Fetcher } from './fetcher';
import { gapError, recreatedError } from './gap';
import { formatIntent, formatPosition, parseMetadata } from './intent';
import { KafkajsFetch } from './kafkajs-fetch';
import { observedAssigner, type Membership } from './membership';
import { topicIds } from './protocol';
import { keyOf, type RecordSource, type StartingPoint } from './record-source';
import { Topics, type CreateTopics } from './topics';

export interface KafkaLogOptions extends KafkaConnection {
  /** Consumer group. */
  groupId: string;
  /** Topics that are consumed, and made if missing. */
  topics: readonly string[];
  /** How missing topics are made; false: a missing topic is CONFIG_INVALID. Default: 4 partitions, the broker's replication. */
  createTopics?: CreateTopics;
  logger: Logger;
  /** Called when a partition, or the whole log, cannot be consumed any further (LOG_GAP …) and needs a person. */
  onError?: (error: ShadowerError, tp?: TopicPartition) => void;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 30 s. */
  sessionTimeoutMs?: number;
  /** Milliseconds that members have to come back in a rebalance. Default 60 s. */
  rebalanceTimeoutMs?: number;
  /** Who fetches: our own loop, or kafkajs (slower; needed for message formats from before Kafka 0.11). Default own. */
  fetch?: 'own' | 'kafkajs';
  /** Bytes fetched ahead per partition. Default 8 MiB. */
  bufferBytes?: number;
  /** Bytes fetched ahead in all (own fetch only), as Kafka has them: compressed. Default 16 MiB. */
  totalBufferBytes?: number;
  /** Milliseconds an append may take, and a commit be tried. Default 30 s. */
  timeoutMs?: number;
  /** No newer Fetch request than this version, for tests: 13 is the first that names topics by their identity. */
  newestFetch?: number;
}

/** One partition within one assignment. */
interface Partition {
  tp: TopicPartition;
  fence: RangeFence;
  topicId?: string;
}

interface Epoch {
  number: number;
  membership: Membership;
  partitions: Map<string, Partition>;
  source: RecordSource;
  abort: AbortController;
  done: Promise<void>;
}

/** The consumer has lost its membership, or the group is being reassembled with it. */
const FENCED = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS']);
const replaced = () => final(new ShadowerError('LOG_FENCED', 'this consumer has been replaced by a new one'));

export class KafkaLog implements EventLog {
  private readonly kafka: Kafka;
  private readonly appender: Appender;
  private readonly logger: Logger;
  private readonly topics: Topics;
  /** Identities of the topics that this process has read. */
  private readonly identities = new Map<string, string>();

  private consumer?: LogConsumer;
  private client?: Consumer;
  private epoch?: Epoch;
  private lastEpoch?: Epoch;
  private epochs = 0;
  private joins = 0;
  private restarts = 0;
  private watchdog?: NodeJS.Timeout;
  private recovery?: Promise<void>;
  private leaving?: Promise<unknown>;
  private readonly stop = new AbortController();
  private first?: { resolve: () => void; reject: (error: ShadowerError) => void };

  private state: LogHealth['state'] = 'idle';
  private error?: ShadowerError;
  private readonly halted = new Map<string, TopicPartition & { error: ShadowerError }>();

  /** Connects to nothing yet. Throws CONFIG_INVALID. */
  constructor(private readonly o: KafkaLogOptions) {
    // Something waits per topic, on one signal and in kafkajs on one connection's queue; Node takes more than ten for a leak.
    setMaxListeners(10 + 4 * o.topics.length);
    setMaxListeners(0, this.stop.signal);
    this.logger = o.logger;
    this.kafka = kafkaClient(o, o.logger);
    this.appender = new Appender(this.kafka, o.timeoutMs ?? 30_000);
    const { topics, createTopics, logger } = o;
    const { signal } = this.stop;
    this.topics = new Topics({
      kafka: this.kafka,
      topics,
      logger,
      signal,
      ...(createTopics !== undefined && { createTopics }),
    });
  }

  // ---------------------------------------------------------------- append

  /**
   * Resolves when all in-sync replicas have the records; concurrent appends share requests. Rejects with LOG_UNAVAILABLE
   * (part of it may still land), EVENT_TOO_LARGE (a record above 1,000,000 bytes) or CONFIG_INVALID (topic missing).
   */
  async append(topic: string, records: readonly NewRecord[]): Promise<void> {
    if (this.state === 'closed') throw new ShadowerError('LOG_UNAVAILABLE', 'the log is closed');
    await this.topics.ensure();
    await this.appender.append(topic, records);
  }

  // ---------------------------------------------------------------- consume

  /**
   * Resolves when the consumer has taken over the first assignment (which may be empty, in a group with more members than
   * partitions). Rejects with LOG_UNAVAILABLE (no broker answers), CONFIG_INVALID (topic missing, or compacted) or LOG_GAP
   * (the committed offset is out of the range that Kafka still has; nothing is skipped, see the message).
   * Later troubles with Kafka are recovered from by itself; `health` and `onError` tell.
   */
  async consume(consumer: LogConsumer): Promise<void> {
    if (this.state !== 'idle') throw new ShadowerError('INTERNAL', `consume was called on a log that is ${this.state}`);
    this.consumer = consumer;
    this.state = 'assigning';
    try {
      await this.topics.ensure();
      await loadNativeCrc32c();
    } catch (e) {
      this.state = 'idle';
      throw e;
    }
    const assigned = new Promise<void>((resolve, reject) => (this.first = { resolve, reject }));
    void this.start();
    await assigned;
  }

  private async start(): Promise<void> {
    const { groupId, topics, sessionTimeoutMs = 30_000, rebalanceTimeoutMs = 60_000 } = this.o;
    const current = () => this.client === client;
    const client: Consumer = this.kafka.consumer({
      groupId,
      partitionAssigners: [
        observedAssigner(groupId, {
          revoked: () => {
            if (!current()) throw replaced();
            this.revoke();
          },
          joined: async (membership, assignment) => {
            const failure = current() ? await this.joined(membership, assignment) : replaced();
            if (!failure) return;
            await membership.leave();
            throw final(failure);
          },
        }),
      ],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: Math.min(3000, Math.floor(sessionTimeoutMs / 4)),
      // Also how long kafkajs sleeps, between two heartbeats, when all partitions are paused.
      maxWaitTimeInMs: Math.min(500, Math.floor(sessionTimeoutMs / 4)),
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 200, maxRetryTime: 5000, retries: 7, restartOnFailure: async () => false },
    });
    this.client = client;
    client.on(client.events.CRASH, ({ payload }) => {
      if (current()) this.recover(payload.error);
    });
    client.on(client.events.START_BATCH_PROCESS, ({ payload }) => {
      const source = this.epoch?.source;
      if (current() && payload.batchSize === 0 && source instanceof KafkajsFetch) source.passOver(payload);
    });
    try {
      await client.connect();
      await client.subscribe({ topics: [...topics], fromBeginning: true });
      await client.run({
        autoCommit: false,
        // Handing a batch to its queue takes no time, so more would gain nothing.
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => {
          const source = this.epoch?.source;
          if (current() && source instanceof KafkajsFetch) source.accept(payload);
        },
      });
    } catch (e) {
      if (current()) this.recover(e);
    }
  }

  /** Whatever was assigned is not ours any more. */
  private revoke(): void {
    this.joins++;
    const { rebalanceTimeoutMs = 60_000 } = this.o;
    if (this.epoch) {
      this.epoch.abort.abort();
      for (const { fence } of this.epoch.partitions.values()) fence.revoke();
      this.epoch = undefined;
    }
    if (this.state === 'consuming') this.state = 'assigning';
    clearTimeout(this.watchdog);
    // kafkajs goes on with its former assignment when a join fails for good; then nothing would ever be delivered again.
    this.watchdog = setTimeout(() => {
      this.recover(new Error(`no assignment came within ${rebalanceTimeoutMs + 30_000} ms of a rebalance`));
    }, rebalanceTimeoutMs + 30_000);
    this.watchdog.unref();
  }

  /**
   * Runs before kafkajs' first fetch of an assignment: finds positions and intents, and refuses gaps. Answers with the
   * error for which this consumer must end.
   */
  private async joined(membership: Membership, assignment: Assignment): Promise<ShadowerError | undefined> {
    const join = this.joins;
    try {
      const list = Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      const { epoch, gaps } = await this.newEpoch(membership, list);
      if (join !== this.joins || this.stop.signal.aborted) return undefined;
      clearTimeout(this.watchdog);
      this.halted.clear();
      for (const gap of gaps) {
        // Ours is not asked for it at all; and kafkajs, paused for good, would resume the topic's other partitions.
        if (epoch.source instanceof KafkajsFetch)
          this.client!.pause([{ topic: gap.topic, partitions: [gap.partition] }]);
        this.halt(gap.error, gap);
      }
      if (gaps[0] && this.first) {
        // Before the connections are closed, or the group waits for this member until its session times out.
        await membership.leave();
        this.giveUp(gaps[0].error);
        return gaps[0].error;
      }
      const before = this.lastEpoch;
      this.epoch = this.lastEpoch = epoch;
      epoch.done = this.run(epoch, before);
      return undefined;
    } catch (e) {
      if (join !== this.joins) return undefined;
      await membership.leave();
      this.recover(e);
      return asLogError(e, 'cannot take over the partitions');
    }
  }

  /** An epoch of the partitions, and those whose positions Kafka does not have any more. */
  private async newEpoch(
    membership: Membership,
    list: readonly TopicPartition[],
  ): Promise<{ epoch: Epoch; gaps: (TopicPartition & { error: ShadowerError })[] }> {
    const { groupId } = this.o;
    const number = ++this.epochs;
    const topics = [...new Set(list.map((tp) => tp.topic))];
    const identities = await this.identify(membership, topics);
    const committedOf = topics.length === 0 ? new Map<string, never>() : await this.topics.committed(groupId, topics);
    const ranges = new Map(await Promise.all(topics.map(async (t) => [t, await this.topics.ranges(t)] as const)));

    const partitions = new Map<string, Partition>();
    const startingPoints: StartingPoint[] = [];
    const gaps: (TopicPartition & { error: ShadowerError })[] = [];
    const fresh: { tp: TopicPartition; offset: number; topicId?: string }[] = [];
    for (const tp of list) {
      const stored = committedOf.get(keyOf(tp));
      const range = ranges.get(tp.topic)?.find((p) => p.partition === tp.partition);
      if (!range) throw new ShadowerError('LOG_UNAVAILABLE', `Kafka does not know the offsets of ${keyOf(tp)}`);
      const { low, high } = range;
      const topicId = identities.get(tp.topic);
      const identity = topicId === undefined ? {} : { topicId };
      const committed = stored === undefined || stored.offset < 0 ? low : stored.offset;
      const { pending, topicId: was = this.identities.get(tp.topic) } = parseMetadata(
        tp,
        committed,
        stored?.metadata ?? '',
        groupId,
      );
      if (was !== undefined && topicId !== undefined && was !== topicId) {
        gaps.push({ ...tp, error: recreatedError(tp, groupId, { was, is: topicId, committed, pending }) });
        continue;
      }
      if (stored === undefined || stored.offset < 0) fresh.push({ tp, offset: low, ...identity });
      if (committed < low || Math.max(committed, pending?.to ?? 0) > high) {
        gaps.push({ ...tp, error: gapError(tp, groupId, { committed, pending, low, high }) });
        continue;
      }
      partitions.set(keyOf(tp), { tp, fence: new RangeFence(tp, number, committed, pending), ...identity });
      startingPoints.push({ tp, position: committed, highWatermark: high, ...identity });
    }
    for (const { topic } of gaps) identities.delete(topic);
    for (const [topic, id] of identities) if (id !== undefined) this.identities.set(topic, id);

    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    const source = this.newSource(membership, startingPoints, abort.signal);
    const epoch: Epoch = { number, membership, partitions, source, abort, done: Promise.resolve() };
    // From now on there is a committed offset: should retention overtake it, that is a gap and not a new start.
    for (const { tp, offset, topicId } of fresh)
      await this.sendCommit(epoch, tp, offset, formatPosition(topicId), () => true);
    return { epoch, gaps };
  }

  private newSource(membership: Membership, partitions: StartingPoint[], signal: AbortSignal): RecordSource {
    const {
      groupId,
      topics,
      fetch = 'own',
      bufferBytes = 8 * 1024 * 1024,
      totalBufferBytes = 16 * 1024 * 1024,
    } = this.o;
    const client = this.client!;
    if (fetch === 'kafkajs') return new KafkajsFetch({ client, partitions, bufferBytes, signal });
    // kafkajs' loop goes on, and between its heartbeats finds nothing to fetch.
    client.pause(topics.map((topic) => ({ topic })));
    return new Fetcher({
      cluster: membership.cluster,
      partitions,
      bufferBytes,
      totalBufferBytes,
      signal,
      logger: this.logger,
      identify: async (topic) => (await this.identify(membership, [topic])).get(topic),
      range: async ({ topic, partition }) => {
        const range = (await this.topics.ranges(topic)).find((p) => p.partition === partition);
        if (!range) throw new ShadowerError('LOG_UNAVAILABLE', `Kafka does not know ${topic}/${partition}`);
        return range;
      },
      gap: (tp, position, range) => gapError(tp, groupId, { committed: position, ...range }),
      recreated: (tp, was, is) => recreatedError(tp, groupId, { was, is }),
      ...(this.o.newestFetch !== undefined && { newestVersion: this.o.newestFetch }),
    });
  }

  /** Present identities of topics; without those that Kafka does not know. Rejects with LOG_UNAVAILABLE. */
  private async identify({ cluster }: Membership, topics: string[]): Promise<Map<string, string | undefined>> {
    if (topics.length === 0) return new Map();
    for (let attempt = 0; ; attempt++) {
      try {
        const nodeId = cluster.getNodeIds()[attempt % Math.max(1, cluster.getNodeIds().length)];
        return await topicIds(await cluster.findBroker({ nodeId: String(nodeId) }), topics);
      } catch (e) {
        if (attempt === 3 || this.stop.signal.aborted) throw asLogError(e, 'cannot read the topics’ identities');
        await pause(200 * 2 ** attempt, this.stop.signal);
      }
    }
  }

  /** Stops partitions whose topic is not the one that it was. */
  private async checkIdentities(epoch: Epoch): Promise<void> {
    const { partitions, source, membership } = epoch;
    const topics = [...new Set([...partitions.values()].flatMap((p) => (p.topicId === undefined ? [] : [p.tp.topic])))];
    const identities = await this.identify(membership, topics);
    for (const { tp, topicId, fence } of partitions.values()) {
      const is = identities.get(tp.topic);
      if (topicId === undefined || is === undefined || is === topicId) continue;
      // What is held may then be of either topic.
      if (source.byName(tp)) fence.revoke();
      source.fail(tp, recreatedError(tp, this.o.groupId, { was: topicId, is }));
    }
  }

  private async run(epoch: Epoch, before: Epoch | undefined): Promise<void> {
    const { signal } = epoch.abort;
    const consumer = this.consumer!;
    await before?.done;
    if (signal.aborted) return;
    const partitions = [...epoch.partitions.values()];
    try {
      const positions = partitions.map(({ tp, topicId, fence: { committed, pending } }) => ({
        ...tp,
        committed,
        epoch: epoch.number,
        ...(pending && { pending }),
        ...(topicId !== undefined && { topicId }),
      }));
      if (!(await assign(consumer, positions, signal, this.logger))) return;
    } catch (e) {
      return this.giveUp(asLogError(e, 'cannot take over the partitions'));
    }
    this.state = 'consuming';
    this.restarts = 0;
    this.error = undefined;
    this.first?.resolve();
    this.first = undefined;
    epoch.source.start();
    await Promise.all(
      partitions.map(({ tp }) =>
        deliver({ tp, consumer, next: () => epoch.source.next(tp), signal, logger: this.logger }).catch((e: unknown) =>
          this.halt(asLogError(e, `cannot deliver ${keyOf(tp)}`), tp),
        ),
      ),
    );
  }

  // ---------------------------------------------------------------- positions

  /**
   * Notes the intent in the metadata of the group's offset. Rejects with LOG_FENCED when the partition is not this
   * process's any more or the range is stale, with LOG_UNAVAILABLE when Kafka does not answer; then it may have landed
   * and the same range may be recorded again.
   */
  async recordIntent(range: OffsetRange): Promise<void> {
    const { epoch, partition } = this.owned(range);
    partition.fence.beginIntent(range);
    await this.sendCommit(epoch, range, range.from, formatIntent(range, partition.topicId));
  }

  /** Commits the group's offset and clears the intent. Rejects like recordIntent; repeating it is safe. */
  async commit(range: OffsetRange): Promise<void> {
    const { epoch, partition } = this.owned(range);
    partition.fence.beginCommit(range);
    await this.sendCommit(epoch, range, range.to, formatPosition(partition.topicId));
    partition.fence.committedTo(range);
  }

  /**
   * End of each partition as far as a consumer can get: open transactions are not part of it, nor is what was found to
   * hold nothing to deliver at the end of this process's own partitions. Rejects with LOG_UNAVAILABLE.
   */
  async endOffsets(): Promise<ReadonlyArray<TopicPartition & { end: number }>> {
    const lists = await Promise.all(
      this.o.topics.map(async (topic) => ({ topic, partitions: await this.topics.ranges(topic) })),
    );
    const { epoch } = this;
    if (epoch) void this.checkIdentities(epoch).catch((err: unknown) => this.logger.debug({ err }, 'Not checked'));
    return lists.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, high }) => {
        const tp = { topic, partition };
        return { ...tp, end: epoch?.source.end(tp, high) ?? high };
      }),
    );
  }

  private owned(range: OffsetRange): { epoch: Epoch; partition: Partition } {
    const partition = this.epoch?.partitions.get(keyOf(range));
    if (!partition || this.state === 'closed') throw notAssigned(range);
    if (range.topicId !== undefined && range.topicId !== partition.topicId)
      throw new ShadowerError(
        'LOG_FENCED',
        `${keyOf(range)}: the range is of topic ${range.topicId}, this is ${partition.topicId ?? 'without identity'}`,
      );
    return { epoch: this.epoch!, partition };
  }

  /** Sends an offset commit under exactly the epoch's generation, again while that lasts and Kafka does not answer. */
  private async sendCommit(
    epoch: Epoch,
    tp: TopicPartition,
    offset: number,
    metadata: string,
    current = () => this.epoch === epoch,
  ): Promise<void> {
    const { groupId, generationId, memberId, coordinator } = epoch.membership;
    const deadline = performance.now() + (this.o.timeoutMs ?? 30_000);
    const partitions = [{ partition: tp.partition, offset: String(offset), metadata }];
    for (let attempt = 0; ; attempt++) {
      if (!current()) throw new ShadowerError('LOG_FENCED', `${keyOf(tp)} was taken away in a rebalance`);
      try {
        const broker = await coordinator(attempt > 0);
        await broker.offsetCommit({
          groupId,
          groupGenerationId: generationId,
          memberId,
          topics: [{ topic: tp.topic, partitions }],
        });
        return;
      } catch (e) {
        const type = protocolError(e);
        if (type && FENCED.has(type)) {
          this.outcast(epoch, e);
          throw new ShadowerError('LOG_FENCED', `Kafka refused the commit of ${keyOf(tp)}: ${type}`, { cause: e });
        }
        if (performance.now() > deadline) throw asLogError(e, `cannot commit ${keyOf(tp)}`);
        this.logger.debug({ ...tp, attempt, err: e }, 'A commit was not acknowledged; trying again');
        await pause(Math.min(2000, 100 * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  // ---------------------------------------------------------------- troubles, end

  /** Leaves with the present consumer and comes back with a new one, later each time. */
  private recover(cause: unknown): void {
    if (this.recovery || this.stop.signal.aborted || this.state === 'stopped') return;
    const known = shadowerCause(cause);
    // A gap found while reading stops what it concerns once the positions are read again.
    if (known && isFatal(known) && known.code !== 'LOG_GAP') return this.giveUp(known);
    this.error = asLogError(cause, 'the consumer failed');
    this.state = 'recovering';
    const pauseMs = Math.min(30_000, 500 * 2 ** Math.min(this.restarts++, 10));
    this.logger.warn({ pauseMs, err: this.error }, 'Consuming from Kafka failed; starting again');
    this.recovery = (async () => {
      await this.leave();
      await pause(pauseMs, this.stop.signal);
      this.recovery = undefined;
      if (!this.stop.signal.aborted) await this.start();
    })();
  }

  /**
   * Kafka knows this membership no more. kafkajs learns that from its next heartbeat and joins again; but it tells by the
   * wall clock when that is due, and sends none for as long as the clock was set back. Then this does it.
   */
  private outcast(epoch: Epoch, cause: unknown): void {
    const { sessionTimeoutMs = 30_000 } = this.o;
    const timer = setTimeout(() => {
      if (this.epoch === epoch) this.recover(cause);
    }, sessionTimeoutMs / 2);
    timer.unref();
  }

  /** Stops consuming for good; appends go on. */
  private giveUp(error: ShadowerError): void {
    this.state = 'stopped';
    this.error = error;
    this.logger.error({ err: error }, 'Consuming from Kafka stopped');
    if (this.first) this.first.reject(error);
    else this.o.onError?.(error);
    this.first = undefined;
    void this.leave();
  }

  private halt(error: ShadowerError, { topic, partition }: TopicPartition): void {
    this.halted.set(keyOf({ topic, partition }), { topic, partition, error });
    this.logger.error({ topic, partition, err: error }, 'A partition is not consumed any further');
    if (!this.first) this.o.onError?.(error, { topic, partition });
  }

  private async leave(): Promise<void> {
    const client = this.client;
    this.revoke();
    clearTimeout(this.watchdog);
    this.client = undefined;
    const leaving = client
      ?.disconnect()
      .catch((err: unknown) => this.logger.debug({ err }, 'Leaving the group failed'));
    this.leaving = Promise.all([this.leaving, leaving]);
    await this.leaving;
  }

  /** How it fares. */
  health(): LogHealth {
    return { state: this.state, halted: [...this.halted.values()], ...(this.error && { error: this.error }) };
  }

  /** Waits for `records` calls in progress (which may commit, up to 30 s), leaves the group, and disconnects. */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.stop.abort();
    const last = this.lastEpoch;
    last?.abort.abort();
    const patience = new AbortController();
    await Promise.race([last?.done, pause(30_000, patience.signal)]);
    patience.abort();
    this.state = 'closed';
    this.first?.reject(new ShadowerError('LOG_UNAVAILABLE', 'the log was closed'));
    await this.recovery;
    await this.leave();
    await this.appender.close();
    await this.topics.close();
  }
}
