import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import german from './locales/de-DE/shadower-healthscorecard-panel.json';
import english from './locales/en-US/shadower-healthscorecard-panel.json';
import pluginJson from './plugin.json';

type Tree = { [key: string]: string | Tree };
const flat = (tree: Tree, prefix = ''): Record<string, string> =>
  Object.assign(
    {},
    ...Object.entries(tree).map(([key, value]) =>
      typeof value === 'string' ? { [prefix + key]: value } : flat(value, `${prefix}${key}.`)
    )
  );

/** Every `t(id, text)` and `plural(id, count, one, other)` of the sources. */
function textsOfSources(): Record<string, string> {
  const texts: Record<string, string> = {};
  const visit = (node: ts.Node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const text = (i: number) => {
        const argument = node.arguments[i];
        return argument && ts.isStringLiteralLike(argument) ? argument.text : undefined;
      };
      const [id, name] = [text(0), node.expression.text];
      if (name === 't' && id !== undefined) {
        texts[id] = text(1)!;
      } else if (name === 'plural' && id !== undefined) {
        texts[`${id}_one`] = text(2)!;
        texts[`${id}_other`] = text(3)!;
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const file of fs.readdirSync(__dirname, { recursive: true, encoding: 'utf8' })) {
    if (/(?<!\.test)\.tsx?$/.test(file)) {
      visit(ts.createSourceFile(file, fs.readFileSync(path.join(__dirname, file), 'utf8'), ts.ScriptTarget.ES2022));
    }
  }
  return texts;
}

const values = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((m) => m[1]).sort();

it('has every text of the sources in American English, and no other', () => {
  expect(flat(english)).toEqual(textsOfSources());
});

it('has every text in German, with the same values in it', () => {
  const [en, de] = [flat(english), flat(german)];
  expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  for (const [key, text] of Object.entries(de)) {
    expect([key, values(text)]).toEqual([key, values(en[key])]);
  }
});

it('tells Grafana which languages there are', () => {
  expect(pluginJson.languages).toEqual(['en-US', 'de-DE']);
});
