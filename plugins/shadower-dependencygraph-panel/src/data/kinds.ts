import type { KindFamily, NodeStatus } from './model';

const FAMILIES: Array<[RegExp, KindFamily]> = [
  [/data ?base|\bdb\b|sql|postgres|mongo|redis|cache|clickhouse|elastic|table|bucket|storage|store/, 'database'],
  [/queue|topic|kafka|stream|broker|messaging|pubsub/, 'queue'],
  [/integration|saas|partner|third.?party|webhook/, 'integration'],
  [/host|server|node|vm|pod|container|instance|cluster/, 'host'],
  [/network|subnet|gateway|load.?balancer|\blb\b|router|proxy|\bip\b|firewall/, 'network'],
  [/agent|model|llm|bot|tool/, 'agent'],
  [/endpoint|route|operation|api|query/, 'endpoint'],
  [/user|client|browser|person|customer/, 'user'],
  [/service|app|worker|job|function|lambda/, 'service'],
];

/** The family whose shape and icon stand for a kind; `other` for a kind we do not know, `service` for none. */
export function familyOf(kind: string): KindFamily {
  if (kind === '') {
    return 'service';
  }
  const name = kind.toLowerCase().replace(/[_-]+/g, ' ');
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

const WORDS: Record<NodeStatus, string[]> = {
  healthy: ['healthy', 'ok', 'up', 'good', 'green', 'normal', 'online', 'pass', 'passing', 'running'],
  degraded: ['degraded', 'warn', 'warning', 'yellow', 'orange', 'minor', 'impaired'],
  critical: ['critical', 'crit', 'bad', 'error', 'red', 'major', 'unhealthy', 'fail', 'failing', 'failed'],
  offline: ['offline', 'down', 'unreachable', 'stopped', 'disconnected', 'dead'],
  unknown: ['unknown', 'no data', 'nodata', 'none', 'n/a', 'pending', ''],
};
const BY_WORD = new Map(
  Object.entries(WORDS).flatMap(([status, words]) => words.map((w) => [w, status as NodeStatus]))
);

/** The status a word stands for, or undefined when it is none we know. */
export function statusOf(word: string): NodeStatus | undefined {
  return BY_WORD.get(word.trim().toLowerCase());
}

/** The status a score (0–100) stands for when the data gives none. */
export function statusOfScore(score: number, healthyFrom: number, degradedFrom: number): NodeStatus {
  return score >= healthyFrom ? 'healthy' : score >= degradedFrom ? 'degraded' : 'critical';
}
