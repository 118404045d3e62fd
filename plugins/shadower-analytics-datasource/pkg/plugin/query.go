package plugin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/concurrent"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
)

// staleAfter is how old the processor's report may be before an alert rule must not rely on it.
const staleAfter = 120 * time.Second

// concurrentQueries is how many queries of one request are worked on at once; statements have a limit of their own.
const concurrentQueries = 10

// QueryData answers the queries of a panel, Explore or an alert rule.
func (i *Instance) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	run := &run{instance: i, alert: fromAlert(req)}
	ctx = clickhouse.WithOrigin(ctx, originOf(req.PluginContext, req.GetHTTPHeaders(), req.Headers))
	return concurrent.QueryData(ctx, req, func(ctx context.Context, q concurrent.Query) backend.DataResponse {
		answer, err := run.query(ctx, q.DataQuery)
		if err != nil {
			p := problem.From(err)
			log.DefaultLogger.FromContext(ctx).Warn("A query failed", "refId", q.DataQuery.RefID, "code", string(p.Code), "error", p.Detail, "alert", run.alert)
			return problem.Response(err)
		}
		return backend.DataResponse{Frames: answer, Status: backend.StatusOK}
	}, concurrentQueries)
}

// fromAlert tells requests of the alerting engine: it sets the header FromAlert, with or without the prefix of HTTP headers.
func fromAlert(req *backend.QueryDataRequest) bool {
	return req.GetHTTPHeader(backend.FromAlertHeaderName) == "true" || req.Headers[backend.FromAlertHeaderName] == "true"
}

// run is one request; its queries share one reading of the progress, so that they agree on what is complete.
type run struct {
	instance *Instance
	alert    bool
	// fresh leaves the cache out.
	fresh bool

	once        sync.Once
	progress    catalog.Progress
	progressErr error
}

func (r *run) query(ctx context.Context, dq backend.DataQuery) (data.Frames, error) {
	i := r.instance
	if i.err != nil {
		return nil, i.err
	}
	model, err := query.Parse(dq.JSON)
	if err != nil {
		return nil, err
	}
	cat, err := i.reader.Get(ctx)
	if err != nil {
		return nil, err
	}
	progress, progressErr := r.readProgress(ctx, cat)
	if r.alert {
		if err := r.judge(progress, progressErr); err != nil {
			return nil, err
		}
	}
	in := query.GrainInput{
		From: dq.TimeRange.From, To: dq.TimeRange.To, Interval: dq.Interval, MaxDataPoints: dq.MaxDataPoints,
		StepSeconds: model.StepSeconds, Alert: r.alert, CompleteUntil: progress.CompleteUntil,
	}
	var out data.Frames
	switch model.Mode {
	case query.ModeSQL:
		out, err = r.sql(ctx, cat, model, in)
	case query.ModeLogs:
		out, err = r.logs(ctx, model, in)
	default:
		out, err = r.catalog(ctx, cat, model, in)
	}
	if err != nil {
		return nil, err
	}
	if !r.alert {
		out[0].AppendNotices(r.panelNotices(dq, out, progress, progressErr)...)
	}
	return out, nil
}

// catalog answers a query of the catalog.
func (r *run) catalog(ctx context.Context, cat *catalog.Catalog, model *query.Model, in query.GrainInput) (data.Frames, error) {
	i := r.instance
	req, err := model.Check(cat, i.settings.RowLimit)
	if err != nil {
		return nil, err
	}
	if r.alert && len(req.Parts) > 1 {
		return nil, problem.New(problem.QueryBadParam, "an alert rule needs one part of %q; choose a part in the query editor", req.Query.Name)
	}
	if r.alert && len(req.Ignored) > 0 {
		return nil, problem.New(problem.QueryBadParam, "the query %q has no dimension for the ad hoc filter on %s, and a rule must not judge more than was asked for; take the filter out", req.Query.Name, strings.Join(req.Ignored, ", "))
	}
	oldest, err := i.oldest(ctx, cat, req.Query)
	if err != nil {
		return nil, err
	}
	in.Kind, in.Oldest = req.Query.Kind, oldest

	parts := make([]data.Frames, len(req.Parts))
	notices := make([][]data.Notice, len(req.Parts))
	failed := make([]error, len(req.Parts))
	group := sync.WaitGroup{}
	for n, part := range req.Parts {
		group.Go(func() {
			in := in
			in.Views = part.Part.Views
			parts[n], notices[n], failed[n] = r.part(ctx, req, part, in)
		})
	}
	group.Wait()

	var out data.Frames
	for n := range parts {
		if failed[n] == nil {
			parts[n][0].AppendNotices(notices[n]...)
			out = append(out, parts[n]...)
		}
	}
	for n, err := range failed {
		switch {
		case err == nil:
		case r.alert || len(out) == 0:
			return nil, err
		default:
			// The rest is worth seeing, as long as it says what is missing.
			log.DefaultLogger.FromContext(ctx).Warn("A part of a query failed", "query", req.Query.Name, "part", req.Parts[n].Part.Name, "error", problem.From(err).Detail)
			out[0].AppendNotices(data.Notice{Severity: data.NoticeSeverityError, Text: fmt.Sprintf("The part %s is missing: %s", req.Parts[n].Part.Name, problem.From(err).Error())})
		}
	}
	if len(req.Ignored) > 0 {
		out[0].AppendNotices(warning("The filter on %s does not apply to %s, which has no such dimension: what is shown is not narrowed down by it.", strings.Join(req.Ignored, ", "), req.Query.Title))
	}
	return out, nil
}

