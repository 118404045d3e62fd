package plugin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"
)

// now is the test's clock; the data are complete until shortly before.
var (
	now           = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	completeUntil = now.Add(-90 * time.Second)
)

const testCatalog = `{
  "version": 1, "schema": "abc123",
  "domains": [{"name": "integration", "title": "Integrations", "description": "Calls"}],
  "system": {"progress": "system_progress", "coverage": "system_coverage"},
  "queries": [
    {"name": "integration_calls", "domain": "integration", "kind": "timeseries", "title": "Calls", "description": "Calls", "cacheSeconds": 60, "rollup": "integration_calls",
     "params": [{"name": "integration", "type": "string[]", "description": "Integration", "values": "integration_names"}],
     "parts": [{"name": "main", "args": ["workspace", "from", "to", "step", "integration"],
       "columns": [
         {"name": "time", "type": "time", "description": "Start of the step"},
         {"name": "integration", "type": "string", "role": "dimension", "description": "Integration"},
         {"name": "rate", "type": "number", "role": "measure", "unit": "reqps", "description": "Calls per second"},
         {"name": "p95_ms", "type": "number", "role": "measure", "unit": "ms", "description": "95th percentile"}],
       "views": [{"grain": "1m", "seconds": 60, "view": "integration_calls__main__1m"}, {"grain": "1h", "seconds": 3600, "view": "integration_calls__main__1h"}]}]},
    {"name": "integration_endpoints", "domain": "integration", "kind": "table", "title": "Endpoints", "description": "Endpoints", "cacheSeconds": 60, "rollup": "integration_calls",
     "params": [], "parts": [{"name": "main", "args": ["workspace", "from", "to"],
       "columns": [
         {"name": "endpoint", "type": "string", "description": "Endpoint"},
         {"name": "owner", "type": "string", "description": "Owner"},
         {"name": "calls", "type": "number", "unit": "short", "description": "Calls"},
         {"name": "critical", "type": "boolean", "description": "Critical"},
         {"name": "last_seen", "type": "time", "description": "Last call"}],
       "views": [{"grain": "1m", "seconds": 60, "view": "integration_endpoints__main__1m"}]}]},
    {"name": "integration_dependencies", "domain": "integration", "kind": "graph", "title": "Dependencies", "description": "Dependencies", "cacheSeconds": 60, "rollup": null,
     "params": [], "parts": [
       {"name": "nodes", "args": ["workspace", "from", "to"], "columns": [
         {"name": "id", "type": "string", "description": "Id"}, {"name": "title", "type": "string", "description": "Title"},
         {"name": "mainstat", "type": "number", "description": "Score"},
         {"name": "arc__healthy", "type": "number", "description": "Share", "color": "green"}, {"name": "external", "type": "boolean", "description": "External"}],
        "views": [{"grain": "raw", "seconds": 0, "view": "integration_dependencies__nodes__raw"}]},
       {"name": "edges", "args": ["workspace", "from", "to"], "columns": [
         {"name": "id", "type": "string", "description": "Id"}, {"name": "source", "type": "string", "description": "Source"}, {"name": "target", "type": "string", "description": "Target"}],
        "views": [{"grain": "raw", "seconds": 0, "view": "integration_dependencies__edges__raw"}]}]},
    {"name": "integration_health", "domain": "integration", "kind": "scorecard", "title": "Health", "description": "Health", "cacheSeconds": 60, "rollup": null,
     "params": [], "parts": [
       {"name": "scores", "args": ["workspace", "from", "to"], "columns": [
         {"name": "entity", "type": "string", "description": "Entity"}, {"name": "score", "type": "number", "description": "Score"}, {"name": "status", "type": "string", "description": "Status"}],
        "views": [{"grain": "raw", "seconds": 0, "view": "integration_health__scores__raw"}]},
       {"name": "terms", "args": ["workspace", "from", "to"], "columns": [
         {"name": "entity", "type": "string", "description": "Entity"}, {"name": "term", "type": "string", "description": "Term"},
         {"name": "points_lost", "type": "number", "description": "Points lost"}, {"name": "since", "type": "time", "description": "Since"}],
        "views": [{"grain": "raw", "seconds": 0, "view": "integration_health__terms__raw"}]},
       {"name": "trend", "args": ["workspace", "from", "to"], "columns": [
         {"name": "time", "type": "time", "description": "Time"}, {"name": "entity", "type": "string", "description": "Entity"}, {"name": "score", "type": "number", "description": "Score"}],
        "views": [{"grain": "raw", "seconds": 0, "view": "integration_health__trend__raw"}]}]},
    {"name": "integration_names", "domain": "integration", "kind": "values", "title": "Names", "description": "Names", "cacheSeconds": 60, "rollup": null,
     "params": [{"name": "owner", "type": "string[]", "description": "Owner", "values": null}],
     "parts": [{"name": "main", "args": ["workspace", "from", "to", "owner"], "columns": [{"name": "value", "type": "string", "description": "Name"}],
       "views": [{"grain": "raw", "seconds": 0, "view": "integration_names__main__raw"}]}]}
  ]
}`

