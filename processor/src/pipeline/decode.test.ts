/** Records that are not what they should be: each is one dead letter with a code, fenced to a workspace that is one. */
import { domains } from '../domains';
import { decodeTraces } from '../otlp';
import { createDecoder, WORKSPACE_HEADER, type Item } from './decode';

const decode = createDecoder(domains, decodeTraces, { maxRecordBytes: 1000 });
const EVENT = {
  time: 1_700_000_000_000,
  source: 'a',
  target: 'b',
  dependency_type: 'data',
};
const run = (
  value: Buffer | string | object | null,
  headers: Record<string, string> = {},
  workspace?: string,
): Item[] =>
  decode(
    {
      topic: 't',
      encoding: 'event_json',
      type: 'integration.dependency',
      ...(workspace === undefined ? {} : { workspace }),
    },
    {
      offset: 0,
      key: null,
      timestamp: 0,
      headers,
      value:
        value === null || Buffer.isBuffer(value)
          ? value
          : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    },
  );

it.each<[string, Buffer | string | object | null, string]>([
  ['no value', null, 'EVENT_EMPTY'],
  ['an empty value', '', 'EVENT_EMPTY'],
  ['too large', 'x'.repeat(1001), 'EVENT_TOO_LARGE'],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'EVENT_NOT_UTF8'],
  ['not JSON', '{"a":', 'EVENT_NOT_JSON'],
  ['an array', '[]', 'EVENT_NOT_OBJECT'],
  ['null', 'null', 'EVENT_NOT_OBJECT'],
  ['an unknown type', { ...EVENT, type: 'a.b', workspace: 'w' }, 'EVENT_UNKNOWN_TYPE'],
  ['another type than the topic', { ...EVENT, type: 'integration.api_call', workspace: 'w' }, 'EVENT_INVALID'],
  ['no workspace', EVENT, 'EVENT_NO_WORKSPACE'],
  ['an unknown field', { ...EVENT, workspace: 'w', extra: 1 }, 'EVENT_INVALID'],
])('%s', (_name, value, code) => {
  const items = run(value);
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ kind: 'dead_letter', letter: { code, idx: 0 } });
});

it("takes the workspace from the event, else from the record's header, else from the topic", () => {
  const of = (i: Item[]) => (i[0] as { event: { workspace: string } }).event.workspace;
  expect(of(run({ ...EVENT, workspace: 'own' }))).toBe('own');
  expect(of(run(EVENT, { [WORKSPACE_HEADER]: 'header' }, 'topic'))).toBe('header');
  expect(of(run(EVENT, {}, 'topic'))).toBe('topic');
});

it("a dead letter lies in the event's workspace only where that is a well-formed name", () => {
  const of = (i: Item[]) => (i[0] as { letter: { workspace: string } }).letter.workspace;
  expect(of(run({ ...EVENT, target: 5, workspace: 'own' }, {}, 'topic'))).toBe('own');
  for (const bad of ['', 'a\u001fdead_letter', '../x', 'x'.repeat(65), 5, null])
    expect(of(run({ ...EVENT, workspace: bad }, {}, 'topic'))).toBe('topic');
});
