import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import english from './locales/en-US/shadower-dependencygraph-panel.json';
import german from './locales/de-DE/shadower-dependencygraph-panel.json';

/** Keys with dots, and their texts. */
function flat(texts: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]: [string, unknown]): Array<[string, string]> =>
      typeof value === 'string' ? [[prefix + key, value]] : [...flat(value as object, `${prefix}${key}.`)]
    )
  );
}

/** The keys that the code asks for. */
function used(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return used(path);
    }
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.')
      ? [...readFileSync(path, 'utf8').matchAll(/\bt\(\s*'([^']+)'/g)].map(([, key]) => key)
      : [];
  });
}

const stem = (key: string) => key.replace(/_(one|other)$/, '');
const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map(([, name]) => name).sort();

describe('translations', () => {
  it.each([
    ['en-US', english],
    ['de-DE', german],
  ])('%s has a text for every key in use, and no other', (_language, texts) => {
    const keys = new Set([...flat(texts).keys()].map(stem));
    expect([...keys].sort()).toEqual([...new Set(used(__dirname))].sort());
  });

  it('have the same placeholders in every language', () => {
    const of = flat(german);
    for (const [key, text] of flat(english)) {
      expect([key, placeholders(of.get(key) ?? '')]).toEqual([key, placeholders(text)]);
    }
  });
});
