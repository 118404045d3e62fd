/** Replay of dead letters through the ordinary intake, so that they are judged like everything else. */
import type { Api } from './api-client';
import { apiError } from './api-client';
import { DEAD_LETTERS } from '../domains';

const CHUNK = 500;

export interface ReplayReport {
  sent: number;
  accepted: number;
  refused: number;
  /** Letters of which only the first 64 KiB are kept. */
  cut: number;
}

export async function replayDeadLetters(
  api: Api,
  o: { workspace: string; from: string; to: string; codes: string[] },
): Promise<ReplayReport> {
  const answer = await api.query(DEAD_LETTERS, {
    workspace: o.workspace,
    from: o.from,
    to: o.to,
    params: { code: o.codes },
  });
  const report: ReplayReport = { sent: 0, accepted: 0, refused: 0, cut: 0 };
  const whole: string[] = [];
  for (const letter of answer.parts.main ?? []) {
    const payload = String(letter.payload);
    if (Buffer.byteLength(payload) < Number(letter.payload_bytes)) report.cut++;
    // NDJSON is sent, so a line break inside a payload must not become two events.
    else whole.push(payload.replace(/[\r\n]+/g, ' '));
  }
  for (let i = 0; i < whole.length; i += CHUNK) {
    const chunk = whole.slice(i, i + CHUNK);
    const { status, json } = await api.request(
      'POST',
      '/v1/events',
      { type: 'application/x-ndjson', data: chunk.join('\n') },
      { 'x-shadower-workspace': o.workspace },
    );
    const rejected = (json.rejected ?? (json.details as { rejected?: unknown } | undefined)?.rejected) as
      unknown[] | undefined;
    if (status >= 400 && rejected === undefined) throw apiError(json, status);
    report.sent += chunk.length;
    report.refused += rejected?.length ?? 0;
    report.accepted += chunk.length - (rejected?.length ?? 0);
  }
  return report;
}
