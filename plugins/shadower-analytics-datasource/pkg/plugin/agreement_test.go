package plugin

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/catalog"
)

// answer is what the processor's HTTP API said to one query; times in milliseconds, the step in seconds.
type answer struct {
	Query string                      `json:"query"`
	From  int64                       `json:"from"`
	To    int64                       `json:"to"`
	Step  int64                       `json:"step"`
	Parts map[string][]map[string]any `json:"parts"`
}

// TestAgreesWithAPI asks every query that the HTTP API answered, as a panel and as an alert rule, and wants the same numbers
// in the frames of both. The events are random (test/go-backend.mjs, which prints their seed); the ranges end on a full
// step, so that an alert rule has nothing to leave out.
// SHADOWER_TEST_API_ANSWERS names the file with the answers; test/go-backend.mjs makes it.
func TestAgreesWithAPI(t *testing.T) {
	file := os.Getenv("SHADOWER_TEST_API_ANSWERS")
	if file == "" {
		t.Skip("SKIPPED: the numbers were not compared with the HTTP API's; run node test/go-backend.mjs shadower-analytics-datasource")
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var answers []answer
	require.NoError(t, json.Unmarshal(raw, &answers))
	require.NotEmpty(t, answers)
	i := realEndpoint(t).instance(t, "shadower", "demo")
	cat, err := i.reader.Get(t.Context())
	require.NoError(t, err)
	asked, rows := map[string]bool{}, 0
	for _, a := range answers {
		q := cat.Queries[slices.IndexFunc(cat.Queries, func(q catalog.Query) bool { return q.Name == a.Query })]
		asked[q.Name] = true
		from, to := time.UnixMilli(a.From), time.UnixMilli(a.To)
		t.Run(fmt.Sprintf("%s over %d h", a.Query, (a.To-a.From)/3_600_000), func(t *testing.T) {
			panel := ask(t, i, false, fmt.Sprintf(`{"schemaVersion":2,"query":%q,"stepSeconds":%d}`, a.Query, a.Step), from, to)
			require.NoError(t, panel.Error)
			for part, wanted := range a.Parts {
				rows += len(wanted)
				agrees(t, q, part, wanted, panel.Frames)
				// A rule judges one part of several.
				model := fmt.Sprintf(`{"schemaVersion":2,"query":%q,"stepSeconds":%d}`, a.Query, a.Step)
				if len(q.Parts) > 1 {
					model = fmt.Sprintf(`{"schemaVersion":2,"query":%q,"part":%q}`, a.Query, part)
				}
				rule := ask(t, i, true, model, from, to)
				require.NoError(t, rule.Error)
				agrees(t, q, part, wanted, rule.Frames)
			}
		})
	}
	require.Len(t, asked, len(cat.Queries), "every query of the catalog is compared")
	require.Greater(t, rows, 100, "there must be something to compare")
}

func agrees(t *testing.T, q catalog.Query, part string, wanted []map[string]any, frames data.Frames) {
	t.Helper()
	if q.Kind == catalog.KindTimeseries {
		same(t, part, measured(wanted, q), points(t, frames))
		return
	}
	same(t, part, slices.Clone(wanted), table(t, frames, part))
}

// points are the values of time series, one a row, with its labels.
func points(t *testing.T, frames data.Frames) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, f := range frames {
		if len(f.Fields) == 0 {
			continue
		}
		require.Len(t, f.Fields, 2)
		for r := range f.Rows() {
			row := map[string]any{"time": plain(f.Fields[0], r), "measure": f.Fields[1].Name, "value": plain(f.Fields[1], r)}
			for k, v := range f.Fields[1].Labels {
				row[k] = v
			}
			out = append(out, row)
		}
	}
	return out
}

// measured makes one row a measure of the API's rows, which have all measures side by side.
func measured(rows []map[string]any, q catalog.Query) []map[string]any {
	var out []map[string]any
	for _, row := range rows {
		for _, c := range q.Parts[0].Columns {
			if c.Role != "measure" {
				continue
			}
			one := map[string]any{"time": row["time"], "measure": c.Name, "value": row[c.Name]}
			for _, d := range q.Parts[0].Columns {
				if d.Role == "dimension" {
					one[d.Name] = row[d.Name]
				}
			}
			out = append(out, one)
		}
	}
	return out
}

func table(t *testing.T, frames data.Frames, part string) []map[string]any {
	t.Helper()
	at := 0
	if len(frames) > 1 {
		at = slices.IndexFunc(frames, func(f *data.Frame) bool { return f.Name == part })
		require.GreaterOrEqual(t, at, 0, "no frame %s", part)
	}
	out := make([]map[string]any, frames[at].Rows())
	for r := range out {
		out[r] = map[string]any{}
		for _, f := range frames[at].Fields {
			out[r][f.Name] = plain(f, r)
		}
	}
	return out
}

// plain is a field's value as JSON has it: null, text, number, boolean, or a time as text.
func plain(f *data.Field, row int) any {
	v, ok := f.ConcreteAt(row)
	if !ok {
		return nil
	}
	if at, isTime := v.(time.Time); isTime {
		return at.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return v
}

// same wants equal rows in any order. Sums of floating-point numbers depend on the order of addition, so numbers may
// differ in their last bits.
func same(t *testing.T, part string, wanted, found []map[string]any) {
	t.Helper()
	require.Len(t, found, len(wanted), part)
	order := func(a, b map[string]any) int { return strings.Compare(texts(a), texts(b)) }
	slices.SortStableFunc(wanted, order)
	slices.SortStableFunc(found, order)
	for r := range wanted {
		require.Len(t, found[r], len(wanted[r]), "%s: columns", part)
		for name, w := range wanted[r] {
			where := fmt.Sprintf("%s, %s of %s", part, name, texts(wanted[r]))
			if n, isNumber := w.(float64); isNumber {
				require.IsType(t, 0.0, found[r][name], where)
				require.InDelta(t, n, found[r][name], 1e-9*max(1, n), where)
				continue
			}
			require.Equal(t, w, found[r][name], where)
		}
	}
}

// texts are the values of a row that are no numbers; they name it.
func texts(row map[string]any) string {
	var out []string
	for name, v := range row {
		if s, ok := v.(string); ok {
			out = append(out, name+"="+s)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
