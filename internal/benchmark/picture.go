package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// bar is one row of the picture: what a handler takes in terms of its floor,
// for S and M.
type bar struct {
	name  string
	times [2]float64
}

const ours = "atshooks"

// themes are the colours of text, bars, the bars of this library, and the line
// of the floor.
var themes = map[string][4]string{
	"light": {"#1f2328", "#afb8c1", "#0969da", "#59636e"},
	"dark":  {"#e6edf3", "#57606a", "#4493f8", "#9198a1"},
}

// draw writes the picture in both themes into a folder.
func draw(dir string, bars []bar) {
	const width, left, top, pitch = 760, 240, 58, 38
	most := 0.0
	for _, b := range bars {
		most = max(most, b.times[0], b.times[1])
	}
	scale, bottom := (width-left-50)/most, top+pitch*len(bars)
	for theme, c := range themes {
		var s strings.Builder
		text := func(x, y float64, attributes, text string) {
			fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\" %s>%s</text>\n", x, y, attributes, text)
		}
		fmt.Fprintf(&s, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui,sans-serif\" font-size=\"13\" fill=\"%s\">\n", width, bottom+28, c[0])
		text(0, 16, `font-size="15" font-weight="600"`, "Processor time to verify and decode a delivery, relative to the floor")
		text(0, 36, `opacity=".75"`, "Upper bars: bodies of 0.7 KB. Lower bars: 4 KB. Shorter is better. "+runtime.Version())
		for i, b := range bars {
			y, colour := float64(top+pitch*i), c[1]
			if b.name == ours {
				colour = c[2]
			}
			text(left-10, y+18, `text-anchor="end"`, b.name)
			for j, t := range b.times {
				at := y + float64(14*j)
				fmt.Fprintf(&s, "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"12\" fill=\"%s\"/>\n", left, at, t*scale, colour)
				text(left+6+t*scale, at+10, `font-size="11"`, fmt.Sprintf("%.2f", t))
			}
		}
		fmt.Fprintf(&s, "<path d=\"M%.1f %d V%d\" stroke=\"%s\" stroke-dasharray=\"4 3\"/>\n", left+scale, top-6, bottom, c[3])
		text(0, float64(bottom+16), `font-size="11" opacity=".75"`, "The last three receive GitHub's issues and Stripe's charges: their floors are those of the same events and types.")
		s.WriteString("</svg>\n")
		must(os.WriteFile(filepath.Join(dir, "peers-"+theme+".svg"), []byte(s.String()), 0o644))
	}
}
