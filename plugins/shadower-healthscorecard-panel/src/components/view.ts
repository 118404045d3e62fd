import type React from 'react';
import { type Group } from '../data/composite';
import { type LinkContext } from '../data/evidence';
import { type EntityScore, type Scorecard } from '../data/model';
import { type ScorecardOptions, type ViewName } from '../types';
import { CardView } from './CardView';
import { CompareView } from './CompareView';
import { GridView } from './GridView';
import { LeaderboardView } from './LeaderboardView';
import { MatrixView } from './MatrixView';

/** What every view may use beside its entities. */
export interface ViewContext extends LinkContext {
  scorecard: Scorecard;
  options: ScorecardOptions;
  timeZone: string;
  /** When the data was asked for, in milliseconds since the epoch: what has expired is judged by it. */
  now: number;
}

export interface ViewProps {
  /** Sorted and filtered. */
  entities: EntityScore[];
  /** The same entities by groups, where they are grouped into sections. */
  groups: Group[] | null;
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
  matrix: MatrixView,
  leaderboard: LeaderboardView,
  compare: CompareView,
};
