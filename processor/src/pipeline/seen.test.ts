import { SeenIds } from './seen';

it('an id counts once within the horizon, its end included, and again after it', () => {
  const seen = new SeenIds(1000, 10);
  expect([seen.add('a', 0), seen.add('a', 1000), seen.add('a', 1001), seen.add('a', 2001)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

it('the horizon runs from the record that counted, not from its duplicates', () => {
  const seen = new SeenIds(1000, 10);
  expect([0, 600, 1200].map((t) => seen.add('a', t))).toEqual([true, false, true]);
});

it('drops what has expired, and says when it had to drop what had not', () => {
  const seen = new SeenIds(1000, 3);
  for (const [i, id] of ['a', 'b', 'c'].entries()) seen.add(id, i * 100);
  expect([seen.size, seen.shortenedTo]).toEqual([3, undefined]);
  seen.add('d', 300);
  expect([seen.size, seen.shortenedTo]).toEqual([3, 300]);
  expect(seen.add('a', 300)).toBe(true);
  seen.add('z', 5000);
  expect(seen.size).toBe(1);
});
