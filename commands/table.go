package commands

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"strings"

	"github.com/olekukonko/ll"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// listing is the layout of one table of a show command. The forms (design: document form) differ in how the same rows are
// laid out:
//
//	FormIOS       fixed columns, byte for byte as a router prints them
//	FormDocument  as the vendor's documentation shows them: one header line, cells apart by tabs or by free blanks
//	FormJSON      an array of objects, one per row, keyed by the column names
type listing struct {
	indent  int // blanks before every line
	columns []field
	tabbed  bool // the document form separates cells by tabs
}

// field is one column of a listing. A printf form such as "%-14s %-9s" reads {width: 14, gap: 1}, {width: 9, gap: 1}.
type field struct {
	head  string // "\n" parts the header lines
	width int    // cells are padded to it
	gap   int    // blanks between this column and the next one
	group bool   // a cell equal to the one above it is left blank, except in JSON
	push  bool   // a long cell moves the rest of its line to the right instead of breaking the line
	// document is the offset of the next column from this one in the document form; 0 means that the table's document
	// form is its IOS form.
	document int
}

// write prints the header and the rows. Every row has one cell per column.
func (t listing) write(w io.Writer, form Form, rows iter.Seq[[]string]) error {
	if form == FormJSON {
		return t.writeJSON(w, rows)
	}
	l := t.layout(form)
	heads := make([]string, len(t.columns))
	widths := tw.NewMapper[int, int]()
	for i, c := range t.columns {
		heads[i] = c.head
		if l.oneHeader {
			heads[i] = foldHead(c.head)
		}
		widths.Set(i, c.width)
	}
	// The options below undo defaults of the library that change text: upper-cased and centred headers, wrapped or trimmed
	// cells, dropped blank lines, padding around cells.
	out := tablewriter.NewTable(w,
		tablewriter.WithRenderer(&columnRenderer{layout: l}),
		tablewriter.WithStreaming(tw.StreamConfig{Enable: true}),
		tablewriter.WithWidths(tw.CellWidth{PerColumn: widths}),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithRowAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithTrimSpace(tw.Off), tablewriter.WithTrimLine(tw.Off), tablewriter.WithTrimTab(tw.Off),
		tablewriter.WithPadding(tw.PaddingNone))
	if err := out.Start(); err != nil {
		return err
	}
	out.Header(heads)
	last := make([]string, len(t.columns))
	for row := range rows {
		cells := make([]string, len(row)) // the library keeps what it is given
		for i, cell := range row {
			if t.columns[i].group && cell == last[i] {
				continue
			}
			last[i], cells[i] = cell, cell
			if l.trim {
				cells[i] = strings.TrimSpace(cell)
			}
		}
		if err := out.Append(cells); err != nil {
			return err
		}
	}
	return out.Close()
}

// layout is how the lines of one table come out in one form.
type layout struct {
	indent    int
	stops     []stop // one per column
	oneHeader bool   // header lines are joined into one
	trim      bool   // blanks inside a cell's own padding go
}

// stop is what follows a cell of one column: blanks up to a width, then a separator.
type stop struct {
	width     int
	separator string
	breaks    bool // a cell longer than the width ends its line; the next cell starts at its own column on the next one
}

func (t listing) layout(form Form) layout {
	documented := form == FormDocument && (t.tabbed || t.columns[0].document > 0)
	l := layout{indent: t.indent, oneHeader: documented, trim: documented}
	for _, c := range t.columns {
		s := stop{width: c.width, separator: strings.Repeat(" ", c.gap), breaks: !c.push}
		switch {
		case documented && t.tabbed:
			s = stop{separator: "\t"}
		case documented:
			s = stop{width: c.document - 1, separator: " "}
		}
		l.stops = append(l.stops, s)
	}
	return l
}

// writeJSON prints the rows as an array of objects whose keys are the column names, in column order.
func (t listing) writeJSON(w io.Writer, rows iter.Seq[[]string]) error {
	var b bytes.Buffer
	b.WriteByte('[')
	first := true
	for row := range rows {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString("\n  {")
		for i, cell := range row {
			if i > 0 {
				b.WriteString(", ")
			}
			value, err := json.Marshal(strings.TrimSpace(cell))
			if err != nil {
				return err
			}
			b.WriteString(`"` + jsonKey(t.columns[i].head) + `": `)
			b.Write(value)
		}
		b.WriteByte('}')
	}
	if !first {
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	_, err := w.Write(b.Bytes())
	return err
}

// foldHead joins the lines of a column's header: "Who Last\nRegistered" is "Who Last Registered".
func foldHead(head string) string {
	return strings.TrimSpace(strings.ReplaceAll(head, "\n", " "))
}

// jsonKey turns a column's header into a key: "Who Last\nRegistered" is "who_last_registered", "In/Out" is "in_out".
func jsonKey(head string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(strings.Trim(foldHead(head), "?()")))
}

// columnRenderer is the tablewriter renderer that pads cells to fixed columns and never truncates. Widths are counted
// in bytes: device text is ASCII.
type columnRenderer struct {
	layout
	w   io.Writer
	err error
	buf []byte
}

func (r *columnRenderer) Start(w io.Writer) error { r.w = w; return nil }
func (r *columnRenderer) Close() error            { return r.err }

func (r *columnRenderer) Header(lines [][]string, _ tw.Formatting) {
	for _, cells := range lines {
		r.line(cells)
	}
}
func (r *columnRenderer) Row(cells []string, _ tw.Formatting) { r.line(cells) }
func (r *columnRenderer) Footer([][]string, tw.Formatting)    {}
func (r *columnRenderer) Line(tw.Formatting)                  {}
func (r *columnRenderer) Logger(*ll.Logger)                   {}
func (r *columnRenderer) Config() tw.Rendition {
	return tw.Rendition{Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleNone), Streaming: true,
		Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone}}
}

func (r *columnRenderer) line(cells []string) {
	b := appendBlanks(r.buf[:0], r.indent)
	column := r.indent // where the present cell starts
	for i, cell := range cells {
		b = append(b, cell...)
		s := r.stops[i]
		if i == len(cells)-1 {
			b = appendBlanks(b, s.width-len(cell))
			break
		}
		column += s.width + len(s.separator)
		if s.breaks && len(cell) > s.width {
			b = appendBlanks(append(b, '\n'), column)
			continue
		}
		b = append(appendBlanks(b, s.width-len(cell)), s.separator...)
	}
	r.buf = append(b, '\n')
	if _, err := r.w.Write(r.buf); err != nil && r.err == nil {
		r.err = err
	}
}

func appendBlanks(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}
