import React, { useEffect, useRef } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, useStyles2 } from '@grafana/ui';
import { type EntityScore } from '../data/model';
import { t } from '../i18n';
import { Card } from './Card';
import { type ViewContext } from './view';

interface Props {
  entity: EntityScore;
  context: ViewContext;
  /** The composite that it was opened from; null for the view of all. */
  backTo: string | null;
  total: number;
  width: number;
  height: number;
  onOpen: (key: string) => void;
  onClose: () => void;
}

/** The card of one entity of a view. Escape goes back. */
export function Detail({ entity, context, backTo, total, width, height, onOpen, onClose }: Props) {
  const styles = useStyles2(getStyles);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus({ preventScroll: true }), [entity.key]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      // Grafana leaves the panel's full view on Escape; this one is for the detail.
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <section
      className={styles.detail}
      aria-label={t('detail.label', 'Details of {{entity}}', { entity: entity.entity })}
      onKeyDown={onKeyDown}
    >
      <Button
        className={styles.back}
        ref={back}
        size="sm"
        variant="secondary"
        fill="text"
        icon="arrow-left"
        onClick={onClose}
      >
        {backTo ?? t('detail.back', 'All {{total}} scores', { total })}
      </Button>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        className={styles.scroll}
        tabIndex={0}
        role="group"
        aria-label={t('detail.card', 'Scorecard of {{entity}}', { entity: entity.entity })}
      >
        <Card entity={entity} context={context} width={width} height={height} onOpen={onOpen} />
      </div>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  detail: css({ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column', alignItems: 'flex-start' }),
  // Room for the focus ring, which the panel's edge would cut.
  back: css({ margin: theme.spacing(0.5) }),
  scroll: css({ flex: 1, minHeight: 0, width: '100%', overflow: 'auto' }),
});
