import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { History } from '../data/model';
import { Sparkline } from './Sparkline';

/** Values over time as rows of label, sparkline and the value at the time looked at. */
export function Histories({ histories, at }: { histories: History[]; at: number }) {
  const styles = useStyles2(getStyles);
  return (
    <>
      {histories.map(({ label, values, format }) => {
        const now = values[at];
        return (
          <div key={label} className={styles.row}>
            <span className={styles.label}>{label}</span>
            <Sparkline values={values} at={at} />
            <span className={styles.value}>{now === null || now === undefined ? '–' : format(now)}</span>
          </div>
        );
      })}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), justifyContent: 'space-between' }),
  label: css({ color: theme.colors.text.secondary }),
  value: css({ fontVariantNumeric: 'tabular-nums' }),
});