// native encodes one block as ClickHouse does over HTTP.
func native(t *testing.T, columns ...proto.InputColumn) []byte {
	t.Helper()
	buf := new(proto.Buffer)
	block := proto.Block{Columns: len(columns), Rows: columns[0].Data.Rows()}
	require.NoError(t, block.EncodeRawBlock(buf, 0, columns))
	return buf.Buf
}

func col(name string, data proto.ColInput) proto.InputColumn {
	return proto.InputColumn{Name: name, Data: data}
}

func str(values ...string) *proto.ColStr {
	c := new(proto.ColStr)
	for _, v := range values {
		c.Append(v)
	}
	return c
}

func lowStr(values ...string) *proto.ColLowCardinality[string] {
	c := new(proto.ColStr).LowCardinality()
	for _, v := range values {
		c.Append(v)
	}
	return c
}

func moments(values ...time.Time) *proto.ColDateTime64 {
	c := new(proto.ColDateTime64).WithPrecision(proto.PrecisionMilli).WithLocation(time.UTC)
	for _, v := range values {
		c.Append(v)
	}
	return c
}

func nullableMoments(values ...*time.Time) *proto.ColNullable[time.Time] {
	c := new(proto.ColDateTime64).WithPrecision(proto.PrecisionMilli).WithLocation(time.UTC).Nullable()
	for _, v := range values {
		if v == nil {
			c.Append(proto.Null[time.Time]())
		} else {
			c.Append(proto.NewNullable(*v))
		}
	}
	return c
}

func floats(values ...float64) *proto.ColFloat64 {
	c := new(proto.ColFloat64)
	c.AppendArr(values)
	return c
}

func nullableFloats(values ...any) *proto.ColNullable[float64] {
	c := new(proto.ColFloat64).Nullable()
	for _, v := range values {
		if f, ok := v.(float64); ok {
			c.Append(proto.NewNullable(f))
		} else {
			c.Append(proto.Null[float64]())
		}
	}
	return c
}

func counts(values ...uint64) *proto.ColUInt64 {
	c := new(proto.ColUInt64)
	c.AppendArr(values)
	return c
}

func flags(values ...bool) *proto.ColBool {
	c := new(proto.ColBool)
	c.AppendArr(values)
	return c
}

// fakeClickHouse serves Native blocks by the view that a statement names, and keeps what it was asked.
type fakeClickHouse struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]func(w http.ResponseWriter)
	seen    []seenRequest
	// refuseSettings answers as for a user with readonly = 1.
	refuseSettings bool
}

type seenRequest struct {
	sql   string
	query url.Values
	user  string
	// referer is where ClickHouse's query log keeps who asked.
	referer string
}

