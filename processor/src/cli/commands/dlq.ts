/** `shadower dlq`: dead letters, listed and sent again. */
import { DEAD_LETTERS } from '../../domains';
import { Api } from '../api-client';
import { replayDeadLetters } from '../dlq';
import { out, type RemoteOptions } from '../options';
import { table } from '../table';

export interface DlqOptions extends RemoteOptions {
  code?: string[];
  from: string;
  to: string;
}

export async function listLetters(o: DlqOptions & { format: string }): Promise<void> {
  const answer = await Api.from(o).query(DEAD_LETTERS, {
    workspace: o.workspace,
    from: o.from,
    to: o.to,
    params: { code: o.code ?? [] },
  });
  const rows = answer.parts.main ?? [];
  if (o.format === 'json') out(JSON.stringify(rows, null, 2));
  else
    out(
      rows.length === 0
        ? 'No dead letters.'
        : table(
            [
              { name: 'time' },
              { name: 'code' },
              { name: 'reason' },
              { name: 'topic' },
              { name: 'part' },
              { name: 'off' },
            ],
            rows,
          ),
    );
}

export async function replayLetters(o: DlqOptions): Promise<void> {
  const r = await replayDeadLetters(Api.from(o), {
    workspace: o.workspace,
    from: o.from,
    to: o.to,
    codes: o.code ?? [],
  });
  out(
    `${r.sent} sent again, ${r.accepted} valid now, ${r.refused} refused again, ${r.cut} left out because only their beginning is kept.`,
  );
  if (r.refused > 0 || r.cut > 0) process.exitCode = 1;
}
