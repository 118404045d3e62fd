package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCatalogRules mirrors what the reviewers of Grafana's plugin catalog look for in Go, so that it is found here first: no
// file access or environment, no process or unsafe calls, no printing, no HTTP client but the SDK's, no panic.
func TestCatalogRules(t *testing.T) {
	forbiddenImports := map[string]string{
		"os": "files and environment are Grafana's", "os/exec": "no processes", "syscall": "no system calls", "unsafe": "no unsafe code",
		"log": "log through the SDK", "io/ioutil": "no files", "path/filepath": "no files", "plugin": "no plugins of plugins",
	}
	forbiddenCalls := map[string]string{
		"fmt.Print": "log through the SDK", "fmt.Printf": "log through the SDK", "fmt.Println": "log through the SDK",
		"http.Get": "use the SDK's client", "http.Post": "use the SDK's client", "http.DefaultClient": "use the SDK's client",
		"http.ListenAndServe": "no servers", "context.TODO": "forward the request's context",
	}
	// main starts the process for Grafana and has to end it.
	allowed := map[string]bool{"main.go os": true}
	files := token.NewFileSet()
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		seen++
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			name := strings.Trim(i.Path.Value, `"`)
			why, bad := forbiddenImports[name]
			require.False(t, bad && !allowed[path+" "+name], "%s imports %s: %s", path, name, why)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					name := x.Name + "." + n.Sel.Name
					require.Empty(t, forbiddenCalls[name], "%s: %s", files.Position(n.Pos()), name)
				}
			case *ast.CallExpr:
				if x, ok := n.Fun.(*ast.Ident); ok {
					require.NotEqual(t, "panic", x.Name, files.Position(n.Pos()).String())
				}
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 20)
}
