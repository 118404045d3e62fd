/**
 * The event log on Kafka. kafkajs keeps the membership, fetches and produces; this class decides what is delivered and
 * what may be committed. See membership.ts for why commits do not go through kafkajs' consumer.
 *
 * Delivery is decoupled from kafkajs' fetch loop: batches wait in a bounded queue per partition, a full queue pauses the
 * partition. So heartbeats go on and other partitions flow while one `records` call waits for ClickHouse.
 */
import {
  type Admin,
  type Assignment,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type KafkaMessage,
} from 'kafkajs';
import { ShadowerError } from '../errors';
import {
  assign,
  deliver,
  isFatal,
  LARGEST_BATCH_BYTES,
  LARGEST_BATCH_RECORDS,
  pause,
  Wakeup,
  type DeliveryBatch,
  type LogHealth,
} from '../pipeline/delivery';
import type {
  EventLog,
  LogConsumer,
  Logger,
  LogRecord,
  NewRecord,
  OffsetRange,
  TopicPartition,
} from '../pipeline/ports';
import { notAssigned, RangeFence } from '../pipeline/range-fence';
import { Records } from '../pipeline/records';
import { Appender } from './appender';
import { asLogError, final, kafkaClient, protocolError, shadowerCause, type KafkaConnection } from './client';
import { formatIntent, parseIntent } from './intent';
import { observedAssigner, type Membership } from './membership';

export interface KafkaLogOptions extends KafkaConnection {
  /** Consumer group. */
  groupId: string;
  /** Topics that are consumed, and made if missing. */
  topics: readonly string[];
  /** How missing topics are made; false: a missing topic is CONFIG_INVALID. Default: 4 partitions, the broker's replication. */
  createTopics?: { partitions?: number; replicationFactor?: number; config?: Readonly<Record<string, string>> } | false;
  logger: Logger;
  /** Called when a partition, or the whole log, cannot be consumed any further (LOG_GAP …) and needs a person. */
  onError?: (error: ShadowerError, tp?: TopicPartition) => void;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 30 s. */
  sessionTimeoutMs?: number;
  /** Milliseconds that members have to come back in a rebalance. Default 60 s. */
  rebalanceTimeoutMs?: number;
  /** Bytes fetched ahead per partition. Default 8 MiB. */
  bufferBytes?: number;
  /** Milliseconds an append may take, and a commit be tried. Default 30 s. */
  timeoutMs?: number;
}

/** One partition within one assignment. */
interface Partition {
  tp: TopicPartition;
  fence: RangeFence;
  /** Next offset that Kafka's fetch is to give; also moves over records that are never delivered. */
  position: number;
  /** One above the last record that was fetched for delivery. */
  deliverable: number;
  /** End of the partition as of the last fetch, and the end that the consumer was told. */
  highWatermark: number;
  told: number;
  queue: { messages: readonly KafkaMessage[]; next: number }[];
  queuedBytes: number;
  paused: boolean;
  wakeup: Wakeup;
}

interface Epoch {
  number: number;
  since: number;
  membership: Membership;
  partitions: Map<string, Partition>;
  abort: AbortController;
  done: Promise<void>;
}

/** The consumer has lost its membership, or the group is being reassembled with it. */
const FENCED = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS']);
/** A fetch that was under way at a rebalance can still come back for as long as a request may take. */
const STALE_FETCH_MS = 35_000;
const replaced = () => final(new ShadowerError('LOG_FENCED', 'this consumer has been replaced by a new one'));
const keyOf = (tp: TopicPartition) => `${tp.topic}/${tp.partition}`;