func newFake(t *testing.T) *fakeClickHouse {
	f := &fakeClickHouse{answers: map[string]func(http.ResponseWriter){}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		if f.refuseSettings && r.URL.Query().Has("max_execution_time") {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "Code: 164. DB::Exception: Cannot modify 'max_execution_time' setting in readonly mode. (READONLY) (version 26.7.2)")
			return
		}
		f.mu.Lock()
		f.seen = append(f.seen, seenRequest{sql: string(body), query: r.URL.Query(), user: user, referer: r.Referer()})
		var answer func(http.ResponseWriter)
		longest := 0
		for name, a := range f.answers {
			if strings.Contains(string(body), name) && len(name) > longest {
				answer, longest = a, len(name)
			}
		}
		f.mu.Unlock()
		switch {
		case password != "secret":
			w.Header().Set("X-ClickHouse-Exception-Code", "516")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "Code: 516. DB::Exception: reader: Authentication failed. (AUTHENTICATION_FAILED) (version 26.7.2)")
		case answer == nil:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "Code: 60. DB::Exception: Unknown table expression identifier. (UNKNOWN_TABLE) (version 26.7.2)")
		default:
			w.Header().Set("X-ClickHouse-Summary", `{"read_rows":"120","read_bytes":"4096","elapsed_ns":"2500000"}`)
			answer(w)
		}
	}))
	t.Cleanup(f.Close)
	f.serve("catalog", native(t, col("json", str(testCatalog))))
	f.progress(t, completeUntil, now.Add(-time.Second))
	f.serve("system_coverage", native(t,
		col("rollup", str("integration_calls", "integration_calls")), col("grain", str("1m", "1h")),
		col("oldest", moments(now.AddDate(0, 0, -30), now.AddDate(-1, 0, 0)))))
	return f
}

func (f *fakeClickHouse) serve(name string, blocks ...[]byte) {
	f.handle(name, func(w http.ResponseWriter) {
		for _, b := range blocks {
			_, _ = w.Write(b)
		}
	})
}

func (f *fakeClickHouse) handle(name string, answer func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[name] = answer
}

func (f *fakeClickHouse) progress(t *testing.T, until, updated time.Time) {
	f.serve("system_progress", native(t, col("complete_until", moments(until)), col("updated_at", moments(updated)), col("lag", counts(7))))
}

// asked gives the requests whose statement holds text.
func (f *fakeClickHouse) asked(text string) []seenRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []seenRequest
	for _, s := range f.seen {
		if strings.Contains(s.sql, text) {
			out = append(out, s)
		}
	}
	return out
}

func (f *fakeClickHouse) instance(t *testing.T, jsonData map[string]any) *Instance {
	t.Helper()
	if jsonData == nil {
		jsonData = map[string]any{}
	}
	if _, ok := jsonData["workspace"]; !ok {
		jsonData["workspace"] = "demo"
	}
	raw, err := json.Marshal(jsonData)
	require.NoError(t, err)
	i := newInstance(context.Background(), backend.DataSourceInstanceSettings{
		URL: f.URL, User: "reader", JSONData: raw, DecryptedSecureJSONData: map[string]string{"password": "secret"},
	}, func() time.Time { return now })
	t.Cleanup(i.Dispose)
	return i
}

// ask runs one query as a panel or an alert rule does.
func ask(t *testing.T, i *Instance, alert bool, model string, from, to time.Time) backend.DataResponse {
	t.Helper()
	req := &backend.QueryDataRequest{Headers: map[string]string{}, Queries: []backend.DataQuery{{
		RefID: "A", JSON: json.RawMessage(model), Interval: time.Minute, MaxDataPoints: 1000, TimeRange: backend.TimeRange{From: from, To: to},
	}}}
	if alert {
		req.Headers["FromAlert"] = "true"
	}
	res, err := i.QueryData(context.Background(), req)
	require.NoError(t, err)
	return res.Responses["A"]
}

// nullableLowStr is LowCardinality(Nullable(String)); an empty text stands for NULL.
type nullableLow struct{ *proto.ColLowCardinalityRaw }

func (nullableLow) Type() proto.ColumnType { return "LowCardinality(Nullable(String))" }

func nullableLowStr(values ...string) proto.ColInput {
	dictionary := str("")
	raw := &proto.ColLowCardinalityRaw{Index: dictionary, Key: proto.KeyUInt8}
	for _, v := range values {
		if v == "" {
			raw.AppendKey(0)
			continue
		}
		dictionary.Append(v)
		raw.AppendKey(dictionary.Rows() - 1)
	}
	return nullableLow{raw}
}
