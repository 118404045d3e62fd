import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { DataSource } from './datasource';
import { type ShadowerJsonData, type ShadowerQuery, type ShadowerSecureJsonData } from './types';

export const plugin = new DataSourcePlugin<DataSource, ShadowerQuery, ShadowerJsonData, ShadowerSecureJsonData>(
  DataSource
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
