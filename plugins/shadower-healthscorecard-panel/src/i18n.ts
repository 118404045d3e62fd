import { t as translate } from '@grafana/i18n';

type Values = Record<string, string | number>;

/** Texts go into React and attributes, which escape by themselves. */
const RAW = { interpolation: { escapeValue: false } };

/** A text in the user's language; `text` is the American English one, `{{name}}` in it a value. Not for module scope. */
export const t = (id: string, text: string, values?: Values): string => translate(id, text, { ...values, ...RAW });

/** A text with a count: `one` where the language says one, else `other`. Both may use `{{count}}`. */
export const plural = (id: string, count: number, one: string, other: string, values?: Values): string =>
  translate(id, other, { count, defaultValue_one: one, defaultValue_other: other, ...values, ...RAW });
