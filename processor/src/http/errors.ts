/** Every error becomes {code, message, requestId, details?}; OTLP callers get a google.rpc.Status instead. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ERRORS, ShadowerError, type ErrorCode } from '../errors';
import { encodeRpcStatus } from '../otlp';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Errors of the route are answered as OTLP/HTTP wants them. */
    otlpErrors?: boolean;
  }
}

export const errorSchema = z
  .object({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('Stable code'),
    message: z.string().describe('What is wrong, where, and what to do'),
    requestId: z.string().describe('Also in the header X-Request-Id and in the server’s log'),
    details: z.unknown().optional(),
  })
  .meta({ id: 'Error' });

/** An error that carries more than a sentence. */
export class DetailedError extends ShadowerError {
  constructor(
    code: ErrorCode,
    detail: string,
    readonly details: unknown,
  ) {
    super(code, detail);
  }
}

/** Seconds after which another attempt makes sense. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 5, 503: 2 };

const BY_FASTIFY_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'INPUT_UNSUPPORTED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_HANDLER_TIMEOUT: 'BUSY',
  FST_UNDER_PRESSURE: 'BUSY',
};

/** Our error for whatever was thrown. What is not known is INTERNAL and keeps its text to itself. */
export function toShadowerError(e: unknown): ShadowerError {
  if (e instanceof ShadowerError) return e;
  if (hasZodFastifySchemaValidationErrors(e)) {
    const at = (e as { validationContext?: string }).validationContext ?? 'request';
    const issues = e.validation
      .slice(0, 5)
      .map((v) => `${v.instancePath.replace(/^\//, '').replace(/\//g, '.') || at}: ${v.message}`);
    return new DetailedError(
      'REQUEST_INVALID',
      issues.join('; '),
      e.validation.map((v) => ({ in: at, path: v.instancePath, message: v.message })),
    );
  }
  const { code, statusCode, message } = e as FastifyError;
  const known = typeof code === 'string' ? BY_FASTIFY_CODE[code] : undefined;
  if (known !== undefined) return new ShadowerError(known, message, { cause: e });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ShadowerError('REQUEST_INVALID', message, { cause: e });
  return new ShadowerError('INTERNAL', undefined, { cause: e });
}

/** Answers with the error. */
export function sendError(thrown: unknown, req: FastifyRequest, reply: FastifyReply): FastifyReply {
  const e = toShadowerError(thrown);
  reply.code(e.status);
  const retry = RETRY_AFTER[e.status];
  if (retry !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', retry);
  if (req.routeOptions?.config?.otlpErrors) {
    const json = /^application\/json\b/i.test(req.headers['content-type'] ?? '');
    return reply
      .type(json ? 'application/json' : 'application/x-protobuf')
      .send(
        encodeRpcStatus(json ? 'otlp_json' : 'otlp_proto', e.status, `${e.code}: ${e.message} (request ${req.id})`),
      );
  }
  const details = e instanceof DetailedError ? { details: e.details } : {};
  // Serialised here: an error must not depend on the schema of the route that failed.
  return reply
    .type('application/json; charset=utf-8')
    .serializer((v: unknown) => v as string)
    .send(JSON.stringify({ code: e.code, message: e.message, requestId: req.id, ...details }));
}

export function installErrorHandlers(app: FastifyInstance, count: (code: ErrorCode) => void): void {
  app.setErrorHandler((thrown, req, reply) => {
    const e = toShadowerError(thrown);
    if (e.code.startsWith('AUTH_')) count(e.code);
    // What a caller asked too much of is told to the caller and counted, not logged.
    if (e.status >= 500 && e.code !== 'BUSY' && !e.code.startsWith('QUERY_'))
      req.log.error({ err: e.cause ?? e, code: e.code }, e.message);
    return sendError(e, req, reply);
  });
  app.setNotFoundHandler((req, reply) =>
    sendError(new ShadowerError('NOT_FOUND', `${req.method} ${req.url.split('?')[0]!.slice(0, 200)}`), req, reply),
  );
}
