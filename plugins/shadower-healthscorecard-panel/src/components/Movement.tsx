import React, { useMemo } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type EntityScore } from '../data/model';
import { type Movement as Moved, whatMoved } from '../data/moved';
import { t } from '../i18n';
import { changeText, lostText, points, signed } from './format';
import { SectionTitle } from './SectionTitle';

interface Props {
  entity: EntityScore;
  range: { from: number; to: number };
}

/** The terms that moved the score, and what no term accounts for; without previous points, what costs most now. */
export function Movement({ entity, range }: Props) {
  const styles = useStyles2(getStyles);
  const { basis, movers, rest } = useMemo(() => whatMoved(entity, range), [entity, range]);
  if (movers.length === 0) {
    return null;
  }
  return (
    <section className={styles.moved}>
      <SectionTitle>
        {basis === 'change' ? t('moved.title', 'What moved it') : t('moved.costs', 'What costs points')}
      </SectionTitle>
      <ul className={styles.movers}>
        {movers.map((mover, i) => (
          <li key={`${mover.term.id} ${i}`}>
            <strong>{mover.term.title}</strong> <Points {...mover} />
            {mover.fresh && <span className={styles.fresh}>{t('moved.fresh', 'new in this range')}</span>}
          </li>
        ))}
        {rest !== null && (
          <li title={t('moved.rest-hint', 'A cap that came or went, or terms that are unknown in one of the periods')}>
            {entity.cap
              ? t('moved.cap', 'Cap: {{points}} points', { points: signed(rest) })
              : t('moved.rest', 'Cap or unknown terms: {{points}} points', { points: signed(rest) })}
          </li>
        )}
      </ul>
    </section>
  );
}

function Points({ lost, delta }: Moved['movers'][number]) {
  const now = points(lost);
  return delta === null ? (
    <span>{lostText(lost)}</span>
  ) : (
    <span title={t('moved.now', '{{points}} points lost now', { points: now })}>
      {t('moved.points', '{{points}} points', { points: changeText(-delta).short })}
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  moved: css({ marginTop: theme.spacing(1) }),
  movers: css({
    ...theme.typography.bodySmall,
    listStyle: 'none',
    margin: theme.spacing(0, 0, 1),
    padding: 0,
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0, 2),
  }),
  fresh: css({ marginLeft: theme.spacing(0.5), color: theme.colors.warning.text }),
});
