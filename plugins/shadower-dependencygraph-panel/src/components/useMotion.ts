import { useEffect, useState } from 'react';

const QUERY = '(prefers-reduced-motion: reduce)';

/** Whether the viewer asks for less motion; follows a change of the setting. */
export function useReducedMotion(): boolean {
  const [reduced, setReduced] = useState(() => window.matchMedia?.(QUERY)?.matches ?? true);
  useEffect(() => {
    const list = window.matchMedia?.(QUERY);
    const update = () => setReduced(list.matches);
    list?.addEventListener?.('change', update);
    return () => list?.removeEventListener?.('change', update);
  }, []);
  return reduced;
}
