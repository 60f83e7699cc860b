// The program mutants proves that the tests would notice: it breaks the code in
// one way after the other, runs each test suite against the broken code, and
// prints which suite caught what.
//
//	go run ./internal/mutants
//
// The working tree is not touched: each mutant is an overlay of the go command.
// It takes some minutes, so it is not part of what every change must pass; the
// test of this package checks that every mutant still has its place.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/atshooks/atshooks/internal/catalogue"
)

// mutant is one way to break the code.
type mutant struct {
	file, old, new string
	what           string
}

// suites are the tests that may catch a mutant, by the name of the column.
var suites = []struct {
	name     string
	packages []string
}{
	{"signature", []string{"./signature", "./internal/jsonscan"}},
	{"event", []string{"./event"}},
	{"eventtest", []string{"./event/eventtest"}},
	{"providers", providers()},
}

func providers() (packages []string) {
	for _, name := range catalogue.Names {
		packages = append(packages, "./"+name)
	}
	return packages
}

func main() {
	only := flag.String("run", "", "run the mutants whose description matches this expression")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *only); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| broken | ")
	for _, s := range suites {
		fmt.Fprintf(out, "%s | ", s.name)
	}
	fmt.Fprintf(out, "\n| --- |%s\n", strings.Repeat(" --- |", len(suites)))
	survived := 0
	for _, m := range mutants {
		if !match.MatchString(m.what) {
			continue
		}
		caught, err := m.run(ctx, out)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		if !caught {
			survived++
		}
	}
	if survived > 0 {
		return fmt.Errorf("%d mutants survived every suite", survived)
	}
	return nil
}

// run runs every suite against the mutant and prints a row.
func (m *mutant) run(ctx context.Context, out io.Writer) (caught bool, err error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(dir)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "| %s | ", m.what)
	for _, s := range suites {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
		output, err := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-short", "-overlay", overlay}, s.packages...)...).CombinedOutput()
		cancel()
		switch {
		case strings.Contains(string(output), "[build failed]") || strings.Contains(string(output), "[setup failed]"):
			return false, fmt.Errorf("it does not compile:\n%s", output)
		case err != nil:
			caught = true
			fmt.Fprint(out, "caught | ")
		default:
			fmt.Fprint(out, "| ")
		}
	}
	fmt.Fprintln(out)
	return caught, nil
}

// overlay writes the mutant's file and the go command's list of it.
func (m *mutant) overlay(dir string) (string, error) {
	code, err := m.code(".")
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	replaced := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(replaced, []byte(code), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: replaced}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, list, 0o600)
}

// code is the mutant's file, broken.
func (m *mutant) code(root string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(b), m.old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, want once: the code has changed, and this mutant must too", m.file, m.old, n)
	}
	return strings.Replace(string(b), m.old, m.new, 1), nil
}
