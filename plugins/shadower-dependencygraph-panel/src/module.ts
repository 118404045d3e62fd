import { PanelPlugin } from '@grafana/data';
import { DependencyGraphPanel } from './components/DependencyGraphPanel';
import { migrateOptions, takeOver } from './migrations';
import { buildOptions } from './options';
import type { GraphOptions } from './types';

export const plugin = new PanelPlugin<GraphOptions>(DependencyGraphPanel)
  .setPanelOptions(buildOptions)
  .setMigrationHandler(migrateOptions)
  .setPanelChangeHandler(takeOver)
  .useFieldConfig();
