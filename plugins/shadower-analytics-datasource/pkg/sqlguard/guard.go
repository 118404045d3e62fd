// Package sqlguard lets people write SQL without letting them out of their workspace.
//
// A statement is read token by token and judged by lists of what is allowed. Every table it names is then replaced by a
// subquery that holds the rows of one workspace only, so that what ClickHouse executes has no table name of the user's in it:
// nothing the user writes (SETTINGS, UNION, a common table expression of a table's name, a comment) can take the fence away,
// and it needs no setting, so it holds for a ClickHouse user with readonly = 1 as well. The caller adds
// additional_table_filters where the user may set them, as a second fence behind the first.
package sqlguard

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxBytes is the longest statement that is read.
const MaxBytes = 64 << 10

// WorkspaceParam is the name of the parameter that the fence binds.
const WorkspaceParam = "shadower_workspace"

// WorkspaceColumn is the column that every table with data of a workspace has.
const WorkspaceColumn = "workspace"

const ctePrefix = "__cte_"

//go:embed functions.txt
var functionList string

// functions are ClickHouse's functions (in lower case) that read nothing but their arguments.
var functions = set(functionList)

// combinators are suffixes that make another aggregate function of one.
var combinators = []string{"if", "array", "map", "merge", "ornull", "ordefault", "distinct", "foreach", "argmin", "argmax"}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var (
	// callWords stand before a bracket without being a function.
	callWords = set("AND OR NOT IN LIKE ILIKE BETWEEN WHEN THEN ELSE CASE AS OVER ON USING BY SELECT DISTINCT WHERE PREWHERE HAVING LIMIT OFFSET WITH FROM JOIN UNION ALL EXCEPT INTERSECT INTERVAL EXISTS ROLLUP CUBE SETS ANY FILTER QUALIFY IS COLUMNS REPLACE DIV MOD")
	// leavesFrom end the FROM clause.
	leavesFrom = set("WHERE PREWHERE GROUP HAVING WINDOW QUALIFY ORDER LIMIT OFFSET UNION EXCEPT INTERSECT")
	// reservedWords cannot be names here; in quotes they can.
	reservedWords = set("SELECT FROM WHERE PREWHERE GROUP HAVING WINDOW QUALIFY ORDER LIMIT OFFSET UNION EXCEPT INTERSECT WITH JOIN ARRAY INNER LEFT RIGHT FULL CROSS OUTER GLOBAL SEMI ANTI ASOF PASTE ON USING AS IN AND OR NOT BETWEEN LIKE ILIKE CASE WHEN THEN ELSE END BY DISTINCT INTERVAL EXISTS IS SETTINGS FORMAT INTO OUTFILE FINAL SAMPLE")
	// refusedWords change what is read, or how; each with what to do instead.
	refusedWords = map[string]string{
		"SETTINGS": "settings are the datasource's", "INTO": "nothing can be written", "OUTFILE": "nothing can be written",
		"INFILE": "files cannot be read", "FORMAT": "the plugin chooses the format; put a column of that name in double quotes",
		"FINAL": "aggregate the rows instead (sum, max, argMax)", "SAMPLE": "a sample would be a wrong number", "ARRAY": "use the function arrayJoin or the literal [ ]",
		"APPLY": "write the columns out", "RECURSIVE": "recursion is not allowed", "MATERIALIZED": "leave the word out", "PARALLEL": "only one statement is allowed",
		"EXPLAIN": "the query inspector shows what was read", "DESCRIBE": "the editor lists the columns", "SHOW": "the editor lists the tables",
		"INSERT": "nothing can be written", "DROP": "nothing can be written", "ALTER": "nothing can be written", "TRUNCATE": "nothing can be written", "ATTACH": "nothing can be written",
	}
	// outside are databases whose names cannot be used, not even as an alias.
	outside = set("system information_schema default")
)

// Table says which columns a table has.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
}

// Column is a column with its ClickHouse type.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Schema is what statements may read.
type Schema struct {
	Database string
	// Tables that have a workspace column, by name.
	Tables map[string]Table
}

