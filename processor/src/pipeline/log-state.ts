/** The log seen by somebody who consumes nothing: how far it has been consumed, and by whom. */
import type { OffsetRange, TopicPartition } from './ports';

export interface LogState {
  /** Who consumes, in words for a person. */
  consumers: string[];
  partitions: (TopicPartition & { committed: number; pending?: OffsetRange })[];
}

export interface LogInspector {
  /** Rejects with LOG_UNAVAILABLE. */
  state(): Promise<LogState>;
  close(): Promise<void>;
}
