// @ts-check
/** A proxy before ClickHouse that spoils some answers, or holds them back. What it is asked is carried out all the same. */
import { createServer, request } from 'node:http';

/**
 * @typedef {'pass' | 'lose' | 'error' | { holdMs: number } | 'refuse'} Fate what becomes of a request: `lose` breaks the
 *   connection instead of answering, `error` answers with an error (both after it was carried out), `holdMs` answers late,
 *   `refuse` breaks the connection at once and carries out nothing
 */

/**
 * @param {() => string} target where requests go; asked each time, since it may come back elsewhere
 * @param {(insert: { table: string, nth: number }) => Fate} fate asked for each insert; nth counts those of the table
 */
export async function startProxy(target, fate) {
  /** @type {Map<string, number>} */
  const inserts = new Map();
  let spoilt = 0;
  const server = createServer((from, to) => {
    const sql = new URL(from.url ?? '/', target()).searchParams.get('query') ?? '';
    const table = /^\s*INSERT INTO \S+?\.(\w+)/.exec(sql)?.[1];
    /** @type {Fate} */
    let what = 'pass';
    if (table !== undefined) {
      const nth = (inserts.get(table) ?? 0) + 1;
      inserts.set(table, nth);
      what = fate({ table, nth });
    }
    if (what !== 'pass') spoilt++;
    if (what === 'refuse') return void to.destroy();
    const onward = request(
      new URL(from.url ?? '/', target()),
      { method: from.method, headers: from.headers },
      (answer) => {
        const give = () => {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
        };
        if (what === 'lose') answer.on('end', () => to.destroy()).resume();
        else if (what === 'error')
          answer
            .on('end', () => {
              to.writeHead(500, { 'x-clickhouse-exception-code': '241' });
              to.end('Code: 241. DB::Exception: Memory limit exceeded, after all was written. (MEMORY_LIMIT_EXCEEDED)');
            })
            .resume();
        else if (typeof what === 'object') setTimeout(give, what.holdMs);
        else give();
      },
    );
    onward.on('error', () => to.destroy());
    // A client that has gone away does not take the request back.
    from.pipe(onward);
  });
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** How many answers were spoilt. */
    spoilt: () => spoilt,
    close: () =>
      new Promise((done) => {
        server.close(() => done(undefined));
        server.closeAllConnections();
      }),
  };
}
