import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { migrateQuery } from './migrate';
import { SCHEMA_VERSION, type ShadowerQuery } from './types';

const folder = join(__dirname, '../pkg/query/testdata/saved');
const files = readdirSync(folder).filter((f) => f.endsWith('.json'));
const read = (file: string): { saved: ShadowerQuery; means: Record<string, unknown> } =>
  JSON.parse(readFileSync(join(folder, file), 'utf8'));

describe('queries that released versions saved', () => {
  it.each(files)('%s means the same today', (file) => {
    const { saved, means } = read(file);
    const migrated = migrateQuery(saved);
    expect(migrated).toMatchObject(means);
    expect(migrated.refId).toBe(saved.refId);
    expect(migrateQuery(migrated)).toEqual(migrated);
  });
  it('has a fixture of every older version', () =>
    expect([...new Set(files.map((f) => Number(read(f).saved.schemaVersion)))].sort()).toEqual(
      Array.from({ length: SCHEMA_VERSION - 1 }, (_, i) => i + 1)
    ));
  it('leaves alone what it does not know', () => {
    const newer = { refId: 'A', schemaVersion: 99, query: 'x' } as unknown as ShadowerQuery;
    expect(migrateQuery(newer)).toEqual(newer);
  });
});
