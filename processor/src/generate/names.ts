/** Names that the generated files, the provisioning files and the launcher of Grafana must agree on. */

export const DATASOURCE_TYPE = 'shadower-analytics-datasource';
export const GRAPH_PANEL_TYPE = 'shadower-dependencygraph-panel';
export const SCORECARD_PANEL_TYPE = 'shadower-healthscorecard-panel';
/** Plugin ids, all unsigned; also the folder names under `plugins/`. */
export const PLUGIN_IDS = [DATASOURCE_TYPE, GRAPH_PANEL_TYPE, SCORECARD_PANEL_TYPE] as const;

/** Uid of the datasource that `provisioning/datasources` creates; alert rules need a fixed one. */
export const DATASOURCE_UID = 'shadower-analytics';
/** Folder of the dashboards and the alert rules. */
export const FOLDER = 'Shadower';
/** Tag that all our dashboards carry, so that they can link to each other. */
export const TAG = 'shadower';

/** Uid of a dashboard, the same in every Grafana, so that links between dashboards and from alerts hold. */
export const dashboardUid = (name: string): string => `shadower-${name}`;
/** Uid of an alert rule. Grafana allows 40 characters of letters, digits, `-` and `_`. */
export const ruleUid = (name: string): string => `shadower-${name}`;

/** Version of the query model that is written (`pkg/query/model.go` of the datasource reads it). */
export const QUERY_SCHEMA_VERSION = 1;
