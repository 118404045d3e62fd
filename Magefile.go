//go:build mage

// Targets for the Go backends of the plugins. The plugin SDK's build hashes the Go files under its working directory,
// so mage runs in each plugin's folder; this file only fans out. Nothing to install: `go tool mage <target>`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Default is the target without a name.
var Default = Build

// Build builds each backend for this platform.
func Build(ctx context.Context) error { return each(ctx, "tool", "mage", "build:backend") }

// platforms are the SDK's targets for linux, darwin and windows on amd64 and arm64; it has no name of its own for the last.
var platforms = [][]string{
	{"build:linux"}, {"build:linuxARM64"}, {"build:darwin"}, {"build:darwinARM64"}, {"build:windows"}, {"build:custom", "windows", "arm64"},
}

// BuildAll builds each backend for every platform.
func BuildAll(ctx context.Context) error {
	for _, p := range platforms {
		if err := each(ctx, append([]string{"tool", "mage"}, p...)...); err != nil {
			return err
		}
	}
	return nil
}

// Test runs the tests of each backend.
func Test(ctx context.Context) error { return each(ctx, "test", "./pkg/...") }

// Lint vets each backend.
func Lint(ctx context.Context) error { return each(ctx, "vet", "./pkg/...") }

// Coverage runs the tests of each backend and writes coverage/ in its folder.
func Coverage(ctx context.Context) error { return each(ctx, "tool", "mage", "coverage") }

// each runs go with args in every plugin folder that has a backend.
func each(ctx context.Context, args ...string) error {
	modules, err := filepath.Glob(filepath.Join("plugins", "*", "go.mod"))
	if err != nil {
		return err
	}
	if len(modules) == 0 {
		return fmt.Errorf("no plugin with a Go backend under plugins/; run mage in the root of the repository")
	}
	for _, m := range modules {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(m), os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("go %v in %s: %w", args, cmd.Dir, err)
		}
	}
	return nil
}
