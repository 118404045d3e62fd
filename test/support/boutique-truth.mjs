/**
 * What the Online Boutique file holds, worked out without anything of the processor: its own reading of the OTLP/JSON
 * lines, edges from the join of parent and child spans, and exact nearest-rank percentiles.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const SERVER = 2;
const CLIENT = 3;

/** Path of the file within `shared`, or undefined where it is not there. */
export function boutiqueFile(shared) {
  const path = join(shared, 'data/online-boutique/traces-2022-08-23T12.otlp.jsonl.gz');
  return existsSync(path) ? path : undefined;
}

/** The file's lines, one ExportTraceServiceRequest each. */
export const readLines = (path) =>
  gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((l) => l !== '');

const plain = (v) => v.stringValue ?? v.boolValue ?? (v.intValue === undefined ? v.doubleValue : Number(v.intValue));
const attributes = (list) => Object.fromEntries((list ?? []).map((a) => [a.key, plain(a.value)]));

/** Spans of the lines, flat. `ns` is the duration in nanoseconds, `minute` the start of the minute in seconds. */
export function spansOf(lines) {
  const spans = [];
  for (const line of lines)
    for (const rs of JSON.parse(line).resourceSpans) {
      const service = attributes(rs.resource.attributes)['service.name'];
      for (const ss of rs.scopeSpans)
        for (const s of ss.spans) {
          const start = BigInt(s.startTimeUnixNano);
          spans.push({
            service,
            trace: s.traceId,
            id: s.spanId,
            parent: s.parentSpanId ?? '',
            kind: s.kind,
            name: s.name,
            ns: Number(BigInt(s.endTimeUnixNano) - start),
            minute: Number(start / 60_000_000_000n) * 60,
            at: attributes(s.attributes),
          });
        }
    }
  return spans;
}

/** Exact percentile by nearest rank, in milliseconds; `percent` is a whole number. */
function percentile(sorted, percent) {
  return sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1] / 1e6;
}

function group(map, key, span) {
  const list = map.get(key);
  if (list === undefined) map.set(key, [span]);
  else list.push(span);
}

/** Count, p50, p95, p99 and maximum of each group of spans. */
function measured(map) {
  return new Map(
    [...map].map(([key, spans]) => {
      const ns = spans.map((s) => s.ns).sort((a, b) => a - b);
      return [
        key,
        {
          calls: ns.length,
          p50: percentile(ns, 50),
          p95: percentile(ns, 95),
          p99: percentile(ns, 99),
          max: ns[ns.length - 1] / 1e6,
        },
      ];
    }),
  );
}

/** A database is told apart by system and namespace, or by who calls it where there is no namespace. */
const databaseOf = (s) =>
  s.at['db.namespace'] === undefined
    ? `${s.at['db.system.name']} of ${s.service}`
    : `${s.at['db.system.name']} ${s.at['db.namespace']}`;

/** Everything the tests compare with; see the names. Keys of maps are made of parts joined by ` | `. */
export function truthOf(lines) {
  const spans = spansOf(lines);
  const ids = new Set();
  const kinds = {};
  const serversByParent = new Map();
  for (const s of spans) {
    ids.add(`${s.trace}:${s.id}`);
    kinds[s.kind] = (kinds[s.kind] ?? 0) + 1;
    if (s.kind === SERVER && s.parent !== '') group(serversByParent, `${s.trace}:${s.parent}`, s);
  }
  const servers = new Map();
  const edges = new Map();
  const endpoints = new Map();
  const targets = new Map();
  const perMinute = new Map();
  const clientCalled = new Set();
  let unjoined = 0;
  for (const s of spans) {
    if (s.kind === SERVER) group(servers, s.service, s);
    if (s.kind !== CLIENT) continue;
    let target;
    let endpoint;
    if (s.at['db.system.name'] !== undefined) {
      target = { kind: 'database', name: databaseOf(s) };
      endpoint = [s.at['db.operation.name'], s.at['db.collection.name']].filter(Boolean).join(' ');
    } else {
      // Whoever answered the call is the service of the server span below the client span.
      const answered = serversByParent.get(`${s.trace}:${s.id}`) ?? [];
      if (answered.length !== 1) {
        unjoined++;
        continue;
      }
      target = { kind: 'service', name: answered[0].service };
      endpoint = `${s.at['rpc.service']}/${s.at['rpc.method']}`;
    }
    clientCalled.add(target.name);
    group(edges, `service:${s.service} | ${target.kind}:${target.name}`, s);
    group(endpoints, `${target.name} | ${endpoint}`, s);
    group(targets, target.name, s);
    group(perMinute, `${target.name} | ${s.minute}`, s);
  }
  // A service that nobody was seen to call is measured by itself.
  for (const [service, list] of servers) {
    if (clientCalled.has(service)) continue;
    targets.set(service, list);
    for (const s of list) {
      group(endpoints, `${service} | ${s.at['rpc.service']}/${s.at['rpc.method']}`, s);
      group(perMinute, `${service} | ${s.minute}`, s);
    }
  }
  return {
    spans: spans.length,
    distinct: ids.size,
    kinds: { internal: kinds[1] ?? 0, server: kinds[SERVER] ?? 0, client: kinds[CLIENT] ?? 0 },
    /** Client spans without exactly one answering server span. */
    unjoined,
    servers: measured(servers),
    edges: measured(edges),
    endpoints: measured(endpoints),
    targets: measured(targets),
    perMinute: measured(perMinute),
  };
}
