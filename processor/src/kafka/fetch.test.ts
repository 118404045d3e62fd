/**
 * Our fetch path beside kafkajs' and Kafka's own Java consumer, record by record, over what Java producers have written at
 * random: all codecs, transactions, compaction gaps, headers, tombstones. `SEED=… npx jest` repeats a run.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { until } from '../pipeline/event-log.contract';
import { Records } from '../pipeline/records';
import { crc32c, crc32cByTable, loadNativeCrc32c } from './crc32c';
import { KafkaLog, type KafkaLogOptions } from './kafka-log';
import { fetch } from './protocol';
import { offsetBehind, RecordSetReader, type AbortedTransaction } from './record-batch';
import { connectCluster } from './testing/cluster';
import { javaClients, kafkaUnavailable, startKafka, type TestKafka } from './testing/kafka';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
const TOPIC = 2;

let skip: string | null;
let broker: TestKafka;
let kafka: Kafka;
let admin: Admin;
/** What Java's consumer got, by topic. */
const truth = new Map<string, string[]>();

/** Settings of the topics; nothing expires, though some timestamps are old. */
const KINDS = {
  plain: {},
  appendtime: { 'message.timestamp.type': 'LogAppendTime' },
  transactions: {},
  open: {},
  compacted: {
    'cleanup.policy': 'compact',
    'segment.ms': '200',
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '600000',
  },
} as const;
type Kind = keyof typeof KINDS;

beforeAll(async () => {
  skip = await kafkaUnavailable();
  if (!skip)
    skip = await promisify(execFile)('javac', ['-version']).then(
      () => null,
      () => 'there is no JDK',
    );
  if (skip) return void process.stderr.write(`\nSKIPPED, these tests need a real Kafka and a JDK: ${skip}\n\n`);
  process.stderr.write(`\nfetch.test.ts: SEED=${seed}\n`);
  broker = await startKafka({ 'log.cleaner.backoff.ms': '300', 'log.cleaner.dedupe.buffer.size': '4000000' });
  kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: Object.entries(KINDS).map(([topic, config]) => ({
      topic,
      numPartitions: 2,
      configEntries: Object.entries({ 'retention.ms': '-1', ...config }).map(([name, value]) => ({ name, value })),
    })),
  });
  const kinds = Object.keys(KINDS).map((k) => `${k}=${k === 'appendtime' ? 'plain' : k}`);
  await javaClients('produce', broker.brokers[0]!, String(seed), ...kinds);
  // KafkaLog refuses topics that are compacted; the gaps stay.
  const configEntries = Object.entries({ 'retention.ms': '-1', 'cleanup.policy': 'delete' }).map(([name, value]) => ({
    name,
    value,
  }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC, name: 'compacted', configEntries }] });
  const lines = (await javaClients('read', broker.brokers[0]!, ...Object.keys(KINDS))).split('\n');
  for (const line of lines) {
    if (line === '') continue;
    const [topic, partition, offset, timestamp, key, value, headers] = line.split('\t');
    const last = new Map<string, string>();
    for (const header of headers === '' ? [] : headers!.split(',')) {
      const [name, content] = header.split(':') as [string, string];
      if (content === '-') last.delete(name);
      else last.set(name, content);
    }
    const list = truth.get(topic!) ?? truth.set(topic!, []).get(topic!)!;
    list.push([partition, offset, timestamp, key, value, JSON.stringify([...last].sort())].join(' '));
  }
  for (const list of truth.values()) list.sort();
}, 600_000);

afterAll(async () => {
  await admin?.disconnect();
  await broker?.stop();
});

const base64 = (b: Buffer | string | null) => (b === null ? '-' : Buffer.from(b).toString('base64'));

/** All that a log delivers of a topic, in the words of `truth`. */
async function read(topic: string, options: Partial<KafkaLogOptions>): Promise<string[]> {
  const log = new KafkaLog({
    brokers: broker.brokers,
    topics: [topic],
    groupId: randomUUID(),
    createTopics: false,
    logger,
    ...options,
  });
  const lines: string[] = [];
  const next = new Map<number, number>();
  const take = ({ partition }: { partition: number }, records: Records) => {
    for (const r of records) {
      if (r.offset < (next.get(partition) ?? 0)) throw new Error(`offset ${r.offset} twice`);
      next.set(partition, r.offset + 1);
      const headers = Object.entries(r.headers).map(([name, value]) => [base64(name), base64(value)]);
      lines.push(
        [partition, r.offset, r.timestamp, base64(r.key), base64(r.value), JSON.stringify(headers.sort())].join(' '),
      );
    }
  };
  try {
    await log.consume({ assigned: async () => undefined, records: async (tp, records) => take(tp, records) });
    await until('all has come', () => lines.length >= truth.get(topic)!.length, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 300)); // and nothing else
  } finally {
    await log.close();
  }
  return lines.sort();
}

