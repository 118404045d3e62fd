import { VisualizationSuggestionScore, type VisualizationSuggestionsSupplier } from '@grafana/data';
import { recogniseFrames } from './data/frames';
import { type ScorecardOptions } from './types';

/** Offers the panel for data that has scores by name; a guess from other shapes would be a nuisance. */
export const suggest: VisualizationSuggestionsSupplier<ScorecardOptions> = (summary) => {
  if (!summary.hasData || !summary.rawFrames) {
    return;
  }
  const scores = recogniseFrames(summary.rawFrames).frames.filter(
    (f) => f.role === 'scores' && f.columns.entity && f.columns.score?.name.toLowerCase().includes('score')
  );
  if (scores.length === 0) {
    return;
  }
  return [
    {
      name: 'Health scorecard',
      score: VisualizationSuggestionScore.Best,
      cardOptions: {
        previewModifier: (s) => {
          s.options = { ...s.options, showToolbar: false, showTerms: false };
        },
      },
    },
  ];
};
