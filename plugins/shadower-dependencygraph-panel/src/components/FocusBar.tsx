import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { IconButton, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Reach } from '../analysis/neighbourhood';
import type { Question } from '../focus';

interface Props {
  question: Question;
  /** The answer in words. */
  text: string;
  /** Whether a node is selected, so that its neighbourhood can be set. */
  around: boolean;
  onQuestion: (question: Question) => void;
  onClear: () => void;
  /** Leaves out what does not fit. */
  narrow: boolean;
}

/** What is lit and why: how far the focus reaches, or the answer to a question about the graph. */
export function FocusBar({ question, text, around, onQuestion, onClear, narrow }: Props) {
  const styles = useStyles2(getStyles);
  if (question.kind === 'around' && !around) {
    return null;
  }
  return (
    <div className={styles.bar} role="group" aria-label={t('focus.label', 'Focus')} data-focus={question.kind}>
      {question.kind === 'around' ? (
        <>
          <RadioButtonGroup<number>
            size="sm"
            aria-label={t('focus.hops', 'Hops')}
            value={question.hops}
            options={[1, 2, 3].map((hops) => ({
              value: hops,
              label: String(hops),
              description: t('focus.hops-hint', '{{count}} hops', { count: hops, defaultValue_one: '{{count}} hop' }),
            }))}
            onChange={(hops) => onQuestion({ ...question, hops })}
          />
          {!narrow && (
            <RadioButtonGroup<Reach>
              size="sm"
              aria-label={t('focus.reach', 'Direction')}
              value={question.reach}
              options={[
                { value: 'up', label: t('focus.up', 'Callers') },
                { value: 'both', label: t('focus.both', 'Both') },
                { value: 'down', label: t('focus.down', 'Called') },
              ]}
              onChange={(reach) => onQuestion({ ...question, reach })}
            />
          )}
        </>
      ) : (
        <span className={styles.text} role="status">
          {text}
        </span>
      )}
      <IconButton name="times" size="sm" tooltip={t('focus.clear', 'Clear focus')} onClick={onClear} />
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    position: 'absolute',
    zIndex: 1,
    top: 0,
    left: 0,
    maxWidth: '100%',
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    padding: theme.spacing(0.5, 1),
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${theme.colors.border.weak}`,
    background: theme.colors.background.elevated ?? theme.colors.background.primary,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
  text: css({ overflowWrap: 'anywhere' }),
});
