package clickhouse

import (
	"strconv"
	"strings"
	"time"
)

// Param is a value bound to a `{name:Type}` placeholder on the server. It never becomes part of the SQL text.
type Param struct {
	Name string
	// Type is the ClickHouse type of the placeholder.
	Type string
	// Value is the text form of the value, as ClickHouse's `param_<name>` expects it.
	Value string
}

// ClickHouse reads parameters in the escaped form of TabSeparated.
var (
	tsvEscaper    = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)
	quotedEscaper = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)
)

// String binds a text.
func String(name, v string) Param {
	return Param{Name: name, Type: "String", Value: tsvEscaper.Replace(v)}
}

// Strings binds a list of texts.
func Strings(name string, values []string) Param {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + quotedEscaper.Replace(v) + "'"
	}
	return Param{Name: name, Type: "Array(String)", Value: "[" + strings.Join(quoted, ",") + "]"}
}

// Time binds a moment with milliseconds, in UTC.
func Time(name string, t time.Time) Param {
	return Param{Name: name, Type: "DateTime64(3,'UTC')", Value: t.UTC().Format("2006-01-02 15:04:05.000")}
}

// Uint binds a whole number.
func Uint(name string, v uint32) Param {
	return Param{Name: name, Type: "UInt32", Value: strconv.FormatUint(uint64(v), 10)}
}

// Literal is the value as an SQL literal, for showing the statement to people. It is never executed.
func (p Param) Literal() string {
	switch p.Type {
	case "String":
		return "'" + strings.ReplaceAll(p.Value, `'`, `\'`) + "'"
	case "DateTime64(3,'UTC')":
		return "toDateTime64('" + p.Value + "', 3, 'UTC')"
	default:
		return p.Value
	}
}
