import { css } from '@emotion/css';
import { formattedValueToString, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import { type Change, type GraphModel, STATUSES } from '../data/model';
import { changeColor, rateColor, type Severity, severityColor, severityOf } from '../render/colors';
import { EXTERNAL_ICON } from '../render/shapes';
import { StatusIcon } from '../render/StatusBadge';
import type { GraphOptions } from '../types';
import { changeName, statusName } from '../words';

interface Props {
  model: GraphModel;
  options: GraphOptions;
  comparing: boolean;
}

const CHANGES: Change[] = ['new', 'lost', 'worse', 'better'];

/** Explains the signs that occur in this graph, and only those. */
export function Legend({ model, options, comparing }: Props) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const statuses = [...STATUSES].reverse().filter((status) => model.nodes.some((node) => node.status === status));
  const severities = new Set(model.edges.map((edge) => severityOf(edge, options.edgeMetric, options)));
  const format = (value: number) =>
    formattedValueToString(
      options.edgeMetric === 'errorRate' ? getValueFormat('percentunit')(value) : getValueFormat('ms')(value)
    );
  const [warn, bad] =
    options.edgeMetric === 'errorRate'
      ? [options.errorRateWarn, options.errorRateBad]
      : [options.p95Warn, options.p95Bad];
  const metric = options.edgeMetric === 'errorRate' ? t('legend.errors', 'errors') : t('legend.p95', 'p95');
  const steps: Array<[Severity, string]> = [
    ['ok', `${metric} < ${format(warn)}`],
    ['warn', `≥ ${format(warn)}`],
    ['bad', `≥ ${format(bad)}`],
  ];
  return (
    <ul className={styles.legend} aria-label={t('legend.label', 'Legend')}>
      {statuses.map((status) => (
        <li key={status}>
          <StatusIcon status={status} />
          {statusName(status)}
        </li>
      ))}
      {model.nodes.some((node) => node.external) && (
        <li>
          <svg width={12} height={12} viewBox="0 0 16 16" aria-hidden="true">
            <path d={EXTERNAL_ICON} fill="none" stroke={theme.colors.text.secondary} strokeWidth={1.6} />
          </svg>
          {t('legend.external', 'External')}
        </li>
      )}
      {comparing &&
        CHANGES.filter((change) => model.edges.some((edge) => edge.change === change)).map((change) => (
          <li key={change}>
            <Line color={changeColor(change, theme)} dashed={change === 'lost'} />
            {changeName(change)}
          </li>
        ))}
      {!comparing && options.edgeMetric === 'rate' && (
        <li>
          <Line color={rateColor(0.3, theme)} />
          {t('legend.rate-low', 'less')}
          <Line color={rateColor(1, theme)} />
          {t('legend.rate-high', 'more traffic')}
        </li>
      )}
      {!comparing &&
        (severities.has('ok') || severities.has('warn') || severities.has('bad')) &&
        steps.map(([severity, text]) => (
          <li key={severity}>
            <Line color={severityColor(severity, theme)} />
            {text}
          </li>
        ))}
      {model.edges.some((edge) => edge.declared) && (
        <li>
          <Line color={theme.colors.text.secondary} dashed />
          {t('legend.declared', 'Declared')}
        </li>
      )}
    </ul>
  );
}

function Line({ color, dashed }: { color: string; dashed?: boolean }) {
  return (
    <svg width={20} height={8} aria-hidden="true">
      <path d="M0 4H20" stroke={color} strokeWidth={2.5} strokeDasharray={dashed ? '5 3' : undefined} />
    </svg>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  legend: css({
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: theme.spacing(1.5),
    height: theme.spacing(2.5),
    overflow: 'hidden',
    flexShrink: 0,
    alignItems: 'center',
    listStyle: 'none',
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
    '& > li': {
      display: 'inline-flex',
      alignItems: 'center',
      gap: theme.spacing(0.5),
      whiteSpace: 'nowrap',
      lineHeight: theme.spacing(2.5),
    },
  }),
});
