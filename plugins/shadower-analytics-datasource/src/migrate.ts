import { SCHEMA_VERSION, type ShadowerQuery } from './types';

type Saved = { schemaVersion?: unknown } & Record<string, unknown>;

/** Makes a query of version n+1 of one of version n; the same steps as pkg/query/migrate.go, held by the same fixtures. */
const MIGRATIONS: Record<number, (saved: Saved) => Saved> = {
  // 2 added modes, filters, top, logs and streams beside what 1 had; a query of 1 means the same in 2.
  1: (saved) => ({ ...saved, schemaVersion: 2 }),
};

/** A saved query of any released version as one of today. What is newer or was never released stays, and the backend says so. */
export function migrateQuery(saved: ShadowerQuery): ShadowerQuery {
  let query: Saved = { ...saved };
  for (;;) {
    const step = typeof query.schemaVersion === 'number' ? MIGRATIONS[query.schemaVersion] : undefined;
    if (!step || query.schemaVersion === SCHEMA_VERSION) {
      return query as unknown as ShadowerQuery;
    }
    query = step(query);
  }
}
