package plugin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/require"
)

func TestOpenStream(t *testing.T) {
	i := newFake(t).instance(t, nil)
	post := func(body string) *backend.CallResourceResponse {
		out := &sent{}
		require.NoError(t, i.CallResource(t.Context(), &backend.CallResourceRequest{Method: http.MethodPost, Path: "stream", URL: "stream", Body: []byte(body)}, out))
		return out.CallResourceResponse
	}
	res := post(`{"query":{"schemaVersion":2,"query":"integration_calls"},"rangeMs":3600000,"intervalMs":60000,"maxDataPoints":100}`)
	require.Equal(t, 200, res.Status, string(res.Body))
	var stream Stream
	require.NoError(t, json.Unmarshal(res.Body, &stream))
	require.Regexp(t, `^query/[0-9a-f]{64}$`, stream.Path)
	require.LessOrEqual(t, len("ds/")+len(stream.Path)+41, 160, "Grafana's bound of a channel's name")

	for body, want := range map[string]string{
		`{"query":{"schemaVersion":2,"query":"integration_dependencies"},"rangeMs":3600000}`:              "several parts",
		`{"query":{"schemaVersion":2,"query":"nothing"},"rangeMs":3600000}`:                               "no query",
		`{"query":{"schemaVersion":2,"query":"integration_calls"},"rangeMs":1}`:                           "look back",
		`{"query":{"schemaVersion":2,"query":"integration_calls"},"rangeMs":3600000,"workspace":"other"}`: "cannot be read",
	} {
		res := post(body)
		require.GreaterOrEqual(t, res.Status, 400, body)
		require.Contains(t, string(res.Body), want)
	}
}

func TestStreamIsOneWideFrame(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	raw := []byte(`{"query":{"schemaVersion":2,"query":"integration_calls"},"rangeMs":3600000,"intervalMs":60000,"maxDataPoints":100}`)
	stream, err := i.openStream(t.Context(), raw)
	require.NoError(t, err)

	subscribed, err := i.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: stream.Path, Data: stream.Data})
	require.NoError(t, err)
	require.Equal(t, backend.SubscribeStreamStatusOK, subscribed.Status)
	require.Contains(t, string(subscribed.InitialData.Data()), "stripe", "whoever comes later sees at once what there is")

	ctx, cancel := context.WithCancel(t.Context())
	var got data.Frame
	sender := backend.NewStreamSender(packets(func(packet []byte) {
		require.NoError(t, json.Unmarshal(packet, &got))
		cancel()
	}))
	require.NoError(t, i.RunStream(ctx, &backend.RunStreamRequest{Path: stream.Path, Data: stream.Data}, sender))
	require.Equal(t, data.FrameTypeTimeSeriesWide, got.Meta.Type)
	require.Len(t, got.Fields, 5, "time, and two measures of two series")
	require.Equal(t, 2, got.Rows())
	rate, _ := got.FieldByName("rate")
	require.Equal(t, "paypal", rate.Labels["integration"])
	value, ok := rate.ConcreteAt(1)
	require.False(t, ok, "a series without a point is null there, not %v", value)
}

func TestStreamTellsWhatFailed(t *testing.T) {
	f := newFake(t)
	f.handle("integration_calls__main", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	i := f.instance(t, nil)
	frame := i.liveFrame(t.Context(), liveQuery{Query: json.RawMessage(`{"schemaVersion":2,"query":"integration_calls"}`), RangeMs: 3_600_000}, true)
	require.Equal(t, 0, frame.Rows(), "old numbers do not stay")
	require.Equal(t, data.NoticeSeverityError, frame.Meta.Notices[0].Severity)
	require.Contains(t, frame.Meta.Notices[0].Text, "BUSY")
}

func TestWhatCostsMoreIsNoChange(t *testing.T) {
	f := newFake(t)
	serveCalls(t, f)
	i := f.instance(t, nil)
	live := liveQuery{Query: json.RawMessage(`{"schemaVersion":2,"query":"integration_calls"}`), RangeMs: 3_600_000}
	a, b := i.liveFrame(t.Context(), live, true), i.liveFrame(t.Context(), live, true)
	require.Equal(t, digest(a), digest(b), "query ids and costs differ, values do not")
	require.Len(t, f.asked("integration_calls__main"), 2, "a stream does not read the cache")
	require.True(t, strings.HasPrefix(a.Meta.ExecutedQueryString, "SELECT"))
}
