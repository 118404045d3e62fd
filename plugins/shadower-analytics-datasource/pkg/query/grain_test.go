package query_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/catalog"
	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/query"
)

// The cases are shared with the TypeScript implementation.
const grainCases = "../../../../processor/src/query/grain-cases.json"

func TestResolveGoldenCases(t *testing.T) {
	raw, err := os.ReadFile(grainCases)
	require.NoError(t, err)
	var cases []struct {
		Name   string       `json:"name"`
		Kind   catalog.Kind `json:"kind"`
		Grains []struct {
			Grain   string     `json:"grain"`
			Seconds int        `json:"seconds"`
			Oldest  *time.Time `json:"oldest"`
		} `json:"grains"`
		From          time.Time  `json:"from"`
		To            time.Time  `json:"to"`
		IntervalMs    int64      `json:"interval_ms"`
		MaxDataPoints int64      `json:"max_data_points"`
		StepSeconds   int64      `json:"step_seconds"`
		Alert         bool       `json:"alert"`
		CompleteUntil *time.Time `json:"complete_until"`
		Expect        struct {
			Grain string    `json:"grain"`
			Step  int64     `json:"step"`
			From  time.Time `json:"from"`
			To    time.Time `json:"to"`
			Error string    `json:"error"`
		} `json:"expect"`
	}
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			in := query.GrainInput{
				Kind: c.Kind, Oldest: map[string]time.Time{}, From: c.From, To: c.To,
				Interval: time.Duration(c.IntervalMs) * time.Millisecond, MaxDataPoints: c.MaxDataPoints,
				StepSeconds: c.StepSeconds, Alert: c.Alert,
			}
			if c.CompleteUntil != nil {
				in.CompleteUntil = *c.CompleteUntil
			}
			for _, g := range c.Grains {
				in.Views = append(in.Views, catalog.View{Grain: g.Grain, Seconds: g.Seconds, View: "v_" + g.Grain})
				if g.Oldest != nil {
					in.Oldest[g.Grain] = *g.Oldest
				}
			}
			got, err := query.Resolve(in)
			if c.Expect.Error != "" {
				require.ErrorIs(t, err, problem.Of(problem.Code(c.Expect.Error)))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.Expect.Grain, got.View.Grain, got.Why)
			require.Equal(t, c.Expect.Step, got.Step)
			require.Equal(t, c.Expect.From.UTC(), got.From)
			require.Equal(t, c.Expect.To.UTC(), got.To)
			require.NotEmpty(t, got.Why)
		})
	}
}

func TestAlertRuleNeedsProgress(t *testing.T) {
	now := time.Now()
	_, err := query.Resolve(query.GrainInput{
		Kind: catalog.KindTimeseries, Views: []catalog.View{{Grain: "1m", Seconds: 60, View: "v"}},
		From: now.Add(-time.Hour), To: now, Alert: true,
	})
	require.ErrorIs(t, err, problem.Of(problem.QueryIncomplete))
}
