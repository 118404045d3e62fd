package clickhouse

import (
	"context"
	"net/url"
)

type originKey struct{}

// Origin says who asks, and from where. It is sent as the Referer header, which ClickHouse keeps in
// system.query_log.http_referer: unlike the setting log_comment, that works with a readonly = 1 user too.
type Origin struct {
	User      string
	OrgID     string
	Dashboard string
	Panel     string
	Rule      string
}

// WithOrigin makes the statements of a context tell their origin.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// originOf is the origin as a URL: "grafana:///?dashboard=…&user=…"; empty when nothing is known.
func originOf(ctx context.Context) string {
	o, ok := ctx.Value(originKey{}).(Origin)
	if !ok {
		return ""
	}
	q := url.Values{}
	for name, v := range map[string]string{"user": o.User, "org": o.OrgID, "dashboard": o.Dashboard, "panel": o.Panel, "rule": o.Rule} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "grafana:///?" + q.Encode()
}
