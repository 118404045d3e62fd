import { formatIntent, parseIntent } from './intent';

const tp = { topic: 't', partition: 3 };

describe('an intent in the offset metadata', () => {
  it('comes back as it was, without what belongs to one run', () => {
    const range = { ...tp, from: 5, to: 9_000_000_000, at: 1_764_000_123_456, encoder: 2 };
    expect(parseIntent(tp, 5, formatIntent({ ...range, epoch: 4 }), 'g')).toEqual(range);
    expect(parseIntent(tp, 5, '', 'g')).toBeUndefined();
  });

  it.each(['theirs', '{}', 'null', '{"to":5,"at":1,"encoder":1}', '{"to":"9","at":1,"encoder":1}', '[1]'])(
    'refuses what another program has written: %s',
    (metadata) => {
      expect(() => parseIntent(tp, 5, metadata, 'g')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});
