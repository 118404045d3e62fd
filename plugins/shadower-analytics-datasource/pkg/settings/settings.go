// Package settings reads and checks the configuration of one datasource.
package settings

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/shadower/analytics/pkg/problem"
)

// Limits that hold when the configuration names none, and the most it may ask for.
const (
	DefaultDatabase       = "shadower"
	DefaultRowLimit       = 100_000
	MaxRowLimit           = 1_000_000
	DefaultTimeoutSeconds = 30
	MaxTimeoutSeconds     = 600
	DefaultMaxConcurrent  = 8
	MaxMaxConcurrent      = 64
	DefaultResponseMiB    = 128
	MaxResponseMiB        = 1024
)

var (
	databasePattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	traceURLPattern  = regexp.MustCompile(`^https?://[^\s"'<>]*\$\{traceId\}[^\s"'<>]*$`)
	workspacePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// Settings is the checked configuration of a datasource. It holds no secret: those stay in HTTP.
type Settings struct {
	URL       *url.URL
	Database  string
	Workspace string
	// RowLimit is the most rows one part of a query may return.
	RowLimit int
	// Timeout is how long ClickHouse may work on one statement.
	Timeout time.Duration
	// MaxConcurrent is how many statements may run at once for this datasource.
	MaxConcurrent int
	// ResponseBytes is the most bytes one answer may have, after decompression.
	ResponseBytes int64
	// LogUser tells ClickHouse's query log which user, dashboard, panel or rule asked.
	LogUser bool
	// Cache keeps answers of panels for as long as their query allows; alert rules never read it.
	Cache bool
	// TraceDatasource and TraceURL say where a trace id leads: to a datasource (by its uid) or to a page (with ${traceId}).
	TraceDatasource     string
	TraceDatasourceType string
	TraceURL            string
	HTTP                httpclient.Options
}

type jsonData struct {
	Database       string  `json:"database"`
	Workspace      string  `json:"workspace"`
	User           string  `json:"user"`
	RowLimit       float64 `json:"rowLimit"`
	TimeoutSeconds float64 `json:"timeoutSeconds"`
	MaxConcurrent  float64 `json:"maxConcurrentQueries"`
	ResponseMiB    float64 `json:"responseLimitMiB"`
	// Absent means on.
	LogUser             *bool  `json:"logUser"`
	Cache               *bool  `json:"cache"`
	TraceDatasource     string `json:"traceDatasourceUid"`
	TraceDatasourceType string `json:"traceDatasourceType"`
	TraceURL            string `json:"traceUrl"`
}

// Load reads the configuration. Errors have the code CONFIG_INVALID and name the setting.
func Load(ctx context.Context, source backend.DataSourceInstanceSettings) (*Settings, error) {
	var raw jsonData
	if len(source.JSONData) > 0 {
		if err := json.Unmarshal(source.JSONData, &raw); err != nil {
			return nil, problem.Wrap(err, problem.ConfigInvalid, "the datasource's jsonData cannot be read; save its configuration again")
		}
	}

	target, err := parseURL(source.URL)
	if err != nil {
		return nil, err
	}
	s := &Settings{URL: target, Database: first(raw.Database, source.Database, DefaultDatabase), Workspace: strings.TrimSpace(raw.Workspace)}
	if !databasePattern.MatchString(s.Database) {
		return nil, problem.New(problem.ConfigInvalid, "the database %q is not a plain name (letters, digits, underscores)", s.Database)
	}
	if s.Workspace == "" {
		return nil, problem.New(problem.ConfigInvalid, "no workspace is set; enter it in the datasource's configuration")
	}
	if !workspacePattern.MatchString(s.Workspace) {
		return nil, problem.New(problem.ConfigInvalid, "the workspace %q may have letters, digits, '.', '_' and '-', at most 64", s.Workspace)
	}

	s.LogUser, s.Cache = raw.LogUser == nil || *raw.LogUser, raw.Cache == nil || *raw.Cache
	s.TraceDatasource, s.TraceDatasourceType, s.TraceURL = raw.TraceDatasource, raw.TraceDatasourceType, raw.TraceURL
	if s.TraceURL != "" && !traceURLPattern.MatchString(s.TraceURL) {
		return nil, problem.New(problem.ConfigInvalid, "the trace URL must begin with http:// or https:// and hold ${traceId}")
	}

	limits := []struct {
		name     string
		value    float64
		fallback int
		max      int
		set      func(int)
	}{
		{"row limit", raw.RowLimit, DefaultRowLimit, MaxRowLimit, func(v int) { s.RowLimit = v }},
		{"timeout (seconds)", raw.TimeoutSeconds, DefaultTimeoutSeconds, MaxTimeoutSeconds, func(v int) { s.Timeout = time.Duration(v) * time.Second }},
		{"number of concurrent queries", raw.MaxConcurrent, DefaultMaxConcurrent, MaxMaxConcurrent, func(v int) { s.MaxConcurrent = v }},
		{"response limit (MiB)", raw.ResponseMiB, DefaultResponseMiB, MaxResponseMiB, func(v int) { s.ResponseBytes = int64(v) << 20 }},
	}
	for _, l := range limits {
		v := int(l.value)
		if l.value == 0 {
			v = l.fallback
		}
		if v < 1 || v > l.max || (l.value != 0 && float64(v) != l.value) {
			return nil, problem.New(problem.ConfigInvalid, "the %s is %v; it must be a whole number from 1 to %d", l.name, l.value, l.max)
		}
		l.set(v)
	}

	// The SDK takes the user from the datasource itself; the password never leaves its options.
	if source.User == "" && !source.BasicAuthEnabled {
		source.User = raw.User
	}
	s.HTTP, err = source.HTTPClientOptions(ctx)
	if err != nil {
		return nil, problem.Wrap(err, problem.ConfigInvalid, "the HTTP settings of the datasource cannot be read; save its configuration again")
	}
	// ClickHouse gives up first, so that its own message about the time limit gets through.
	s.HTTP.Timeouts.Timeout = s.Timeout + 5*time.Second
	return s, nil
}

func parseURL(raw string) (*url.URL, error) {
	if strings.TrimSpace(raw) == "" {
		return nil, problem.New(problem.ConfigInvalid, "no URL is set; enter ClickHouse's HTTP address, such as http://localhost:8123")
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		// The text may hold credentials, so it is not repeated.
		return nil, problem.New(problem.ConfigInvalid, "the URL is not of the form http://host:8123 or https://host:8443")
	}
	if u.User != nil {
		return nil, problem.New(problem.ConfigInvalid, "the URL holds credentials; enter them as user and password instead")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}
