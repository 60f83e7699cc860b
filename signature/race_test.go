//go:build race

package signature

// raceEnabled: under the race detector sync.Pool drops what it is given, and
// allocations cannot be counted.
const raceEnabled = true
