package plugin

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/concurrent"
	"golang.org/x/sync/errgroup"

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
	req, err := model.Check(cat, i.settings.RowLimit)
	if err != nil {
		return nil, err
	}
	if r.alert && len(req.Parts) > 1 {
		return nil, problem.New(problem.QueryBadParam, "an alert rule needs one part of %q; choose a part in the query editor", req.Query.Name)
	}

	progress, progressErr := r.readProgress(ctx, cat)
	if r.alert {
		if err := r.judge(progress, progressErr); err != nil {
			return nil, err
		}
	}
	oldest, err := i.oldest(ctx, cat, req.Query)
	if err != nil {
		return nil, err
	}

	parts := make([]data.Frames, len(req.Parts))
	notices := make([][]data.Notice, len(req.Parts))
	group, groupCtx := errgroup.WithContext(ctx)
	for n, part := range req.Parts {
		group.Go(func() error {
			in := query.GrainInput{
				Kind: req.Query.Kind, Views: part.Part.Views, Oldest: oldest, From: dq.TimeRange.From, To: dq.TimeRange.To,
				Interval: dq.Interval, MaxDataPoints: dq.MaxDataPoints, StepSeconds: req.StepSeconds,
				Alert: r.alert, CompleteUntil: progress.CompleteUntil,
			}
			var err error
			parts[n], notices[n], err = i.part(groupCtx, req, part, in)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}

	var out data.Frames
	for n := range parts {
		parts[n][0].AppendNotices(notices[n]...)
		out = append(out, parts[n]...)
	}
	if !r.alert {
		out[0].AppendNotices(r.panelNotices(dq, out[0], progress, progressErr)...)
	}
	return out, nil
}

// part reads and frames one part of a query.
func (i *Instance) part(ctx context.Context, req *query.Request, part query.PartRequest, in query.GrainInput) (data.Frames, []data.Notice, error) {
	res, err := query.Resolve(in)
	if err != nil {
		return nil, nil, err
	}
	statement, err := query.Build(i.settings.Database, i.settings.Workspace, req, part, res)
	if err != nil {
		return nil, nil, err
	}
	answer, err := i.db.Query(ctx, statement.SQL, statement.Params...)
	if err != nil {
		return nil, nil, err
	}
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

	custom := frames.Custom{
		Query: req.Query.Name, Part: part.Part.Name, Grain: res.View.Grain, View: res.View.View, Why: res.Why, Step: res.Step,
		RowsRead: answer.Stats.RowsRead, BytesRead: answer.Stats.BytesRead,
		ElapsedMs: float64(answer.Stats.Elapsed.Microseconds()) / 1000, QueryID: answer.Stats.QueryID,
	}
	if !in.CompleteUntil.IsZero() {
		ms := in.CompleteUntil.UnixMilli()
		custom.CompleteUntil = &ms
	}
	made, err := frames.Make(frames.Part{
		Kind: req.Query.Kind, Name: part.Part.Name, AsTable: req.AsTable, Columns: part.Columns, Values: values, Rows: rows,
		Executed: statement.Shown, Custom: custom,
	})
	return made, notices, err
}

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

// panelNotices tells the reader of a panel what an alert rule would have refused.
func (r *run) panelNotices(dq backend.DataQuery, first *data.Frame, p catalog.Progress, err error) []data.Notice {
	warn := func(format string, args ...any) []data.Notice {
		return []data.Notice{{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, args...)}}
	}
	switch {
	case err != nil:
		return warn("It is not known how far the data are complete: %s", problem.From(err).Detail)
	case p.UpdatedAt.IsZero() || p.CompleteUntil.IsZero():
		return warn("It is not known how far the data are complete: the processor has not reported it.")
	}
	step := time.Minute
	if c, ok := first.Meta.Custom.(frames.Custom); ok {
		step = time.Duration(c.Step) * time.Second
	}
	end := dq.TimeRange.To
	if now := r.instance.now(); end.After(now) {
		end = now
	}
	if !p.CompleteUntil.Before(end.Add(-step)) {
		return nil
	}
	text := fmt.Sprintf("Complete until %s.", p.CompleteUntil.UTC().Format("2006-01-02 15:04:05 UTC"))
	if age := r.instance.now().Sub(p.UpdatedAt); age > staleAfter {
		return warn("%s The processor last reported %s ago; it may have stopped.", text, age.Round(time.Second))
	}
	return []data.Notice{{Severity: data.NoticeSeverityInfo, Text: text + " Later values may still grow."}}
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
