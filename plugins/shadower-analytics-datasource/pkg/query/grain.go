package query

import (
	"fmt"
	"time"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/problem"
)

// GrainInput is what the choice of grain and step depends on (docs/architecture.md, "Grain.").
type GrainInput struct {
	Kind catalog.Kind
	// Views are the part's views, finest first; Oldest says how far back each grain reaches (missing: no data).
	Views  []catalog.View
	Oldest map[string]time.Time
	From   time.Time
	To     time.Time
	// Interval is the wanted distance of points, MaxDataPoints their wanted number at most; 0 sets no bound.
	Interval      time.Duration
	MaxDataPoints int64
	// StepSeconds is a step chosen by the user; 0 leaves it to the range.
	StepSeconds int64
	// Alert clamps the range to CompleteUntil, so that a rule never judges a half-filled step.
	Alert         bool
	CompleteUntil time.Time
}

// Resolution is the view to be read, its step and the aligned range.
type Resolution struct {
	View catalog.View
	// Step is in seconds.
	Step int64
	From time.Time
	To   time.Time
	// Why says in words how the grain came about.
	Why string
}

// unit is the length of a grain; raw events are aligned to seconds.
func unit(v catalog.View) int64 {
	if v.Seconds == 0 {
		return 1
	}
	return int64(v.Seconds)
}

// Resolve chooses grain and step. Both implementations (this one and processor/src/query) run grain-cases.json.
// Errors: QUERY_BAD_PARAM for an empty range, QUERY_INCOMPLETE when an alert rule's range holds nothing complete.
func Resolve(in GrainInput) (Resolution, error) {
	from, to := in.From.UnixMilli(), in.To.UnixMilli()
	if from >= to {
		return Resolution{}, problem.New(problem.QueryBadParam, "the time range is empty: it starts at %s and ends at %s", stamp(in.From), stamp(in.To))
	}
	if len(in.Views) == 0 {
		return Resolution{}, problem.New(problem.StoreSchema, "the query has no view in the catalog; run shadower migrate")
	}

	stepped := in.Kind == catalog.KindTimeseries
	wanted := in.Interval.Milliseconds()
	switch {
	case in.StepSeconds > 0:
		wanted = in.StepSeconds * 1000
	case in.MaxDataPoints > 0:
		wanted = max(wanted, ceilDiv(to-from, in.MaxDataPoints))
	}

	chosen, why := 0, ""
	for i, v := range in.Views {
		length := unit(v) * 1000
		if (stepped && length <= wanted) || (!stepped && to-from >= 24*length) {
			chosen = i
		}
	}
	if stepped {
		why = fmt.Sprintf("%s is the coarsest grain within the wanted step of %s", in.Views[chosen].Grain, time.Duration(wanted)*time.Millisecond)
		if unit(in.Views[chosen])*1000 > wanted {
			why = fmt.Sprintf("%s is the finest grain there is; a step of %s was wanted", in.Views[chosen].Grain, time.Duration(wanted)*time.Millisecond)
		}
	} else {
		why = fmt.Sprintf("%s is the coarsest grain that the range holds 24 times, or the finest there is", in.Views[chosen].Grain)
	}

	// A grain that does not reach back to the start of the range yields to a coarser one that does reach further.
	for i := chosen + 1; i < len(in.Views); i++ {
		cur, hasCur := in.Oldest[in.Views[chosen].Grain]
		if hasCur && cur.UnixMilli() <= from {
			break
		}
		next, hasNext := in.Oldest[in.Views[i].Grain]
		if !hasNext {
			continue
		}
		// Wider windows start earlier by nature; only a whole window earlier is further back.
		if hasCur && next.UnixMilli() >= floor(cur.UnixMilli(), unit(in.Views[i])*1000) {
			continue
		}
		if hasCur {
			why = fmt.Sprintf("%s reaches back to %s, %s only to %s", in.Views[i].Grain, stamp(next), in.Views[chosen].Grain, stamp(cur))
		} else {
			why = fmt.Sprintf("%s reaches back to %s, %s has no data", in.Views[i].Grain, stamp(next), in.Views[chosen].Grain)
		}
		chosen = i
	}

	view := in.Views[chosen]
	step := unit(view)
	if stepped {
		step = max(1, ceilDiv(ceilDiv(wanted, 1000), unit(view))) * unit(view)
	}
	if step > maxStep {
		return Resolution{}, problem.New(problem.QueryBadParam, "a step of %d seconds is too long; the longest is %d", step, maxStep)
	}
	ms := step * 1000
	alignedFrom := floor(from, ms)
	alignedTo := floor(to+ms-1, ms)
	if in.Alert {
		if in.CompleteUntil.IsZero() {
			return Resolution{}, problem.New(problem.QueryIncomplete, "it is not known how far the data are complete, so an alert rule cannot judge them; check that the processor runs")
		}
		alignedTo = floor(min(to, in.CompleteUntil.UnixMilli()), ms)
		if alignedTo <= alignedFrom {
			return Resolution{}, problem.New(problem.QueryIncomplete, "the range from %s to %s holds no complete step of %d s: the data are complete until %s; make the rule's range longer, or check the processor's lag",
				stamp(in.From), stamp(in.To), step, stamp(in.CompleteUntil))
		}
	}
	return Resolution{View: view, Step: step, From: time.UnixMilli(alignedFrom).UTC(), To: time.UnixMilli(alignedTo).UTC(), Why: why}, nil
}

// maxStep fits the views' UInt32 argument with room to spare: ten years.
const maxStep = 3650 * 86400

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// floor aligns down, also before 1970.
func floor(ms, step int64) int64 {
	r := ms % step
	if r < 0 {
		r += step
	}
	return ms - r
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
