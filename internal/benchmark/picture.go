package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// chart is what handlers of the same events take, in terms of their floor.
type chart struct {
	title string
	bars  []bar
}

type bar struct {
	name  string
	times [2]float64 // for S and M
}

const ours = "atshooks"

// themes are the colours of text, bars, and the bars of this library.
var themes = map[string][3]string{
	"light": {"#1f2328", "#afb8c1", "#0969da"},
	"dark":  {"#e6edf3", "#57606a", "#4493f8"},
}

// draw writes the picture in both themes into a folder.
func draw(dir string, charts []chart) {
	const width, left, top, pitch = 760, 220, 74, 30
	most, y := 0.0, top
	for _, c := range charts {
		for _, b := range c.bars {
			most = max(most, b.times[0], b.times[1])
		}
		y += pitch * (1 + len(c.bars))
	}
	scale, height := (width-left-50)/most, y-18
	for theme, colour := range themes {
		var s strings.Builder
		text := func(x float64, y int, attributes, text string) {
			fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%d\" %s>%s</text>\n", x, y, attributes, text)
		}
		fmt.Fprintf(&s, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui,sans-serif\" font-size=\"13\" fill=\"%s\">\n", width, height, colour[0])
		text(0, 16, `font-size="15" font-weight="600"`, "Processor time to verify and decode a delivery, relative to the floor")
		text(0, 36, `opacity=".75"`, "Floor, dashed: one HMAC and one decoding. Upper bars: bodies of 0.7 KB, lower bars: 4 KB. "+runtime.Version())
		y := top
		for _, c := range charts {
			text(0, y, `font-weight="600"`, c.title)
			y += 10
			for _, b := range c.bars {
				text(left-10, y+17, `text-anchor="end"`, b.name)
				fill := colour[1]
				if b.name == ours {
					fill = colour[2]
				}
				for i, t := range b.times {
					fmt.Fprintf(&s, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>\n", left, y+12*i, t*scale, fill)
					text(left+6+t*scale, y+12*i+10, `font-size="11"`, fmt.Sprintf("%.2f", t))
				}
				y += pitch
			}
			fmt.Fprintf(&s, "<path d=\"M%.1f %d V%d\" stroke=\"%s\" stroke-dasharray=\"4 3\"/>\n", left+scale, y-pitch*len(c.bars)-4, y-4, colour[0])
			y += pitch - 10
		}
		s.WriteString("</svg>\n")
		must(os.WriteFile(filepath.Join(dir, "peers-"+theme+".svg"), []byte(s.String()), 0o644))
	}
}