// Filters is the value of additional_table_filters that fences each table again.
func (s *Schema) Filters(workspace string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		condition := WorkspaceColumn + " = '" + quote.Replace(workspace) + "'"
		parts = append(parts, fmt.Sprintf("'%s.%s':'%s'", s.Database, name, quote.Replace(condition)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Macros expands $__name and $__name(arguments) outside of table positions, and Source those that stand for a table.
// Both give SQL that is trusted.
type Macros interface {
	Expand(name string, args []string) (string, error)
	Source(name string, args []string) (string, error)
}

// Rewrite judges a statement and gives the one to execute. It has placeholders: {shadower_workspace:String} and those of
// the macros. Errors: QUERY_BAD_PARAM, with what to write instead.
func Rewrite(sql string, schema *Schema, macros Macros) (string, error) {
	if len(sql) > MaxBytes {
		return "", refuse("it has %d bytes; %d is the most", len(sql), MaxBytes)
	}
	tokens, clean, err := lex(sql)
	if err != nil {
		return "", err
	}
	if len(tokens) == 0 {
		return "", refuse("it is empty")
	}
	r := &rewriter{tokens: tokens, clean: clean, schema: schema, macros: macros, aliases: map[string]bool{}, ctes: map[string]bool{}}
	return r.run()
}

type rewriter struct {
	tokens  []token
	clean   string
	schema  *Schema
	macros  Macros
	aliases map[string]bool
	ctes    map[string]bool
	out     strings.Builder
	// copied is how far the clean text has been written.
	copied int
	// groups has an entry for each open bracket: whether the FROM clause of its query is being read.
	groups []bool
}

func (r *rewriter) at(i int) token {
	if i < 0 || i >= len(r.tokens) {
		return token{kind: end}
	}
	return r.tokens[i]
}

// replace writes the text up to from, then instead of [from, to).
func (r *rewriter) replace(from, to int, instead string) {
	r.out.WriteString(r.clean[r.copied:from])
	r.out.WriteString(instead)
	r.copied = to
}

func (r *rewriter) run() (string, error) {
	if err := r.declare(); err != nil {
		return "", err
	}
	first := 0
	for r.at(first).is("(") {
		first++
	}
	if !r.at(first).keyword("SELECT") && !r.at(first).keyword("WITH") {
		return "", refuse("it must begin with SELECT or WITH")
	}
	r.groups = []bool{false}
	for i := 0; i < len(r.tokens); {
		next, err := r.step(i)
		if err != nil {
			return "", err
		}
		i = next
	}
	if len(r.groups) != 1 {
		return "", refuse("a bracket is not closed")
	}
	r.out.WriteString(r.clean[r.copied:])
	return strings.TrimSpace(r.out.String()), nil
}

// declare collects the names that the statement itself gives: aliases, tables' own names, common table expressions.
func (r *rewriter) declare() error {
	for i, t := range r.tokens {
		if !t.keyword("AS") {
			continue
		}
		name, before := r.at(i+1), r.at(i-1)
		switch {
		case name.is("(") && before.identifier() && !before.reserved():
			if r.selects(i + 2) {
				r.ctes[before.text] = true
				if err := r.declareName(before.text); err != nil {
					return err
				}
			}
		case name.reserved() || !name.identifier():
			return refuse("%q at position %d cannot be a name; put it in double quotes", r.show(name), name.start+1)
		default:
			if err := r.declareName(name.text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rewriter) declareName(name string) error {
	if lower := strings.ToLower(name); outside[lower] || lower == strings.ToLower(r.schema.Database) || strings.HasPrefix(name, "__") {
		return refuse("the name %q cannot be given; choose another", name)
	}
	r.aliases[name] = true
	return nil
}

// selects tells whether a query begins at token i.
func (r *rewriter) selects(i int) bool {
	for r.at(i).is("(") {
		i++
	}
	return r.at(i).keyword("SELECT") || r.at(i).keyword("WITH")
}

func (r *rewriter) show(t token) string {
	if t.kind == end {
		return "the end"
	}
	return r.clean[t.start:t.stop]
}

// step judges the token at i and gives the index to go on with.
func (r *rewriter) step(i int) (int, error) {
	t, next := r.tokens[i], r.at(i+1)
	top := len(r.groups) - 1
	switch t.kind {
	case punct:
		switch t.text {
		case "(":
			r.groups = append(r.groups, false)
		case ")":
			if top == 0 {
				return 0, refuse("the bracket at position %d closes nothing", t.start+1)
			}
			r.groups = r.groups[:top]
		case ",":
			if r.groups[top] {
				return 0, refuse("a comma joins tables at position %d; write CROSS JOIN, and put the columns of USING in brackets", t.start+1)
			}
		}
		return i + 1, nil
	case macro:
		return r.expand(i)
	case word, quoted:
	default:
		return i + 1, nil
	}

	if err := r.name(i); err != nil {
		return 0, err
	}
	if r.ctes[t.text] && next.keyword("AS") && r.at(i+2).is("(") && r.selects(i+3) {
		r.replace(t.start, t.stop, ctePrefix+t.text)
		return i + 1, nil
	}
	switch {
	case t.kind == quoted:
	case t.upper == "FROM" || t.upper == "JOIN":
		if t.upper == "FROM" {
			r.groups[top] = true
		} else if !r.groups[top] {
			return 0, refuse("JOIN at position %d stands outside of a FROM clause", t.start+1)
		}
		return r.source(i + 1)
	case t.upper == "SELECT":
		if r.groups[top] {
			return 0, refuse("SELECT at position %d stands behind FROM; write it before", t.start+1)
		}
	case leavesFrom[t.upper]:
		if r.groups[top] && !r.endsOperand(i-1) {
			return 0, refuse("%q at position %d cannot be a name; put it in double quotes", t.text, t.start+1)
		}
		r.groups[top] = false
	case t.upper == "IN":
		return i + 1, r.inOperand(i + 1)
	}
	return i + 1, nil
}

// name judges a word or a quoted name wherever it stands.
func (r *rewriter) name(i int) error {
	t, before, next := r.tokens[i], r.at(i-1), r.at(i+1)
	if why, refused := refusedWords[t.upper]; t.kind == word && refused {
		return refuse("%s at position %d is not available: %s", t.upper, t.start+1, why)
	}
	if strings.HasPrefix(t.text, ctePrefix) {
		return refuse("names do not begin with %s", ctePrefix)
	}
	if before.is(".") && t.reserved() {
		return refuse("%q at position %d cannot be a name; put it in double quotes", t.text, t.start+1)
	}
	if next.is("(") && !before.is(".") {
		lower := strings.ToLower(t.text)
		if (t.kind == quoted || !callWords[t.upper]) && !isFunction(lower) {
			return refuse("the function %s at position %d is not one of those that are allowed", t.text, t.start+1)
		}
	}
	// Of a name with a dot the first part must be known: a database is not.
	if next.is(".") && !before.is(".") && r.at(i+2).kind != number && !r.aliases[t.text] && !r.readsTable(t.text) {
		return refuse("%q at position %d is no table or alias of this statement; databases cannot be named", t.text, t.start+1)
	}
	return nil
}

func isFunction(lower string) bool {
	if functions[lower] {
		return true
	}
	for _, c := range combinators {
		if base, ok := strings.CutSuffix(lower, c); ok && base != "" && isFunction(base) {
			return true
		}
	}
	return false
}

// readsTable tells whether a name is a table or an alias without AS in a FROM clause of the statement.
func (r *rewriter) readsTable(name string) bool {
	if lower := strings.ToLower(name); outside[lower] || lower == strings.ToLower(r.schema.Database) {
		return false
	}
	for i, t := range r.tokens {
		if !t.keyword("FROM") && !t.keyword("JOIN") {
			continue
		}
		source, alias := r.at(i+1), r.at(i+2)
		if source.is("(") {
			alias = r.at(r.closing(i+1) + 1)
		}
		if source.identifier() && source.text == name || alias.identifier() && !alias.reserved() && alias.text == name {
			return true
		}
	}
	return false
}

// closing finds the bracket that closes the one at i.
func (r *rewriter) closing(i int) int {
	depth := 0
	for ; i < len(r.tokens); i++ {
		switch {
		case r.tokens[i].is("("):
			depth++
		case r.tokens[i].is(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(r.tokens)
}

// endsOperand tells whether an expression or a table can end with the token at i.
func (r *rewriter) endsOperand(i int) bool {
	t := r.at(i)
	switch t.kind {
	case word:
		return !t.reserved() || t.upper == "END"
	case quoted, text, number, macro:
		return true
	case punct:
		return t.text == ")" || t.text == "]"
	default:
		return false
	}
}

// inOperand refuses a table behind IN, which ClickHouse allows without FROM.
func (r *rewriter) inOperand(i int) error {
	before := i - 2
	for r.at(before).keyword("NOT") || r.at(before).keyword("GLOBAL") {
		before--
	}
	t := r.at(i)
	if !r.endsOperand(before) {
		return refuse("IN at position %d stands behind no value; write x IN (…)", r.at(i-1).start+1)
	}
	switch {
	case t.is("["), t.kind == text, t.kind == number:
		return nil
	case t.is("(") && r.selects(i+1):
		return nil
	case t.is("("):
		last := r.closing(i)
		for k := i; k < last; k++ {
			if c := r.tokens[k]; c.kind == text || c.kind == number || c.kind == macro || c.is(",") {
				return nil
			}
		}
		return refuse("a name behind IN at position %d could be a table; write IN (SELECT …) or a list of values", t.start+1)
	default:
		return refuse("a name behind IN at position %d could be a table; write IN (SELECT …) or a list of values", t.start+1)
	}
}

// source judges and rewrites the table at i, and gives the index behind it.
func (r *rewriter) source(i int) (int, error) {
	t := r.at(i)
	if t.is("(") {
		if !r.selects(i) {
			return 0, refuse("the bracket at position %d must hold a SELECT", t.start+1)
		}
		return i, nil
	}
	if t.kind == macro {
		args, next, err := r.arguments(i)
		if err != nil {
			return 0, err
		}
		sql, err := r.macros.Source(t.text, args)
		if err != nil {
			return 0, err
		}
		r.replace(t.start, r.at(next-1).stop, sql)
		return next, nil
	}
	if !t.identifier() || t.reserved() {
		return 0, refuse("a table is missing before %q", r.show(t))
	}
	after := r.at(i + 1)
	switch {
	case after.is("."):
		return 0, refuse("%q at position %d names a database; tables are named without one", t.text, t.start+1)
	case after.is("("):
		return 0, refuse("the table function %s at position %d is not available", t.text, t.start+1)
	}
	alias := ""
	if !after.keyword("AS") && (!after.identifier() || after.reserved()) {
		alias = " AS `" + t.text + "`"
	}
	switch _, known := r.schema.Tables[t.text]; {
	case r.ctes[t.text]:
		r.replace(t.start, t.stop, ctePrefix+t.text+alias)
	case known:
		r.replace(t.start, t.stop, fmt.Sprintf("(SELECT * FROM `%s`.`%s` WHERE %s = {%s:String})%s", r.schema.Database, t.text, WorkspaceColumn, WorkspaceParam, alias))
	default:
		return 0, refuse("there is no table %q; there are %s", t.text, strings.Join(slices.Sorted(maps.Keys(r.schema.Tables)), ", "))
	}
	return i + 1, nil
}

func (r *rewriter) expand(i int) (int, error) {
	t := r.tokens[i]
	args, next, err := r.arguments(i)
	if err != nil {
		return 0, err
	}
	sql, err := r.macros.Expand(t.text, args)
	if err != nil {
		return 0, err
	}
	r.replace(t.start, r.at(next-1).stop, sql)
	return next, nil
}

// arguments reads those of the macro at i: names, numbers and texts. The index is that behind them.
func (r *rewriter) arguments(i int) ([]string, int, error) {
	if !r.at(i + 1).is("(") {
		return nil, i + 1, nil
	}
	last := r.closing(i + 1)
	if last == len(r.tokens) {
		return nil, 0, refuse("a bracket is not closed")
	}
	var args []string
	current := ""
	for k := i + 2; k < last; k++ {
		t := r.tokens[k]
		switch {
		case t.is(","):
			args = append(args, current)
			current = ""
		case t.kind == quoted:
			current += "`" + t.text + "`"
		case t.kind == word && !t.reserved(), t.kind == number, t.is("."):
			current += t.text
		default:
			return nil, 0, refuse("an argument of $__%s may be a name or a number, not %q", r.tokens[i].text, r.show(t))
		}
	}
	if current != "" {
		args = append(args, current)
	}
	return args, last + 1, nil
}

// Functions lists what may be called, sorted, in lower case.
func Functions() []string { return slices.Sorted(maps.Keys(functions)) }
