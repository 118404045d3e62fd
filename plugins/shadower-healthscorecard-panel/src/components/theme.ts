import { type GrafanaTheme2 } from '@grafana/data';
import { type Status } from '../data/model';

/** Text-safe colour of a status. Never the only sign: icon and text go with it. */
export function statusColor(theme: GrafanaTheme2, status: Status): string {
  switch (status) {
    case 'healthy':
      return theme.colors.success.text;
    case 'degraded':
      return theme.colors.warning.text;
    case 'critical':
      return theme.colors.error.text;
    case 'offline':
      return theme.visualization.getColorByName(theme.isDark ? 'light-purple' : 'dark-purple');
    case 'unknown':
      return theme.colors.text.secondary;
  }
}

/** Room the scrollbar may take, and height of a group's heading, in theme spacing units. */
export const SCROLLBAR = 1;
export const HEADING = 4;

/** Grey hatching: "nothing is known here". */
export const hatch = (theme: GrafanaTheme2): string =>
  `repeating-linear-gradient(135deg, transparent 0 ${theme.spacing(0.875)}, ${theme.colors.border.weak} ${theme.spacing(0.875)} ${theme.spacing(1)})`;

export const focusRing = (theme: GrafanaTheme2) => ({
  outline: `2px solid ${theme.colors.primary.main}`,
  outlineOffset: '-2px',
});

/** Of rows and tiles under the pointer: so faint that secondary text on it stays readable. */
export const hover = (theme: GrafanaTheme2, on = theme.colors.background.primary) => ({
  backgroundColor: theme.colors.emphasize(on, 0.03),
});

export const ellipsis = { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;

/** Seen by screen readers only. */
export const visuallyHidden = {
  position: 'absolute',
  width: 1,
  height: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const;

/** Colours that carry a meaning beside the text, kept where the system replaces colours (forced colours). */
export const keepColors = { forcedColorAdjust: 'none' } as const;
