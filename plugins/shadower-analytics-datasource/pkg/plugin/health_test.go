package plugin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"
)

func health(t *testing.T, i *Instance) *backend.CheckHealthResult {
	t.Helper()
	res, err := i.CheckHealth(context.Background(), &backend.CheckHealthRequest{})
	require.NoError(t, err)
	require.NotContains(t, res.Message, "secret")
	return res
}

func TestHealthy(t *testing.T) {
	res := health(t, newFake(t).instance(t, nil))
	require.Equal(t, backend.HealthStatusOk, res.Status)
	require.Equal(t, "Connected to workspace demo: 5 queries of 1 domains (schema abc123), complete until 2026-11-21 11:58:30 UTC.", res.Message)
	require.JSONEq(t, `{"schema":"abc123","catalogVersion":1,"queries":5,"workspace":"demo","database":"shadower","completeUntil":"2026-11-21T11:58:30Z","recordsNotCountedYet":7}`, string(res.JSONDetails))
}

func TestUnhealthySaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		jsonData map[string]any
		prepare  func(t *testing.T, f *fakeClickHouse)
		source   func(s *backend.DataSourceInstanceSettings)
		want     string
	}{
		"no workspace":   {source: func(s *backend.DataSourceInstanceSettings) { s.JSONData = json.RawMessage(`{}`) }, want: "no workspace is set"},
		"no URL":         {source: func(s *backend.DataSourceInstanceSettings) { s.URL = "" }, want: "no URL is set"},
		"secret in URL":  {source: func(s *backend.DataSourceInstanceSettings) { s.URL = "http://reader:secret@localhost:8123" }, want: "the URL holds credentials"},
		"bad limit":      {jsonData: map[string]any{"rowLimit": 1e9}, want: "row limit"},
		"bad database":   {jsonData: map[string]any{"database": "a;b"}, want: "not a plain name"},
		"wrong password": {source: func(s *backend.DataSourceInstanceSettings) { s.DecryptedSecureJSONData["password"] = "other" }, want: "does not accept the user and password"},
		"unreachable":    {prepare: func(_ *testing.T, f *fakeClickHouse) { f.Close() }, want: "ClickHouse cannot be reached"},
		"not ClickHouse": {prepare: func(_ *testing.T, f *fakeClickHouse) {
			f.handle("catalog", func(w http.ResponseWriter) { w.WriteHeader(404) })
		}, want: "nothing like ClickHouse answers"},
		"no catalog":    {prepare: func(_ *testing.T, f *fakeClickHouse) { delete(f.answers, "catalog") }, want: "run shadower migrate"},
		"empty catalog": {prepare: func(_ *testing.T, f *fakeClickHouse) { f.handle("catalog", func(http.ResponseWriter) {}) }, want: "shadower.catalog is empty"},
		"newer catalog": {prepare: func(t *testing.T, f *fakeClickHouse) {
			f.serve("catalog", native(t, col("json", str(`{"version":2}`))))
		}, want: "has version 2 and this plugin reads version 1"},
		"injected catalog": {prepare: func(t *testing.T, f *fakeClickHouse) {
			f.serve("catalog", native(t, col("json", str(strings.Replace(testCatalog, "integration_names__main__raw", "x` UNION", 1)))))
		}, want: "where a plain name must be"},
		"stale progress": {prepare: func(t *testing.T, f *fakeClickHouse) { f.progress(t, completeUntil, now.Add(-5*time.Minute)) }, want: "last reported 5m0s ago"},
		"no progress":    {prepare: func(_ *testing.T, f *fakeClickHouse) { f.handle("system_progress", func(http.ResponseWriter) {}) }, want: "has not reported any progress"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if c.prepare != nil {
				c.prepare(t, f)
			}
			i := f.instance(t, c.jsonData)
			if c.source != nil {
				s := backend.DataSourceInstanceSettings{URL: f.URL, User: "reader", JSONData: json.RawMessage(`{"workspace":"demo"}`), DecryptedSecureJSONData: map[string]string{"password": "secret"}}
				c.source(&s)
				i = newInstance(context.Background(), s, func() time.Time { return now })
			}
			res := health(t, i)
			require.Equal(t, backend.HealthStatusError, res.Status)
			require.Contains(t, res.Message, c.want)
			if i.err != nil {
				require.ErrorContains(t, ask(t, i, false, `{}`, now.Add(-time.Hour), now).Error, c.want)
			}
		})
	}
}

type sent struct{ *backend.CallResourceResponse }

func (s *sent) Send(r *backend.CallResourceResponse) error { s.CallResourceResponse = r; return nil }

func get(t *testing.T, i *Instance, url string) *backend.CallResourceResponse {
	t.Helper()
	path, _, _ := strings.Cut(url, "?")
	out := &sent{}
	require.NoError(t, i.CallResource(context.Background(), &backend.CallResourceRequest{Method: http.MethodGet, Path: path, URL: url}, out))
	return out.CallResourceResponse
}

func TestResources(t *testing.T) {
	f := newFake(t)
	f.serve("integration_names__main__raw", native(t, col("value", lowStr("paypal", "stripe"))))
	i := f.instance(t, nil)

	res := get(t, i, "catalog")
	require.Equal(t, 200, res.Status)
	require.JSONEq(t, testCatalog, string(res.Body))

	res = get(t, i, "values?query=integration_names&param_owner=a%2Cb&param_owner=c&from=1795255200000&to=1795258800000")
	require.Equal(t, 200, res.Status, string(res.Body))
	require.JSONEq(t, `{"values":[{"value":"paypal"},{"value":"stripe"}],"truncated":false}`, string(res.Body))
	q := f.asked("integration_names__main")[0].query
	require.Equal(t, "['a,b','c']", q.Get("param_owner"))
	require.Equal(t, "demo", q.Get("param_workspace"))
	require.Equal(t, "2026-11-21 11:00:00.000", q.Get("param_to"))

	for url, want := range map[string]struct {
		status int
		text   string
	}{
		"values":                         {400, "argument query is missing"},
		"values?query=integration_calls": {400, "lists no values"},
		"values?query=nothing":           {404, "no query"},
		"values?query=integration_names&param_workspace=other": {400, "no parameter"},
		"values?query=integration_names&from=yesterday":        {400, "not a number of milliseconds"},
		"elsewhere": {404, "no resource"},
	} {
		res := get(t, i, url)
		require.Equal(t, want.status, res.Status, url)
		require.Contains(t, string(res.Body), want.text)
	}
}

func TestCatalogIsCached(t *testing.T) {
	f := newFake(t)
	i := f.instance(t, nil)
	get(t, i, "catalog")
	get(t, i, "catalog")
	require.Len(t, f.asked(".catalog"), 1)
}
