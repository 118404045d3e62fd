package query

import (
	"encoding/json"

	"github.com/shadower/analytics/pkg/problem"
)

// migrations[n] makes a query of version n+1 of one of version n. Saved queries live in dashboards and alert rules for
// years, so a step is never taken out; src/migrate.ts has the same steps, and both run testdata/saved.
var migrations = map[int]func(fields map[string]json.RawMessage){
	// 2 added modes, filters, top, logs and streams beside what 1 had; a query of 1 means the same in 2.
	1: func(map[string]json.RawMessage) {},
}

// migrate brings the fields of a saved query to SchemaVersion. Errors: QUERY_BAD_PARAM.
func migrate(fields map[string]json.RawMessage) error {
	raw, ok := fields["schemaVersion"]
	if !ok {
		return problem.New(problem.QueryBadParam, "the query has no schemaVersion; choose it in the editor again, or set schemaVersion to %d", SchemaVersion)
	}
	var version float64
	if err := json.Unmarshal(raw, &version); err != nil {
		return problem.New(problem.QueryBadParam, "schemaVersion must be a number; choose the query in the editor again")
	}
	if version > SchemaVersion {
		return problem.New(problem.QueryBadParam, "the query has schemaVersion %v and this plugin reads up to version %d; update the plugin", version, SchemaVersion)
	}
	at := int(version)
	if at < 1 || float64(at) != version {
		return problem.New(problem.QueryBadParam, "the query has schemaVersion %v, which was never released; choose the query in the editor again", version)
	}
	// A field that its version did not have is a mistake, not a newer query.
	if at == 1 {
		for name := range fields {
			if !fieldsOf1[name] {
				return problem.New(problem.QueryBadParam, "the query of version 1 has the unknown field %q; the fields are schemaVersion, query, params, columns, part, stepSeconds and limit", name)
			}
		}
	}
	for ; at < SchemaVersion; at++ {
		migrations[at](fields)
	}
	fields["schemaVersion"] = json.RawMessage("2")
	return nil
}

var fieldsOf1 = map[string]bool{"schemaVersion": true, "query": true, "params": true, "columns": true, "part": true, "stepSeconds": true, "limit": true}
