import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { focusRing } from './theme';

interface Props {
  label: string;
  value: string;
  options: ReadonlyArray<{ value: string; label: string }>;
  onChange: (value: string) => void;
}

/** The browser's own select: small, known to keyboards and screen readers, and a wheel or sheet on a phone. */
export function Picker({ label, value, options, onChange }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <label className={styles.label}>
      {label}
      <select className={styles.select} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.label}
          </option>
        ))}
      </select>
    </label>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  label: css({
    ...theme.typography.bodySmall,
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    minWidth: 0,
    maxWidth: '100%',
    color: theme.colors.text.secondary,
    whiteSpace: 'nowrap',
  }),
  select: css({
    minWidth: 0,
    maxWidth: theme.spacing(15),
    height: theme.spacing(3),
    padding: theme.spacing(0, 0.5),
    color: theme.colors.text.primary,
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: theme.shape.radius.default,
    textOverflow: 'ellipsis',
    '&:focus-visible': focusRing(theme),
    option: { color: theme.colors.text.primary, background: theme.colors.background.primary },
  }),
});
