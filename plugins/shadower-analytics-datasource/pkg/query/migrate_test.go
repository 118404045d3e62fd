package query

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/shadower/analytics/pkg/problem"
)

func TestSavedQueriesOfEveryVersion(t *testing.T) {
	files, err := filepath.Glob("testdata/saved/*.json")
	require.NoError(t, err)
	versions := map[float64]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			var c struct{ Saved, Means json.RawMessage }
			require.NoError(t, json.Unmarshal(raw, &c))
			m, err := Parse(c.Saved)
			require.NoError(t, err)
			got, err := json.Marshal(m)
			require.NoError(t, err)
			require.JSONEq(t, string(c.Means), string(got))
			again, err := Parse(got)
			require.NoError(t, err)
			twice, err := json.Marshal(again)
			require.NoError(t, err)
			require.JSONEq(t, string(got), string(twice), "a migrated query is of the current version")
			var head struct{ SchemaVersion float64 }
			require.NoError(t, json.Unmarshal(c.Saved, &head))
			versions[head.SchemaVersion] = true
		})
	}
	for v := 1; v < SchemaVersion; v++ {
		require.True(t, versions[float64(v)], "no fixture of version %d", v)
		require.NotNil(t, migrations[v])
	}
}

func TestVersionsThatWereNeverReleased(t *testing.T) {
	for _, raw := range []string{`{"query":"a"}`, `{"schemaVersion":0,"query":"a"}`, `{"schemaVersion":1.5,"query":"a"}`, `{"schemaVersion":3,"query":"a"}`, `{"schemaVersion":"1","query":"a"}`,
		`{"schemaVersion":1,"query":"a","mode":"sql","sql":"SELECT 1"}`} {
		_, err := Parse([]byte(raw))
		require.ErrorIs(t, err, problem.Of(problem.QueryBadParam), raw)
	}
}
