import {
  type PanelDataSummary,
  VisualizationSuggestionScore,
  type VisualizationSuggestionsSupplier,
} from '@grafana/data';
import { t } from '@grafana/i18n';
import { recognise } from './data/frames';
import type { GraphOptions } from './types';

/** Offers the panel for data that is a graph, first when it has more than Grafana's node graph shows. */
export const suggest: VisualizationSuggestionsSupplier<GraphOptions> = (summary: PanelDataSummary) => {
  const { nodes, edges } = recognise(summary.rawFrames ?? []);
  if (!summary.hasData || edges.length === 0) {
    return;
  }
  const richer = [...nodes, ...edges].some((frame) =>
    frame.fields.some(({ name }) => ['score', 'status', 'error_rate', 'p95_ms'].includes(name.toLowerCase()))
  );
  return [
    {
      name: t('suggestion.name', 'Dependency graph'),
      score: richer ? VisualizationSuggestionScore.Best : VisualizationSuggestionScore.Good,
      cardOptions: {
        previewModifier: (suggestion) => {
          suggestion.options = {
            ...suggestion.options,
            showToolbar: false,
            showLegend: false,
            showMinimap: false,
            animate: false,
          };
        },
      },
    },
  ];
};
