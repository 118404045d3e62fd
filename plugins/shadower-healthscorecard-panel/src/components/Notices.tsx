import React from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { plural } from '../i18n';
import { ellipsis, focusRing } from './theme';

/** What is missing in the data, folded to one line; the native element brings keyboard and screen readers. */
export function Notices({ notices }: { notices: string[] }) {
  const styles = useStyles2(getStyles);
  if (notices.length === 0) {
    return null;
  }
  const title = plural(
    'notices.title',
    notices.length,
    '{{count}} problem with the data',
    '{{count}} problems with the data'
  );
  return (
    <details className={styles.box}>
      <summary className={styles.summary} title={notices.join('\n')}>
        {title}
      </summary>
      <ul className={styles.list}>
        {notices.map((notice) => (
          <li key={notice}>{notice}</li>
        ))}
      </ul>
    </details>
  );
}

interface BannerProps {
  text: string;
  /** One line at most, the rest in the tooltip. */
  compact?: boolean;
  children?: React.ReactNode;
}

/** One line that matters more than the data below it: an error or staleness. */
export function Banner({ text, compact, children }: BannerProps) {
  const styles = useStyles2(getStyles);
  return (
    <p role="status" className={cx(styles.banner, compact && styles.compact)} title={compact ? text : undefined}>
      {text} {children}
    </p>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({ ...theme.typography.bodySmall, flex: 'none', maxHeight: '40%', overflow: 'auto' }),
  summary: css({
    color: theme.colors.warning.text,
    cursor: 'pointer',
    width: 'fit-content',
    '&:focus-visible': focusRing(theme),
  }),
  list: css({ margin: theme.spacing(0.5, 0, 0), paddingLeft: theme.spacing(2.5), color: theme.colors.text.primary }),
  compact: css(ellipsis),
  banner: css({
    ...theme.typography.bodySmall,
    flex: 'none',
    margin: 0,
    padding: theme.spacing(0.25, 1),
    color: theme.colors.text.primary,
    background: theme.colors.warning.transparent,
    borderLeft: `${theme.spacing(0.5)} solid ${theme.colors.warning.border}`,
    borderRadius: theme.shape.radius.default,
    overflowWrap: 'anywhere',
  }),
});
