import { formattedValueToString, getValueFormat } from '@grafana/data';
import { t } from '@grafana/i18n';
import { cuts } from './analysis/cuts';
import type { Adjacency, Lit } from './analysis/graphs';
import { blastRadius, neighbourhood, type Reach } from './analysis/neighbourhood';
import { criticalPath, shortestPaths } from './analysis/paths';
import type { Selection } from './selection';
import { edgesText, listSome, nodesText, RAW } from './words';

/** A question about the graph whose answer is lit up. */
export type Question =
  | { kind: 'around'; hops: number; reach: Reach }
  | { kind: 'blast'; id: string }
  /** Without `to` the user is to choose it. */
  | { kind: 'path'; from: string; to?: string }
  | { kind: 'critical' }
  | { kind: 'cuts' };

export interface Answer {
  /** undefined lights all. */
  lit: Lit | undefined;
  /** The answer in words, '' for the plain neighbourhood, which shows by itself. */
  text: string;
}

/** Answers a question about the graph; undefined when what it asks about is not there. */
export function answer(graph: Adjacency, question: Question, selection: Selection | undefined): Answer | undefined {
  switch (question.kind) {
    case 'around':
      return around(graph, question.hops, question.reach, selection);
    case 'blast':
      return graph.hasNode(question.id) ? blast(graph, question.id) : undefined;
    case 'path':
      return path(graph, question.from, question.to);
    case 'critical':
      return critical(graph);
    case 'cuts':
      return singlePoints(graph);
  }
}

function title(graph: Adjacency, id: string): string {
  return graph.getNodeAttribute(id, 'title');
}

function around(graph: Adjacency, hops: number, reach: Reach, selection: Selection | undefined): Answer | undefined {
  if (selection?.kind === 'node' && graph.hasNode(selection.id)) {
    const lit = neighbourhood(graph, selection.id, hops, reach);
    return { lit, text: '' };
  }
  if (selection?.kind === 'edge' && graph.hasEdge(selection.id)) {
    return { lit: { nodes: new Set(graph.extremities(selection.id)), edges: new Set([selection.id]) }, text: '' };
  }
  return undefined;
}

function blast(graph: Adjacency, id: string): Answer {
  const lit = blastRadius(graph, id);
  const direct = [...lit.distance.values()].filter((hops) => hops === 1).length;
  return {
    lit,
    text:
      lit.nodes.size === 1
        ? t('focus.blast-none', 'Nothing calls {{title}}: its failure reaches nobody in this graph.', {
            title: title(graph, id),
            ...RAW,
          })
        : t('focus.blast', 'If {{title}} fails, {{nodes}} are hit: {{direct}} directly, {{indirect}} through others.', {
            title: title(graph, id),
            nodes: nodesText(lit.nodes.size - 1),
            direct,
            indirect: lit.nodes.size - 1 - direct,
            ...RAW,
          }),
  };
}

function path(graph: Adjacency, from: string, to: string | undefined): Answer | undefined {
  if (!graph.hasNode(from) || (to !== undefined && !graph.hasNode(to))) {
    return undefined;
  }
  if (to === undefined) {
    return {
      lit: undefined,
      text: t('focus.path-choose', 'Choose the node that the path from {{from}} leads to.', {
        from: title(graph, from),
        ...RAW,
      }),
    };
  }
  const found = shortestPaths(graph, from, to);
  const ends = { from: title(graph, from), to: title(graph, to), ...RAW };
  if (found === undefined) {
    return {
      lit: { nodes: new Set([from, to]), edges: new Set() },
      text: t('focus.path-none', 'No path between {{from}} and {{to}}.', ends),
    };
  }
  const values = { ...ends, edges: edgesText(found.hops) };
  return {
    lit: found,
    text: found.directed
      ? t('focus.path', 'From {{from}} to {{to}}: {{edges}}.', values)
      : t(
          'focus.path-undirected',
          'No calls lead from {{from}} to {{to}}. Against their direction: {{edges}}.',
          values
        ),
  };
}

function critical(graph: Adjacency): Answer {
  const found = criticalPath(graph);
  return found === undefined
    ? { lit: undefined, text: t('focus.critical-none', 'No critical path: no edge has a p95.') }
    : {
        lit: found,
        text: t('focus.critical', 'Critical path, {{p95}} of p95 in sum (an upper estimate): {{titles}}.', {
          p95: formattedValueToString(getValueFormat('ms')(found.p95)),
          titles: found.order.map((id) => title(graph, id)).join(' → '),
          ...RAW,
        }),
      };
}

function singlePoints(graph: Adjacency): Answer {
  const lit = cuts(graph);
  return lit.nodes.size + lit.edges.size === 0
    ? {
        lit: undefined,
        text: t('focus.cuts-none', 'No single points of failure: everything is connected in two ways.'),
      }
    : {
        lit,
        text: t('focus.cuts', 'Without one of them the graph falls apart: {{nodes}} ({{titles}}) and {{edges}}.', {
          nodes: nodesText(lit.nodes.size),
          titles: listSome([...lit.nodes].map((id) => title(graph, id))) || '–',
          edges: edgesText(lit.edges.size),
          ...RAW,
        }),
      };
}
