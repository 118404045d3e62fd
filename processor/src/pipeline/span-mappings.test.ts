/** What becomes of spans when several domains look at them. */
import { domain, event, field, type Domain, type Span, type SpanMapping } from '../domains/define';
import { createDecoder, type Item } from './decode';

const span = (kind: Span['kind']): Span => ({
  traceId: 't',
  spanId: 's',
  parentSpanId: '',
  name: 'n',
  kind,
  startMs: 1_700_000_000_000,
  endMs: 1_700_000_000_001,
  status: 'unset',
  statusMessage: '',
  attributes: {},
  resource: {},
  scope: '',
});

/** A domain that makes an event of the spans of some kinds and ignores the others for `reason`. */
function taking(name: string, kinds: Span['kind'][], reason: string): Domain {
  const seen = event({
    type: `${name}.seen`,
    title: 'Seen',
    description: 'A span was seen.',
    privacy: 'operational',
    rawRetentionDays: 0,
    fields: { kind: field.name('Kind of span') },
    example: { type: `${name}.seen`, time: 0, workspace: 'w', kind: 'client' },
  });
  const spans: SpanMapping = (s) =>
    kinds.includes(s.kind)
      ? { events: [{ type: seen.type, event_id: s.spanId, time: s.startMs, kind: s.kind }] }
      : { ignored: reason };
  const nothing = { rollups: [], queries: [], alerts: [], dashboards: [], routes: [] };
  return domain({ name, title: name, description: name, events: [seen], ...nothing, spans });
}

function decode(domains: Domain[], ...spans: Span[]): Item[] {
  const decoder = createDecoder(domains, () => ({ spans, rejected: [] }));
  const record = { offset: 0, key: null, value: Buffer.from('x'), timestamp: 0, headers: { workspace: 'w' } };
  return decoder({ topic: 'spans', encoding: 'otlp' }, record);
}

const what = (items: Item[]) =>
  items.map((i) => [i.kind, i.kind === 'event' ? i.event.type : i.kind === 'ignored' ? i.reason : i.letter.code]);

it('a span that one domain uses is not counted as ignored by the other', () => {
  const both = [taking('calls', ['client'], 'no_call'), taking('mail', ['producer', 'client'], 'no_mail')];
  expect(what(decode(both, span('producer')))).toEqual([['event', 'mail.seen']]);
  expect(what(decode(both, span('client')))).toEqual([
    ['event', 'calls.seen'],
    ['event', 'mail.seen'],
  ]);
});

it('a span that none uses is counted once, with the reasons of all', () => {
  const both = [taking('calls', [], 'no_call'), taking('mail', [], 'no_mail')];
  expect(what(decode(both, span('internal')))).toEqual([['ignored', 'no_call, no_mail']]);
  expect(what(decode([both[0]!, both[0]!], span('internal')))).toEqual([['ignored', 'no_call']]);
  expect(what(decode([], span('internal')))).toEqual([['ignored', 'no_span_mapping']]);
});
