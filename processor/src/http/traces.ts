/** POST /v1/traces: OTLP/HTTP, as every OpenTelemetry SDK and Collector speaks it. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ShadowerError } from '../errors';
import { decodeTraces, encodeTraceResponse, splitTraces } from '../otlp';
import { WORKSPACE_ATTRIBUTE, WORKSPACE_HEADER } from '../pipeline/decode';
import type { NewRecord } from '../pipeline/ports';
import { credentials, isGranted, workspaceOf } from './auth';
import { mediaType, readBody, takeBytes } from './body';
import { append, zodApp, type HttpContext } from './context';
import { errorSchema } from './errors';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** Registers POST /v1/traces. */
export function traceRoutes(app: FastifyInstance, ctx: HttpContext): void {
  const { limits, metrics } = ctx;
  const topic = ctx.options.topics.otlp;

  app.register(async (scope) => {
    takeBytes(scope, limits.bodyBytes);
    zodApp(scope).post(
      '/v1/traces',
      {
        bodyLimit: limits.bodyBytes,
        config: { scope: 'ingest', otlpErrors: true },
        validatorCompiler: () => (value) => ({ value }),
        schema: {
          summary: 'Take OpenTelemetry spans (OTLP/HTTP)',
          description:
            'An ExportTraceServiceRequest as protobuf or JSON; gzip and deflate are understood. 200 means that the spans are durable. Spans that cannot be read are counted in ' +
            'partial_success. The workspace is that of the credentials; with several, the resource attribute shadower.workspace or the header X-Shadower-Workspace names one.',
          tags: ['ingest'],
          consumes: [PROTOBUF, JSON_TYPE],
          produces: [PROTOBUF, JSON_TYPE],
          body: z.unknown(),
          response: { '4xx': errorSchema, '5xx': errorSchema },
        },
      },
      async (req, reply) => {
        const caller = credentials(req);
        const encoding = mediaType(req, [PROTOBUF, JSON_TYPE]) === JSON_TYPE ? 'otlp_json' : 'otlp_proto';
        const fallback = workspaceOf(req);
        const body = await readBody(ctx, req);
        metrics.bytes.inc({ route: '/v1/traces' }, body.length);
        const release = ctx.budget.reserve(body.length);
        try {
          const { spans, rejected } = decodeTraces(body, encoding);
          const named = new Set(spans.map((s) => String(s.resource[WORKSPACE_ATTRIBUTE] ?? '')));
          const fence = (workspace: string): void => {
            if (!isGranted(caller, workspace))
              throw new ShadowerError(
                'AUTH_FORBIDDEN',
                `resource attribute ${WORKSPACE_ATTRIBUTE}=${workspace.slice(0, 64)} is not granted to ${caller.id}`,
              );
          };
          for (const workspace of named) if (workspace !== '') fence(workspace);
          if (fallback === undefined && named.has(''))
            throw new ShadowerError(
              'EVENT_NO_WORKSPACE',
              `these credentials have several workspaces; name one in the header X-Shadower-Workspace or the resource attribute ${WORKSPACE_ATTRIBUTE}`,
            );

          // The log tells the encodings apart by the first byte, so JSON begins with its brace.
          const start = encoding === 'otlp_json' ? body.indexOf(0x7b) : 0;
          const whole = body.subarray(start);
          const pieces =
            named.size <= 1 && whole.length <= limits.eventBytes
              ? [{ value: [...named][0] || undefined, body: whole }]
              : splitTraces(whole, { encoding, maxBytes: limits.eventBytes, attribute: WORKSPACE_ATTRIBUTE });
          const records = pieces.map((piece): NewRecord => {
            if (piece.body.length > limits.eventBytes)
              throw new ShadowerError(
                'EVENT_TOO_LARGE',
                `a span of ${piece.body.length} bytes; the limit is ${limits.eventBytes}`,
              );
            // A resource may have none but rejected spans, and their dead letters belong to a workspace too.
            if (piece.value !== undefined) fence(piece.value);
            const workspace = piece.value ?? fallback;
            return {
              // The same request sent again goes to the same partition, where its spans are known.
              key: createHash('sha256').update(piece.body).digest().subarray(0, 16),
              value: piece.body,
              headers: workspace === undefined ? {} : { [WORKSPACE_HEADER]: workspace },
            };
          });
          if (spans.length + rejected.length > 0) await append(ctx, new Map([[topic, records]]));
          metrics.spans.inc({ outcome: 'accepted' }, spans.length);
          metrics.spans.inc({ outcome: 'rejected' }, rejected.length);
          const partial =
            rejected.length === 0
              ? undefined
              : {
                  rejectedSpans: rejected.length,
                  errorMessage: rejected
                    .slice(0, 3)
                    .map((r) => `span ${r.index}: ${r.reason}`)
                    .join('; '),
                };
          return reply
            .type(encoding === 'otlp_json' ? JSON_TYPE : PROTOBUF)
            .send(encodeTraceResponse(encoding, partial) as never);
        } finally {
          release();
        }
      },
    );
  });
}
