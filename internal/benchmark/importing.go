package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// program is a server of JSON, which may import providers.
const program = `package main

import ("encoding/json"; "log/slog"; "net/http"; %s)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var v struct{ A string }
		_ = json.NewDecoder(r.Body).Decode(&v)
		slog.Info(v.A)
	})
	%s
	_ = http.ListenAndServe(":0", nil)
}
`

// importing is what importing one provider adds to that server, and all five.
func (b *bench) importing() {
	const module = "github.com/atshooks/atshooks"
	dir, err := os.MkdirTemp("", "importing")
	must(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "main.go")
	rows := [][]string{{"", "binary, -s -w", "other modules", "processor time to compile and link"}}
	var bareSize, bareTook float64
	for i, names := range []string{"", "kombo", "kombo comeet keldair hires100 kit"} {
		var imports, statements string
		for name := range strings.FieldsSeq(names) {
			imports += fmt.Sprintf("%q;", module+"/"+name)
			statements += fmt.Sprintf(`if h, err := %s.NewHandler("secret", nil); err == nil { http.Handle("/%[1]s", h) };`, name)
		}
		must(os.WriteFile(file, fmt.Appendf(nil, program, imports, statements), 0o644))
		// A flag that is another one each time, and changes nothing, lets this
		// module be compiled anew. All else comes from the build cache.
		anew := fmt.Sprintf("-gcflags=%s/...=-memprofilerate=%d", module, time.Now().UnixMilli()%1e9)
		_, took := goCommand("build", "-o", dir, "-ldflags=-s -w", anew, file)
		size := float64(checked(os.Stat(filepath.Join(dir, "main"))).Size()) / 1e6
		if i == 0 {
			bareSize, bareTook = size, took
			continue
		}
		listed, _ := goCommand("list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", file)
		modules := map[string]bool{}
		for path := range strings.FieldsSeq(listed) {
			modules[path] = true
		}
		rows = append(rows, []string{names, mark("%.2f", size-bareSize, []float64{0, 0.6, 0}[i]) + " MB", fmt.Sprint(len(modules) - 1), fmt.Sprintf("%.1f s", took-bareTook)})
	}
	table(b.out, "Importing providers", rows)
}

// goCommand runs the Go that this program was built with, and tells how many
// seconds that took of processors.
func goCommand(args ...string) (out string, took float64) {
	c := exec.Command("go", args...)
	c.Env = append(os.Environ(), "GOTOOLCHAIN="+strings.Fields(runtime.Version())[0])
	c.Stderr = os.Stderr
	text, err := c.Output()
	must(err)
	return string(text), (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
}
