// Package frames makes data frames of answers, by kind of query (docs/architecture.md, "Frames").
package frames

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/problem"
)

// Custom says how a frame's numbers came about; the query inspector shows it.
type Custom struct {
	Query string `json:"query"`
	Part  string `json:"part"`
	Grain string `json:"grain"`
	View  string `json:"view"`
	Why   string `json:"why"`
	// Step is in seconds.
	Step int64 `json:"step"`
	// CompleteUntil is in milliseconds since the epoch; null when it is not known.
	CompleteUntil *int64 `json:"completeUntil"`
	// RowsRead and BytesRead are null when ClickHouse does not tell.
	RowsRead  *uint64 `json:"rowsRead"`
	BytesRead *uint64 `json:"bytesRead"`
	ElapsedMs float64 `json:"elapsedMs"`
	QueryID   string  `json:"queryId"`
	// CachedSeconds is how old the answer is when it was not read anew; the costs are those of then.
	CachedSeconds int64 `json:"cachedSeconds,omitempty"`
}

// Part is one part of an answer, ready to be framed.
type Part struct {
	Kind catalog.Kind
	Name string
	// AsTable frames a single part of a graph or scorecard as a plain table.
	AsTable bool
	Columns []catalog.Column
	Values  []clickhouse.Column
	Rows    int
	// Executed is the statement as shown to people.
	Executed string
	Custom   Custom
	// Links gives the links of a column by its name; nil for none.
	Links func(column string) []data.DataLink
}

// Make frames a part. The first frame carries the statement, the custom metadata and (by the caller) the notices.
func Make(p Part) (data.Frames, error) {
	var out data.Frames
	switch {
	case p.Kind == catalog.KindTimeseries:
		series, err := timeseries(p)
		if err != nil {
			return nil, err
		}
		out = series
	case p.Kind == catalog.KindScorecard && p.Name == "trend":
		frame, err := long(p)
		if err != nil {
			return nil, err
		}
		out = data.Frames{frame}
	case p.Kind == catalog.KindGraph && !p.AsTable:
		frame := table(p)
		frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeUnknown, data.FrameTypeVersion{}
		frame.Meta.PreferredVisualization = data.VisTypeNodeGraph
		out = data.Frames{frame}
	default:
		out = data.Frames{table(p)}
	}
	out[0].Meta.ExecutedQueryString = p.Executed
	out[0].Meta.Custom = p.Custom
	return out, nil
}

// table has one field per column, in catalog order. Fields are nullable: NULL stays null.
func table(p Part) *data.Frame {
	name := p.Name
	if name == "main" {
		name = ""
	}
	frame := data.NewFrame(name)
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}}
	if p.Kind != catalog.KindGraph {
		frame.Meta.PreferredVisualization = data.VisTypeTable
	}
	for i, c := range p.Columns {
		field := fieldOf(c, p.Values[i])
		field.Config = config(c)
		if p.Links != nil {
			field.Config.Links = p.Links(c.Name)
		}
		frame.Fields = append(frame.Fields, field)
	}
	return frame
}

func fieldOf(c catalog.Column, v clickhouse.Column) *data.Field {
	switch v.Kind {
	case clickhouse.KindTime:
		return data.NewField(c.Name, nil, orEmpty(v.Times))
	case clickhouse.KindNumber:
		return data.NewField(c.Name, nil, orEmpty(v.Numbers))
	case clickhouse.KindBool:
		return data.NewField(c.Name, nil, orEmpty(v.Bools))
	default:
		return data.NewField(c.Name, nil, orEmpty(v.Strings))
	}
}

func orEmpty[T any](v []*T) []*T {
	if v == nil {
		return []*T{}
	}
	return v
}

func config(c catalog.Column) *data.FieldConfig {
	out := &data.FieldConfig{Unit: c.Unit, Description: c.Description}
	if c.Color != "" {
		out.Color = map[string]any{"mode": "fixed", "fixedColor": c.Color}
	}
	return out
}

// layout finds the roles of the columns of a time series.
type layout struct {
	time       int
	dimensions []int
	measures   []int
}

func layoutOf(p Part) (layout, error) {
	l := layout{time: -1}
	for i, c := range p.Columns {
		switch {
		case c.Type == "time" && c.Role != "dimension":
			if l.time >= 0 {
				return l, problem.New(problem.StoreSchema, "the time series %q has two time columns in the catalog; run shadower migrate", p.Custom.Query)
			}
			l.time = i
		case c.Role == "dimension", c.Role == "" && c.Type == "string":
			l.dimensions = append(l.dimensions, i)
		default:
			if c.Type != "number" {
				return l, problem.New(problem.StoreSchema, "the measure %q of the time series %q is not a number in the catalog; run shadower migrate", c.Name, p.Custom.Query)
			}
			l.measures = append(l.measures, i)
		}
	}
	if l.time < 0 {
		return l, problem.New(problem.StoreSchema, "the time series %q has no time column in the catalog; run shadower migrate", p.Custom.Query)
	}
	return l, nil
}

