import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

export function SectionTitle({ children }: { children: React.ReactNode }) {
  const styles = useStyles2(getStyles);
  return <h4 className={styles.title}>{children}</h4>;
}

const getStyles = (theme: GrafanaTheme2) => ({
  title: css({
    ...theme.typography.bodySmall,
    fontWeight: theme.typography.fontWeightMedium,
    color: theme.colors.text.secondary,
    margin: 0,
  }),
});
