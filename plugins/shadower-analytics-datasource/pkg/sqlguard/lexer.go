package sqlguard

import (
	"strings"

	"github.com/shadower/analytics/pkg/problem"
)

type kind int

const (
	word kind = iota
	quoted
	text
	number
	macro
	punct
	end
)

// token is one lexeme of the statement; start and stop are its byte offsets.
type token struct {
	kind        kind
	text        string
	upper       string
	start, stop int
}

func (t token) is(p string) bool      { return t.kind == punct && t.text == p }
func (t token) keyword(k string) bool { return t.kind == word && t.upper == k }
func (t token) identifier() bool      { return t.kind == word || t.kind == quoted }
func (t token) reserved() bool        { return t.kind == word && reservedWords[t.upper] }
func isLetter(c byte) bool            { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool             { return c >= '0' && c <= '9' }
func isWordPart(c byte) bool          { return isLetter(c) || isDigit(c) }
func refuse(format string, args ...any) error {
	return problem.New(problem.QueryBadParam, "the SQL is refused: "+format, args...)
}

// lex splits a statement into tokens and gives the text with comments blanked out. What ClickHouse might read in another
// way than this lexer does (heredocs, escapes in names, characters beyond ASCII outside of literals …) is refused.
func lex(sql string) ([]token, string, error) {
	var out []token
	clean := []byte(sql)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if clean[i] != '\n' {
				clean[i] = ' '
			}
		}
	}
	for i := 0; i < len(sql); {
		c := sql[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(sql)
			}
			blank(start, i)
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			n := strings.Index(sql[i+2:], "*/")
			if n < 0 {
				return nil, "", refuse("a comment that begins at position %d does not end", start+1)
			}
			i += n + 4
			blank(start, i)
			continue
		case c == '\'' || c == '`' || c == '"':
			next, err := quotedEnd(sql, i)
			if err != nil {
				return nil, "", err
			}
			i = next
			if i < len(sql) && (isWordPart(sql[i]) || sql[i] == '$') {
				return nil, "", refuse("a space is missing behind the quote at position %d", i)
			}
			t := token{kind: text, text: sql[start+1 : i-1], start: start, stop: i}
			if c != '\'' {
				t.kind = quoted
				if !plainName(t.text) {
					return nil, "", refuse("the name %s may have letters, digits and underscores only", sql[start:i])
				}
			}
			out = append(out, t)
			continue
		case isLetter(c):
			for i < len(sql) && isWordPart(sql[i]) {
				i++
			}
			if i < len(sql) && (sql[i] == '\'' || sql[i] == '$' || sql[i] == '`' || sql[i] == '"') {
				return nil, "", refuse("a space is missing behind %q at position %d", sql[start:i], i)
			}
			out = append(out, token{kind: word, text: sql[start:i], upper: strings.ToUpper(sql[start:i]), start: start, stop: i})
			continue
		case isDigit(c):
			i = numberEnd(sql, i)
			if i < len(sql) && (isWordPart(sql[i]) || sql[i] == '$') {
				return nil, "", refuse("%q at position %d is neither a number nor a name", sql[start:i+1], start+1)
			}
			out = append(out, token{kind: number, text: sql[start:i], start: start, stop: i})
			continue
		case strings.HasPrefix(sql[i:], "$__"):
			for i = i + 3; i < len(sql) && isWordPart(sql[i]); i++ {
			}
			out = append(out, token{kind: macro, text: sql[start+3 : i], start: start, stop: i})
			continue
		case c == '$' || strings.HasPrefix(sql[i:], "[["):
			return nil, "", refuse("position %d holds a template variable that was not resolved; alert rules have no variables, and dashboards must define them", start+1)
		case strings.IndexByte("(),.*+-/%=<>!?:[]|^", c) >= 0:
			i++
			out = append(out, token{kind: punct, text: sql[start:i], start: start, stop: i})
			continue
		case c == ';':
			if strings.Trim(sql[i:], "; \t\r\n") != "" {
				return nil, "", refuse("only one statement is allowed; there is more behind the semicolon at position %d", start+1)
			}
			blank(start, len(sql))
			i = len(sql)
			continue
		default:
			return nil, "", refuse("the character %q at position %d is not allowed outside of quotes", []rune(sql[i:])[0], start+1)
		}
	}
	return out, string(clean), nil
}

func quotedEnd(sql string, i int) (int, error) {
	q := sql[i]
	for j := i + 1; j < len(sql); j++ {
		switch {
		case sql[j] == '\\':
			j++
		case sql[j] == 0:
			return 0, refuse("position %d holds a zero byte", j+1)
		case sql[j] == q && j+1 < len(sql) && sql[j+1] == q:
			j++
		case sql[j] == q:
			return j + 1, nil
		}
	}
	return 0, refuse("the quote at position %d is not closed", i+1)
}

// numberEnd reads a decimal number (1, 1.5, 1e9); other notations are refused by what follows.
func numberEnd(sql string, i int) int {
	digits := func() {
		for i < len(sql) && isDigit(sql[i]) {
			i++
		}
	}
	digits()
	if i+1 < len(sql) && sql[i] == '.' && isDigit(sql[i+1]) {
		i++
		digits()
	}
	if i+1 < len(sql) && (sql[i] == 'e' || sql[i] == 'E') {
		j := i + 1
		if (sql[j] == '+' || sql[j] == '-') && j+1 < len(sql) {
			j++
		}
		if isDigit(sql[j]) {
			i = j
			digits()
		}
	}
	return i
}

func plainName(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if !isWordPart(s[i]) {
			return false
		}
	}
	return true
}
