import React from 'react';
import { css, keyframes } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { hatch } from './theme';

interface Props {
  title: string;
  children?: React.ReactNode;
  action?: { label: string; onClick: () => void };
  tone?: 'neutral' | 'error';
}

/** Says why there is nothing to see, and what to do about it. */
export function EmptyState({ title, children, action, tone = 'neutral' }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.box} role={tone === 'error' ? 'alert' : 'status'}>
      <p className={tone === 'error' ? styles.error : styles.title}>{title}</p>
      {children && <div className={styles.text}>{children}</div>}
      {action && (
        <Button size="sm" variant="secondary" onClick={action.onClick}>
          {action.label}
        </Button>
      )}
    </div>
  );
}

/** Placeholder tiles while the first answer is on its way. */
export function Loading({ count = 6 }: { count?: number }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.loading} role="status" aria-label={t('loading', 'Loading scores')}>
      {Array.from({ length: count }, (_, i) => (
        <span key={i} className={styles.bone} aria-hidden />
      ))}
    </div>
  );
}

const pulse = keyframes({ '50%': { opacity: 0.4 } });

const getStyles = (theme: GrafanaTheme2) => ({
  // `safe` keeps the beginning reachable when the panel is smaller than the text.
  box: css({
    flex: 1,
    minHeight: 0,
    overflow: 'auto',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'safe center',
    gap: theme.spacing(1),
    padding: theme.spacing(1),
    textAlign: 'center',
  }),
  title: css({ ...theme.typography.h5, margin: 0 }),
  error: css({ ...theme.typography.h5, margin: 0, color: theme.colors.error.text }),
  text: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    maxWidth: theme.spacing(60),
    overflowWrap: 'anywhere',
  }),
  loading: css({
    flex: 1,
    display: 'grid',
    gridTemplateColumns: `repeat(auto-fill, minmax(${theme.spacing(16)}, 1fr))`,
    gridAutoRows: theme.spacing(9),
    gap: theme.spacing(1),
    overflow: 'hidden',
  }),
  bone: css({
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
    backgroundImage: hatch(theme),
    [theme.transitions.handleMotion('no-preference')]: { animation: `${pulse} 1.6s ease-in-out infinite` },
  }),
});
