import { formatCell, table } from './table';

it('writes values with their unit; unknown is a dash, never a zero', () => {
  expect(
    (
      [
        [0.1234, 'percentunit', '12.34 %'],
        [123.4, 'ms', '123 ms'],
        [1.2345, 'ms', '1.23 ms'],
        [0.51234, 'reqps', '0.512 /s'],
        [0.5, 'currencyUSD', '$0.5000'],
        [5, undefined, '5'],
        [1.23456, 'none', '1.235'],
        [null, 'ms', '–'],
        [undefined, undefined, '–'],
        [true, undefined, 'true'],
      ] as const
    ).filter(([v, unit, want]) => formatCell(v, unit) !== want),
  ).toEqual([]);
});

it('aligns numbers to the right, and cuts long text', () => {
  const text = table(
    [{ name: 'name' }, { name: 'calls' }],
    [
      { name: 'a', calls: 5 },
      { name: 'b'.repeat(100), calls: 1234 },
    ],
  ).split('\n');
  expect(text).toHaveLength(4);
  expect(text[2]).toMatch(/^a +5$/);
  expect(text[3]).toMatch(/^b{59}… {3}1234$/);
  expect(new Set(text.slice(1).map((l) => l.length)).size).toBe(1);
});

it('has a head also where there are no rows', () => {
  expect(table([{ name: 'a' }], [])).toBe('a\n─');
});
