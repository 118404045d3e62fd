// Package clickhouse runs read-only statements over ClickHouse's HTTP interface and decodes FORMAT Native.
package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/settings"
)

// maxErrorBody bounds how much of an error page is read.
const maxErrorBody = 16 << 10

// Client talks to one ClickHouse. It is safe for concurrent use.
type Client struct {
	http          *http.Client
	url           *url.URL
	database      string
	timeout       time.Duration
	responseBytes int64
	slots         chan struct{}
	logUser       bool
	// plain is set once ClickHouse has said that its user may not change settings (readonly = 1).
	plain atomic.Bool
}

// Statement is one SELECT (without FORMAT).
type Statement struct {
	SQL    string
	Params []Param
	// MaxRows ends the reading of an answer behind so many rows; 0 reads all. One more than a limit tells that there is more.
	MaxRows int
	// Settings are sent where the user may change settings; what must hold at any rate belongs into SQL.
	Settings map[string]string
}

// Result is a whole answer: all columns have the same length.
type Result struct {
	Columns []Column
	Rows    int
	Stats   Stats
}

// Stats says what an answer cost.
type Stats struct {
	QueryID string
	// RowsRead and BytesRead are nil where ClickHouse does not tell: unknown is not 0. The embedded engine does not.
	RowsRead  *uint64
	BytesRead *uint64
	Elapsed   time.Duration
}

// New makes a client. The HTTP client (proxy, TLS, authentication, tracing, metrics) is the SDK's.
func New(s *settings.Settings) (*Client, error) {
	hc, err := httpclient.New(s.HTTP)
	if err != nil {
		return nil, problem.Wrap(err, problem.ConfigInvalid, "the TLS or proxy settings cannot be used; check the certificates and keys in the datasource's configuration")
	}
	return &Client{
		http: hc, url: s.URL, database: s.Database, timeout: s.Timeout,
		responseBytes: s.ResponseBytes, slots: make(chan struct{}, s.MaxConcurrent), logUser: s.LogUser,
	}, nil
}

// Plain tells that the ClickHouse user has readonly = 1: statements run without the limits that are settings.
func (c *Client) Plain() bool { return c.plain.Load() }

// Close releases idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Query runs a statement and reads its whole answer; see Run.
func (c *Client) Query(ctx context.Context, sql string, params ...Param) (*Result, error) {
	return c.Run(ctx, Statement{SQL: sql, Params: params})
}

// Run runs a statement. It waits for a free slot, and ends in ClickHouse too when ctx ends. Errors are problems:
// STORE_UNAVAILABLE, AUTH_*, STORE_SCHEMA, QUERY_TIMEOUT, QUERY_LIMIT, BUSY.
func (c *Client) Run(ctx context.Context, s Statement) (*Result, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, problem.Wrap(ctx.Err(), problem.Busy, "the request ended while it waited for one of the datasource's %d query slots", cap(c.slots))
	}
	// ClickHouse's own limit comes first where it may be set; with readonly = 1 this one is all there is.
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout+graceOfTimeout, context.DeadlineExceeded)
	defer cancel()
	plain := c.plain.Load()
	res, err := c.attempt(ctx, s, plain)
	var p *problem.Problem
	if !plain && errors.As(err, &p) && p.Origin == codeReadonly {
		log.DefaultLogger.FromContext(ctx).Info("The ClickHouse user may not change settings (readonly = 1); statements run without them from here on")
		c.plain.Store(true)
		return c.attempt(ctx, s, true)
	}
	return res, err
}

// graceOfTimeout lets ClickHouse's own message about its time limit get through.
const graceOfTimeout = 5 * time.Second

