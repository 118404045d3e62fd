package clickhouse

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/shadower/analytics/pkg/problem"
)

// Codes of ClickHouse's ErrorCodes that mean something to the person in front of the screen.
const (
	codeUnknownFunction  = 46
	codeUnknownIdent     = 47
	codeUnknownTable     = 60
	codeUnknownDatabase  = 81
	codeTimeoutExceeded  = 159
	codeTooSlow          = 160
	codeReadonly         = 164
	codeUnknownUser      = 192
	codeWrongPassword    = 193
	codeRequiredPassword = 194
	codeTooManyQueries   = 202
	codeMemoryLimit      = 241
	codeQueryCancelled   = 394
	codeAccessDenied     = 497
	codeAuthFailed       = 516
)

var exceptionPattern = regexp.MustCompile(`(?s)Code: (\d+)\. DB::Exception: (.*?)(?: \(version [^)]*\))?\s*$`)

const maxMessage = 600

// parseException makes a problem of an answer that is not a result. Its Origin is ClickHouse's code, if there is one.
func parseException(status int, header http.Header, body string) *problem.Problem {
	code, message := readException(header, body)
	p := wordException(status, code, message)
	p.Origin, p.Message = code, message
	return p
}

func readException(header http.Header, body string) (int, string) {
	code, _ := strconv.Atoi(header.Get("X-ClickHouse-Exception-Code"))
	message := strings.TrimSpace(body)
	if m := exceptionPattern.FindStringSubmatch(body); m != nil {
		code, _ = strconv.Atoi(m[1])
		message = strings.TrimSpace(m[2])
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return code, message
}

func wordException(status, code int, message string) *problem.Problem {
	switch code {
	case codeUnknownUser, codeWrongPassword, codeRequiredPassword, codeAuthFailed:
		return problem.New(problem.AuthInvalid, "ClickHouse does not accept the user and password; check them in the datasource's configuration")
	case codeAccessDenied:
		return problem.New(problem.AuthForbidden, "the ClickHouse user may not read this; grant it SELECT on the database: %s", message)
	case codeReadonly:
		return problem.New(problem.AuthForbidden, "the ClickHouse user may not do this (readonly): %s", message)
	case codeUnknownDatabase:
		return problem.New(problem.StoreSchema, "the database does not exist in ClickHouse; check its name or run shadower migrate: %s", message)
	case codeUnknownTable, codeUnknownFunction, codeUnknownIdent:
		return problem.New(problem.StoreSchema, "ClickHouse lacks a table, view or column of this version; run shadower migrate: %s", message)
	case codeTimeoutExceeded, codeTooSlow:
		return problem.New(problem.QueryTimeout, "ClickHouse stopped the query at its time limit; choose a shorter range or a longer step, or raise the timeout in the datasource's configuration")
	case codeQueryCancelled:
		return problem.New(problem.QueryTimeout, "the query was cancelled in ClickHouse: %s", message)
	case codeMemoryLimit:
		return problem.New(problem.QueryLimit, "the query needs more memory than ClickHouse grants; choose a shorter range or a longer step: %s", message)
	case codeTooManyQueries:
		return problem.New(problem.Busy, "ClickHouse has too many queries in flight; try again")
	}

	switch {
	case status == http.StatusUnauthorized:
		return problem.New(problem.AuthInvalid, "ClickHouse does not accept the user and password (HTTP 401); check them in the datasource's configuration")
	case status == http.StatusForbidden:
		return problem.New(problem.AuthForbidden, "ClickHouse, or a proxy before it, refuses the request (HTTP 403): %s", message)
	case status == http.StatusRequestURITooLong, status == http.StatusRequestHeaderFieldsTooLarge:
		return problem.New(problem.QueryBadParam, "the parameters are too long for the server (HTTP %d); choose fewer values", status)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return problem.New(problem.Busy, "ClickHouse is busy (HTTP %d); try again: %s", status, message)
	case code != 0:
		return problem.New(problem.StoreUnavailable, "ClickHouse answered with error %d: %s", code, message)
	case status == http.StatusNotFound:
		return problem.New(problem.StoreUnavailable, "nothing like ClickHouse answers at this URL (HTTP 404); check the URL")
	default:
		return problem.New(problem.StoreUnavailable, "the server at this URL answered with HTTP %d: %s", status, message)
	}
}
