import { useEffect, useMemo, useState } from 'react';
import { layoutService } from './layoutService';
import { topologyKey } from './layoutInput';
import type { LayoutInput, LayoutResult } from './types';

export interface LayoutState {
  /** The layout for this very input, or undefined while it is being made. */
  result?: LayoutResult;
  /** The topology `result` belongs to. */
  key: string;
  error?: string;
}

/** The layout of a graph. Changes only with the topology. */
export function useLayout(input: LayoutInput): LayoutState {
  const key = useMemo(() => topologyKey(input), [input]);
  const [done, setDone] = useState<LayoutState>();

  useEffect(() => {
    let current = true;
    layoutService.run(input, key).then(
      (result) => current && setDone({ key, result }),
      (error: Error) => current && setDone({ key, error: error.message })
    );
    return () => {
      current = false;
    };
    // The input is a function of the key.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);

  return useMemo(() => (done?.key === key ? done : { key, result: layoutService.cached(key) }), [done, key]);
}
