import { PanelPlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { DependencyGraphPanel } from './components/DependencyGraphPanel';
import { migrateOptions, takeOver } from './migrations';
import { buildOptions } from './options';
import { suggest } from './suggestions';
import type { GraphOptions } from './types';
import pluginJson from './plugin.json';

// Grafana loads the translations that plugin.json lists before this module; this only binds `t` to them.
void initPluginTranslations(pluginJson.id);

export const plugin = new PanelPlugin<GraphOptions>(DependencyGraphPanel)
  .setPanelOptions(buildOptions)
  .setMigrationHandler(migrateOptions)
  .setPanelChangeHandler(takeOver)
  .setSuggestionsSupplier(suggest)
  .useFieldConfig();
