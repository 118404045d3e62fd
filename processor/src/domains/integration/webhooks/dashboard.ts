import type { DashboardDef, QueryPanelDef, Thresholds } from '../../define';
import { findingsMarks, findingsPanel } from '../findings/panel';
import { DEAD_LETTER_AGE, DELIVERY_RATE } from './thresholds';

const selected = { integration: ['$integration'], webhook: ['$webhook'] };
const delivery: Thresholds = [
  { value: null, color: 'red' },
  { value: 0.8, color: 'orange' },
  { value: DELIVERY_RATE, color: 'yellow' },
  { value: 0.99, color: 'green' },
];
const recovery: Thresholds = [
  { value: null, color: 'red' },
  { value: 0.2, color: 'orange' },
  { value: 0.5, color: 'yellow' },
  { value: 0.8, color: 'green' },
];
const panel = (
  p: Pick<QueryPanelDef, 'title' | 'description' | 'kind' | 'query' | 'w'> & Partial<QueryPanelDef>,
): QueryPanelDef => ({ params: selected, h: 8, ...p });

export const dashboards: DashboardDef[] = [
  {
    name: 'integration-webhooks',
    title: 'Integration webhooks',
    description: 'Whether messages reach their webhooks, what retries are worth, and what was given up.',
    tags: ['integration'],
    from: 'now-3h',
    links: [{ title: 'Integrations', tags: ['integration'] }],
    annotations: [findingsMarks('integration_webhook_findings')],
    variables: [
      { name: 'integration', label: 'Integration', query: 'integration_webhook_integrations' },
      {
        name: 'webhook',
        label: 'Webhook',
        query: 'integration_webhook_names',
        params: { integration: ['$integration'] },
      },
    ],
    rows: [
      {
        title: 'Delivery',
        panels: [
          panel({
            title: 'Reliability',
            description:
              'Score of each webhook, worst first; open one to see the terms it loses points on and since when.',
            kind: 'scorecard',
            query: 'integration_webhook_reliability',
            w: 10,
            h: 14,
          }),
          panel({
            title: 'Webhook delivery map',
            description:
              'Share of the messages of each step that were delivered, each counted once; what waits for a retry is not delivered yet. Gaps are steps without messages.',
            kind: 'state-timeline',
            query: 'integration_webhooks',
            columns: ['delivery_rate'],
            thresholds: delivery,
            w: 14,
            h: 7,
          }),
          panel({
            title: 'Retries',
            description: 'Attempts by their number: the higher the cells, the deeper into retries messages are.',
            kind: 'heatmap',
            query: 'integration_webhook_retries',
            w: 14,
            h: 7,
          }),
          panel({
            title: 'Messages delivered',
            description: 'Share of messages, each counted once, that were delivered.',
            kind: 'timeseries',
            query: 'integration_webhooks',
            columns: ['delivery_rate'],
            w: 8,
          }),
          panel({
            title: 'Attempts failed',
            description: 'Share of all attempts, retries included.',
            kind: 'timeseries',
            query: 'integration_webhooks',
            columns: ['failure_rate'],
            w: 8,
          }),
          panel({
            title: 'Time until the answer, p95',
            description: 'From merged histograms; within 2 % of the true value.',
            kind: 'timeseries',
            query: 'integration_webhooks',
            columns: ['p95_latency_ms'],
            w: 8,
          }),
        ],
      },
      {
        title: 'Findings',
        panels: [findingsPanel('integration_webhook_findings')],
      },
      {
        title: 'What retries are worth',
        panels: [
          panel({
            title: 'Recovery by delay strategy and retry step',
            description: 'Share of the retries that deliver.',
            kind: 'table',
            query: 'integration_webhook_recovery',
            columns: ['strategy', 'attempt', 'success_rate'],
            pivot: { rows: 'strategy', columns: 'attempt', value: 'success_rate' },
            thresholds: recovery,
            w: 12,
          }),
          panel({
            title: 'Delay strategies',
            description: 'What became of messages whose first attempt failed.',
            kind: 'table',
            query: 'integration_webhook_strategies',
            w: 12,
          }),
          panel({
            title: 'Success by attempt',
            description: 'Share of the attempts of each number that deliver.',
            kind: 'barchart',
            query: 'integration_webhook_steps',
            columns: ['attempt', 'success_rate'],
            w: 8,
          }),
          panel({
            title: 'Latency by attempt',
            description: 'Time until the answer.',
            kind: 'barchart',
            query: 'integration_webhook_steps',
            columns: ['attempt', 'p50_latency_ms', 'p95_latency_ms'],
            w: 8,
          }),
          panel({
            title: 'Failure reasons',
            description: 'Failed attempts by status code or reason.',
            kind: 'piechart',
            query: 'integration_webhook_reasons',
            w: 8,
          }),
          panel({
            title: 'Why attempts failed',
            description: 'By webhook and reason, and how many messages were given up for it.',
            kind: 'table',
            query: 'integration_webhook_failures',
            w: 24,
          }),
        ],
      },
      {
        title: 'Dead letters',
        panels: [
          panel({
            title: 'By age',
            description: 'Messages that were given up and still lie there at the end of the range.',
            kind: 'bargauge',
            query: 'integration_webhook_dead_letter_ages',
            w: 6,
          }),
          panel({
            title: 'The oldest',
            description: 'Age of the oldest dead letter of each webhook. It looks back 30 days.',
            kind: 'stat',
            query: 'integration_webhook_dead_letter_age',
            columns: ['oldest_seconds'],
            thresholds: [
              { value: null, color: 'green' },
              { value: DEAD_LETTER_AGE / 2, color: 'yellow' },
              { value: DEAD_LETTER_AGE, color: 'red' },
            ],
            options: { graphMode: 'none', textMode: 'value_and_name' },
            w: 6,
          }),
          panel({
            title: 'Dead letters',
            description: 'The oldest first. They leave when they are redelivered or discarded.',
            kind: 'table',
            query: 'integration_webhook_dead_letters',
            w: 12,
          }),
        ],
      },
      {
        title: 'Messages',
        panels: [
          panel({
            title: 'Webhooks',
            description: 'The least delivered first.',
            kind: 'table',
            query: 'integration_webhook_list',
            columns: [
              'integration',
              'webhook',
              'messages',
              'delivery_rate',
              'final_delivery_rate',
              'waiting',
              'dead_letters',
              'recovery_rate',
              'retries_per_failure',
              'p50_latency_ms',
              'p95_latency_ms',
              'p95_payload',
            ],
            styles: { delivery_rate: { cell: 'color-text', thresholds: delivery } },
            w: 24,
          }),
          panel({
            title: 'Sizes',
            description: 'Messages by size, each counted once.',
            kind: 'barchart',
            query: 'integration_webhook_payloads',
            w: 8,
          }),
          panel({
            title: 'Events',
            description: 'How often which event is sent, and how it arrives.',
            kind: 'table',
            query: 'integration_webhook_events',
            w: 16,
          }),
          panel({
            title: 'Messages',
            description: 'First attempts per step and webhook.',
            kind: 'timeseries',
            query: 'integration_webhooks',
            columns: ['messages'],
            draw: 'stacked',
            w: 12,
          }),
          panel({
            title: 'Bursts',
            description:
              "Times with far more messages than usual: beyond Tukey's far fence, three times the median and ten messages.",
            kind: 'table',
            query: 'integration_webhook_bursts',
            w: 12,
          }),
        ],
      },
    ],
  },
];
