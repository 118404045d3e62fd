import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2, type LinkModel } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { focusRing } from './theme';

/** Data links and links to evidence, side by side. */
export function Links({ links, about }: { links: LinkModel[]; about: string }) {
  const styles = useStyles2(getStyles);
  return links.map((link, i) => {
    const title = link.title || t('link.open', 'Open link');
    return (
      <a
        key={i}
        className={styles.link}
        href={link.href}
        target={link.target}
        rel={link.target === '_blank' ? 'noopener noreferrer' : undefined}
        onClick={link.onClick ? (event) => link.onClick?.(event) : undefined}
        aria-label={t('link.about', '{{title}}: {{about}}', { title, about })}
      >
        {title}
      </a>
    );
  });
}

const getStyles = (theme: GrafanaTheme2) => ({
  link: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.link,
    textDecoration: 'underline',
    whiteSpace: 'nowrap',
    '&:focus-visible': focusRing(theme),
  }),
});
