import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { changeText } from './format';
import { visuallyHidden } from './theme';

/** Change against the previous period: arrow and number, and the words for screen readers. */
export function ChangeBadge({ change, hint }: { change: number | null; hint?: boolean }) {
  const styles = useStyles2(getStyles);
  const { direction, short, long } = changeText(change);
  return (
    <span className={styles[direction]} title={long.charAt(0).toUpperCase() + long.slice(1)}>
      <span aria-hidden>{short}</span>
      {hint && direction !== 'unknown' && <span aria-hidden> {t('change.hint', 'vs previous')}</span>}
      <span className={styles.hidden}>{long}</span>
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const base = { ...theme.typography.bodySmall, position: 'relative', whiteSpace: 'nowrap' } as const;
  return {
    up: css({ ...base, color: theme.colors.success.text }),
    down: css({ ...base, color: theme.colors.error.text }),
    none: css({ ...base, color: theme.colors.text.secondary }),
    unknown: css({ ...base, color: theme.colors.text.secondary }),
    hidden: css(visuallyHidden),
  };
};
