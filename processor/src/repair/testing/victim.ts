/**
 * The process that the kill test kills: a rebuild that stops for good before the n-th step of a kind.
 * Arguments: URL of ClickHouse, database, from and to in milliseconds, step, n.
 */
import { ClickHouse } from '../../clickhouse/client';
import { domains } from '../../domains';
import { rebuild } from '../rebuild';

const [url, database, from, to, step, nth] = process.argv.slice(2) as [string, string, string, string, string, string];

async function main(): Promise<void> {
  const ch = new ClickHouse({ url, user: 'writer', password: 'w', database });
  const log = { state: async () => ({ consumers: [], partitions: [] }), close: async () => undefined };
  let seen = 0;
  await rebuild(ch, log, domains, {
    from: Number(from),
    to: Number(to),
    step: async (what) => {
      if (what !== step || ++seen < Number(nth)) return;
      process.send!('here');
      await new Promise(() => setInterval(() => undefined, 1000));
    },
  });
}

main().catch((e: unknown) => {
  process.stderr.write(`${String(e)}\n`);
  process.exit(1);
});
