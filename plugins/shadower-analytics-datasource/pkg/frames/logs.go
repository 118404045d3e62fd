package frames

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
)

// Logs frames an answer as log lines of the data plane (LogLines 0.0): timestamp, body, severity, id and labels. The
// columns of these names are taken, else the first time and the first text; every other text is a label. trace_id is a
// field of its own, so that it can have a link. Errors: QUERY_BAD_PARAM.
func Logs(p Part) (data.Frames, error) {
	find := func(name string, kind clickhouse.Kind, orFirst bool) int {
		n := slices.IndexFunc(p.Values, func(c clickhouse.Column) bool { return c.Name == name && c.Kind == kind })
		if n < 0 && orFirst {
			n = slices.IndexFunc(p.Values, func(c clickhouse.Column) bool { return c.Kind == kind })
		}
		return n
	}
	at, body := find("timestamp", clickhouse.KindTime, true), find("body", clickhouse.KindString, true)
	if p.Rows > 0 && (at < 0 || body < 0) {
		return nil, problem.New(problem.QueryBadParam, "log lines need a column timestamp (a time) and a column body (a text)")
	}
	severity, id, trace := find("severity", clickhouse.KindString, false), find("id", clickhouse.KindString, false), find("trace_id", clickhouse.KindString, false)

	times, bodies := make([]time.Time, p.Rows), make([]string, p.Rows)
	labels := make([]json.RawMessage, p.Rows)
	for row := range p.Rows {
		if p.Values[at].Times[row] == nil {
			return nil, problem.New(problem.QueryBadParam, "a log line has no timestamp")
		}
		times[row], bodies[row] = *p.Values[at].Times[row], text(p.Values[body], row)
		own := map[string]string{}
		for n, c := range p.Values {
			if n == at || n == body || n == severity || n == id || n == trace {
				continue
			}
			if v := text(c, row); v != "" {
				own[c.Name] = v
			}
		}
		raw, err := json.Marshal(own)
		if err != nil {
			return nil, problem.Wrap(err, problem.Internal, "labels cannot be written")
		}
		labels[row] = raw
	}
	frame := data.NewFrame("", data.NewField("timestamp", nil, times), data.NewField("body", nil, bodies))
	column := func(name string, n int) {
		if n < 0 {
			return
		}
		values := make([]string, p.Rows)
		for row := range values {
			values[row] = text(p.Values[n], row)
		}
		field := data.NewField(name, nil, values)
		if p.Links != nil {
			if links := p.Links(name); links != nil {
				field.Config = &data.FieldConfig{Links: links}
			}
		}
		frame.Fields = append(frame.Fields, field)
	}
	column("severity", severity)
	column("id", id)
	frame.Fields = append(frame.Fields, data.NewField("labels", nil, labels))
	column("trace_id", trace)
	frame.Meta = &data.FrameMeta{
		Type: data.FrameTypeLogLines, TypeVersion: data.FrameTypeVersion{0, 0}, PreferredVisualization: data.VisTypeLogs,
		ExecutedQueryString: p.Executed, Custom: p.Custom,
	}
	return data.Frames{frame}, nil
}
