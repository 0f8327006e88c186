package editor

import (
	"slices"
	"strings"
)

// HistorySize is how many lines a history keeps unless `terminal history size` says otherwise.
const HistorySize = 20

// History is the lines that can be recalled. A session has two: of EXEC commands, and of configuration. The zero History
// is empty and keeps HistorySize lines.
type History struct {
	lines []string // oldest first
	size  int      // HistorySize when not set
	set   bool
}

// Add appends a line, unless it is blank.
func (h *History) Add(line string) {
	if strings.TrimSpace(line) != "" {
		h.lines = append(h.lines, line)
		h.trim()
	}
}

// SetSize sets how many lines are kept; 0 keeps none.
func (h *History) SetSize(n int) {
	h.size, h.set = max(n, 0), true
	h.trim()
}

// Size returns how many lines are kept.
func (h *History) Size() int {
	if h.set {
		return h.size
	}
	return HistorySize
}

// Lines returns the lines, oldest first.
func (h *History) Lines() []string { return slices.Clone(h.lines) }

func (h *History) trim() {
	if extra := len(h.lines) - h.Size(); extra > 0 {
		h.lines = slices.Delete(h.lines, 0, extra)
	}
}
