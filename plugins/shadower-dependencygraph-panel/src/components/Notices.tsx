import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Icon, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Notice } from '../data/model';

/** What was wrong with the data, folded to one line: the first notice, and how many more there are. */
export function Notices({ notices, hiddenNodes }: { notices: Notice[]; hiddenNodes: number }) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  if (notices.length === 0) {
    return null;
  }
  const count = hiddenNodes > 0 ? notices.length - 1 : notices.length;
  const summary = [
    hiddenNodes > 0 ? t('notices.hidden', '{{count}} hidden', { count: hiddenNodes }) : '',
    hiddenNodes === 0
      ? t('notices.count', '{{count}} notices', { count, defaultValue_one: '{{count}} notice' })
      : count > 0
        ? t('notices.more', '{{count}} more notices', { count, defaultValue_one: '{{count}} more notice' })
        : '',
  ].filter((part) => part !== '');
  return (
    <div className={styles.notices}>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon
          name={notices.some((notice) => notice.severity === 'warning') ? 'exclamation-triangle' : 'info-circle'}
          size="sm"
        />
        {summary.join(', ')}
      </button>
      {open && (
        <ul className={styles.list}>
          {notices.map((notice) => (
            <li key={notice.text}>{notice.text}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  notices: css({
    position: 'absolute',
    left: 0,
    bottom: 0,
    maxWidth: '100%',
    maxHeight: '100%',
    overflow: 'auto',
    zIndex: 1,
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.weak}`,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
  toggle: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(0.25, 1),
    background: 'none',
    border: 'none',
    color: theme.colors.warning.text,
  }),
  list: css({ padding: theme.spacing(0, 1, 1, 3), color: theme.colors.text.primary }),
});
