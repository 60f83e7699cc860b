//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package embedded

import "os"

// lock takes nothing where the standard library has no file locks.
func lock(string) (*os.File, error) { return nil, nil }
