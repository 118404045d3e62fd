/** How an intent lies in the metadata of the group's offset: the offset is `from`, the metadata are the rest. */
import { ShadowerError } from '../errors';
import type { OffsetRange, TopicPartition } from '../pipeline/ports';

export const formatIntent = ({ to, at, encoder, digest, topicId }: OffsetRange): string =>
  JSON.stringify({ to, at, encoder, digest, topicId });

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
    const { to, at, encoder, digest, topicId } = JSON.parse(metadata) as Record<string, unknown>;
    const text = (s: unknown): s is string | undefined => s === undefined || typeof s === 'string';
    if (whole(to) && to > from && whole(at) && whole(encoder) && text(digest) && text(topicId))
      return { ...tp, from, to, at, encoder, ...(digest && { digest }), ...(topicId && { topicId }) };
  } catch {
    // not ours
  }
  throw new ShadowerError(
    'CONFIG_INVALID',
    `the offset of group ${groupId} at ${tp.topic}/${tp.partition} carries metadata of another program (${metadata.slice(0, 80)}); use a group of your own`,
  );
}
