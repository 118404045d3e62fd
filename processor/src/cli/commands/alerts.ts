/** `shadower alerts test`: replays a time range against the shipped alert rules and tells when each would have fired. */
import type { Catalog } from '../../catalog/types';
import { domains } from '../../domains';
import type { AlertDef } from '../../domains/define';
import { ShadowerError } from '../../errors';
import { parseTime } from '../../http/time';
import { replay, type Evaluation, type Point, type Replay } from '../alert-replay';
import { Api } from '../api-client';
import { out, type RemoteOptions } from '../options';
import { formatCell, table } from '../table';

export interface AlertTestOptions extends RemoteOptions {
  rule?: string[];
  from: string;
  to: string;
  /** Seconds between evaluations; each rule's own if left out. */
  every?: number;
  /** Seconds by which the data were behind at each evaluation. */
  lag: number;
  format: string;
}

/** Requests in flight; the API has limits of its own. */
const IN_FLIGHT = 4;

/** An evaluation that failed so is no verdict; anything else (no access, no processor) ends the replay. */
const NO_VERDICT = /^(QUERY_|STORE_|BUSY)/;

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** What the rule would have seen at `time`: the same query over the same window that the provisioned rule has. */
async function evaluate(
  api: Api,
  workspace: string,
  rule: AlertDef,
  dimensions: readonly string[],
  time: number,
  lag: number,
): Promise<Evaluation> {
  const step = rule.stepSeconds * 1000;
  const floor = (ms: number): number => Math.floor(ms / step) * step;
  const [from, to] = [floor(time - rule.windowSeconds * 1000), floor(time - lag * 1000)];
  if (to <= from) return { time, unknown: 'QUERY_INCOMPLETE' };
  try {
    const answer = await api.query(rule.query, {
      workspace,
      from: String(from),
      to: String(to),
      step: rule.stepSeconds,
      ...(rule.params === undefined ? {} : { params: rule.params }),
    });
    if (answer.meta.truncated) return { time, unknown: 'QUERY_LIMIT' };
    const series = new Map<string, Point[]>();
    for (const row of Object.values(answer.parts)[0] ?? []) {
      const key = dimensions.map((d) => `${d}=${String(row[d] ?? '')}`).join(', ') || rule.column;
      const value = row[rule.column];
      const point = {
        time: Number(new Date(row.time as string | number)),
        value: typeof value === 'number' ? value : null,
      };
      series.set(key, [...(series.get(key) ?? []), point]);
    }
    for (const points of series.values()) points.sort((a, b) => a.time - b.time);
    return { time, series };
  } catch (e) {
    if (e instanceof ShadowerError && NO_VERDICT.test(e.code)) return { time, unknown: e.code };
    throw e;
  }
}

function dimensionsOf(rule: AlertDef, catalog: Catalog): string[] {
  const query = catalog.queries.find((q) => q.name === rule.query);
  if (query === undefined)
    throw new ShadowerError(
      'QUERY_UNKNOWN',
      `the rule ${rule.name} asks ${rule.query}, which the processor at this address does not have; it runs another version`,
    );
  return query.parts[0]!.columns.filter((c) => c.role === 'dimension').map((c) => c.name);
}

async function replayRule(
  api: Api,
  o: AlertTestOptions,
  rule: AlertDef,
  catalog: Catalog,
  from: number,
  to: number,
): Promise<Replay> {
  const every = (o.every ?? rule.stepSeconds) * 1000;
  const times: number[] = [];
  for (let t = Math.ceil(from / every) * every; t <= to; t += every) times.push(t);
  const dimensions = dimensionsOf(rule, catalog);
  const evaluations = new Array<Evaluation>(times.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < times.length; i = next++)
      evaluations[i] = await evaluate(api, o.workspace, rule, dimensions, times[i]!, o.lag);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return replay(rule, evaluations);
}

/** How far the data reach now, by an answer of the first rule's query; a rule must not be replayed beyond it. */
async function completeUntil(api: Api, o: AlertTestOptions, rule: AlertDef): Promise<number | null> {
  const answer = await api.query(rule.query, { workspace: o.workspace, from: 'now-1h', to: 'now', limit: 1 });
  return answer.meta.completeUntil;
}

export async function test(o: AlertTestOptions): Promise<void> {
  const all = domains.flatMap((d) => d.alerts);
  for (const name of o.rule ?? [])
    if (!all.some((a) => a.name === name))
      throw new ShadowerError(
        'QUERY_BAD_PARAM',
        `there is no alert rule ${name}; there are ${all.map((a) => a.name).join(', ')}`,
      );
  const rules = all.filter((a) => o.rule === undefined || o.rule.length === 0 || o.rule.includes(a.name));
  const now = Date.now();
  const from = parseTime(o.from, '--from', now);
  const wanted = parseTime(o.to, '--to', now);
  if (from >= wanted) throw new ShadowerError('QUERY_BAD_PARAM', '--from must lie before --to');
  const api = Api.from(o);
  const catalog = await api.catalog();
  const complete = rules[0] === undefined ? null : await completeUntil(api, o, rules[0]);
  if (complete === null)
    throw new ShadowerError(
      'QUERY_INCOMPLETE',
      'it is not known how far the data are complete; check that the processor has counted something',
    );
  const to = Math.min(wanted, complete);
  if (to <= from)
    throw new ShadowerError('QUERY_INCOMPLETE', `the data are complete until ${iso(complete)}, which is before --from`);

  const results: ({ rule: string; title: string; severity: string } & Replay)[] = [];
  for (const rule of rules)
    results.push({
      rule: rule.name,
      title: rule.title,
      severity: rule.severity,
      ...(await replayRule(api, o, rule, catalog, from, to)),
    });
  if (o.format === 'json') {
    out(JSON.stringify({ from: iso(from), to: iso(to), rules: results }, null, 2));
    return;
  }
  out(`Replayed ${iso(from)} to ${iso(to)}${to < wanted ? ' (the data are complete until then)' : ''}\n`);
  for (const r of results) {
    const unknown = Object.entries(r.unknown).map(([why, n]) => `${n} × ${why}`);
    const fired = r.episodes.length === 0 ? 'would not have fired' : `would have fired ${r.episodes.length} times`;
    const notes = unknown.length === 0 ? '' : `; no verdict: ${unknown.join(', ')}`;
    out(`${r.title} (${r.rule}, ${r.severity}): ${fired} in ${r.evaluations} evaluations${notes}`);
    if (r.episodes.length > 0)
      out(
        `${table(
          ['series', 'pending since', 'fired at', 'resolved at', 'worst'].map((name) => ({ name })),
          r.episodes.map((e) => ({
            series: e.series,
            'pending since': iso(e.pendingSince),
            'fired at': iso(e.firedAt),
            'resolved at': e.resolvedAt === null ? 'still firing' : iso(e.resolvedAt),
            worst: formatCell(e.worst),
          })),
        )}\n`,
      );
  }
}
