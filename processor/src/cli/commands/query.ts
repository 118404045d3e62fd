/** `shadower query` and `shadower catalog` */
import { Api } from '../api-client';
import { out, type RemoteOptions } from '../options';
import { table } from '../table';

export interface QueryOptions extends RemoteOptions {
  param?: Record<string, string[]>;
  from: string;
  to: string;
  step?: number;
  format: string;
  part?: string;
}

export async function query(name: string, o: QueryOptions): Promise<void> {
  const api = Api.from(o);
  const args = {
    workspace: o.workspace,
    from: o.from,
    to: o.to,
    ...(o.step === undefined ? {} : { step: o.step }),
    ...(o.part === undefined ? {} : { part: o.part }),
    params: o.param ?? {},
  };
  if (o.format === 'csv') {
    out((await api.csv(name, args)).trimEnd());
    return;
  }
  const answer = await api.query(name, args);
  if (o.format === 'json') {
    out(JSON.stringify(answer, null, 2));
    return;
  }
  const def = (await api.catalog()).queries.find((q) => q.name === name)!;
  for (const part of def.parts) {
    const rows = answer.parts[part.name];
    if (rows === undefined) continue;
    out(`${def.parts.length > 1 ? `${part.name}\n` : ''}${table(part.columns, rows)}\n`);
  }
  const until = answer.meta.completeUntil;
  out(
    `grain ${answer.meta.grain}, step ${answer.meta.step} s, complete until ${until === null ? 'unknown' : new Date(until).toISOString()}${answer.meta.truncated ? ', TRUNCATED: rows beyond the limit are missing' : ''}`,
  );
}

export async function catalog(o: RemoteOptions & { format: string }): Promise<void> {
  const all = await Api.from(o).catalog();
  if (o.format === 'json') out(JSON.stringify(all, null, 2));
  else
    out(
      table(
        [{ name: 'name' }, { name: 'kind' }, { name: 'title' }, { name: 'parameters' }],
        all.queries.map((q) => ({ ...q, parameters: q.params.map((p) => p.name).join(', ') })),
      ),
    );
}
