import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

interface Props {
  /** Ascending, in milliseconds. At least two. */
  times: readonly number[];
  at: number;
  timeZone: string | undefined;
  onChange: (at: number) => void;
}

/** Chooses the time that the graph shows, of those that the data has. */
export function Scrubber({ times, at, timeZone, onChange }: Props) {
  const styles = useStyles2(getStyles);
  const index = Math.max(0, times.indexOf(at));
  const text = dateTimeFormat(times[index], { timeZone });
  return (
    <div className={styles.row}>
      <input
        type="range"
        className={styles.range}
        min={0}
        max={times.length - 1}
        step={1}
        value={index}
        aria-label={t('scrubber.label', 'Time shown')}
        aria-valuetext={text}
        onChange={(event) => onChange(times[Number(event.currentTarget.value)])}
      />
      <span className={styles.time}>
        {text} ({index + 1}/{times.length})
      </span>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  row: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: theme.spacing(3),
    padding: theme.spacing(0, 1),
    flexShrink: 0,
  }),
  range: css({ flex: '1 1 auto', minWidth: 0, accentColor: theme.colors.primary.main }),
  time: css({
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
  }),
});
