import { compareText } from './compare';
import type { Notice } from './model';

/** Collects what was wrong with the rows, so each kind of problem is said once, with examples. */
export class Problems {
  private readonly groups = new Map<string, Set<string>>();

  add(kind: string, example: string): void {
    const examples = this.groups.get(kind);
    if (examples === undefined) {
      this.groups.set(kind, new Set([example]));
    } else {
      examples.add(example);
    }
  }

  notices(words: Record<string, (examples: string[]) => string>): Notice[] {
    return Object.entries(words).flatMap(([kind, say]) => {
      const examples = this.groups.get(kind);
      return examples === undefined ? [] : [warning(say([...examples].sort(compareText)))];
    });
  }
}

export function warning(text: string): Notice {
  return { severity: 'warning', text };
}
