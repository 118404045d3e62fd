// Package problem holds the errors that a person or a program can meet. The codes are those of the whole product
// (processor/src/errors.ts); a message says what is wrong, where, and what to do about it.
package problem

import (
	"context"
	"errors"
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// Code is the stable name of an error category.
type Code string

// The codes this plugin can answer with.
const (
	ConfigInvalid    Code = "CONFIG_INVALID"
	AuthInvalid      Code = "AUTH_INVALID"
	AuthForbidden    Code = "AUTH_FORBIDDEN"
	QueryUnknown     Code = "QUERY_UNKNOWN"
	QueryBadParam    Code = "QUERY_BAD_PARAM"
	QueryLimit       Code = "QUERY_LIMIT"
	QueryTimeout     Code = "QUERY_TIMEOUT"
	QueryIncomplete  Code = "QUERY_INCOMPLETE"
	NotFound         Code = "NOT_FOUND"
	Busy             Code = "BUSY"
	StoreUnavailable Code = "STORE_UNAVAILABLE"
	StoreSchema      Code = "STORE_SCHEMA"
	Internal         Code = "INTERNAL"
)

var statuses = map[Code]backend.Status{
	ConfigInvalid:    500,
	AuthInvalid:      401,
	AuthForbidden:    403,
	QueryUnknown:     404,
	QueryBadParam:    400,
	QueryLimit:       422,
	QueryTimeout:     504,
	QueryIncomplete:  503,
	NotFound:         404,
	Busy:             503,
	StoreUnavailable: 503,
	StoreSchema:      500,
	Internal:         500,
}

// Problem is an error with a code.
type Problem struct {
	Code   Code
	Detail string
	// Origin is ClickHouse's own error code and Message its text, where the problem came from there; else 0 and empty.
	Origin  int
	Message string
	cause   error
}

// New makes a problem; format and args are those of fmt.Sprintf.
func New(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Wrap makes a problem that keeps its cause for errors.Is, without showing it.
func Wrap(cause error, code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...), cause: cause}
}

// Error gives the message with its code.
func (p *Problem) Error() string { return fmt.Sprintf("%s (%s)", p.Detail, p.Code) }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.cause }

// Is makes problems comparable by code: errors.Is(err, problem.Of(problem.QueryLimit)).
func (p *Problem) Is(target error) bool {
	t, ok := target.(*Problem)
	return ok && t.Detail == "" && t.Code == p.Code
}

// Of is a problem to compare with.
func Of(code Code) error { return &Problem{Code: code} }

// Status is the HTTP status that goes with the code.
func (p *Problem) Status() backend.Status {
	if s, ok := statuses[p.Code]; ok {
		return s
	}
	return backend.StatusInternal
}

// From finds the problem in an error. What has no code is an internal error.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, context.Canceled) {
		return Wrap(err, QueryTimeout, "the request was cancelled")
	}
	return Wrap(err, Internal, "internal error: %v", err)
}

// Response is the answer of a query that failed. Everything but an internal error is caused by the query, the
// configuration or ClickHouse, so it does not count against the plugin.
func Response(err error) backend.DataResponse {
	p := From(err)
	wrapped := backend.DownstreamError(p)
	source := backend.ErrorSourceDownstream
	if p.Code == Internal {
		wrapped, source = backend.PluginError(p), backend.ErrorSourcePlugin
	}
	return backend.DataResponse{Error: wrapped, Status: p.Status(), ErrorSource: source}
}