export class KafkaLog implements EventLog {
  private readonly kafka: Kafka;
  private readonly appender: Appender;
  private readonly logger: Logger;
  private adminClient?: Promise<Admin>;
  private topicsReady?: Promise<void>;

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
    this.logger = o.logger;
    this.kafka = kafkaClient(o, o.logger);
    this.appender = new Appender(this.kafka, o.timeoutMs ?? 30_000);
  }

  // ---------------------------------------------------------------- append

  /**
   * Resolves when all in-sync replicas have the records; concurrent appends share requests. Rejects with LOG_UNAVAILABLE
   * (part of it may still land), EVENT_TOO_LARGE (a record above 1,000,000 bytes) or CONFIG_INVALID (topic missing).
   */
  async append(topic: string, records: readonly NewRecord[]): Promise<void> {
    if (this.state === 'closed') throw new ShadowerError('LOG_UNAVAILABLE', 'the log is closed');
    await this.ensureTopics();
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
      await this.ensureTopics();
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
      if (current() && payload.batchSize === 0) this.passOver(payload);
    });
    try {
      await client.connect();
      await client.subscribe({ topics: [...topics], fromBeginning: true });
      await client.run({
        autoCommit: false,
        // Handing a batch to its queue takes no time, so more would gain nothing.
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => {
          if (current()) this.accept(payload);
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
      const epoch: Epoch = {
        number: ++this.epochs,
        since: Date.now(),
        membership,
        partitions: new Map(),
        abort: new AbortController(),
        done: Promise.resolve(),
      };
      const list = Object.entries(assignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      const gaps = await this.findPositions(epoch, list);
      if (join !== this.joins || this.stop.signal.aborted) return undefined;
      clearTimeout(this.watchdog);
      this.halted.clear();
      for (const gap of gaps) {
        this.client!.pause([{ topic: gap.topic, partitions: [gap.partition] }]);
        this.halt(gap.error, gap);
      }
      if (gaps[0] && this.first) {
        this.giveUp(gaps[0].error);
        return gaps[0].error;
      }
      const before = this.lastEpoch;
      this.epoch = this.lastEpoch = epoch;
      epoch.done = this.run(epoch, before);
      return undefined;
    } catch (e) {
      if (join !== this.joins) return undefined;
      this.recover(e);
      return asLogError(e, 'cannot take over the partitions');
    }
  }

  /** Fills in the epoch's partitions; answers with those whose positions Kafka does not have any more. */
  private async findPositions(
    epoch: Epoch,
    list: readonly TopicPartition[],
  ): Promise<(TopicPartition & { error: ShadowerError })[]> {
    const { groupId } = this.o;
    const topics = [...new Set(list.map((tp) => tp.topic))];
    if (topics.length === 0) return [];
    const [offsets, ranges] = await this.admin(
      'read the positions',
      async (admin) =>
        [
          await admin.fetchOffsets({ groupId, topics }),
          new Map(await Promise.all(topics.map(async (t) => [t, await admin.fetchTopicOffsets(t)] as const))),
        ] as const,
    );
    const gaps: (TopicPartition & { error: ShadowerError })[] = [];
    const fresh: { tp: TopicPartition; offset: number }[] = [];
    for (const tp of list) {
      const stored = offsets.find((t) => t.topic === tp.topic)?.partitions.find((p) => p.partition === tp.partition);
      const range = ranges.get(tp.topic)?.find((p) => p.partition === tp.partition);
      if (!range) throw new ShadowerError('LOG_UNAVAILABLE', `Kafka does not know the offsets of ${keyOf(tp)}`);
      const [low, high] = [Number(range.low), Number(range.high)];
      let committed = Number(stored?.offset ?? -1);
      if (committed < 0) fresh.push({ tp, offset: (committed = low) });
      const pending = parseIntent(tp, committed, stored?.metadata ?? '', groupId);
      const wanted = Math.max(committed, pending?.to ?? 0);
      if (committed < low || wanted > high) {
        gaps.push({ ...tp, error: gapError(tp, groupId, { committed, pending, low, high }) });
        continue;
      }
      epoch.partitions.set(keyOf(tp), {
        tp,
        fence: new RangeFence(tp, epoch.number, committed, pending),
        position: committed,
        deliverable: committed,
        highWatermark: high,
        told: committed,
        queue: [],
        queuedBytes: 0,
        paused: false,
        wakeup: new Wakeup(),
      });
    }
    // From now on there is a committed offset: should retention overtake it, that is a gap and not a new start.
    for (const { tp, offset } of fresh) await this.sendCommit(epoch, tp, offset, '', () => true);
    // What a full queue of the former assignment had paused.
    this.client!.resume(list.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
    return gaps;
  }

  private async run(epoch: Epoch, before: Epoch | undefined): Promise<void> {
    const { signal } = epoch.abort;
    const consumer = this.consumer!;
    await before?.done;
    if (signal.aborted) return;
    const partitions = [...epoch.partitions.values()];
    try {
      const positions = partitions.map(({ tp, fence: { committed, pending } }) => ({
        ...tp,
        committed,
        epoch: epoch.number,
        ...(pending && { pending }),
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
    await Promise.all(
      partitions.map((p) =>
        deliver({ tp: p.tp, consumer, next: () => this.next(p, signal), signal, logger: this.logger }).catch(
          (e: unknown) => this.halt(asLogError(e, `cannot deliver ${keyOf(p.tp)}`), p.tp),
        ),
      ),
    );
  }

  // ---------------------------------------------------------------- from kafkajs' fetches to the consumer

  private accept({ batch, isStale }: EachBatchPayload): void {
    const p = this.epoch?.partitions.get(keyOf(batch));
    if (!p || isStale()) return;
    const from = Number((batch as { fetchedOffset?: string }).fetchedOffset ?? p.position);
    const last = Number(batch.lastOffset());
    // A fetch of the former assignment may come back late: never leave a hole, never give a record twice.
    if (from > p.position || last < p.position) return this.seek(p);
    const messages =
      from === p.position ? batch.messages : batch.messages.filter((m) => Number(m.offset) >= p.position);
    p.position = last + 1;
    p.highWatermark = Math.max(p.highWatermark, Number(batch.highWatermark), p.position);
    if (messages.length > 0) {
      p.deliverable = Number(messages[messages.length - 1]!.offset) + 1;
      p.queue.push({ messages, next: 0 });
      for (const m of messages) p.queuedBytes += sizeOf(m);
    }
    if (p.queuedBytes > (this.o.bufferBytes ?? 8 * 1024 * 1024) && !p.paused) {
      p.paused = true;
      this.client!.pause([{ topic: p.tp.topic, partitions: [p.tp.partition] }]);
    }
    p.wakeup.notify();
  }

  /** A fetch with nothing to deliver: aborted transactions, control records. kafkajs does not call eachBatch for it. */
  private passOver(batch: {
    topic: string;
    partition: number;
    firstOffset: string | null;
    lastOffset: string;
    highWatermark: string;
  }): void {
    const p = this.epoch?.partitions.get(keyOf(batch));
    if (!p) return;
    const last = Number(batch.lastOffset);
    if (last < p.position) return;
    // What is fetched starts at the position, or behind it where compaction left a hole; but see accept.
    const late = Date.now() - this.epoch!.since < STALE_FETCH_MS;
    if (late && Number(batch.firstOffset ?? p.position) > p.position) return this.seek(p);
    p.position = last + 1;
    p.highWatermark = Math.max(p.highWatermark, Number(batch.highWatermark), p.position);
    p.wakeup.notify();
  }

  private seek({ tp, position }: Partition): void {
    this.client!.seek({ ...tp, offset: String(position) });
  }

  private async next(p: Partition, signal: AbortSignal): Promise<DeliveryBatch | null> {
    for (;;) {
      if (signal.aborted) return null;
      const head = p.queue[0];
      if (head) {
        const records: LogRecord[] = [];
        let bytes = 0;
        while (
          head.next < head.messages.length &&
          records.length < LARGEST_BATCH_RECORDS &&
          bytes < LARGEST_BATCH_BYTES
        ) {
          const message = head.messages[head.next++]!;
          bytes += sizeOf(message);
          records.push(toRecord(message));
        }
        if (head.next === head.messages.length) p.queue.shift();
        p.queuedBytes -= bytes;
        if (p.paused && p.queuedBytes < (this.o.bufferBytes ?? 8 * 1024 * 1024) / 2) {
          p.paused = false;
          this.client?.resume([{ topic: p.tp.topic, partitions: [p.tp.partition] }]);
        }
        p.told = knownEnd(p);
        return { records: Records.of(records), end: p.told };
      }
      // The rest of the log holds nothing to deliver, and the consumer was told that there is more.
      const end = knownEnd(p);
      if (end < p.told) {
        p.told = end;
        return { records: Records.of([]), end };
      }
      await p.wakeup.wait(signal);
    }
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
    await this.sendCommit(epoch, range, range.from, formatIntent(range));
  }

  /** Commits the group's offset and clears the intent. Rejects like recordIntent; repeating it is safe. */
  async commit(range: OffsetRange): Promise<void> {
    const { epoch, partition } = this.owned(range);
    partition.fence.beginCommit(range);
    await this.sendCommit(epoch, range, range.to, '');
    partition.fence.committedTo(range);
  }

  /**
   * End of each partition as far as a consumer can get: open transactions are not part of it, nor is what was found to
   * hold nothing to deliver at the end of this process's own partitions. Rejects with LOG_UNAVAILABLE.
   */
  async endOffsets(): Promise<ReadonlyArray<TopicPartition & { end: number }>> {
    const lists = await this.admin('read the end offsets', (admin) =>
      Promise.all(this.o.topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) }))),
    );
    return lists.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, high }) => {
        const own = this.epoch?.partitions.get(`${topic}/${partition}`);
        const end = own && own.position >= Number(high) ? own.deliverable : Number(high);
        return { topic, partition, end };
      }),
    );
  }

  private owned(range: OffsetRange): { epoch: Epoch; partition: Partition } {
    const partition = this.epoch?.partitions.get(keyOf(range));
    if (!partition || this.state === 'closed') throw notAssigned(range);
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
    const deadline = Date.now() + (this.o.timeoutMs ?? 30_000);
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
          throw new ShadowerError('LOG_FENCED', `Kafka refused the commit of ${keyOf(tp)}: ${type}`, { cause: e });
        }
        if (Date.now() > deadline) throw asLogError(e, `cannot commit ${keyOf(tp)}`);
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
    await this.adminClient?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  // ---------------------------------------------------------------- admin

  /** Runs something with the admin client, a few times over and with a new connection after an error. */
  private async admin<T>(doing: string, what: (admin: Admin) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const connecting = (this.adminClient ??= (async () => {
        const admin = this.kafka.admin();
        await admin.connect();
        return admin;
      })());
      try {
        return await what(await connecting);
      } catch (e) {
        if (this.adminClient === connecting) this.adminClient = undefined;
        void connecting.then((admin) => admin.disconnect()).catch(() => undefined);
        if (attempt === 2 || shadowerCause(e) || this.state === 'closed') throw asLogError(e, `cannot ${doing}`);
        await pause(300 * 2 ** attempt, this.stop.signal);
      }
    }
  }

  private ensureTopics(): Promise<void> {
    return (this.topicsReady ??= this.checkTopics().catch((e: unknown) => {
      this.topicsReady = undefined;
      throw e;
    }));
  }

  private async checkTopics(): Promise<void> {
    const { topics, createTopics = {} } = this.o;
    await this.admin('prepare the topics', async (admin) => {
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
        this.logger.info({ topics: missing, numPartitions }, 'Created the missing Kafka topics');
      }
      await this.refuseCompaction(admin, topics);
    });
  }

  /** A compacted topic forgets events that were not counted yet. */
  private async refuseCompaction(admin: Admin, topics: readonly string[]): Promise<void> {
    const TOPIC = 2;
    const { resources } = await admin
      .describeConfigs({
        includeSynonyms: false,
        resources: topics.map((name) => ({ type: TOPIC, name, configNames: ['cleanup.policy'] })),
      })
      .catch((err: unknown) => {
        this.logger.debug({ err }, 'The topics’ settings may not be read; not checked');
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

/** End of the log as the consumer should know it: nothing to deliver follows where everything has been fetched. */
const knownEnd = (p: Partition) => (p.position >= p.highWatermark ? p.deliverable : p.highWatermark);

const sizeOf = (m: KafkaMessage) => 64 + (m.key?.length ?? 0) + (m.value?.length ?? 0);

function toRecord({ offset, key, value, timestamp, headers }: KafkaMessage): LogRecord {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const header = headers[name];
    const last = Array.isArray(header) ? header[header.length - 1] : header;
    if (last !== undefined) flat[name] = last.toString();
  }
  return { offset: Number(offset), key, value, timestamp: Number(timestamp), headers: flat };
}

function gapError(
  tp: TopicPartition,
  groupId: string,
  { committed, pending, low, high }: { committed: number; pending?: OffsetRange; low: number; high: number },
): ShadowerError {
  const held = pending ? `the range [${pending.from}, ${pending.to}) in flight` : `the position ${committed}`;
  return new ShadowerError(
    'LOG_GAP',
    `${keyOf(tp)}: Kafka has offsets ${low} to ${high}, group ${groupId} has ${held}. Events were deleted before they were ` +
      'counted, or the topic was made anew. To accept that, stop all processors and run kafka-consumer-groups.sh ' +
      `--reset-offsets --group ${groupId} --topic ${tp.topic}:${tp.partition} --to-earliest --execute`,
  );
}
