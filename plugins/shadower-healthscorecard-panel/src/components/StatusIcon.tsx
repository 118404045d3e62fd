import React from 'react';
import { useTheme2 } from '@grafana/ui';
import { type Status } from '../data/model';
import { statusColor } from './theme';

/** One outline per status, so that they differ without colour: disc, triangle, octagon, square, dashed ring. */
const SHAPES: Record<Status, (fill: string, mark: string) => React.ReactNode> = {
  healthy: (fill, mark) => (
    <>
      <circle cx="8" cy="8" r="7" fill={fill} />
      <path d="M4.7 8.3l2.2 2.2 4.4-4.6" stroke={mark} strokeWidth="1.8" fill="none" />
    </>
  ),
  degraded: (fill, mark) => (
    <>
      <path d="M8 1.2L15.4 14.4H.6z" fill={fill} strokeLinejoin="round" />
      <path d="M8 5.8v4M8 11.6v1.2" stroke={mark} strokeWidth="1.8" />
    </>
  ),
  critical: (fill, mark) => (
    <>
      <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" fill={fill} />
      <path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" stroke={mark} strokeWidth="1.8" />
    </>
  ),
  offline: (fill, mark) => (
    <>
      <rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2" fill={fill} />
      <path d="M4.4 8h7.2" stroke={mark} strokeWidth="2" />
    </>
  ),
  unknown: (fill) => (
    <>
      <circle cx="8" cy="8" r="6.8" fill="none" stroke={fill} strokeWidth="1.4" strokeDasharray="2.6 1.7" />
      <path d="M6 6.4c0-2.6 4-2.6 4 0 0 1.5-2 1.5-2 3M8 11v1.2" stroke={fill} strokeWidth="1.5" fill="none" />
    </>
  ),
};

interface Props {
  status: Status;
  /** In theme spacing units. */
  size?: number;
}

/** Decorative: whoever draws it says the status in text or in the accessible name as well. */
export const StatusIcon = React.memo(function StatusIcon({ status, size = 2 }: Props) {
  const theme = useTheme2();
  const side = theme.spacing(size);
  return (
    <svg viewBox="0 0 16 16" width={side} height={side} style={{ flex: 'none' }} aria-hidden data-status={status}>
      {SHAPES[status](statusColor(theme, status), theme.colors.background.primary)}
    </svg>
  );
});
