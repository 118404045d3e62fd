/**
 * OpenTelemetry's trace protocol as far as it is read here: names and field numbers are those of opentelemetry-proto 1.x.
 * `@opentelemetry/otlp-transformer` holds the definitions too, but only the half that an SDK needs (it encodes requests and
 * decodes responses), so the request is decoded by protobufjs. Enumerations are plain numbers here: they are open in proto3.
 * What is not listed (events, links, flags …) is skipped while decoding; the record in the log keeps it.
 */
import protobuf from 'protobufjs';

const DEFINITIONS = `
syntax = "proto3";
package opentelemetry.proto;

message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
message InstrumentationScope { string name = 1; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  bytes parent_span_id = 4;
  string name = 5;
  int32 kind = 6;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  Status status = 15;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6;
    bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }

message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }
message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }

// google.rpc.Status, the body of an error answer.
message RpcStatus { int32 code = 1; string message = 2; }
`;

const { root } = protobuf.parse(DEFINITIONS);
const type = (name: string): protobuf.Type => root.lookupType(`opentelemetry.proto.${name}`);

export const ExportTraceServiceRequest = type('ExportTraceServiceRequest');
export const ExportTraceServiceResponse = type('ExportTraceServiceResponse');
export const Resource = type('Resource');
export const RpcStatus = type('RpcStatus');
