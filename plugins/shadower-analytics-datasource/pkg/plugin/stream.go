package plugin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/shadower/analytics/pkg/clickhouse"
	"github.com/shadower/analytics/pkg/frames"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
)

// Bounds of a stream: how often ClickHouse is asked, however many people look on, and how far a stream looks back.
const (
	streamEvery   = 5 * time.Second
	streamSlowest = 5 * time.Minute
	streamLongest = 31 * 24 * time.Hour
	streamPrefix  = "query/"
)

// liveQuery is what a stream answers again and again: a query over the time up to now.
type liveQuery struct {
	Query         json.RawMessage `json:"query"`
	RangeMs       int64           `json:"rangeMs"`
	IntervalMs    int64           `json:"intervalMs"`
	MaxDataPoints int64           `json:"maxDataPoints"`
}

// Stream is where a live query is to be subscribed to, and with which data.
type Stream struct {
	Path string          `json:"path"`
	Data json.RawMessage `json:"data"`
}

// open checks a live query and gives its channel. The path is the digest of the data, so that all who ask the same share
// one stream, and nobody can put another query on a stream that others look at. Errors: QUERY_BAD_PARAM, QUERY_UNKNOWN.
func (i *Instance) openStream(ctx context.Context, raw []byte) (*Stream, error) {
	if i.err != nil {
		return nil, i.err
	}
	var q liveQuery
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		return nil, problem.New(problem.QueryBadParam, "the live query cannot be read; it has query, rangeMs, intervalMs and maxDataPoints")
	}
	if q.RangeMs < 1000 || q.RangeMs > streamLongest.Milliseconds() {
		return nil, problem.New(problem.QueryBadParam, "a live panel can look back over one second to %d days, not %d ms", int(streamLongest.Hours()/24), q.RangeMs)
	}
	model, err := query.Parse(q.Query)
	if err != nil {
		return nil, err
	}
	if model.Mode == query.ModeCatalog {
		cat, err := i.reader.Get(ctx)
		if err != nil {
			return nil, err
		}
		req, err := model.Check(cat, i.settings.RowLimit)
		if err != nil {
			return nil, err
		}
		if len(req.Parts) != 1 {
			return nil, problem.New(problem.QueryBadParam, "a stream has one frame, and %q has several parts; choose a part, or switch live off", model.Query)
		}
	}
	canonical, err := json.Marshal(q)
	if err != nil {
		return nil, problem.Wrap(err, problem.Internal, "the live query cannot be written")
	}
	return &Stream{Path: pathOf(canonical), Data: canonical}, nil
}

func pathOf(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return streamPrefix + hex.EncodeToString(sum[:])
}

// SubscribeStream lets in whoever asks for the query that the path is the digest of.
func (i *Instance) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	stream, err := i.openStream(ctx, req.Data)
	if err != nil || stream.Path != req.Path {
		log.DefaultLogger.FromContext(ctx).Info("A subscription was refused", "path", req.Path, "error", err)
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	res := &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}
	var live liveQuery
	if err := json.Unmarshal(stream.Data, &live); err == nil {
		// Whoever comes later would see nothing until something changes.
		if res.InitialData, err = backend.NewInitialFrame(i.liveFrame(ctx, live, false), data.IncludeAll); err != nil {
			log.DefaultLogger.FromContext(ctx).Warn("The first frame of a stream cannot be written", "error", err)
		}
	}
	return res, nil
}

// PublishStream refuses: streams only go outwards.
func (i *Instance) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream asks once per interval for all who look on, and sends what has changed. A failed reading is sent as a notice on
// an empty frame, so that a panel never goes on showing old numbers as if they were new; the next reading goes on.
func (i *Instance) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	stream, err := i.openStream(ctx, req.Data)
	if err != nil {
		return err
	}
	if stream.Path != req.Path {
		return problem.New(problem.NotFound, "there is no such stream")
	}
	var live liveQuery
	if err := json.Unmarshal(stream.Data, &live); err != nil {
		return problem.Wrap(err, problem.Internal, "the live query cannot be read")
	}
	ctx = clickhouse.WithOrigin(ctx, originOf(req.PluginContext, nil, nil))
	every := min(max(time.Duration(live.IntervalMs)*time.Millisecond, streamEvery), streamSlowest)
	streamsRunning.Inc()
	defer streamsRunning.Dec()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var sent [sha256.Size]byte
	for {
		frame := i.liveFrame(ctx, live, true)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the last of those who looked on has left
		}
		if sum := digest(frame); sum != sent {
			if err := sender.SendFrame(frame, data.IncludeAll); err != nil {
				return err
			}
			sent = sum
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// liveFrame reads once; fresh leaves the cache out.
func (i *Instance) liveFrame(ctx context.Context, live liveQuery, fresh bool) *data.Frame {
	to := i.now()
	out, err := (&run{instance: i, fresh: fresh}).query(ctx, backend.DataQuery{
		RefID: "A", JSON: live.Query, Interval: time.Duration(live.IntervalMs) * time.Millisecond, MaxDataPoints: live.MaxDataPoints,
		TimeRange: backend.TimeRange{From: to.Add(-time.Duration(live.RangeMs) * time.Millisecond), To: to},
	})
	if err != nil {
		p := problem.From(err)
		log.DefaultLogger.FromContext(ctx).Warn("A stream failed to read", "code", string(p.Code), "error", p.Detail)
		frame := data.NewFrame("")
		frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityError, Text: p.Error()})
		return frame
	}
	frame, one := frames.Wide(out)
	if !one {
		frame = data.NewFrame("")
		frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityError, Text: "A stream has one frame, and this query has several; choose a part, or switch live off."})
	}
	return frame
}

// digest is of the values and notices, not of what a reading cost.
func digest(f *data.Frame) [sha256.Size]byte {
	var custom any
	if f.Meta != nil {
		custom = f.Meta.Custom
		if c, ok := custom.(frames.Custom); ok {
			f.Meta.Custom = frames.Custom{Query: c.Query, Grain: c.Grain, Step: c.Step, CompleteUntil: c.CompleteUntil}
		}
		defer func() { f.Meta.Custom = custom }()
	}
	raw, err := data.FrameToJSON(f, data.IncludeAll)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(raw)
}