// ttl is how old an answer may be: that of its class in a panel, and never old where a rule or a stream asks.
func (r *run) ttl(class time.Duration) time.Duration {
	if r.alert || r.fresh {
		return 0
	}
	return class
}

func warning(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, args...)}
}

func info(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(format, args...)}
}

// part reads and frames one part of a query.
func (r *run) part(ctx context.Context, req *query.Request, part query.PartRequest, in query.GrainInput) (data.Frames, []data.Notice, error) {
	i := r.instance
	res, err := query.Resolve(in)
	if err != nil {
		return nil, nil, err
	}
	statement, err := query.Build(i.settings.Database, i.settings.Workspace, req, part, res)
	if err != nil {
		return nil, nil, err
	}
	reading, err := i.read(ctx, clickhouse.Statement{SQL: statement.SQL, Params: statement.Params}, r.ttl(time.Duration(req.Query.CacheSeconds)*time.Second), in.CompleteUntil)
	if err != nil {
		return nil, nil, err
	}
	answer := reading.result
	values, err := query.Select(answer, part, res.View.View)
	if err != nil {
		return nil, nil, err
	}

	var notices []data.Notice
	rows := answer.Rows
	if rows > req.Limit {
		text := fmt.Sprintf("The answer of %s has more than %d rows and was cut off there: what is shown is incomplete. Choose a shorter range, a longer step, fewer series, or a higher limit.", res.View.View, req.Limit)
		if in.Alert {
			return nil, nil, problem.New(problem.QueryLimit, "the answer of %s has more than %d rows, and a rule must not judge a part of it; choose a shorter range, a longer step, fewer series, or a higher limit", res.View.View, req.Limit)
		}
		notices = append(notices, data.Notice{Severity: data.NoticeSeverityWarning, Text: text})
		rows = req.Limit
		truncate(values, rows)
	}
	// A range that begins before the oldest data of the rollup is answered for a part of it only.
	if oldest, ok := in.Oldest[res.View.Grain]; ok && oldest.After(res.From.Add(time.Duration(max(res.Step, unitOf(res.View)))*time.Second)) {
		notices = append(notices, info("The data reach back to %s only.", stamp(oldest)))
	}

	custom := i.custom(reading)
	custom.Query, custom.Part, custom.Grain, custom.View, custom.Why, custom.Step = req.Query.Name, part.Part.Name, res.View.Grain, res.View.View, res.Why, res.Step
	made, err := frames.Make(frames.Part{
		Kind: req.Query.Kind, Name: part.Part.Name, AsTable: req.AsTable, Columns: part.Columns, Values: values, Rows: rows,
		Executed: statement.Shown, Custom: custom, Links: i.links(ctx),
	})
	if err != nil || req.Top == nil {
		return made, notices, err
	}
	kept, all := frames.Top(made, req.Top.By, req.Top.N)
	if all > req.Top.N {
		notices = append(notices, info("The %d largest of %d by %s are shown.", req.Top.N, all, req.Top.By))
	}
	return kept, notices, nil
}

