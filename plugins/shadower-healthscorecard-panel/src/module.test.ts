import { getPanelDataSummary, toDataFrame } from '@grafana/data';
import { sampleFrames } from './data/sample';
import { migrateOptions } from './migrations';
import { DEFAULT_OPTIONS, withDefaults } from './options';
import { suggest } from './suggestions';
import { plugin } from './module';

it('exports a panel', () => {
  expect(plugin.panel).toBeInstanceOf(Function);
  expect(plugin.onPanelMigration).toBe(migrateOptions);
});

it('fills gaps and drops what it does not know', () => {
  expect(withDefaults(undefined)).toEqual(DEFAULT_OPTIONS);
  const saved = { view: 'sunburst', sort: 'name', lowConfidence: 7, showTerms: 'yes', text: 'scaffold' };
  expect(migrateOptions({ options: saved } as unknown as Parameters<typeof migrateOptions>[0])).toEqual({
    ...DEFAULT_OPTIONS,
    sort: 'name',
  });
});

it('is suggested for scores, not for any table', () => {
  expect(suggest(getPanelDataSummary(sampleFrames(Date.UTC(2026, 0, 1))))).toHaveLength(1);
  expect(
    suggest(
      getPanelDataSummary([
        toDataFrame({
          fields: [
            { name: 'name', values: ['a'] },
            { name: 'n', values: [1] },
          ],
        }),
      ])
    )
  ).toBeUndefined();
  expect(suggest(getPanelDataSummary([]))).toBeUndefined();
});
