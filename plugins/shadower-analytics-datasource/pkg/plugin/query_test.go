package plugin

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
)

// update rewrites the golden files; never committed as true.
const update = false

func minute(n int) time.Time { return now.Add(-time.Hour).Add(time.Duration(n) * time.Minute) }

func serveCalls(t *testing.T, f *fakeClickHouse) {
	// Two blocks, out of order, with a NULL and a value that is no number.
	f.serve("integration_calls__main__1m",
		native(t, col("time", moments(minute(1), minute(0))), col("integration", lowStr("stripe", "paypal")),
			col("rate", floats(2, 1)), col("p95_ms", nullableFloats(120.5, nil))),
		native(t, col("time", moments(minute(0))), col("integration", lowStr("stripe")), col("rate", floats(3)), col("p95_ms", nullableFloats(nan()))))
}

func nan() float64 { z := 0.0; return z / z }

// steady takes out what differs from run to run.
func steady(t *testing.T, res backend.DataResponse) *backend.DataResponse {
	t.Helper()
	require.NoError(t, res.Error)
	for _, f := range res.Frames {
		if c, ok := f.Meta.Custom.(frames.Custom); ok {
			require.Regexp(t, regexp.MustCompile(`^shadower-[0-9a-f-]{36}$`), c.QueryID)
			c.QueryID = "shadower-0"
			f.Meta.Custom = c
		}
	}
	return &res
}

func TestGoldenFrames(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	seen := now.Add(-time.Minute)
	f.serve("integration_endpoints__main__1m", native(t, col("endpoint", str("/v1", "/v2")), col("owner", nullableLowStr("team-a", "")),
		col("calls", counts(12, 3)), col("critical", flags(true, false)), col("last_seen", nullableMoments(&seen, nil))))
	f.serve("integration_dependencies__nodes__raw", native(t, col("id", str("a", "b")), col("title", str("A", "B")),
		col("mainstat", nullableFloats(97.5, nil)), col("arc__healthy", floats(1, 0)), col("external", flags(false, true))))
	f.serve("integration_dependencies__edges__raw", native(t, col("id", str("a-b")), col("source", str("a")), col("target", str("b"))))
	f.serve("integration_health__scores__raw", native(t, col("entity", str("stripe", "paypal")), col("score", nullableFloats(88.0, nil)), col("status", str("degraded", "unknown"))))
	f.serve("integration_health__terms__raw", native(t, col("entity", str("stripe")), col("term", str("errors")), col("points_lost", nullableFloats(12.0)), col("since", nullableMoments(&seen))))
	f.serve("integration_health__trend__raw", native(t, col("time", moments(minute(1), minute(0))), col("entity", str("stripe", "stripe")), col("score", nullableFloats(88.0, nil))))
	f.serve("integration_names__main__raw", native(t, col("value", lowStr("paypal", "stripe"))))
	i := f.instance(t, nil)

	for name, model := range map[string]string{
		"timeseries":      `{"schemaVersion":1,"query":"integration_calls","params":{"integration":["stripe","paypal"]}}`,
		"table":           `{"schemaVersion":1,"query":"integration_endpoints"}`,
		"graph":           `{"schemaVersion":1,"query":"integration_dependencies"}`,
		"scorecard":       `{"schemaVersion":1,"query":"integration_health"}`,
		"scorecard_terms": `{"schemaVersion":1,"query":"integration_health","part":"terms","columns":["term","points_lost"]}`,
		"values":          `{"schemaVersion":1,"query":"integration_names"}`,
	} {
		t.Run(name, func(t *testing.T) {
			res := ask(t, i, false, model, now.Add(-time.Hour), now)
			experimental.CheckGoldenJSONResponse(t, "testdata", name, steady(t, res), update)
		})
	}
}

