import { FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { ScorecardPanel } from './components/ScorecardPanel';
import { DEFAULT_THRESHOLDS } from './data/status';
import { migrateOptions } from './migrations';
import { buildOptions } from './options';
import pluginJson from './plugin.json';
import { suggest } from './suggestions';
import { type ScorecardOptions } from './types';

// Grafana has loaded the texts (plugin.json, `languages`) before this module; it only takes them up.
void initPluginTranslations(pluginJson.id);

export const plugin = new PanelPlugin<ScorecardOptions>(ScorecardPanel)
  .useFieldConfig({
    // Colours come from the status, so a colour scheme would do nothing.
    disableStandardOptions: [FieldConfigProperty.Color, FieldConfigProperty.Filterable],
    standardOptions: { [FieldConfigProperty.Thresholds]: { defaultValue: DEFAULT_THRESHOLDS } },
  })
  .setPanelOptions(buildOptions)
  .setMigrationHandler(migrateOptions)
  .setSuggestionsSupplier(suggest);
