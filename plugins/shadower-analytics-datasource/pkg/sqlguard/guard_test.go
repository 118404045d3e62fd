package sqlguard

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/problem"
	"github.com/shadower/analytics/pkg/sqlguard/sqlguardtest"
)

type testMacros struct{}

func (testMacros) Expand(name string, args []string) (string, error) {
	if name != "timeFilter" {
		return "", errors.New("unknown macro " + name)
	}
	return "(" + strings.Join(args, "|") + " >= {from:DateTime64(3,'UTC')})", nil
}

func (testMacros) Source(name string, args []string) (string, error) {
	return "`db`.`" + strings.Join(args, "") + "__main__1m`(x=1)", nil
}

var testSchema = &Schema{Database: "shadower", Tables: map[string]Table{"calls_1m": {Name: "calls_1m"}, "raw_calls": {Name: "raw_calls"}}}

const fenced = "(SELECT * FROM `shadower`.`calls_1m` WHERE workspace = {shadower_workspace:String})"

func TestRewrites(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT count() FROM calls_1m":                                               "SELECT count() FROM " + fenced + " AS `calls_1m`",
		"select a.x from calls_1m a where a.x = 'FROM secrets'":                      "select a.x from " + fenced + " a where a.x = 'FROM secrets'",
		"SELECT 1 FROM calls_1m AS a JOIN `calls_1m` AS b ON a.t = b.t WHERE 1":      "SELECT 1 FROM " + fenced + " AS a JOIN " + fenced + " AS b ON a.t = b.t WHERE 1",
		"SELECT * FROM calls_1m -- , secrets\n WHERE $__timeFilter(calls_1m.t);":     "SELECT * FROM " + fenced + " AS `calls_1m`             \n WHERE (calls_1m.t >= {from:DateTime64(3,'UTC')})",
		"WITH calls_1m AS (SELECT 1 AS x) SELECT calls_1m.x FROM calls_1m":           "WITH __cte_calls_1m AS (SELECT 1 AS x) SELECT calls_1m.x FROM __cte_calls_1m AS `calls_1m`",
		"(SELECT 1 FROM calls_1m) UNION ALL (SELECT 2 FROM calls_1m LIMIT 1, 2)":     "(SELECT 1 FROM " + fenced + " AS `calls_1m`) UNION ALL (SELECT 2 FROM " + fenced + " AS `calls_1m` LIMIT 1, 2)",
		"SELECT x FROM (SELECT quantileIf(0.9)(ms, ok) AS x, 2 FROM calls_1m) s":     "SELECT x FROM (SELECT quantileIf(0.9)(ms, ok) AS x, 2 FROM " + fenced + " AS `calls_1m`) s",
		"SELECT a FROM calls_1m WHERE b IN (SELECT c FROM calls_1m) AND d IN ('x')":  "SELECT a FROM " + fenced + " AS `calls_1m` WHERE b IN (SELECT c FROM " + fenced + " AS `calls_1m`) AND d IN ('x')",
		"SELECT * FROM $__query(calls)":                                              "SELECT * FROM `db`.`calls__main__1m`(x=1)",
		"SELECT arrayMap(x -> x * 1.5e3, [1, 2]), a::String, tup.1 FROM calls_1m t":  "SELECT arrayMap(x -> x * 1.5e3, [1, 2]), a::String, tup.1 FROM " + fenced + " t",
		"SELECT t, count() FROM calls_1m GROUP BY t, integration ORDER BY t, 2 DESC": "SELECT t, count() FROM " + fenced + " AS `calls_1m` GROUP BY t, integration ORDER BY t, 2 DESC",
	} {
		got, err := Rewrite(sql, testSchema, testMacros{})
		require.NoError(t, err, sql)
		require.Equal(t, want, got)
	}
}

// TestRefuses has the ways out that were thought of; TestFence in pkg/plugin tries them against a real ClickHouse.
func TestRefuses(t *testing.T) {
	for _, sql := range sqlguardtest.Escapes {
		_, err := Rewrite(sql, testSchema, testMacros{})
		require.ErrorIs(t, err, problem.Of(problem.QueryBadParam), sql)
	}
}

// FuzzRewrite holds the invariant: in what is executed, no table of the schema is named but inside the fence.
func FuzzRewrite(f *testing.F) {
	for _, sql := range sqlguardtest.Escapes {
		f.Add(sql)
	}
	f.Add("WITH a AS (SELECT 1) SELECT a.x FROM calls_1m b JOIN a ON a.x = b.x WHERE c IN (1, 2)")
	f.Fuzz(func(t *testing.T, sql string) {
		out, err := Rewrite(sql, testSchema, testMacros{})
		if err != nil {
			return
		}
		tokens, _, err := lex(strings.NewReplacer(fenced, "(SELECT 1)", "{", " ", "}", " ").Replace(out))
		require.NoError(t, err, out)
		for i, k := range tokens {
			if !k.keyword("FROM") && !k.keyword("JOIN") {
				continue
			}
			next := tokens[min(i+1, len(tokens)-1)]
			require.True(t, next.is("(") || strings.HasPrefix(next.text, ctePrefix) || next.text == "db", "%s\n%s", sql, out)
		}
	})
}
