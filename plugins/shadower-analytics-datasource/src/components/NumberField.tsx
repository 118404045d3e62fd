import React, { useId, useState } from 'react';
import { Field, Input } from '@grafana/ui';

interface Props {
  label: string;
  description: string;
  value: number | undefined;
  placeholder: string;
  error?: string;
  suffix?: string;
  max?: number;
  onChange: (value: number | undefined) => void;
}

/** A whole number that takes effect when the field is left, so that half a number never runs a query. */
export function NumberField({ label, description, value, placeholder, error, suffix, max, onChange }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const shown = draft ?? (value ? String(value) : '');
  const commit = () => {
    if (draft === undefined) {
      return;
    }
    setDraft(undefined);
    const next = draft.trim() === '' ? undefined : Math.floor(Number(draft));
    if (next === undefined || (Number.isFinite(next) && next > 0)) {
      onChange(next === undefined ? undefined : Math.min(next, max ?? next));
    }
  };
  return (
    <Field label={label} description={description} htmlFor={id} invalid={Boolean(error)} error={error} noMargin>
      <Input
        id={id}
        type="number"
        min={1}
        max={max}
        width={20}
        value={shown}
        placeholder={placeholder}
        suffix={suffix}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
    </Field>
  );
}
