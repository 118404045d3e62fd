import { t as translate } from '@grafana/i18n';

/** A text in the user's language; `text` is the American English one, `{{name}}` in it a value. Not for module scope. */
export const t = (id: string, text: string, values?: Record<string, string | number>): string =>
  // Texts go into React, which escapes by itself.
  translate(id, text, { ...values, interpolation: { escapeValue: false } });
