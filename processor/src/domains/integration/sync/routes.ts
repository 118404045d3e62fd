/** The source document's endpoint about synchronisation (§9). */
import { z } from 'zod';
import { route, type QueryAnswer } from '../../define';
import { ShadowerError } from '../../../errors';
import { meta, moment, rows } from '../../../vocabulary/routes';

export const routes = [
  route({
    method: 'POST',
    path: '/analytics/integrations/sync-analysis',
    summary:
      'Analysis of the sync operations and conflicts of one integration between two moments; a date as end_date is included',
    params: z.object({}),
    querystring: z.object({
      integration_id: z.string().min(1).max(256),
      start_date: moment('start').describe('ISO 8601 date or date and time (UTC unless it has an offset)'),
      end_date: moment('end').describe('Likewise; of a date, its end'),
    }),
    response: z.object({
      integration: z.string(),
      streams: rows,
      errors: rows,
      peak_times: rows,
      conflicts: z.record(z.string(), z.unknown()).nullable(),
      conflict_fields: rows,
      conflict_segments: rows,
      findings: rows,
      meta,
    }),
    async handle(ctx, _params, { integration_id, start_date, end_date }) {
      const to = Math.min(end_date, ctx.now);
      if (start_date >= to)
        throw new ShadowerError('QUERY_BAD_PARAM', 'start_date must be before end_date, and in the past');
      const ask = (name: string): Promise<QueryAnswer> =>
        ctx.query(name, { params: { integration: [integration_id] }, from: start_date, to });
      const [streams, errors, hours, summary, fields, segments, found] = await Promise.all(
        [
          'integration_sync_streams',
          'integration_sync_errors',
          'integration_sync_hours',
          'integration_conflict_summary',
          'integration_conflict_fields',
          'integration_conflict_segments',
          'integration_sync_findings',
        ].map(ask),
      );
      const main = (a: QueryAnswer | undefined): Record<string, unknown>[] => a?.parts.main ?? [];
      if (main(streams).length === 0 && main(summary).length === 0)
        throw new ShadowerError(
          'NOT_FOUND',
          `integration ${integration_id} had no sync operations or conflicts in the range, nor in the 30 days before its end`,
        );
      return {
        integration: integration_id,
        streams: main(streams),
        errors: main(errors),
        peak_times: main(hours),
        conflicts: main(summary)[0] ?? null,
        conflict_fields: main(fields),
        conflict_segments: main(segments),
        findings: main(found),
        meta: streams!.meta,
      };
    },
  }),
];
