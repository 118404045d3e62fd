import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { count } from '../data/compare';
import type { Notice } from '../data/model';

/** What was wrong with the data, folded to one line: the first notice, and how many more there are. */
export function Notices({ notices, hiddenNodes }: { notices: Notice[]; hiddenNodes: number }) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  if (notices.length === 0) {
    return null;
  }
  const summary =
    hiddenNodes > 0 ? `${hiddenNodes} hidden` : notices.length === 1 ? '1 notice' : count(notices.length, 'notice');
  return (
    <div className={styles.notices}>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon
          name={notices.some((notice) => notice.severity === 'warning') ? 'exclamation-triangle' : 'info-circle'}
          size="sm"
        />
        {hiddenNodes > 0 && notices.length > 1 ? `${summary}, ${count(notices.length - 1, 'more notice')}` : summary}
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
