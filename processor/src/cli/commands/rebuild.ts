/** `shadower rebuild` */
import { domains } from '../../domains';
import { ShadowerError } from '../../errors';
import { parseTime } from '../../http/time';
import { rebuild as rebuildRollups } from '../../repair/rebuild';
import { openBackends } from '../backends';
import { readEnvironment } from '../config';
import { out } from '../options';
import { describeDifferences, stepLine } from '../report';

export interface RebuildCommand {
  from: string;
  to: string;
  domain?: string;
  dryRun?: boolean;
  data?: string;
}

export async function rebuild(o: RebuildCommand): Promise<void> {
  const env = readEnvironment();
  const now = Date.now();
  const range = { from: parseTime(o.from, '--from', now), to: parseTime(o.to, '--to', now) };
  const backends = await openBackends(env, o.data);
  try {
    if (backends.log === undefined)
      throw new ShadowerError(
        'LOG_BUSY',
        'a processor is running on this folder; stop it ("shadower start" ends on Ctrl-C), rebuild, and start it again',
      );
    const say = stepLine();
    const report = await rebuildRollups(backends.ch, backends.log, domains, {
      ...range,
      ...(o.domain !== undefined && { domain: o.domain }),
      ...(o.dryRun && { dryRun: true }),
      ...(env.SHADOWER_CLICKHOUSE_CLUSTER !== undefined && { cluster: env.SHADOWER_CLICKHOUSE_CLUSTER }),
      progress: (events, day) => say(`reading raw: ${events} events, at ${day}`),
      step: (what, subject) => say(`${what}${subject === '' ? '' : ` ${subject}`}`, true),
    });
    out(
      `Days ${report.from} to ${report.to} (the end not included): ${report.events} raw events, ${report.tables} tables.`,
    );
    out(describeDifferences(report.differences));
    out(
      o.dryRun
        ? 'Nothing was replaced (--dry-run).'
        : `${report.partitions} partitions were replaced; these days are what raw says.`,
    );
    if (o.dryRun && report.differences.length > 0) process.exitCode = 1;
  } finally {
    await backends.close();
  }
}
