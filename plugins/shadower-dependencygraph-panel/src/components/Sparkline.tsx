import { useTheme2 } from '@grafana/ui';
import React from 'react';

interface Props {
  values: ReadonlyArray<number | null>;
  /** Position of the value looked at. */
  at: number;
  width?: number;
  height?: number;
}

/** A line over time, broken where there is no reading, with a dot at the time looked at. Decorative: the value stands beside it. */
export function Sparkline({ values, at, width = 110, height = 24 }: Props) {
  const theme = useTheme2();
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const point = (value: number, i: number) =>
    [
      2 + ((width - 4) * i) / Math.max(1, values.length - 1),
      height - 3 - ((height - 6) * (value - low)) / span,
    ] as const;
  let path = '';
  values.forEach((value, i) => {
    if (value !== null) {
      const started = i > 0 && values[i - 1] !== null;
      path += `${started ? 'L' : 'M'}${point(value, i).map((n) => Math.round(n * 10) / 10)}`;
      // A reading between two gaps would otherwise not show.
      path += !started && (values[i + 1] ?? null) === null ? 'h.1' : '';
    }
  });
  const now = values[at];
  return (
    <svg width={width} height={height} aria-hidden="true" focusable="false">
      <path d={path} fill="none" stroke={theme.colors.text.secondary} strokeWidth={1.5} strokeLinecap="round" />
      {now !== null && now !== undefined && (
        <circle cx={point(now, at)[0]} cy={point(now, at)[1]} r={2.5} fill={theme.colors.primary.text} />
      )}
    </svg>
  );
}
