import { DataSourcePlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { DataSource } from './datasource';
import pluginJson from './plugin.json';
import { type ShadowerJsonData, type ShadowerQuery, type ShadowerSecureJsonData } from './types';

// Grafana has loaded the texts (plugin.json, `languages`) before this module; it only takes them up.
void initPluginTranslations(pluginJson.id);

export const plugin = new DataSourcePlugin<DataSource, ShadowerQuery, ShadowerJsonData, ShadowerSecureJsonData>(
  DataSource
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
