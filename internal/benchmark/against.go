package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/workload"
)

// obey is the other build. Each line of in has the number of a vendor and of a
// size, of the first input, and how many inputs; what that took is written to
// out, in nanoseconds.
func obey(in io.Reader, out io.Writer) {
	runtime.LockOSThread()
	handlers := map[[2]int]candidate{}
	for {
		var key [2]int
		var first, n int
		if _, err := fmt.Fscanln(in, &key[0], &key[1], &first, &n); err != nil {
			return
		}
		if handlers[key].run == nil {
			l := workload.Vendors[key[0]].New([]workload.Size{workload.S, workload.M}[key[1]])
			handlers[key] = each("handler", l.Serve(l.Handler(event.Options{}), 200))
		}
		fmt.Fprintln(out, handlers[key].run(first, n).Nanoseconds())
	}
}

// builds compares the handlers of this build with those of another one. Both
// run as processes of their own, which take turns.
func (b *bench) builds() {
	if b.against == "" {
		return
	}
	here, there := start(checked(os.Executable())), start(b.against)
	rows := [][]string{{"", "S", "M"}}
	for i, v := range workload.Vendors {
		row := []string{v.Provider.Name}
		for j, size := range b.sizes[:2] {
			s := compare(4*size.Batch, b.each, candidate{"here", here(i, j)}, candidate{"there", there(i, j)})
			row = append(row, s.ratio("here", "there").cell(0))
		}
		rows = append(rows, row)
	}
	table(b.out, "Handlers of this build ÷ those of "+b.against, rows)
}

// start starts a build that obeys until this process ends, and returns what
// makes it handle deliveries.
func start(path string) func(vendor, size int) func(first, n int) time.Duration {
	c := exec.Command(path, "-child")
	c.Stderr = os.Stderr
	in, out := checked(c.StdinPipe()), checked(c.StdoutPipe())
	must(c.Start())
	return func(vendor, size int) func(first, n int) time.Duration {
		return func(first, n int) (took time.Duration) {
			fmt.Fprintln(in, vendor, size, first, n)
			checked(fmt.Fscanln(out, &took))
			return took
		}
	}
}