func TestStatementIsBoundAndFenced(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	evil := `x'] OR 1=1 --\`
	res := ask(t, f.instance(t, map[string]any{"rowLimit": 500}), false,
		fmt.Sprintf(`{"refId":"A","datasource":{"uid":"x"},"schemaVersion":1,"query":"integration_calls","params":{"integration":[%q]},"columns":["p95_ms"]}`, evil), now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	got := f.asked("integration_calls__main")
	require.Len(t, got, 1)
	require.Equal(t, "SELECT `time`, `integration`, `p95_ms` FROM `shadower`.`integration_calls__main__1m`(workspace={workspace:String}, from={from:DateTime64(3,'UTC')}, "+
		"to={to:DateTime64(3,'UTC')}, step={step:UInt32}, integration={integration:Array(String)}) LIMIT 501\nFORMAT Native", got[0].sql)
	q := got[0].query
	require.Equal(t, "demo", q.Get("param_workspace"))
	require.Equal(t, "2026-11-21 11:00:00.000", q.Get("param_from"))
	require.Equal(t, "2026-11-21 12:00:00.000", q.Get("param_to"))
	require.Equal(t, "60", q.Get("param_step"))
	require.Equal(t, `['x\'] OR 1=1 --\\']`, q.Get("param_integration"))
	require.Equal(t, "2", q.Get("readonly"))
	require.Equal(t, "30", q.Get("max_execution_time"))
	require.Equal(t, "reader", got[0].user)
	require.Contains(t, res.Frames[0].Meta.ExecutedQueryString, "workspace='demo'")
	require.NotContains(t, q.Encode(), "secret")
}

func TestWorkspaceCannotComeFromTheQuery(t *testing.T) {
	f := newFake(t)
	for _, model := range []string{
		`{"schemaVersion":1,"query":"integration_calls","workspace":"other"}`,
		`{"schemaVersion":1,"query":"integration_calls","params":{"workspace":["other"]}}`,
	} {
		res := ask(t, f.instance(t, nil), false, model, now.Add(-time.Hour), now)
		require.ErrorIs(t, res.Error, problem.Of(problem.QueryBadParam))
	}
	require.Empty(t, f.asked("integration_calls__main"))
}

func TestRefusedModels(t *testing.T) {
	f := newFake(t)
	i := f.instance(t, nil)
	for model, want := range map[string]struct {
		code problem.Code
		text string
	}{
		`{"query":"integration_calls"}`:                                                                   {problem.QueryBadParam, "schemaVersion"},
		`{"schemaVersion":3,"query":"integration_calls"}`:                                                 {problem.QueryBadParam, "version 2"},
		`{"schemaVersion":1,"query":"integration_calls","rawSql":"SELECT 1"}`:                             {problem.QueryBadParam, "rawSql"},
		`{"schemaVersion":1,"query":"integration_nothing"}`:                                               {problem.QueryUnknown, "integration_calls"},
		`{"schemaVersion":1,"query":""}`:                                                                  {problem.QueryBadParam, "no query is chosen"},
		`{"schemaVersion":1,"query":"integration_calls","params":{"integration":["$integration"]}}`:       {problem.QueryBadParam, "unresolved template variable"},
		`{"schemaVersion":1,"query":"integration_calls","params":{"integration":["${integration:csv}"]}}`: {problem.QueryBadParam, "unresolved template variable"},
		`{"schemaVersion":1,"query":"integration_calls","params":{"region":["eu"]}}`:                      {problem.QueryBadParam, "it has integration"},
		`{"schemaVersion":1,"query":"integration_calls","columns":["p99"]}`:                               {problem.QueryBadParam, "no column"},
		`{"schemaVersion":1,"query":"integration_calls","columns":["integration"]}`:                       {problem.QueryBadParam, "no measure"},
		`{"schemaVersion":1,"query":"integration_health","part":"sums"}`:                                  {problem.QueryBadParam, "scores, terms, trend"},
		`{"schemaVersion":1,"query":"integration_health","columns":["score"]}`:                            {problem.QueryBadParam, "choose a part"},
		`{"schemaVersion":1,"query":"integration_calls","limit":1000000}`:                                 {problem.QueryBadParam, "above the datasource's limit"},
		`{"schemaVersion":1,"query":"integration_calls","stepSeconds":-1}`:                                {problem.QueryBadParam, "out of bounds"},
		`[]`: {problem.QueryBadParam, "not a JSON object"},
	} {
		for _, alert := range []bool{false, true} {
			res := ask(t, i, alert, model, now.Add(-time.Hour), now)
			require.ErrorIs(t, res.Error, problem.Of(want.code), model)
			require.ErrorContains(t, res.Error, want.text)
			require.Equal(t, backend.ErrorSourceDownstream, res.ErrorSource)
		}
	}
}

func TestAllMeansAnEmptyList(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	for _, params := range []string{`{}`, `{"integration":[]}`, `{"integration":["$__all"]}`} {
		res := ask(t, i, false, `{"schemaVersion":1,"query":"integration_calls","params":`+params+`}`, now.Add(-time.Hour), now)
		require.NoError(t, res.Error)
	}
	for _, r := range f.asked("integration_calls__main") {
		require.Equal(t, "[]", r.query.Get("param_integration"))
	}
}

func TestTruncation(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	model := `{"schemaVersion":1,"query":"integration_calls","columns":["rate"],"limit":2}`

	panel := ask(t, i, false, model, now.Add(-time.Hour), now)
	require.NoError(t, panel.Error)
	require.Contains(t, noticeTexts(panel.Frames[0]), "more than 2 rows")
	points := 0
	for _, frame := range panel.Frames {
		points += frame.Rows()
	}
	require.Equal(t, 2, points)

	rule := ask(t, i, true, model, now.Add(-time.Hour), now)
	require.ErrorIs(t, rule.Error, problem.Of(problem.QueryLimit))

	fits := ask(t, i, true, `{"schemaVersion":1,"query":"integration_calls","columns":["rate"],"limit":3}`, now.Add(-time.Hour), now)
	require.NoError(t, fits.Error)
}

func noticeTexts(f *data.Frame) string {
	var all []string
	for _, n := range f.Meta.Notices {
		all = append(all, n.Text)
	}
	return strings.Join(all, "\n")
}

func TestAlertRuleSeesOnlyWhatIsComplete(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	model := `{"schemaVersion":1,"query":"integration_calls","columns":["rate"]}`
	res := ask(t, i, true, model, now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	require.Equal(t, "2026-11-21 11:58:00.000", f.asked("integration_calls__main")[0].query.Get("param_to"))
	require.Empty(t, res.Frames[0].Meta.Notices)

	res = ask(t, i, true, model, now.Add(-time.Minute), now)
	require.ErrorIs(t, res.Error, problem.Of(problem.QueryIncomplete))

	f.progress(t, completeUntil, now.Add(-121*time.Second))
	res = ask(t, i, true, model, now.Add(-time.Hour), now)
	require.ErrorIs(t, res.Error, problem.Of(problem.QueryIncomplete))
	require.ErrorContains(t, res.Error, "2m1s ago")

	f.handle("system_progress", func(http.ResponseWriter) {})
	res = ask(t, i, true, model, now.Add(-time.Hour), now)
	require.ErrorIs(t, res.Error, problem.Of(problem.QueryIncomplete))
}

func TestAlertRuleNeedsOnePart(t *testing.T) {
	f := newFake(t)
	res := ask(t, f.instance(t, nil), true, `{"schemaVersion":1,"query":"integration_health"}`, now.Add(-time.Hour), now)
	require.ErrorContains(t, res.Error, "choose a part")
}

func TestPanelIsToldHowFarTheDataAreComplete(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	model := `{"schemaVersion":1,"query":"integration_calls"}`

	res := ask(t, i, false, model, now.Add(-time.Hour), now)
	require.Contains(t, noticeTexts(res.Frames[0]), "Complete until 2026-11-21 11:58:30 UTC")
	res = ask(t, i, false, model, now.Add(-time.Hour), now.Add(-2*time.Minute))
	require.Empty(t, noticeTexts(res.Frames[0]))
	f.progress(t, completeUntil, now.Add(-time.Hour))
	res = ask(t, i, false, model, now.Add(-time.Hour), now)
	require.Contains(t, noticeTexts(res.Frames[0]), "may have stopped")
	f.handle("system_progress", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) })
	res = ask(t, i, false, model, now.Add(-time.Hour), now)
	require.NoError(t, res.Error, "a panel still shows its data")
	require.Contains(t, noticeTexts(res.Frames[0]), "not known how far")
}

func TestNoDataIsNotUnknown(t *testing.T) {
	f := newFake(t)
	f.handle("integration_calls__main__1m", func(http.ResponseWriter) {})
	res := ask(t, f.instance(t, nil), true, `{"schemaVersion":1,"query":"integration_calls"}`, now.Add(-time.Hour), now)
	require.NoError(t, res.Error)
	require.Len(t, res.Frames, 1)
	require.Empty(t, res.Frames[0].Fields)
	require.Equal(t, data.FrameTypeTimeSeriesMulti, res.Frames[0].Meta.Type)
}

func TestClickHouseFailures(t *testing.T) {
	answer := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	whole := native(t, col("time", moments(minute(0))), col("integration", lowStr("stripe")), col("rate", floats(3)), col("p95_ms", nullableFloats(1.0)))
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		code   problem.Code
	}{
		"time limit":    {answer(408, "Code: 159. DB::Exception: Timeout exceeded: elapsed 30 seconds. (TIMEOUT_EXCEEDED) (version 26.7)"), problem.QueryTimeout},
		"memory limit":  {answer(500, "Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)"), problem.QueryLimit},
		"missing view":  {answer(404, "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)"), problem.StoreSchema},
		"denied":        {answer(403, "Code: 497. DB::Exception: Not enough privileges. (ACCESS_DENIED)"), problem.AuthForbidden},
		"readonly user": {answer(500, "Code: 164. DB::Exception: Cannot modify 'max_execution_time' setting in readonly mode. (READONLY)"), problem.AuthForbidden},
		"busy":          {answer(503, "too many"), problem.Busy},
		"proxy":         {answer(502, "<html>bad gateway</html>"), problem.StoreUnavailable},
		"cut off":       {func(w http.ResponseWriter) { _, _ = w.Write(whole[:len(whole)-3]) }, problem.StoreUnavailable},
		"not native":    {answer(200, "{\"data\":[]}"), problem.StoreUnavailable},
		"too large":     {func(w http.ResponseWriter) { _, _ = w.Write(whole); _, _ = w.Write(make([]byte, 2<<20)) }, problem.QueryLimit},
		"wrong columns": {func(w http.ResponseWriter) { _, _ = w.Write(native(t, col("other", str("x")))) }, problem.StoreSchema},
		"wrong type": {func(w http.ResponseWriter) {
			_, _ = w.Write(native(t, col("time", str("x")), col("integration", str("x")), col("rate", floats(1)), col("p95_ms", floats(1))))
		}, problem.StoreSchema},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if name == "too large" {
				big := native(t, col("time", moments(minute(0))), col("integration", str(strings.Repeat("x", 2<<20))), col("rate", floats(1)), col("p95_ms", floats(1)))
				c.answer = func(w http.ResponseWriter) { _, _ = w.Write(big) }
			}
			f.handle("integration_calls__main__1m", c.answer)
			res := ask(t, f.instance(t, map[string]any{"responseLimitMiB": 1}), false, `{"schemaVersion":1,"query":"integration_calls"}`, now.Add(-time.Hour), now)
			require.ErrorIs(t, res.Error, problem.Of(c.code))
			require.True(t, backend.IsDownstreamError(res.Error))
			require.NotContains(t, res.Error.Error(), "secret")
		})
	}
}

func TestUnreachable(t *testing.T) {
	f := newFake(t)
	i := f.instance(t, nil)
	f.Close()
	res := ask(t, i, false, `{"schemaVersion":1,"query":"integration_calls"}`, now.Add(-time.Hour), now)
	require.ErrorIs(t, res.Error, problem.Of(problem.StoreUnavailable))
	require.NotContains(t, res.Error.Error(), "param_")
}
