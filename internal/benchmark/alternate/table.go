package alternate

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is printed as Markdown with its columns aligned, to be read as it is.
type Table struct {
	Title  string
	Header []string
	rows   [][]string
	notes  []string
}

// Row adds a row, with a cell for each column.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Note adds a line below the table.
func (t *Table) Note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// Print writes the table.
func (t *Table) Print(w io.Writer) {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), len("---"))
		}
	}
	fmt.Fprintf(w, "\n### %s\n\n", t.Title)
	line := func(cells []string, pad string) { // an absent cell is all padding
		for i, width := range widths {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(pad, width-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
	}
	line(t.Header, " ")
	line(nil, "-")
	for _, row := range t.rows {
		line(row, " ")
	}
	for i, note := range t.notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, note)
	}
}
