export { decodeTraces, sniffEncoding, type DecodedTraces, type TraceEncoding } from './decode';
export { encodeRpcStatus, encodeTraceResponse, type PartialSuccess } from './response';
export { splitTraces, type Piece, type SplitOptions } from './split';
