import { type PanelModel } from '@grafana/data';
import { withDefaults } from './options';
import { type ScorecardOptions } from './types';

/**
 * Brings options of any earlier version of the panel into today's shape. Each change of the options' shape gets its
 * step here, oldest first; what no step knows falls back to its default.
 */
export function migrateOptions(panel: PanelModel<Partial<ScorecardOptions>>): ScorecardOptions {
  return withDefaults(panel.options);
}