// custom says how a reading came about.
func (i *Instance) custom(r reading) frames.Custom {
	stats := r.result.Stats
	c := frames.Custom{
		RowsRead: stats.RowsRead, BytesRead: stats.BytesRead, ElapsedMs: float64(stats.Elapsed.Microseconds()) / 1000, QueryID: stats.QueryID,
	}
	if r.cached {
		c.CachedSeconds = int64(i.now().Sub(r.at).Seconds())
	}
	if !r.completeUntil.IsZero() {
		ms := r.completeUntil.UnixMilli()
		c.CompleteUntil = &ms
	}
	return c
}

func unitOf(v catalog.View) int64 { return int64(max(1, v.Seconds)) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (r *run) readProgress(ctx context.Context, cat *catalog.Catalog) (catalog.Progress, error) {
	r.once.Do(func() { r.progress, r.progressErr = r.instance.reader.Progress(ctx, cat) })
	return r.progress, r.progressErr
}

// judge says whether an alert rule may rely on the data at all.
func (r *run) judge(p catalog.Progress, err error) error {
	if err != nil {
		return err
	}
	if p.UpdatedAt.IsZero() {
		return problem.New(problem.QueryIncomplete, "the processor has never reported how far the data are complete, so an alert rule cannot judge them; check that it runs")
	}
	if age := r.instance.now().Sub(p.UpdatedAt); age > staleAfter {
		return problem.New(problem.QueryIncomplete, "the processor last reported %s ago (%s), so an alert rule cannot judge the data; check that it runs", age.Round(time.Second), p.UpdatedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// panelNotices tells the reader of a panel what an alert rule would have refused, and whether nothing is shown because
// there is nothing or because it is not known.
func (r *run) panelNotices(dq backend.DataQuery, answer data.Frames, p catalog.Progress, err error) []data.Notice {
	switch {
	case err != nil:
		return []data.Notice{warning("It is not known how far the data are complete: %s", problem.From(err).Detail)}
	case p.UpdatedAt.IsZero() || p.CompleteUntil.IsZero():
		return []data.Notice{warning("It is not known how far the data are complete: the processor has not reported it.")}
	}
	step, until := time.Minute, p.CompleteUntil
	if c, ok := answer[0].Meta.Custom.(frames.Custom); ok {
		step = time.Duration(max(1, c.Step)) * time.Second
		// A cached answer is as complete as it was when it was read.
		if c.CompleteUntil != nil && *c.CompleteUntil < until.UnixMilli() {
			until = time.UnixMilli(*c.CompleteUntil)
		}
	}
	empty := true
	for _, f := range answer {
		empty = empty && f.Rows() == 0
	}
	end := dq.TimeRange.To
	if now := r.instance.now(); end.After(now) {
		end = now
	}
	if !until.Before(end.Add(-step)) {
		if empty {
			return []data.Notice{info("No data: the range is complete, and nothing in it matches.")}
		}
		return nil
	}
	text := fmt.Sprintf("Complete until %s.", stamp(until))
	if empty && !until.After(dq.TimeRange.From) {
		text = fmt.Sprintf("Unknown, which is not the same as no data: nothing of this range has been counted yet. Complete until %s.", stamp(until))
	}
	if age := r.instance.now().Sub(p.UpdatedAt); age > staleAfter {
		return []data.Notice{warning("%s The processor last reported %s ago; it may have stopped.", text, age.Round(time.Second))}
	}
	if empty && !until.After(dq.TimeRange.From) {
		return []data.Notice{warning("%s", text)}
	}
	return []data.Notice{info("%s Later values may still grow.", text)}
}

func (i *Instance) oldest(ctx context.Context, cat *catalog.Catalog, q *catalog.Query) (map[string]time.Time, error) {
	if q.Rollup == nil {
		return nil, nil
	}
	coverage, err := i.reader.Coverage(ctx, cat)
	if err != nil {
		return nil, err
	}
	return coverage[*q.Rollup], nil
}

func truncate(columns []clickhouse.Column, rows int) {
	for n := range columns {
		c := &columns[n]
		c.Strings, c.Numbers, c.Times, c.Bools = cut(c.Strings, rows), cut(c.Numbers, rows), cut(c.Times, rows), cut(c.Bools, rows)
	}
}

func cut[T any](v []T, n int) []T { return v[:min(n, len(v))] }

// statusOf is the HTTP status of a resource answer.
func statusOf(err error) int {
	if s := int(problem.From(err).Status()); s >= 400 {
		return s
	}
	return http.StatusInternalServerError
}
