package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/shadower/analytics/pkg/problem"
)

// CheckHealth says exactly what is wrong, or what is there: it is the answer to "Save & test".
func (i *Instance) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if i.err != nil {
		return unhealthy(ctx, i.err), nil
	}
	cat, err := i.reader.Refresh(ctx)
	if err != nil {
		return unhealthy(ctx, err), nil
	}
	there := fmt.Sprintf("Connected to workspace %s: %d queries of %d domains (schema %s)", i.settings.Workspace, len(cat.Queries), len(cat.Domains), cat.Schema)
	progress, err := i.reader.Progress(ctx, cat)
	if err != nil {
		return unhealthy(ctx, err), nil
	}
	details := map[string]any{"schema": cat.Schema, "catalogVersion": cat.Version, "queries": len(cat.Queries), "workspace": i.settings.Workspace, "database": i.settings.Database}
	if progress.UpdatedAt.IsZero() || progress.CompleteUntil.IsZero() {
		return unhealthy(ctx, problem.New(problem.QueryIncomplete, "%s, but the processor has not reported any progress; check that it runs and has events to count", there)), nil
	}
	if age := i.now().Sub(progress.UpdatedAt); age > staleAfter {
		return unhealthy(ctx, problem.New(problem.QueryIncomplete, "%s, but the processor last reported %s ago; check that it runs. The data are complete until %s", there,
			age.Round(time.Second), progress.CompleteUntil.UTC().Format(time.RFC3339))), nil
	}
	details["completeUntil"] = progress.CompleteUntil.UTC().Format(time.RFC3339)
	details["recordsNotCountedYet"] = progress.Lag
	raw, err := json.Marshal(details)
	if err != nil {
		return unhealthy(ctx, err), nil
	}
	return &backend.CheckHealthResult{
		Status:      backend.HealthStatusOk,
		Message:     fmt.Sprintf("%s, complete until %s.", there, progress.CompleteUntil.UTC().Format("2006-01-02 15:04:05 UTC")),
		JSONDetails: raw,
	}, nil
}

func unhealthy(ctx context.Context, err error) *backend.CheckHealthResult {
	p := problem.From(err)
	log.DefaultLogger.FromContext(ctx).Info("The health check failed", "code", string(p.Code), "error", p.Detail)
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: p.Error()}
}
