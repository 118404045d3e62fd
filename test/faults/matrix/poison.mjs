// @ts-check
/** Records that are no events, in the middle of records that are: each is one dead letter, and its neighbours never notice. */

/** @typedef {import('../run.mjs').Fault} Fault */
/** @typedef {import('../run.mjs').Env} Env */
/** @typedef {import('../scenario.mjs').Scenario} Scenario */
/** @typedef {{ value: Buffer | string | null, code?: string }} Poison `code` of its dead letter; none where it is an event */

/** The text of an event with more behind its fields. @param {object} event @param {string} more */
const and = (event, more) => JSON.stringify(event).replace(/\}$/, `,${more}}`);
const nested = (/** @type {number} */ depth) => '['.repeat(depth) + ']'.repeat(depth);

/**
 * What producers send when something is wrong with them.
 * @param {() => object} event a new valid event, without an id
 * @returns {Record<string, Poison>}
 */
function poisons(event) {
  const bytes = (/** @type {string} */ text, /** @type {Buffer} */ by) => {
    const [before, behind] = text.split('@@');
    return Buffer.concat([Buffer.from(before ?? ''), by, Buffer.from(behind ?? '')]);
  };
  const withBytes = (/** @type {Buffer} */ by) => bytes(JSON.stringify({ ...event(), provider: 'x@@y' }), by);
  const invalid = 'EVENT_INVALID';
  return {
    tombstone: { value: null, code: 'EVENT_EMPTY' },
    'empty value': { value: '', code: 'EVENT_EMPTY' },
    'JSON null': { value: 'null', code: 'EVENT_NOT_OBJECT' },
    'an array of events': { value: JSON.stringify([event(), event()]), code: 'EVENT_NOT_OBJECT' },
    'a string': { value: JSON.stringify(JSON.stringify(event())), code: 'EVENT_NOT_OBJECT' },
    'no JSON': { value: 'time=12:00 level=info', code: 'EVENT_NOT_JSON' },
    'cut off': { value: JSON.stringify(event()).slice(0, -20), code: 'EVENT_NOT_JSON' },
    'two in one': { value: `${JSON.stringify(event())}\n${JSON.stringify(event())}`, code: 'EVENT_NOT_JSON' },
    NaN: { value: and(event(), '"bytes_in":NaN'), code: 'EVENT_NOT_JSON' },
    zeros: { value: Buffer.alloc(300), code: 'EVENT_NOT_JSON' },
    'other bytes': { value: Buffer.from([0xff, 0xfe, 0x00, 0x80]), code: 'EVENT_NOT_UTF8' },
    'bad UTF-8 in a name': { value: withBytes(Buffer.from([0xc3, 0x28])), code: 'EVENT_NOT_UTF8' },
    'a surrogate in UTF-8': { value: withBytes(Buffer.from([0xed, 0xa0, 0x80])), code: 'EVENT_NOT_UTF8' },
    'an empty object': { value: '{}', code: 'EVENT_NO_WORKSPACE' },
    'unknown type': { value: JSON.stringify({ ...event(), type: 'nobody.knows' }), code: 'EVENT_UNKNOWN_TYPE' },
    'type of another topic': { value: JSON.stringify({ ...event(), type: 'integration.dependency' }), code: invalid },
    'type is a number': { value: JSON.stringify({ ...event(), type: 1 }), code: 'EVENT_UNKNOWN_TYPE' },
    '__proto__ as a key': { value: and(event(), '"__proto__":{"workspace":"other"}'), code: invalid },
    '__proto__ alone': { value: '{"__proto__":{"workspace":"faults"}}', code: 'EVENT_NO_WORKSPACE' },
    'type __proto__': { value: JSON.stringify({ ...event(), type: '__proto__' }), code: 'EVENT_UNKNOWN_TYPE' },
    'type constructor': { value: JSON.stringify({ ...event(), type: 'constructor' }), code: 'EVENT_UNKNOWN_TYPE' },
    'constructor as a key': { value: and(event(), '"constructor":{"prototype":{"x":1}}'), code: invalid },
    'unknown field': { value: and(event(), '"colour":"red"'), code: invalid },
    'deep nesting': { value: nested(100_000), code: 'EVENT_NOT_OBJECT' },
    'deep nesting in a field': { value: and(event(), `"provider":${nested(20_000)}`), code: invalid },
    'deep nesting in no field': {
      value: and(event(), `"x":${'{"x":'.repeat(5000)}1${'}'.repeat(5000)}`),
      code: invalid,
    },
    'a number beyond doubles': { value: and(event(), '"latency_ms":1e400'), code: invalid },
    'a number of 5000 digits': { value: and(event(), `"bytes_in":${'9'.repeat(5000)}`), code: invalid },
    'an integer beyond 2^53': { value: and(event(), '"bytes_in":9007199254740993'), code: invalid },
    'a negative count': { value: and(event(), '"bytes_in":-1'), code: invalid },
    'a time beyond time': { value: and(event(), '"time":1e300'), code: invalid },
    'the 30th of February': { value: and(event(), '"time":"2026-02-30T00:00:00Z"'), code: invalid },
    'no workspace': { value: JSON.stringify({ ...event(), workspace: undefined }), code: 'EVENT_NO_WORKSPACE' },
    'a workspace that is a path': { value: JSON.stringify({ ...event(), workspace: '../x' }), code: invalid },
    'a control character in a name': { value: JSON.stringify({ ...event(), provider: 'a\u001fb' }), code: invalid },
    'a name of 5 MB': { value: JSON.stringify({ ...event(), provider: 'x'.repeat(5e6) }), code: invalid },
    '10 MB': { value: JSON.stringify({ ...event(), provider: 'x'.repeat(10e6) }), code: 'EVENT_TOO_LARGE' },
    // What JSON.parse says: the last of equal keys.
    'duplicate keys': { value: and(event(), '"latency_ms":1,"provider":"a","provider":"b"') },
    'duplicate keys, the last one bad': { value: and(event(), '"latency_ms":"slow"'), code: invalid },
    'an escaped key': { value: and(event(), '"prov\\u0069der":"escaped"') },
    'numbers in other words': { value: and(event(), '"latency_ms":-0.0,"bytes_in":1E2,"bytes_out":2.0') },
    'spaces and line ends': { value: JSON.stringify(event(), null, '\t\r\n ') },
    'a byte order mark': { value: `\ufeff${JSON.stringify(event())}` },
  };
}

