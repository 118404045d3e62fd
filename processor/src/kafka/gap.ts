/** Positions that Kafka cannot go on from, in words that say what to do. */
import { ShadowerError } from '../errors';
import type { OffsetRange, TopicPartition } from '../pipeline/ports';
import { keyOf } from './record-source';

const held = (committed: number | undefined, pending: OffsetRange | undefined): string =>
  pending ? `the range [${pending.from}, ${pending.to}) in flight` : `the position ${committed}`;

const acceptance = (tp: TopicPartition, groupId: string): string =>
  'To accept that, stop all processors and run kafka-consumer-groups.sh ' +
  `--reset-offsets --group ${groupId} --topic ${tp.topic}:${tp.partition} --to-earliest --execute`;

/** LOG_GAP: the position, or the range in flight, is out of the range that Kafka still has. */
export function gapError(
  tp: TopicPartition,
  groupId: string,
  {
    committed,
    pending,
    low,
    high,
  }: { committed: number; pending?: OffsetRange | undefined; low: number; high: number },
): ShadowerError {
  return new ShadowerError(
    'LOG_GAP',
    `${keyOf(tp)}: Kafka has offsets ${low} to ${high}, group ${groupId} has ${held(committed, pending)}. Events were deleted before they were ` +
      `counted, or the topic was made anew. ${acceptance(tp, groupId)}`,
  );
}

/** LOG_GAP: the topic of this name is not the one that was read so far. */
export function recreatedError(
  tp: TopicPartition,
  groupId: string,
  o: { was: string; is: string; committed?: number; pending?: OffsetRange | undefined },
): ShadowerError {
  const position = o.committed === undefined ? '' : ` (group ${groupId} has ${held(o.committed, o.pending)} of it)`;
  return new ShadowerError(
    'LOG_GAP',
    `${keyOf(tp)}: the topic was made anew: it was ${o.was}${position}, and is ${o.is} now. What was not counted of the former ` +
      `one is gone, and its offsets mean nothing in the new one. ${acceptance(tp, groupId)}`,
  );
}