// timeseries gives one frame per series and measure (timeseries-multi 0.1), sorted by labels, points in time order.
func timeseries(p Part) (data.Frames, error) {
	l, err := layoutOf(p)
	if err != nil {
		return nil, err
	}
	multi := func() *data.FrameMeta {
		return &data.FrameMeta{Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeGraph}
	}
	if p.Rows == 0 {
		frame := data.NewFrame("")
		frame.Meta = multi()
		return data.Frames{frame}, nil
	}

	type series struct {
		key    string
		labels data.Labels
		rows   []int
	}
	byKey := map[string]*series{}
	var all []*series
	times := p.Values[l.time].Times
	for row := range p.Rows {
		if times[row] == nil {
			return nil, problem.New(problem.StoreSchema, "the view %s answered with a row without time; run shadower migrate", p.Custom.View)
		}
		var key strings.Builder
		for _, d := range l.dimensions {
			key.WriteString(text(p.Values[d], row))
			key.WriteByte(0)
		}
		s := byKey[key.String()]
		if s == nil {
			s = &series{key: key.String(), labels: data.Labels{}}
			for _, d := range l.dimensions {
				s.labels[p.Columns[d].Name] = text(p.Values[d], row)
			}
			byKey[s.key] = s
			all = append(all, s)
		}
		s.rows = append(s.rows, row)
	}
	slices.SortFunc(all, func(a, b *series) int { return strings.Compare(a.key, b.key) })

	var out data.Frames
	for _, s := range all {
		slices.SortStableFunc(s.rows, func(a, b int) int { return times[a].Compare(*times[b]) })
		for i := 1; i < len(s.rows); i++ {
			if times[s.rows[i]].Equal(*times[s.rows[i-1]]) {
				return nil, problem.New(problem.StoreSchema, "the view %s answered with two rows for the series %s at %s; its dimensions do not tell them apart", p.Custom.View, s.labels, times[s.rows[i]].UTC().Format(time.RFC3339))
			}
		}
		for _, m := range l.measures {
			at, values := make([]time.Time, len(s.rows)), make([]*float64, len(s.rows))
			for i, row := range s.rows {
				at[i], values[i] = *times[row], p.Values[m].Numbers[row]
			}
			timeField := data.NewField(p.Columns[l.time].Name, nil, at)
			timeField.Config = &data.FieldConfig{Interval: float64(p.Custom.Step * 1000)}
			value := data.NewField(p.Columns[m].Name, s.labels.Copy(), values)
			value.Config = config(p.Columns[m])
			frame := data.NewFrame("", timeField, value)
			frame.Meta = multi()
			out = append(out, frame)
		}
	}
	return out, nil
}

// long is a table sorted by time (timeseries-long 0.1).
func long(p Part) (*data.Frame, error) {
	at := slices.IndexFunc(p.Columns, func(c catalog.Column) bool { return c.Type == "time" })
	if at < 0 {
		return table(p), nil
	}
	order := make([]int, p.Rows)
	times := p.Values[at].Times
	for i := range order {
		if times[i] == nil {
			return nil, problem.New(problem.StoreSchema, "the view %s answered with a row without time; run shadower migrate", p.Custom.View)
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return times[a].Compare(*times[b]) })
	sorted := p
	sorted.Values = make([]clickhouse.Column, len(p.Values))
	for i, v := range p.Values {
		sorted.Values[i] = clickhouse.Column{Name: v.Name, Type: v.Type, Kind: v.Kind,
			Strings: permute(v.Strings, order), Numbers: permute(v.Numbers, order), Times: permute(v.Times, order), Bools: permute(v.Bools, order)}
	}
	frame := table(sorted)
	plain := make([]time.Time, p.Rows)
	for i, t := range sorted.Values[at].Times {
		plain[i] = *t
	}
	field := data.NewField(p.Columns[at].Name, nil, plain)
	field.Config = frame.Fields[at].Config
	frame.Fields[at] = field
	frame.Meta.Type = data.FrameTypeTimeSeriesLong
	return frame, nil
}

func permute[T any](v []*T, order []int) []*T {
	if v == nil {
		return nil
	}
	out := make([]*T, len(order))
	for i, from := range order {
		out[i] = v[from]
	}
	return out
}

// text is a dimension's value as a label; an unknown one is empty.
func text(c clickhouse.Column, row int) string {
	switch c.Kind {
	case clickhouse.KindString:
		if v := c.Strings[row]; v != nil {
			return *v
		}
	case clickhouse.KindBool:
		if v := c.Bools[row]; v != nil {
			if *v {
				return "true"
			}
			return "false"
		}
	case clickhouse.KindNumber:
		if v := c.Numbers[row]; v != nil {
			return strconv.FormatFloat(*v, 'g', -1, 64)
		}
	case clickhouse.KindTime:
		if v := c.Times[row]; v != nil {
			return v.UTC().Format(time.RFC3339)
		}
	}
	return ""
}
