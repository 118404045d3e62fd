import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type EntityScore } from '../data/model';
import { statusText } from '../data/status';
import { plural } from '../i18n';
import { ChangeBadge } from './ChangeBadge';
import { scoreMark, scoreText } from './format';
import { SectionTitle } from './SectionTitle';
import { StatusIcon } from './StatusIcon';
import { ellipsis, focusRing, statusColor, hover } from './theme';

interface Props {
  members: EntityScore[];
  onOpen: (key: string) => void;
}

/** What a composite is made of, worst first; each opens its own card. */
export function Members({ members, onOpen }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  return (
    <section>
      <SectionTitle>
        {plural(
          'members.title',
          members.length,
          'As bad as the worst of {{count}} member',
          'As bad as the worst of {{count}} members'
        )}
      </SectionTitle>
      <ul className={styles.list}>
        {members.map((m) => (
          <li key={m.key}>
            <button type="button" className={styles.member} onClick={() => onOpen(m.key)}>
              <StatusIcon status={m.status} />
              <span className={styles.name}>{m.entity}</span>
              <span style={{ color: statusColor(theme, m.status) }}>{statusText(m.status)}</span>
              <span className={styles.score}>
                {scoreMark(m, false)}
                {scoreText(m, m.score)}
              </span>
              <ChangeBadge change={m.change} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', margin: theme.spacing(0.5, 0, 0), padding: 0 }),
  member: css({
    ...theme.typography.bodySmall,
    display: 'grid',
    gridTemplateColumns: `auto minmax(0, 1fr) auto ${theme.spacing(6)} ${theme.spacing(8)}`,
    gap: theme.spacing(1),
    alignItems: 'center',
    width: '100%',
    padding: theme.spacing(0.5),
    border: 'none',
    borderTop: `1px solid ${theme.colors.border.weak}`,
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
    cursor: 'pointer',
    '&:hover': hover(theme, theme.colors.background.secondary),
    '&:focus-visible': focusRing(theme),
  }),
  name: css(ellipsis),
  score: css({ textAlign: 'right', fontVariantNumeric: 'tabular-nums' }),
});
