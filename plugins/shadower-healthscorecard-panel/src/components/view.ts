import type React from 'react';
import { type EntityScore, type Scorecard } from '../data/model';
import { type ScorecardOptions, type ViewName } from '../types';
import { CardView } from './CardView';
import { GridView } from './GridView';

/** What every view may use beside its entities. */
export interface ViewContext {
  scorecard: Scorecard;
  options: ScorecardOptions;
  timeZone: string;
  /** Shown time range, in milliseconds since the epoch. */
  range: { from: number; to: number };
}

export interface ViewProps {
  /** Sorted and filtered. */
  entities: EntityScore[];
  context: ViewContext;
  /** Room for the view in pixels. */
  width: number;
  height: number;
  /** Opens the detail of an entity. */
  onOpen: (key: string) => void;
  /** Entity whose detail was just closed: it takes the focus back. */
  focusKey: string | null;
}

/** A new view is a component here and a name in `VIEWS` (types.ts) with its label (options.ts). */
export const VIEW_COMPONENTS: Record<ViewName, React.ComponentType<ViewProps>> = {
  card: CardView,
  grid: GridView,
};
