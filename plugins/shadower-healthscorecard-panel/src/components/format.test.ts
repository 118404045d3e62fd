import { createTheme } from '@grafana/data';
import { type EntityScore } from '../data/model';
import { changeText, entityLabel, entityLinks, scoreText, valueAndTarget, valueFormatter } from './format';

const bare = { source: null };

it('never rounds a score over a boundary', () => {
  expect([99.96, 59.96, 64.1, 100, 0].map((s) => scoreText(bare, s))).toEqual(['99.9', '59.9', '64.1', '100', '0']);
  expect(scoreText(bare, null)).toBe('–');
});

it('says changes with sign and in words', () => {
  expect(changeText(-53)).toMatchObject({ direction: 'down', short: '▼ 53', long: 'down 53 from the previous period' });
  expect(changeText(0.04)).toMatchObject({ direction: 'none' });
  expect(changeText(null)).toMatchObject({ direction: 'unknown', short: '–' });
});

it('shows value and target in the unit, with decimals that tell them apart', () => {
  const format = valueFormatter(createTheme());
  expect(valueAndTarget({ value: 0.9994, target: 0.999, unit: 'percentunit' }, format)).toEqual({
    value: '99.94%',
    target: '99.9%',
  });
  expect(valueAndTarget({ value: 840, target: 300, unit: 'ms' }, format)).toEqual({
    value: '840 ms',
    target: '300 ms',
  });
  expect(valueAndTarget({ value: null, target: 'none', unit: 'ms' }, format)).toEqual({
    value: 'Unknown',
    target: 'none',
  });
});

it('speaks unknown as unknown', () => {
  const e = { entity: 'mail', score: null, status: 'unknown', change: null, confidence: 0, reason: 'No calls.' };
  expect(entityLabel({ ...e, source: null } as unknown as EntityScore, 0.5)).toBe(
    'mail: unknown, score unknown, No calls'
  );
});

it('takes the links of the row and makes them safe', () => {
  const getLinks = ({ valueRowIndex }: { valueRowIndex?: number }) => [
    { title: 'Row', href: `/d/x?row=${valueRowIndex}`, target: '_self', origin: null },
    { title: 'Evil', href: 'javascript:alert(1)', target: '_self', origin: null },
  ];
  const links = entityLinks({
    source: { row: 7, entityField: { getLinks }, scoreField: { getLinks } },
  } as unknown as EntityScore);
  expect(links.map((l) => l.href)).toEqual(['/d/x?row=7', 'about:blank']);
});
