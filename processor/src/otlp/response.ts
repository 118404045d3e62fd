/** Answers of an OTLP/HTTP receiver, in the encoding of the request. */
import { ExportTraceServiceResponse, RpcStatus } from './proto';

export interface PartialSuccess {
  rejectedSpans: number;
  errorMessage: string;
}

/** ExportTraceServiceResponse; without `partial` it says that every span was taken. */
export function encodeTraceResponse(encoding: 'otlp_json' | 'otlp_proto', partial?: PartialSuccess): Buffer {
  if (encoding === 'otlp_json')
    return Buffer.from(
      JSON.stringify(
        partial
          ? { partialSuccess: { rejectedSpans: String(partial.rejectedSpans), errorMessage: partial.errorMessage } }
          : {},
      ),
    );
  return Buffer.from(ExportTraceServiceResponse.encode(partial ? { partialSuccess: partial } : {}).finish());
}

/** google.rpc codes that OTLP clients meet here, by HTTP status. */
const RPC_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 11,
  415: 3,
  429: 8,
  503: 14,
  504: 4,
};

/** google.rpc.Status for an error answer. */
export function encodeRpcStatus(encoding: 'otlp_json' | 'otlp_proto', httpStatus: number, message: string): Buffer {
  const status = { code: RPC_CODES[httpStatus] ?? 13, message };
  return encoding === 'otlp_json'
    ? Buffer.from(JSON.stringify(status))
    : Buffer.from(RpcStatus.encode(status).finish());
}
