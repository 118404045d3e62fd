import { useEffect, useState } from 'react';
import { messageOf } from '../catalog';

export interface Loaded<T> {
  value?: T;
  error?: string;
}

/** What a load gives, or why it gives nothing. `load` must be stable (useCallback). */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({});
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setState({ value }),
      (error: unknown) => current && setState({ error: messageOf(error) })
    );
    return () => {
      current = false;
    };
  }, [load]);
  return state;
}
