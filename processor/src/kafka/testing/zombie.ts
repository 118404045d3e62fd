/**
 * A group member that the zombie test stops (SIGSTOP) and wakes: holds a range of what it got, and tries to record and
 * commit it as soon as it is told to. Arguments: broker, topic, group.
 */
import { KafkaLog } from '../kafka-log';
import type { OffsetRange } from '../../pipeline/ports';

const [broker, topic, groupId] = process.argv.slice(2) as [string, string, string];
const say = (word: string) => process.stdout.write(`${word}\n`);
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const log = new KafkaLog({
  brokers: [broker],
  topics: [topic],
  groupId,
  logger,
  sessionTimeoutMs: 2000,
  timeoutMs: 5000,
});

async function main() {
  let range: OffsetRange | undefined;
  await log.consume({
    assigned: async () => undefined,
    records: async (tp, records) => {
      if (range) return;
      range = { ...tp, from: records.offsets[0]!, to: records.offsets[records.length - 1]! + 1, at: 1, encoder: 1 };
      await log.recordIntent(range);
      say('held');
    },
  });
  process.stdin.on('data', () => {
    log.commit(range!).then(
      () => say('committed'),
      (e: { code?: string }) => say(e.code ?? 'unknown'),
    );
  });
}
void main();
