import fc from 'fast-check';
import { z } from 'zod';
import { domains } from '../domains';
import { createValidator } from './validate';

const validate = createValidator(domains);
const defs = domains.flatMap((d) => d.events);

/** An example with one to three fields replaced, removed or added. */
const mutated = (example: Record<string, unknown>) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...Object.keys(example), 'extra', '__proto__', 'constructor', 'status_code', 'failed'),
        fc.oneof(
          fc.constantFrom<unknown>(
            undefined,
            null,
            '',
            'x',
            'a\u0000b',
            true,
            false,
            0,
            -1,
            1.5,
            1e300,
            2 ** 53,
            NaN,
            [],
            {},
            ['a'],
            { a: 1 },
          ),
          fc.constantFrom<unknown>(
            'client',
            'server',
            'integration',
            '2026-02-30T00:00:00Z',
            '2026-11-21T12:00:00+01:00',
            '2026-11-21 12:00:00',
            '2026-11-21T24:00:00Z',
          ),
          fc.string({ maxLength: 300, unit: 'binary' }),
          fc.double(),
          fc.integer(),
        ),
      ),
      { maxLength: 3 },
    )
    .map((changes) => {
      const event: Record<string, unknown> = { ...example };
      for (const [key, value] of changes) {
        if (value === undefined) delete event[key];
        else Object.defineProperty(event, key, { value, enumerable: true, writable: true, configurable: true });
      }
      return event;
    });

test.each(defs.map((d) => [d.type, d] as const))(
  '%s: the compiled schema and zod agree on every verdict',
  (_type, def) => {
    let valid = 0;
    fc.assert(
      fc.property(mutated(def.example as Record<string, unknown>), (event) => {
        const verdict = validate(JSON.parse(JSON.stringify(event)), def.type);
        // JSON has no NaN and no undefined: judge what arrives.
        const arrived = JSON.parse(JSON.stringify(event)) as Record<string, unknown>;
        const zodOnArrived = (def.schema as unknown as z.ZodType).safeParse({ type: def.type, ...arrived }).success;
        if (verdict.ok) valid++;
        expect({ event: arrived, ok: verdict.ok }).toEqual({ event: arrived, ok: zodOnArrived });
      }),
      { numRuns: 3000 },
    );
    expect(valid).toBeGreaterThan(100);
  },
);

test('time becomes milliseconds', () => {
  const verdict = validate({ ...defs[0]!.example, time: '2026-11-21T13:00:00+01:00' });
  expect(verdict).toMatchObject({ ok: true, event: { time: Date.UTC(2026, 10, 21, 12) } });
});

test.each([
  ['no object', 5, 'EVENT_NOT_OBJECT', 'number'],
  ['an array', [], 'EVENT_NOT_OBJECT', 'array'],
  ['an unknown type', { type: 'no.such_type' }, 'EVENT_UNKNOWN_TYPE', defs[0]!.type],
  ['no workspace', { ...defs[0]!.example, workspace: undefined }, 'EVENT_NO_WORKSPACE', 'workspace'],
  ['a wrong type', { ...defs[0]!.example, latency_ms: 'slow' }, 'EVENT_INVALID', 'latency_ms'],
  ['an unknown field', { ...defs[0]!.example, latency: 3 }, 'EVENT_INVALID', 'latency'],
  ['a prototype key', JSON.parse(`{"type":"${defs[0]!.type}","workspace":"w","__proto__":{}}`), 'EVENT_INVALID', ''],
])('%s is refused with a code and a reason that says where', (_name, event, code, where) => {
  const verdict = validate(event);
  expect(verdict).toMatchObject({ ok: false, code });
  if (!verdict.ok) expect(verdict.reason).toContain(where);
});

test('a type that contradicts its topic is refused', () => {
  expect(validate({ ...defs[0]!.example }, defs[1]!.type)).toMatchObject({ ok: false, code: 'EVENT_INVALID' });
});
