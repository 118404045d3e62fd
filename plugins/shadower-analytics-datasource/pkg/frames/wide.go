package frames

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Wide makes one frame of time series that each have a frame (timeseries-multi): Grafana Live sends one frame at a time. A
// series without a point at a time is null there. Frames of another kind come back as they are, if there is just one.
func Wide(in data.Frames) (*data.Frame, bool) {
	if in[0].Meta == nil || in[0].Meta.Type != data.FrameTypeTimeSeriesMulti {
		return in[0], len(in) == 1
	}
	rows := map[int64]int{}
	var times []time.Time
	for _, f := range in {
		if len(f.Fields) == 0 {
			continue
		}
		for i := range f.Rows() {
			at, _ := f.Fields[0].At(i).(time.Time)
			if _, seen := rows[at.UnixMilli()]; !seen {
				rows[at.UnixMilli()] = 0
				times = append(times, at)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for i, at := range times {
		rows[at.UnixMilli()] = i
	}
	name := "time"
	var values []*data.Field
	for _, f := range in {
		if len(f.Fields) != 2 {
			continue
		}
		name = f.Fields[0].Name
		column := make([]*float64, len(times))
		for i := range f.Rows() {
			at, _ := f.Fields[0].At(i).(time.Time)
			column[rows[at.UnixMilli()]], _ = f.Fields[1].At(i).(*float64)
		}
		field := data.NewField(f.Fields[1].Name, f.Fields[1].Labels, column)
		field.Config = f.Fields[1].Config
		values = append(values, field)
	}
	if times == nil {
		times = []time.Time{}
	}
	out := data.NewFrame("", append([]*data.Field{data.NewField(name, nil, times)}, values...)...)
	meta := *in[0].Meta
	meta.Type, meta.TypeVersion = data.FrameTypeTimeSeriesWide, data.FrameTypeVersion{0, 1}
	out.Meta = &meta
	return out, true
}
