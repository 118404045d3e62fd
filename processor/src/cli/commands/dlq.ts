/** `shadower dlq`: dead letters, listed, shown and sent again. */
import { ShadowerError } from '../../errors';
import { parseTime } from '../../http/time';
import { Api } from '../api-client';
import { listLetters, parsePlace, placeOf, replayLetters, wholeLetters, type LetterFilter } from '../dlq';
import { out, type RemoteOptions } from '../options';
import { table } from '../table';

export interface DlqOptions extends RemoteOptions {
  code?: string[];
  topic?: string;
  partition?: number;
  offset?: string;
  type?: string[];
  contains?: string[];
  from: string;
  to: string;
  limit?: number;
}

const DAY = 86_400_000;

/** `100`, `100-200`, `100-` or `-200`, both ends included. @throws ShadowerError REQUEST_INVALID */
export function parseOffsets(text: string): { offsetFrom?: number; offsetTo?: number } {
  const m = /^(\d*)(-?)(\d*)$/.exec(text);
  if (m === null || (m[1] === '' && m[3] === ''))
    throw new ShadowerError('REQUEST_INVALID', `--offset ${text}: write 100, 100-200, 100- or -200`);
  const [, from, dash, to] = m;
  if (dash === '') return { offsetFrom: Number(from), offsetTo: Number(from) };
  return { ...(from !== '' && { offsetFrom: Number(from) }), ...(to !== '' && { offsetTo: Number(to) }) };
}

function filterOf(o: DlqOptions): LetterFilter {
  // Resolved once: what a replay leaves behind must not be part of what it goes through.
  const now = Date.now();
  return {
    workspace: o.workspace,
    from: parseTime(o.from, '--from', now),
    to: parseTime(o.to, '--to', now),
    ...(o.code !== undefined && { codes: o.code }),
    ...(o.topic !== undefined && { topic: o.topic }),
    ...(o.partition !== undefined && { partition: o.partition }),
    ...(o.offset !== undefined && parseOffsets(o.offset)),
    ...(o.type !== undefined && { type: o.type }),
    ...(o.contains !== undefined && { contains: o.contains }),
    ...(o.limit !== undefined && { limit: o.limit }),
  };
}

export async function list(o: DlqOptions & { format: string }): Promise<void> {
  const { letters, more } = await listLetters(Api.from(o), filterOf(o));
  if (o.format === 'json') {
    out(JSON.stringify(letters, null, 2));
    return;
  }
  if (letters.length === 0) {
    out('No dead letters.');
    return;
  }
  const columns = [{ name: 'time' }, { name: 'code' }, { name: 'reason' }, { name: 'place' }];
  out(
    table(
      columns,
      letters.map((l) => ({ ...l, place: placeOf(l) })),
    ),
  );
  if (more) process.stderr.write('There are more; narrow the filters or raise --limit.\n');
}

const isText = (b: Buffer): boolean => Buffer.from(b.toString('utf8')).equals(b);

export async function show(place: string, o: RemoteOptions & { raw?: boolean }): Promise<void> {
  const p = parsePlace(place);
  const now = Date.now();
  const filter: LetterFilter = {
    workspace: o.workspace,
    // Letters are kept for 30 days after they were processed; their records may be older.
    from: 0,
    to: now + DAY,
    topic: p.topic,
    partition: p.partition,
    offsetFrom: p.offset,
    offsetTo: p.offset,
  };
  let found = 0;
  for await (const letter of wholeLetters(Api.from(o), filter)) {
    if (p.idx !== undefined && letter.idx !== p.idx) continue;
    found++;
    if (o.raw) {
      process.stdout.write(letter.payload);
      continue;
    }
    const { payload, cut, ...rest } = letter;
    out(`${placeOf(letter)}  ${rest.time}  ${rest.code}`);
    out(`reason: ${rest.reason}`);
    out(
      `payload (${rest.payload_bytes} bytes${cut ? `, of which the first ${payload.length} are kept` : ''}${isText(payload) ? '' : ', not text: base64'}):`,
    );
    out(isText(payload) ? payload.toString('utf8') : payload.toString('base64'));
  }
  if (found === 0)
    throw new ShadowerError(
      'NOT_FOUND',
      `workspace "${o.workspace}" has no dead letter at ${place}; "shadower dlq list" names the places, and --workspace '' those of no workspace`,
    );
}

export async function replay(o: DlqOptions & { dryRun?: boolean; into?: string }): Promise<void> {
  const r = await replayLetters(Api.from(o), filterOf(o), {
    ...(o.into !== undefined && { into: o.into }),
    ...(o.dryRun && {
      dryRun: true,
      each: (letter, to) => out(`${placeOf(letter)}  ${letter.code}  → ${to}`),
    }),
  });
  const left = `${r.cut} left out because only their beginning is kept${r.empty > 0 ? `, ${r.empty} because they are empty` : ''}`;
  if (o.dryRun) {
    out(
      `${r.sent} would be sent again, in ${r.otlp} requests to the OTLP intake where they are spans; ${left}. Nothing was sent (--dry-run).`,
    );
    return;
  }
  out(`${r.sent} sent again, ${r.accepted} valid now, ${r.refused} refused again, ${left}.`);
  if (r.refused > 0 || r.cut > 0) process.exitCode = 1;
}
