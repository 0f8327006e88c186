package enginetest

import (
	"fmt"
	"strings"
)

// Diff shows where two texts part: the last command before, and the lines after, of which the first differs.
func Diff(want, got string) string {
	const shown = 12
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := 0; i < len(w) || i < len(g); i++ {
		if i < len(w) && i < len(g) && w[i] == g[i] {
			if strings.HasPrefix(w[i], ">") {
				command = w[i]
			}
			continue
		}
		part := func(lines []string) string {
			lines = lines[min(i, len(lines)):]
			return strings.Join(lines[:min(shown, len(lines))], "\n")
		}
		return fmt.Sprintf("differs at line %d, after %q\n--- want\n%s\n--- got\n%s", i+1, command, part(w), part(g))
	}
	return ""
}
