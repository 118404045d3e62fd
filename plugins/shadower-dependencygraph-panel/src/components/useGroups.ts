import { useCallback, useMemo, useState } from 'react';
import { groupsOf, shown } from '../data/groups';
import type { GraphModel } from '../data/model';
import type { GraphOptions } from '../types';

interface Groups {
  /** What is drawn: with collapsed groups, held to the limits. */
  model: GraphModel;
  /** Names of the groups, whether collapsed or not. */
  names: string[];
  /** Whether the graph is beyond the limits, and so grouped whatever was saved. */
  forced: boolean;
  collapse: (groups: string[], collapse: boolean) => void;
}

/** Which groups are collapsed: saved with the panel, but for graphs that are too large to be drawn open. */
export function useGroups(full: GraphModel, options: GraphOptions, save: (options: GraphOptions) => void): Groups {
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => new Set());
  const { maxNodes, maxEdges, collapsed } = options;
  const forced = full.nodes.length > maxNodes || full.edges.length > maxEdges;
  const model = useMemo(
    () => shown(full, new Set(collapsed), opened, { maxNodes, maxEdges }),
    [full, collapsed, opened, maxNodes, maxEdges]
  );
  const names = useMemo(() => [...groupsOf(forced ? model.nodes : full.nodes).keys()], [forced, model, full]);
  const collapse = useCallback(
    (groups: string[], close: boolean) => {
      if (forced) {
        setOpened((last) => new Set(close ? [...last].filter((name) => !groups.includes(name)) : [...last, ...groups]));
      } else {
        const others = collapsed.filter((name) => !groups.includes(name));
        save({ ...options, collapsed: close ? [...others, ...groups] : others });
      }
    },
    [forced, collapsed, options, save]
  );
  return { model, names, forced, collapse };
}
