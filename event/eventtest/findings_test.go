package eventtest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// findings is a tester that lists what was wrong.
type findings struct {
	testing.TB
	name     string
	only     string // part of the names of the tests that are run
	all      *list
	cleanups *[]func()
	failed   *bool
}

type list struct {
	mu    sync.Mutex
	found []string
}

func newFindings(t testing.TB) findings {
	return findings{t, "", "", new(list), new([]func()), new(bool)}
}

func (f findings) Helper()   {}
func (f findings) Parallel() {}

func (f findings) Failed() bool {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	return *f.failed
}

func (f findings) Errorf(format string, args ...any) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	*f.failed = true
	f.all.found = append(f.all.found, f.name+": "+fmt.Sprintf(format, args...))
}

func (f findings) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f findings) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f findings) Skip(...any)       { runtime.Goexit() }
func (f findings) Cleanup(fn func()) { *f.cleanups = append(*f.cleanups, fn) }

// Run runs a test in a goroutine of its own, which Fatalf can end.
func (f findings) Run(name string, fn func(tester)) {
	if !strings.Contains(name, f.only) {
		return
	}
	inner := findings{f.TB, strings.TrimPrefix(f.name+"/"+name, "/"), "", f.all, new([]func()), new(bool)}
	var test sync.WaitGroup
	test.Go(func() {
		defer func() {
			for _, cleanup := range slices.Backward(*inner.cleanups) {
				cleanup()
			}
		}()
		fn(inner)
	})
	test.Wait()
}

// have says whether a finding contains all parts.
func (f findings) have(parts ...string) bool {
	return slices.ContainsFunc(f.all.found, func(found string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(found, part) })
	})
}

// want fails the test unless a finding contains all parts; without parts,
// there must be none.
func (f findings) want(t *testing.T, parts ...string) {
	t.Helper()
	if len(parts) == 0 && len(f.all.found) > 0 || len(parts) > 0 && !f.have(parts...) {
		t.Errorf("no finding has all of %q; found:\n%s", parts, strings.Join(f.all.found, "\n"))
	}
}
