/** `shadower reconcile` */
import { domains } from '../../domains';
import { parseTime } from '../../http/time';
import { CHECKS, describe, differencesOf } from '../../repair/differences';
import { reconcile as reconcileCounts } from '../../repair/reconcile';
import { openBackends } from '../backends';
import { readEnvironment } from '../config';
import { out } from '../options';

export interface ReconcileCommand {
  from: string;
  to: string;
  deep?: boolean;
  json?: boolean;
  transactional?: string[];
  data?: string;
}

/** Exit code 1 on a difference, and also when nothing at all could be judged. */
export async function reconcile(o: ReconcileCommand): Promise<void> {
  const env = readEnvironment();
  const now = Date.now();
  const range = { from: parseTime(o.from, '--from', now), to: parseTime(o.to, '--to', now) };
  const backends = await openBackends(env, o.data);
  try {
    const report = await reconcileCounts(backends.ch, domains, {
      ...range,
      deep: o.deep ?? false,
      ...(backends.log !== undefined && { log: backends.log }),
      ...(o.transactional !== undefined && { transactional: o.transactional }),
      ...(env.SHADOWER_CLICKHOUSE_CLUSTER !== undefined && { cluster: env.SHADOWER_CLICKHOUSE_CLUSTER }),
    });
    const differences = differencesOf(report);
    const judged = report.from < report.to;
    if (differences.length > 0 || !judged) process.exitCode = 1;
    if (o.json) {
      out(JSON.stringify({ ok: differences.length === 0 && judged, ...report }));
      return;
    }
    const iso = (ms: number): string => new Date(ms).toISOString();
    out(
      judged
        ? `Judged ${iso(report.from)} to ${iso(report.to)} (complete until ${iso(report.completeUntil!)}).`
        : `Nothing could be judged: ${report.completeUntil === null ? 'no processor has reported yet' : `data are complete until ${iso(report.completeUntil)}, before the range`}.`,
    );
    for (const r of report.results) {
      out(
        `  ${r.differences.length === 0 ? 'ok' : 'DIFFERS'}  ${r.check} (${r.compared} compared): ${CHECKS[r.check]}`,
      );
      for (const why of r.skipped) out(`      left out: ${why}`);
    }
    for (const d of differences) out(describe(d));
    out(differences.length === 0 ? 'No differences.' : `${differences.length} differences.`);
  } finally {
    await backends.close();
  }
}
