/** The live generator: what the domains' demo sources make, appended to the log as a producer would. */
import type { Domain } from '../domains/define';
import { WORKSPACE_HEADER } from '../pipeline/decode';
import type { EventLog, NewRecord } from '../pipeline/ports';
import { incidentAt } from '../vocabulary/demo';

/** Deterministic random numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SECOND = 1000;

/** All demo events of [from, to), both whole seconds, in time order. The same second always gives the same events. */
export function demoEvents(domains: readonly Domain[], from: number, to: number): Record<string, unknown>[] {
  const out: Record<string, unknown>[] = [];
  for (let at = from; at < to; at += SECOND) {
    const random = seeded(at / SECOND);
    for (const d of domains) out.push(...(d.demo?.events(at, at + SECOND, random, incidentAt(at)) ?? []));
  }
  return out.sort((a, b) => (a.time as number) - (b.time as number));
}

/** All facts of the days before `until`, in time order. */
export const demoHistory = (domains: readonly Domain[], until: number): Record<string, unknown>[] =>
  domains
    .flatMap((d) => d.demo?.history?.(until, seeded(Math.floor(until / SECOND))) ?? [])
    .sort((a, b) => (a.time as number) - (b.time as number));

/** Appends events to their topics on behalf of `workspace`. */
export async function appendEvents(
  log: EventLog,
  prefix: string,
  workspace: string,
  events: readonly Record<string, unknown>[],
): Promise<void> {
  const byTopic = new Map<string, NewRecord[]>();
  for (const e of events) {
    const topic = `${prefix}.${String(e.type)}`;
    const list = byTopic.get(topic) ?? [];
    byTopic.set(topic, list);
    list.push({
      key: Buffer.from(String(e.event_id)),
      value: Buffer.from(JSON.stringify(e)),
      headers: { [WORKSPACE_HEADER]: workspace },
    });
  }
  for (const [topic, records] of byTopic) await log.append(topic, records);
}

/**
 * Generates from `since` (ms) to the present and then second by second, after the facts of the days before if asked; `advanced` is told how far it has come, so that
 * the next start can go on from there. Returns a function that stops it.
 */
export function runDemo(
  log: EventLog,
  o: {
    domains: readonly Domain[];
    prefix: string;
    workspace: string;
    since: number;
    /** Whether to begin with the facts of the days before `since`. */
    history?: boolean;
    advanced: (to: number) => void;
    failed: (e: Error) => void;
  },
): () => Promise<void> {
  let stopped = false;
  const work = (async () => {
    let at = Math.floor(o.since / SECOND) * SECOND;
    let history = o.history ?? false;
    while (!stopped) {
      const to = Math.min(Math.floor(Date.now() / SECOND) * SECOND, at + 60 * SECOND);
      if (to > at) {
        try {
          if (history) {
            await appendEvents(log, o.prefix, o.workspace, demoHistory(o.domains, at));
            history = false;
          }
          await appendEvents(log, o.prefix, o.workspace, demoEvents(o.domains, at, to));
          o.advanced((at = to));
          continue;
        } catch (e) {
          o.failed(e as Error);
        }
      }
      await new Promise((r) => setTimeout(r, SECOND / 2));
    }
  })();
  return async () => {
    stopped = true;
    await work;
  };
}
