import React from 'react';
import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { exemptionState } from '../data/exemptions';
import { type Exemption } from '../data/model';
import { exemptionText } from './format';
import { type ViewContext } from './view';

/** Who exempted it and until when. Expired ones, and those without an end, are marked: they exempt nothing. */
export function ExemptionBadge({ exemption, context }: { exemption: Exemption; context: ViewContext }) {
  const styles = useStyles2(getStyles);
  const valid = exemptionState(exemption, context.now) === 'active';
  return (
    <span className={cx(styles.badge, !valid && styles.over)}>
      {exemptionText(exemption, context.now, context.timeZone)}
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  badge: css({
    ...theme.typography.bodySmall,
    display: 'inline-block',
    padding: theme.spacing(0, 0.75),
    color: theme.colors.text.primary,
    border: `1px solid ${theme.colors.info.border}`,
    borderRadius: theme.shape.radius.default,
    overflowWrap: 'anywhere',
  }),
  over: css({ color: theme.colors.warning.text, border: `1px dashed ${theme.colors.warning.border}` }),
});
