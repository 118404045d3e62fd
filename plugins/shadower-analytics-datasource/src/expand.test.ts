import { type TypedVariableModel } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';
import { expandParams } from './expand';

type Values = Record<string, { value: string | string[]; all?: string[]; allValue?: string }>;

/** Behaves like Grafana's: an "All" is replaced by every option, unknown variables stay. */
function templates(variables: Values): TemplateSrv {
  return {
    getVariables: () =>
      Object.entries(variables).map(
        ([name, v]) =>
          ({
            name,
            type: 'query',
            allValue: v.allValue,
            current: { value: v.all ? ['$__all'] : v.value },
          }) as unknown as TypedVariableModel
      ),
    replace: (target = '', scopedVars, format) =>
      target.replace(
        /\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]/g,
        (match: string, a?: string, b?: string, c?: string) => {
          const name = a ?? b ?? c ?? '';
          const scoped: unknown = scopedVars?.[name]?.value;
          const v = variables[name];
          if (scoped === undefined && !v) {
            return match;
          }
          const value = scoped ?? v.allValue ?? v.all ?? v.value;
          return typeof format === 'function' ? String(format(value, { name }, String)) : String(value);
        }
      ),
    containsTemplate: () => true,
    updateTimeRange: () => undefined,
  };
}

const expand = (values: string[], variables: Values, scoped = {}) =>
  expandParams({ p: values }, templates(variables), scoped)?.p;

describe('expandParams', () => {
  it('leaves plain values alone', () => expect(expand(['stripe', 'pay pal'], {})).toEqual(['stripe', 'pay pal']));
  it('gives no parameters for none', () => expect(expandParams(undefined, templates({}), {})).toBeUndefined());
  it('expands a single value in every notation', () => {
    for (const text of ['$name', '${name}', '${name:csv}', '[[name]]']) {
      expect(expand([text], { name: { value: 'stripe' } })).toEqual(['stripe']);
    }
  });
  it('expands a multi-value variable into a list, next to plain values and without repeats', () =>
    expect(expand(['$name', 'paypal'], { name: { value: ['stripe', 'paypal'] } })).toEqual(['stripe', 'paypal']));
  it('keeps commas and quotes inside values', () =>
    expect(expand(['$name'], { name: { value: ["a,b's", 'c"d'] } })).toEqual(["a,b's", 'c"d']));
  it('makes an empty list of All', () =>
    expect(expand(['$name'], { name: { value: '', all: ['stripe', 'paypal'] } })).toEqual([]));
  it('makes an empty list of a leftover $__all', () => expect(expand(['$__all'], {})).toEqual([]));
  it('sends a custom All value as it is', () =>
    expect(expand(['$name'], { name: { value: '', all: ['a'], allValue: 'everything' } })).toEqual(['everything']));
  it('prefers the scoped value of a repeated panel over All', () =>
    expect(expand(['$name'], { name: { value: '', all: ['a', 'b'] } }, { name: { text: 'a', value: 'a' } })).toEqual([
      'a',
    ]));
  it('combines text with each value', () =>
    expect(expand(['${env}-$name'], { env: { value: ['eu', 'us'] }, name: { value: 'api' } })).toEqual([
      'eu-api',
      'us-api',
    ]));
  it('leaves what it cannot resolve for the backend to refuse', () =>
    expect(expand(['$nobody'], {})).toEqual(['$nobody']));
});
