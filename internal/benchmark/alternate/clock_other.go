//go:build !linux

package alternate

import "time"

// threadTime is the time of day, where a thread's own is not to be had.
func threadTime() time.Duration { return wallTime() }
