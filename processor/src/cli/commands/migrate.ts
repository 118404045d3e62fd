/** `shadower migrate` */
import { ClickHouse } from '../../clickhouse/client';
import { migrate as migrateSchema } from '../../clickhouse/migrate';
import { domains } from '../../domains';
import { ShadowerError } from '../../errors';
import { readEnvironment, serverConfig } from '../config';
import { out } from '../options';

export async function migrate(): Promise<void> {
  const env = readEnvironment();
  const server = serverConfig(env);
  if (server === undefined)
    throw new ShadowerError(
      'CONFIG_INVALID',
      'SHADOWER_CLICKHOUSE_URL is not set; the embedded engine is migrated by "shadower start"',
    );
  const ch = new ClickHouse(server);
  try {
    const { statements } = await migrateSchema(
      ch,
      domains,
      env.SHADOWER_CLICKHOUSE_CLUSTER === undefined ? {} : { cluster: env.SHADOWER_CLICKHOUSE_CLUSTER },
    );
    for (const s of statements) out(s.length > 160 ? `${s.slice(0, 160)} …` : s);
    out(statements.length === 0 ? 'Nothing to do.' : `${statements.length} statements run.`);
  } finally {
    await ch.close();
  }
}
