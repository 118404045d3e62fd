import { css, keyframes } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Icon, type IconName, Spinner, useStyles2 } from '@grafana/ui';
import React from 'react';

interface Props {
  icon: IconName;
  title: string;
  /** Left out when the panel is too small for it. */
  text?: string;
  role?: 'status' | 'alert';
  onSample?: () => void;
}

/** What the panel says instead of a graph. */
export function Message({ icon, title, text, role = 'status', onSample }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.message} role={role}>
      <Icon name={icon} size="xl" className={styles.icon} />
      <strong>{title}</strong>
      {text !== undefined && <p className={styles.text}>{text}</p>}
      {onSample !== undefined && (
        <Button size="sm" variant="secondary" onClick={onSample}>
          {t('panel.show-sample', 'Show sample')}
        </Button>
      )}
    </div>
  );
}

/** Shown only after a moment, so that quick work does not flash. */
export function Waiting({ text }: { text: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={`${styles.message} ${styles.late}`} role="status">
      <Spinner inline />
      {text}
    </div>
  );
}

const appear = keyframes({ from: { opacity: 0 }, to: { opacity: 1 } });

const getStyles = (theme: GrafanaTheme2) => ({
  message: css({
    height: '100%',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(1),
    textAlign: 'center',
    overflow: 'hidden',
  }),
  late: css({ animation: `${appear} 1ms linear 200ms both` }),
  icon: css({ color: theme.colors.text.secondary }),
  text: css({
    color: theme.colors.text.secondary,
    maxWidth: theme.spacing(60),
    margin: theme.spacing(0, 0, 1),
    overflowWrap: 'anywhere',
  }),
});
