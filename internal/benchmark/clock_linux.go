package main

import (
	"syscall"
	"time"
	"unsafe"
)

// threadTime is how long the calling thread has run: on a machine that others
// use, it stands still while they do. It is exact to the nanosecond, which
// getrusage is not.
func threadTime() time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, err := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		panic(err)
	}
	return time.Duration(t.Nano())
}