const test = (name: string, run: () => Promise<void>) => it(name, () => (skip ? Promise.resolve() : run()), 90_000);

/** What is in one list only; a few of them, cut short. */
function difference(got: readonly string[], wanted: readonly string[]) {
  const few = (list: readonly string[], other: ReadonlySet<string>) =>
    list.filter((line) => !other.has(line)).map((line) => line.slice(0, 100));
  return { missing: few(wanted, new Set(got)), extra: few(got, new Set(wanted)), count: got.length - wanted.length };
}
const none = { missing: [], extra: [], count: 0 };

describe('what is fetched is what Java’s consumer gets', () => {
  const ways: [string, Partial<KafkaLogOptions>][] = [
    ['by topic id', {}],
    ['by name', { newestFetch: 11 }],
    ['by the oldest protocol, in small pieces', { newestFetch: 4, bufferBytes: 40_000 }],
  ];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    for (const [how, options] of ways) {
      test(`${kind}, ${how}`, async () => {
        expect(truth.get(kind)!.length).toBeGreaterThan(100);
        expect(difference(await read(kind, options), truth.get(kind)!)).toEqual(none);
      });
    }
  }

  // Not of what compaction has thinned out: kafkajs 2.2.4 stays for ever at a batch that it has emptied.
  for (const kind of ['plain', 'appendtime'] as const) {
    test(`${kind}, by kafkajs`, async () => {
      expect(difference(await read(kind, { fetch: 'kafkajs' }), truth.get(kind)!)).toEqual(none);
    });
  }

  // Where transactions overlap, kafkajs 2.2.4 takes one of the aborted ones into account per record, and delivers the
  // first records of the others. That is why it is not the default.
  for (const kind of ['transactions', 'open'] as const) {
    test(`${kind}, by kafkajs: nothing is missing`, async () => {
      const { missing, extra } = difference(await read(kind, { fetch: 'kafkajs' }), truth.get(kind)!);
      expect(missing).toEqual([]);
      process.stderr.write(`kafkajs delivered ${extra.length} records of aborted transactions of topic ${kind}\n`);
    });
  }

  test('librdkafka agrees', async () => {
    const found = await promisify(execFile)('kcat', ['-V']).then(
      () => true,
      () => false,
    );
    if (!found) return void process.stderr.write('SKIPPED: there is no kcat to compare with\n');
    for (const kind of Object.keys(KINDS)) {
      const args = ['-b', broker.brokers[0]!, '-C', '-t', kind, '-o', 'beginning', '-e', '-q', '-f', '%p %o %T\n'];
      const { stdout } = await promisify(execFile)('kcat', [...args, '-X', 'isolation.level=read_committed'], {
        maxBuffer: 1024 ** 3,
      });
      const heads = truth.get(kind)!.map((line) => line.split(' ').slice(0, 3).join(' '));
      expect(difference(stdout.trim().split('\n'), heads)).toEqual(none);
    }
  });
});

// -------------------------------------------------------------------- bytes that are not what was written

interface Sample {
  kind: Kind;
  set: Buffer;
  from: number;
  aborted: AbortedTransaction[];
}

/** Record sets as the broker sends them. */
async function samples(maxBytes: number): Promise<Sample[]> {
  const { cluster, close } = await connectCluster(kafka);
  const list: Sample[] = [];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    for (const partition of [0, 1]) {
      for (let from = 0; ;) {
        const node = await cluster.findBroker({ nodeId: String(cluster.getNodeIds()[0]) });
        const partitions = [{ topic: kind, partition, offset: from, maxBytes }];
        const { records, aborted } = (await fetch(node, { maxWaitMs: 0, maxBytes, partitions })).partitions[0]!;
        const { next } = offsetBehind(records, from);
        if (next === from) break;
        list.push({ kind, set: Buffer.from(records), from, aborted });
        from = next;
      }
    }
  }
  await close();
  return list;
}

interface Outcome {
  lines: Map<number, string>;
  offset: number;
  error?: Error;
}

async function decode({ kind, set, from, aborted }: Sample): Promise<Outcome> {
  const reader = new RecordSetReader({ tp: { topic: kind, partition: 0 }, set, from, aborted });
  const lines = new Map<number, string>();
  try {
    for (let steps = 0; ; steps++) {
      const columns = await reader.next();
      if (columns === null) return { lines, offset: reader.offset };
      if (steps > set.length) throw new Error('it does not end');
      for (const r of new Records(columns)) {
        if (lines.has(r.offset)) throw new Error(`offset ${r.offset} twice`);
        const headers = Object.entries(r.headers).sort();
        lines.set(r.offset, [r.timestamp, base64(r.key), base64(r.value), JSON.stringify(headers)].join(' '));
      }
    }
  } catch (e) {
    return { lines, offset: reader.offset, error: e as Error };
  }
}

