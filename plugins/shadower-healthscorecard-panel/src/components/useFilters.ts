import { useMemo, useState } from 'react';
import { type ScorecardOptions } from '../types';
import { type Filters } from './Toolbar';

/** The viewer's choices. What a saved option sets starts over when that option is edited. */
export function useFilters({ sort, view, groupBy }: ScorecardOptions): [Filters, (filters: Filters) => void] {
  const saved = JSON.stringify([sort, view, groupBy]);
  const [chosen, setChosen] = useState<Filters & { saved: string }>({
    search: '',
    statuses: new Set(),
    sort,
    view,
    groupBy,
    saved,
  });
  const filters = useMemo<Filters>(
    () => (chosen.saved === saved ? chosen : { ...chosen, sort, view, groupBy }),
    [chosen, saved, sort, view, groupBy]
  );
  return [filters, (next) => setChosen({ ...next, saved })];
}
