import { formatIntent, formatPosition, parseIntent, parseMetadata } from './intent';

const tp = { topic: 't', partition: 3 };
const range = { ...tp, from: 5, to: 9_000_000_000, at: 1_764_000_123_456, encoder: 2 };

describe('the metadata of an offset', () => {
  it('give an intent back as it was, without what belongs to one run', () => {
    expect(parseIntent(tp, 5, formatIntent({ ...range, epoch: 4 }), 'g')).toEqual(range);
    const whole = { ...range, digest: 'd', topicId: 'id' };
    expect(parseMetadata(tp, 5, formatIntent(whole), 'g')).toEqual({ pending: whole, topicId: 'id' });
  });

  it('name the topic of an intent whose range does not, and leave the range as it was, since its token is made of it', () => {
    expect(parseMetadata(tp, 5, formatIntent(range, 'id'), 'g')).toEqual({ pending: range, topicId: 'id' });
  });

  it('name the topic of a plain commit; releases before that wrote nothing', () => {
    expect(parseMetadata(tp, 5, formatPosition('id'), 'g')).toEqual({ topicId: 'id' });
    expect(formatPosition(undefined)).toBe('');
    expect(parseMetadata(tp, 5, '', 'g')).toEqual({});
    expect(parseMetadata(tp, 5, '{"to":9,"at":1,"encoder":1}', 'g')).toEqual({
      pending: { ...tp, from: 5, to: 9, at: 1, encoder: 1 },
    });
  });

  it.each([
    'theirs',
    '{}',
    'null',
    '{"to":5,"at":1,"encoder":1}',
    '{"to":"9","at":1,"encoder":1}',
    '{"topicId":7}',
    '[1]',
  ])('are refused where another program has written them: %s', (metadata) => {
    expect(() => parseIntent(tp, 5, metadata, 'g')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
