/** A real Kafka (the processor's own test harness), and messages as the Collector's Kafka exporter writes them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './stack.mjs';

const require = createRequire(join(root, 'processor/package.json'));

/** `unavailable()` gives the reason why no Kafka can run here, or null; `start()` starts one. */
export function kafkaHarness() {
  require(join(root, 'processor/src/journal/testing/register.cjs'));
  const { kafkaUnavailable, startKafka } = require(join(root, 'processor/src/kafka/testing/kafka.ts'));
  return { unavailable: kafkaUnavailable, start: startKafka };
}

/** Makes the topics with four partitions and writes the messages, gzip as the exporter can be told to. */
export async function produce(brokers, topics) {
  const { CompressionTypes, Kafka, Partitioners, logLevel } = require('kafkajs');
  const kafka = new Kafka({ brokers, clientId: 'otel-collector', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await admin.connect();
  await producer.connect();
  try {
    await admin.createTopics({
      topics: Object.keys(topics).map((topic) => ({ topic, numPartitions: 4, replicationFactor: 1 })),
      waitForLeaders: true,
    });
    const CHUNK = 100;
    for (const [topic, messages] of Object.entries(topics))
      for (let i = 0; i < messages.length; i += CHUNK)
        await producer.send({
          topic,
          compression: CompressionTypes.GZIP,
          messages: messages.slice(i, i + CHUNK).map((m) => ({ key: null, ...m })),
        });
  } finally {
    await producer.disconnect();
    await admin.disconnect();
  }
}

const plain = (v) => v.stringValue ?? v.boolValue ?? v.doubleValue ?? Number(v.intValue);
const attributes = (list) => Object.fromEntries((list ?? []).map((a) => [a.key, plain(a.value)]));
const hrTime = (ns) => [Number(BigInt(ns) / 1_000_000_000n), Number(BigInt(ns) % 1_000_000_000n)];

/** An OTLP/JSON line as protobuf, encoded by OpenTelemetry's own serializer. */
export function protobufOf(line) {
  const { ProtobufTraceSerializer } = require('@opentelemetry/otlp-transformer');
  const { resourceFromAttributes } = require('@opentelemetry/resources');
  const spans = JSON.parse(line).resourceSpans.flatMap((rs) => {
    const resource = resourceFromAttributes(attributes(rs.resource.attributes));
    return rs.scopeSpans.flatMap((ss) =>
      ss.spans.map((s) => ({
        name: s.name,
        // OTLP's kinds begin with "unspecified", the API's do not.
        kind: s.kind - 1,
        spanContext: () => ({ traceId: s.traceId, spanId: s.spanId, traceFlags: 1 }),
        parentSpanContext: s.parentSpanId ? { traceId: s.traceId, spanId: s.parentSpanId, traceFlags: 1 } : undefined,
        startTime: hrTime(s.startTimeUnixNano),
        endTime: hrTime(s.endTimeUnixNano),
        duration: [0, 0],
        ended: true,
        status: { code: s.status?.code ?? 0, message: s.status?.message },
        attributes: attributes(s.attributes),
        links: [],
        events: [],
        resource,
        instrumentationScope: { name: ss.scope?.name ?? '' },
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
      })),
    );
  });
  return Buffer.from(ProtobufTraceSerializer.serializeRequest(spans));
}
