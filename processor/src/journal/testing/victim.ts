/**
 * The process that the kill test kills: appends numbered records and reports each acknowledged one, while it consumes
 * them with intent → insert → commit into a folder that stands for ClickHouse (one file per deduplication token).
 * Arguments: journal folder, store folder, name of the round, `drain` to consume all and end instead of appending.
 */
import { existsSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord, OffsetRange } from '../../pipeline/ports';
import { Journal } from '../journal';

const [folder, store, round, mode] = process.argv.slice(2) as [string, string, string, string?];
const topic = 'events';
const say = (line: string) => writeSync(1, `${line}\n`);
const logger = { debug: () => {}, info: () => {}, warn: (_: object, m: string) => say(`warn ${m}`), error: () => {} };

function insert(range: OffsetRange, records: readonly LogRecord[]): void {
  const token = join(store, `${range.from}-${range.to}-${range.at}`);
  const content = records.map((r) => r.value!.toString()).join('\n');
  if (existsSync(token)) return void say(`replayed ${range.from}`);
  writeFileSync(`${token}.tmp`, content);
  renameSync(`${token}.tmp`, token);
}

async function main() {
  const journal = await Journal.open({ folder, topics: [topic], logger, segmentBytes: 20_000 });
  let position = 0;
  let pending: OffsetRange | undefined;
  let held: LogRecord[] = [];
  const flush = async (range: OffsetRange) => {
    const mine = held.filter((r) => r.offset < range.to);
    if (mine.length !== range.to - range.from)
      throw new Error(`range of ${range.to - range.from}, held ${mine.length}`);
    await journal.recordIntent(range);
    insert(range, mine);
    await journal.commit(range);
    held = held.filter((r) => r.offset >= range.to);
    position = range.to;
  };
  await journal.consume({
    assigned: async ([p]) => {
      position = p!.committed;
      pending = p!.pending;
    },
    records: async (tp, records) => {
      held.push(...records);
      if (pending) {
        if (held[held.length - 1]!.offset + 1 < pending.to) return;
        const replay = pending;
        pending = undefined;
        await flush(replay);
      }
      if (held.length > 0) {
        await flush({ ...tp, from: position, to: held[held.length - 1]!.offset + 1, at: Date.now(), encoder: 1 });
      }
    },
  });
  say('ready');
  if (mode === 'drain') {
    for (;;) {
      const [{ end } = { end: 0 }] = await journal.endOffsets();
      if (position >= end) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await journal.close();
    return;
  }
  let n = 0;
  const appender = async () => {
    for (;;) {
      const ids = Array.from({ length: 1 + (n % 7) }, () => `${round}-${n++}`);
      await journal.append(
        topic,
        ids.map((id) => ({ key: null, value: Buffer.from(id) })),
      );
      say(`ack ${ids.join(' ')}`);
    }
  };
  await Promise.all([appender(), appender(), appender()]);
}

main().catch((e: unknown) => {
  say(`failed ${(e as Error).stack}`);
  process.exit(1);
});