/** Where the batches of a set begin, and their sizes. */
function batches(set: Buffer): { at: number; size: number }[] {
  const list = [];
  for (let at = 0; at + 61 <= set.length;) {
    const size = 12 + set.readInt32BE(at + 8);
    if (at + size > set.length) break;
    list.push({ at, size });
    at += size;
  }
  return list;
}

describe('bytes that are not what was written', () => {
  let sets: Sample[];
  let intact: Outcome[];
  let random: () => number;
  const pick = (n: number) => Math.floor(random() * n);
  beforeAll(async () => {
    let state = seed + 1;
    random = () => ((state = (state * 48_271) % 2_147_483_647), state / 2_147_483_647);
    if (skip) return;
    sets = await samples(60_000);
    intact = await Promise.all(sets.map(decode));
  });

  test('the samples are whole, of every codec and kind', async () => {
    expect(intact.filter((o) => o.error)).toEqual([]);
    const attributes = sets.flatMap(({ set }) => batches(set).map(({ at }) => set.readInt16BE(at + 21)));
    expect(new Set(attributes.map((a) => a & 7))).toEqual(new Set([0, 1, 2, 3, 4]));
    for (const flag of [8, 16, 32]) expect(attributes.some((a) => a & flag)).toBe(true);
  });

  test('flipped bits and truncation: what is said to have been read is right, the rest is an error or left', async () => {
    let errors = 0;
    for (let round = 0; round < 3000; round++) {
      const which = pick(sets.length);
      const { set, ...rest } = sets[which]!;
      const broken = Buffer.from(set.subarray(0, round % 4 === 0 ? pick(set.length) : set.length));
      for (let flips = round % 4 === 0 ? 0 : 1 + pick(3); flips > 0; flips--) {
        const { at, size } = batches(set)[pick(batches(set).length)]!;
        // Kafka's checksum begins behind the length; that a base offset is right, nothing in the format says.
        const byte = at + 8 + (pick(3) === 0 ? pick(53) : pick(size - 8));
        if (byte < broken.length) broken[byte]! ^= 1 << pick(8);
      }
      const outcome = await decode({ ...rest, set: broken });
      if (outcome.error) {
        errors++;
        const { name, code } = outcome.error as { name: string; code?: string };
        expect(code ?? name).toMatch(/^(CorruptBatch|CONFIG_INVALID)$/);
      }
      const right = [...intact[which]!.lines].filter(([offset]) => offset < outcome.offset);
      expect([...outcome.lines]).toEqual(right);
    }
    expect(errors).toBeGreaterThan(1000);
  });

  test('control: under a checksum that is made to fit, the same flips do give wrong records, and never more than that', async () => {
    let wrong = 0;
    for (let round = 0; round < 1000; round++) {
      const which = pick(sets.length);
      const { set, ...rest } = sets[which]!;
      const broken = Buffer.from(set);
      const { at, size } = batches(set)[pick(batches(set).length)]!;
      for (let flips = 1 + pick(3); flips > 0; flips--) broken[at + 21 + pick(size - 21)]! ^= 1 << pick(8);
      broken.writeUInt32BE(crc32c(broken.subarray(at + 21, at + size)), at + 17);
      const outcome = await decode({ ...rest, set: broken });
      if (outcome.error) expect(outcome.error.name).toMatch(/CorruptBatch/);
      for (const [offset, line] of outcome.lines) if (intact[which]!.lines.get(offset) !== line) wrong++;
    }
    expect(wrong).toBeGreaterThan(100);
  });

  test('control: without the list of aborted transactions their records are delivered', async () => {
    for (const kind of ['transactions', 'open'] as const) {
      let extra = 0;
      for (const [i, sample] of sets.entries()) {
        if (sample.kind !== kind) continue;
        extra += (await decode({ ...sample, aborted: [] })).lines.size - intact[i]!.lines.size;
      }
      expect(extra).toBeGreaterThan(50);
    }
  });

  test('the checksum by table and the native one agree', async () => {
    await loadNativeCrc32c();
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    for (const { set } of sets.slice(0, 50)) {
      for (const { at, size } of batches(set)) {
        const content = set.subarray(at + 21, at + size);
        expect([crc32c(content), crc32cByTable(content)]).toEqual(Array(2).fill(set.readUInt32BE(at + 17)));
      }
    }
  });
});
