import { useTheme2 } from '@grafana/ui';
import React from 'react';
import type { NodeStatus } from '../data/model';
import { statusColor, statusInk } from './colors';
import { STATUS_BADGES } from './shapes';

/** The badge's drawing in a 16 × 16 box, for use inside an svg. */
export function StatusBadge({ status }: { status: NodeStatus }) {
  const theme = useTheme2();
  const { outline, sign } = STATUS_BADGES[status];
  const hollow = status === 'unknown';
  return (
    <g>
      <path
        d={outline}
        fill={hollow ? theme.colors.background.primary : statusColor(status, theme)}
        stroke={hollow ? statusColor(status, theme) : theme.colors.background.primary}
        strokeWidth={1.5}
        strokeDasharray={hollow ? '2.5 1.6' : undefined}
        strokeLinejoin="round"
      />
      <path
        d={sign}
        fill="none"
        stroke={statusInk(status, theme)}
        strokeWidth={2}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </g>
  );
}

/** The badge as an image of its own, for text. Decorative: the text beside it names the status. */
export function StatusIcon({ status, size = 14 }: { status: NodeStatus; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="-1 -1 18 18" aria-hidden="true" focusable="false">
      <StatusBadge status={status} />
    </svg>
  );
}