/** Sends each, with valid events before and behind it in the same batch of the same partition. @param {Scenario} s */
async function sendAll(s) {
  await s.admin.alterConfigs({
    resources: [{ type: 2, name: s.topic, configEntries: [{ name: 'max.message.bytes', value: String(24e6) }] }],
  });
  // Of the types that the topic holds, and without an id, so that nothing but its own trouble makes a record differ.
  let n = 0;
  const valid = () => {
    while (s.event(n).type !== s.topics[0]?.type) n++;
    return { ...s.event(n++), event_id: undefined, provider: 'acme' };
  };
  const good = () => ({ partition: 0, value: JSON.stringify({ ...valid(), event_id: `good-${n}` }) });
  const messages = Object.entries(poisons(valid)).flatMap(([name, { value, code }]) => [
    good(),
    { partition: 0, value, headers: { name, ...(code !== undefined && { expect: `dead_letter:${code}` }) } },
    good(),
  ]);
  // Large ones would make one request too large; the others share batches.
  const size = (/** @type {any} */ m) => m.value?.length ?? 0;
  const large = messages.findIndex((m) => size(m) > 1e6);
  await s.send(new Map([[s.topic, messages.slice(0, large - 1)]]));
  for (let i = large - 1; i < messages.length; i += 3) await s.send(new Map([[s.topic, messages.slice(i, i + 3)]]));
}

/**
 * @param {Env} env
 * @param {{ without?: import('../victim.mjs').VictimOptions['without'] }} [o]
 */
async function poisoned(env, { without = [] } = {}) {
  const s = await env.scenario({ partitions: 1 });
  await s.produce(200);
  await sendAll(s);
  // Once more, and a crash between its tables: a replay refuses the same records for the same reasons.
  await s.victim({ without, die: { point: 'after_block', nth: 2 } }).gone();
  await sendAll(s);
  await s.produce(200);
  s.victim({ without });
  await s.drained();
  const produced = await s.readBack();
  const v = await s.verdict({ produced });
  // The payload is kept as it came, cut at 64 KiB.
  const records = new Map(produced.map((r) => [`${r.topic}/${r.partition}/${r.offset}`, r.value]));
  const letters = await s.rows(
    `SELECT topic, part, off, hex(payload) AS payload, payload_bytes AS bytes, reason FROM ${s.database}.dead_letters`,
  );
  const problems = letters.flatMap(({ topic, part, off, payload, bytes, reason }) => {
    const sent = records.get(`${topic}/${part}/${off}`) ?? Buffer.alloc(0);
    const same = sent.subarray(0, 65_536).toString('hex').toUpperCase() === payload && bytes === sent.length;
    return same && reason !== '' ? [] : [`the dead letter of ${topic}[${part}]@${off} (${reason}) has another payload`];
  });
  if (without.length === 0) env.note(`${letters.length} dead letters with their payloads`);
  return { ...v, problems: [...v.problems, ...problems.slice(0, 3)] };
}

/** @type {Fault[]} */
export default [
  {
    name: 'poison',
    title:
      'bad JSON, bad UTF-8, 10 MB, tombstones, unknown types, __proto__, duplicate keys, deep nesting, huge numbers: one dead letter each',
    short: true,
    run: (env) => poisoned(env),
    control: {
      title: 'dead letters are not written',
      run: (env) => poisoned(env, { without: ['dead_letters'] }),
    },
  },
];