func (c *Client) attempt(ctx context.Context, s Statement, plain bool) (*Result, error) {
	id := "shadower-" + uuid.NewString()
	req, err := c.request(ctx, id, s, plain)
	if err != nil {
		return nil, problem.Wrap(err, problem.Internal, "the request to ClickHouse cannot be made")
	}
	started := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return nil, transportProblem(ctx, err, c.timeout)
	}
	defer func() {
		if err := res.Body.Close(); err != nil {
			log.DefaultLogger.FromContext(ctx).Debug("Closing the answer failed", "queryId", id, "error", err)
		}
	}()

	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
		return nil, parseException(res.StatusCode, res.Header, string(body))
	}
	result, err := decodeNative(res.Body, s.MaxRows)
	if err != nil {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.Is(err, httpclient.ErrResponseBodyTooLarge), errors.As(err, &tooLarge):
			return nil, problem.Wrap(err, problem.QueryLimit, "the answer is larger than the response limit of %d MiB; choose a shorter range, a longer step or fewer columns", c.responseBytes>>20)
		case ctx.Err() != nil:
			return nil, transportProblem(ctx, ctx.Err(), c.timeout)
		}
		var p *problem.Problem
		if errors.As(err, &p) {
			return nil, p
		}
		return nil, problem.Wrap(err, problem.StoreUnavailable, "the answer of ClickHouse cannot be read (%v); it may have been cut off on the way", err)
	}
	result.Stats = parseSummary(res.Header.Get("X-ClickHouse-Summary"), id, time.Since(started))
	log.DefaultLogger.FromContext(ctx).Debug("ClickHouse answered", "queryId", id, "rows", result.Rows, "elapsed", time.Since(started))
	return result, nil
}

func (c *Client) request(ctx context.Context, id string, s Statement, plain bool) (*http.Request, error) {
	limit := c.responseBytes
	if granted := backend.GrafanaConfigFromContext(ctx).ResponseLimit(); granted > 0 && granted < limit {
		limit = granted
	}
	ctx = httpclient.WithResponseLimit(ctx, limit)

	q := url.Values{}
	q.Set("database", c.database)
	q.Set("query_id", id)
	q.Set("default_format", "Native")
	// The status then tells success from failure for the whole answer: a result cut short by an error is never shown.
	q.Set("wait_end_of_query", "1")
	if !plain {
		// 2 rather than 1: it forbids writes and still lets the limits below be set.
		q.Set("readonly", "2")
		q.Set("max_execution_time", strconv.Itoa(int(c.timeout/time.Second)))
		q.Set("cancel_http_readonly_queries_on_client_close", "1")
		q.Set("enable_http_compression", "1")
		if s.MaxRows > 0 {
			q.Set("max_result_rows", strconv.Itoa(s.MaxRows))
			q.Set("result_overflow_mode", "break")
		}
		for name, value := range s.Settings {
			q.Set(name, value)
		}
	}
	for _, p := range s.Params {
		q.Set("param_"+p.Name, p.Value)
	}
	target := *c.url
	target.RawQuery = q.Encode()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(s.SQL+"\nFORMAT Native"))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	req.Header.Set("User-Agent", "shadower-analytics-datasource")
	if c.logUser {
		if who := originOf(ctx); who != "" {
			req.Header.Set("Referer", who)
		}
	}
	return req, nil
}

// transportProblem words a failure without the URL, whose parameters are nobody's business in a log.
func transportProblem(ctx context.Context, err error, timeout time.Duration) *problem.Problem {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	var netErr net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return problem.Wrap(context.Canceled, problem.QueryTimeout, "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return problem.Wrap(err, problem.QueryTimeout, "ClickHouse did not answer within %s; choose a shorter range or a longer step, or raise the timeout in the datasource's configuration", timeout)
	default:
		return problem.Wrap(err, problem.StoreUnavailable, "ClickHouse cannot be reached (%v); check the URL, the network and TLS settings of the datasource, and that ClickHouse runs", err)
	}
}

func parseSummary(header, id string, elapsed time.Duration) Stats {
	s := Stats{QueryID: id, Elapsed: elapsed}
	var raw struct {
		ReadRows  string `json:"read_rows"`
		ReadBytes string `json:"read_bytes"`
		ElapsedNs string `json:"elapsed_ns"`
	}
	// The header is a courtesy: without it the costs are unknown, and the answer is as good.
	if json.Unmarshal([]byte(header), &raw) != nil {
		return s
	}
	s.RowsRead, s.BytesRead = count(raw.ReadRows), count(raw.ReadBytes)
	if ns, err := strconv.ParseInt(raw.ElapsedNs, 10, 64); err == nil && ns > 0 {
		s.Elapsed = time.Duration(ns)
	}
	return s
}

// SetPlain says beforehand whether the ClickHouse user has readonly = 1, which is otherwise found out.
func (c *Client) SetPlain(plain bool) { c.plain.Store(plain) }

func count(text string) *uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
