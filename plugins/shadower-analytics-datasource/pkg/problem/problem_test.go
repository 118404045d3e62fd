package problem_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/problem"
)

// The codes and their statuses are declared once, for the whole product.
func TestCodesAreThoseOfTheProduct(t *testing.T) {
	raw, err := os.ReadFile("../../../../processor/src/errors.ts")
	require.NoError(t, err)
	declared := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z_]+): \{ status: (\d+)`).FindAllStringSubmatch(string(raw), -1) {
		declared[m[1]] = m[2]
	}
	for _, code := range []problem.Code{
		problem.ConfigInvalid, problem.AuthInvalid, problem.AuthForbidden, problem.QueryUnknown, problem.QueryBadParam, problem.QueryLimit, problem.QueryTimeout,
		problem.QueryIncomplete, problem.NotFound, problem.Busy, problem.StoreUnavailable, problem.StoreSchema, problem.Internal,
	} {
		require.Equal(t, declared[string(code)], fmt.Sprint(int(problem.New(code, "x").Status())), code)
	}
}

func TestResponse(t *testing.T) {
	res := problem.Response(problem.New(problem.QueryLimit, "more than %d rows", 5))
	require.EqualError(t, res.Error, "more than 5 rows (QUERY_LIMIT)")
	require.Equal(t, backend.Status(422), res.Status)
	require.Equal(t, backend.ErrorSourceDownstream, res.ErrorSource)

	res = problem.Response(fmt.Errorf("a bug"))
	require.Equal(t, backend.ErrorSourcePlugin, res.ErrorSource)
	require.ErrorIs(t, problem.From(fmt.Errorf("ask: %w", context.Canceled)), problem.Of(problem.QueryTimeout))
}
