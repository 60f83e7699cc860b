// The program benchmark tells what the library costs, as ratios: of its
// handlers to the floor that no handler can be below, to the handlers that
// people write by hand, and to other libraries. See README.md for the method.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/atshooks/atshooks/internal/workload"
)

// bench is one run of the program.
type bench struct {
	out     io.Writer
	sizes   []workload.Size
	each    time.Duration // about how long a comparison may take
	against string        // another build of this program
	picture string        // the folder for the picture
}

// sections are the parts of the output.
var sections = []struct {
	name string
	run  func(*bench)
}{
	{"handlers", (*bench).handlers},
	{"rejections", (*bench).rejections},
	{"growth", (*bench).growth},
	{"memory", (*bench).memory},
	{"peers", (*bench).peers},
	{"importing", (*bench).importing},
	{"against", (*bench).builds},
}

func main() {
	b := &bench{out: os.Stdout, sizes: []workload.Size{workload.S, workload.M, workload.L}}
	flag.DurationVar(&b.each, "time", 3*time.Second, "about how long each comparison may take; there are about 40")
	quick := flag.Bool("quick", false, "a rough picture within half a minute, without large bodies")
	only := flag.String("only", "", "only sections whose name matches this regular expression")
	flag.StringVar(&b.picture, "svg", "", "write peers-light.svg and peers-dark.svg, the picture of section peers, into this folder")
	flag.StringVar(&b.against, "against", "", "compare handlers with those of another build of this program, too")
	child := flag.Bool("child", false, "be that other build: do what the standard input says")
	flag.Parse()
	if *child {
		obey(os.Stdin, os.Stdout)
		return
	}
	if *quick {
		b.sizes, b.each = b.sizes[:2], 300*time.Millisecond
	}
	b.run(regexp.MustCompile(*only))
}

// run runs the sections whose names match.
func (b *bench) run(names *regexp.Regexp) {
	fmt.Fprintf(b.out, "%s, %s/%s, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().Format(time.DateOnly))
	for _, s := range sections {
		if names.MatchString(s.name) {
			s.run(b)
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func checked[T any](v T, err error) T {
	must(err)
	return v
}
