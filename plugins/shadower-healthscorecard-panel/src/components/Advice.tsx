import React from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type EntityScore, type Level } from '../data/model';
import { levelText } from '../data/status';
import { t } from '../i18n';
import { absolute, ago, points } from './format';
import { SectionTitle } from './SectionTitle';

interface Props {
  entity: EntityScore;
  timeZone: string;
}

/** Risks with severity and mitigation, and recommendations with priority and effort, worst first. */
export function Advice({ entity: { risks, recommendations }, timeZone }: Props) {
  const styles = useStyles2(getStyles);
  // The same step as a mitigation and as a recommendation is said once, where its priority is.
  const said = new Set(recommendations.map((r) => r.title));
  return (
    <div className={styles.advice}>
      {risks.length > 0 && (
        <section className={styles.section}>
          <SectionTitle>{t('risks.title', 'Risks')}</SectionTitle>
          <ul className={styles.list}>
            {risks.map((risk, i) => (
              <li key={i}>
                <LevelBadge level={risk.severity} />
                <span>
                  {risk.title}
                  <Details
                    parts={[
                      risk.term,
                      risk.since !== null && (
                        <time key="since" title={absolute(risk.since, timeZone)}>
                          {t('risks.since', 'began {{time}}', { time: ago(risk.since, timeZone) })}
                        </time>
                      ),
                      risk.mitigation !== null &&
                        !said.has(risk.mitigation) &&
                        t('risks.mitigation', 'Mitigation: {{text}}', { text: risk.mitigation }),
                    ]}
                  />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {recommendations.length > 0 && (
        <section className={styles.section}>
          <SectionTitle>{t('recommendations.title', 'Recommendations')}</SectionTitle>
          <ul className={styles.list}>
            {recommendations.map((r, i) => (
              <li key={i}>
                <LevelBadge level={r.priority} />
                <span>
                  {r.title}
                  <Details
                    parts={[
                      r.term,
                      t('recommendations.effort', 'effort: {{effort}}', { effort: levelText(r.effort).toLowerCase() }),
                      r.points !== null &&
                        t('recommendations.points', 'up to {{points}} points back', { points: points(r.points) }),
                    ]}
                  />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function LevelBadge({ level }: { level: Level | null }) {
  const styles = useStyles2(getStyles);
  return <span className={cx(styles.level, styles[level ?? 'none'])}>{levelText(level)}</span>;
}

function Details({ parts }: { parts: React.ReactNode[] }) {
  const styles = useStyles2(getStyles);
  const shown = parts.filter(Boolean);
  return (
    <span className={styles.details}>
      {shown.map((part, i) => (
        <React.Fragment key={i}>
          {i > 0 && ' · '}
          {part}
        </React.Fragment>
      ))}
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const edge = (color: string) => css({ borderColor: color, color });
  return {
    advice: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0, 3), marginTop: theme.spacing(1) }),
    section: css({ flex: `1 1 ${theme.spacing(36)}`, minWidth: 0 }),
    list: css({
      ...theme.typography.bodySmall,
      listStyle: 'none',
      margin: theme.spacing(0.25, 0, 0),
      padding: 0,
      li: {
        display: 'grid',
        gridTemplateColumns: `${theme.spacing(8)} minmax(0, 1fr)`,
        gap: theme.spacing(1),
        alignItems: 'start',
        padding: theme.spacing(0.25, 0),
      },
    }),
    level: css({
      border: '1px solid',
      borderRadius: theme.shape.radius.default,
      textAlign: 'center',
      fontWeight: theme.typography.fontWeightMedium,
    }),
    critical: edge(theme.colors.error.text),
    high: edge(theme.colors.error.text),
    medium: edge(theme.colors.warning.text),
    low: edge(theme.colors.text.secondary),
    none: css({ borderStyle: 'dashed', color: theme.colors.text.secondary }),
    details: css({ display: 'block', color: theme.colors.text.secondary }),
  };
};
