/** How an intent lies in the metadata of the group's offset: the offset is `from`, the metadata are the rest. */
import { ShadowerError } from '../errors';
import type { OffsetRange, TopicPartition } from '../pipeline/ports';

export const formatIntent = ({ to, at, encoder }: OffsetRange): string => JSON.stringify({ to, at, encoder });

/** The intent in an offset's metadata. Throws CONFIG_INVALID where the metadata are somebody else's. */
export function parseIntent(
  tp: TopicPartition,
  from: number,
  metadata: string,
  groupId: string,
): OffsetRange | undefined {
  if (metadata === '') return undefined;
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  try {
    const { to, at, encoder } = JSON.parse(metadata) as Record<string, unknown>;
    if (whole(to) && to > from && whole(at) && whole(encoder)) return { ...tp, from, to, at, encoder };
  } catch {
    // not ours
  }
  throw new ShadowerError(
    'CONFIG_INVALID',
    `the offset of group ${groupId} at ${tp.topic}/${tp.partition} carries metadata of another program (${metadata.slice(0, 80)}); use a group of your own`,
  );
}
