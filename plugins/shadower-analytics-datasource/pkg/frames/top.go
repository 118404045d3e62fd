package frames

import (
	"cmp"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Top keeps the n largest: of time series those whose measure `by` has the highest point (with their other measures), of a
// table the rows with the highest value, largest first. Unknown comes last. It also gives how many there were.
func Top(in data.Frames, by string, n int) (data.Frames, int) {
	if in[0].Meta.Type != data.FrameTypeTimeSeriesMulti {
		return topRows(in, by, n)
	}
	highest := map[string]*float64{}
	var keys []string
	for _, f := range in {
		if len(f.Fields) < 2 {
			continue
		}
		key := f.Fields[1].Labels.String()
		if _, seen := highest[key]; !seen {
			keys = append(keys, key)
			highest[key] = nil
		}
		if f.Fields[1].Name != by {
			continue
		}
		for i := range f.Fields[1].Len() {
			if v, ok := f.Fields[1].At(i).(*float64); ok && v != nil && (highest[key] == nil || *v > *highest[key]) {
				highest[key] = v
			}
		}
	}
	if len(keys) <= n {
		return in, len(keys)
	}
	ranked := slices.Clone(keys)
	slices.SortStableFunc(ranked, func(a, b string) int { return descending(highest[a], highest[b]) })
	chosen := ranked[:n]
	var out data.Frames
	for _, f := range in {
		if len(f.Fields) >= 2 && slices.Contains(chosen, f.Fields[1].Labels.String()) {
			out = append(out, f)
		}
	}
	// What says how the answer came about rides on the first frame.
	if out[0] != in[0] {
		meta := *in[0].Meta
		out[0].Meta = &meta
	}
	return out, len(keys)
}

func topRows(in data.Frames, by string, n int) (data.Frames, int) {
	f := in[0]
	field, _ := f.FieldByName(by)
	if field == nil {
		return in, f.Rows()
	}
	order := make([]int, f.Rows())
	for i := range order {
		order[i] = i
	}
	value := func(i int) *float64 {
		v, _ := field.At(i).(*float64)
		return v
	}
	slices.SortStableFunc(order, func(a, b int) int { return descending(value(a), value(b)) })
	order = order[:min(n, len(order))]
	out := f.EmptyCopy()
	out.Meta = f.Meta
	for i := range out.Fields {
		out.Fields[i].Config = f.Fields[i].Config
	}
	for _, row := range order {
		out.AppendRow(f.RowCopy(row)...)
	}
	return data.Frames{out}, f.Rows()
}

func descending(a, b *float64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	default:
		return cmp.Compare(*b, *a)
	}
}
