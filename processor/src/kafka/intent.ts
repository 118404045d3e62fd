/**
 * What lies in the metadata of the group's offset: the identity of the topic that the offset belongs to, and the intent
 * where one is recorded (the offset is `from`, the metadata are the rest).
 */
import { ShadowerError } from '../errors';
import type { OffsetRange, TopicPartition } from '../pipeline/ports';

/** Metadata of a plain commit; empty where the topic has no identity. */
export const formatPosition = (topicId: string | undefined): string =>
  topicId === undefined ? '' : JSON.stringify({ topicId });

/**
 * Metadata of an intent. A range comes back as it was recorded, since its token is made of it; so the topic's identity has
 * a place of its own where the range does not carry it.
 */
export const formatIntent = (
  { to, at, encoder, digest, topicId, mark }: OffsetRange,
  identity: string | undefined = topicId,
): string =>
  JSON.stringify({ to, at, encoder, digest, topicId, mark, ...(topicId === undefined && { topic: identity }) });

export interface Position {
  pending?: OffsetRange;
  /** Identity of the topic that the offset belongs to; none in what releases before topic identities have written. */
  topicId?: string;
}

/** What an offset's metadata say. Throws CONFIG_INVALID where they are somebody else's. */
export function parseMetadata(tp: TopicPartition, from: number, metadata: string, groupId: string): Position {
  if (metadata === '') return {};
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const text = (s: unknown): s is string | undefined => s === undefined || typeof s === 'string';
  try {
    const { to, at, encoder, digest, topicId, topic, mark } = JSON.parse(metadata) as Record<string, unknown>;
    if (text(topicId) && text(topic)) {
      const identity = topicId ?? topic;
      const position = identity === undefined ? {} : { topicId: identity };
      if (to === undefined && topicId !== undefined) return position;
      if (
        whole(to) &&
        to > from &&
        whole(at) &&
        whole(encoder) &&
        text(digest) &&
        (mark === undefined || whole(mark))
      ) {
        const pending = {
          ...tp,
          from,
          to,
          at,
          encoder,
          ...(digest && { digest }),
          ...(topicId && { topicId }),
          ...(mark !== undefined && { mark }),
        };
        return { pending, ...position };
      }
    }
  } catch {
    // not ours
  }
  throw new ShadowerError(
    'CONFIG_INVALID',
    `the offset of group ${groupId} at ${tp.topic}/${tp.partition} carries metadata of another program (${metadata.slice(0, 80)}); use a group of your own`,
  );
}

/** The intent alone, see parseMetadata. */
export const parseIntent = (...args: Parameters<typeof parseMetadata>): OffsetRange | undefined =>
  parseMetadata(...args).pending;
