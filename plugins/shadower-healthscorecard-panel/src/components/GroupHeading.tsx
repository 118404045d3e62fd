import React from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type Group } from '../data/composite';
import { summaryText } from '../data/status';
import { scoreMark, scoreText } from './format';
import { StatusIcon } from './StatusIcon';
import { ellipsis, focusRing, statusColor, hover } from './theme';

interface Props {
  group: Group;
  onOpen: (key: string) => void;
}

/** Name of a group, how bad its worst member is, and how many there are of each status. Opens the group's card. */
export function GroupHeading({ group: { name, entities, head }, onOpen }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  return (
    <button type="button" className={styles.heading} onClick={() => onOpen(head.key)}>
      <StatusIcon status={head.status} />
      <span className={styles.name}>{name}</span>
      <span className={styles.score} style={{ color: statusColor(theme, head.status) }}>
        {scoreMark(head, false)}
        {scoreText(head, head.score)}
      </span>
      <span className={styles.counts}>{summaryText(entities)}</span>
    </button>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  heading: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.75),
    width: '100%',
    height: '100%',
    padding: theme.spacing(0, 0.5),
    border: 'none',
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
    cursor: 'pointer',
    ...theme.typography.bodySmall,
    '&:hover': hover(theme),
    '&:focus-visible': focusRing(theme),
  }),
  name: css({ fontWeight: theme.typography.fontWeightMedium, ...ellipsis }),
  score: css({ fontVariantNumeric: 'tabular-nums' }),
  counts: css({ color: theme.colors.text.secondary, flex: 1, ...ellipsis }),
});
