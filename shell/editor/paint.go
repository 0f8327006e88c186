package editor

import "unicode/utf8"

const (
	// step is by how many columns a long line shifts at a time.
	step = 10
	// scrolled stands where the line goes on beyond the window.
	scrolled = '$'
	// unscrolled is the least width at which lines never scroll: 511 and 512 are how clients ask for no limit.
	unscrolled = 511
)

// window is how many columns of the terminal the line may use; 0 means that it never scrolls. The last column stays
// free: a character there would make some terminals wrap, and others not.
func (e *Editor) window() int {
	if e.cfg.Width <= 0 || e.cfg.Width >= unscrolled {
		return 0
	}
	return max(e.cfg.Width-utf8.RuneCountInString(e.cfg.Prompt)-1, step+2)
}

// view returns what the terminal should show behind the prompt, and where its cursor should stand. When the cursor
// reaches the end of the window the line shifts by ten columns, and `$` says so at the left; at the right it says that the
// line goes on.
func (e *Editor) view() (text []rune, col int) {
	if e.cfg.Kind == Secret {
		return nil, 0
	}
	window := e.window()
	if window == 0 {
		e.off = 0
		return e.line, e.pos
	}
	for e.pos-e.off >= window {
		e.off += step
	}
	for e.off > 0 && e.pos <= e.off {
		e.off -= step
	}
	text = append(text, e.line[min(e.off, len(e.line)):min(e.off+window, len(e.line))]...)
	if e.off > 0 && len(text) > 0 {
		text[0] = scrolled
	}
	if e.off+window < len(e.line) {
		text[window-1] = scrolled
	}
	return text, e.pos - e.off
}

// paint brings the terminal up to the line: from the first column that differs on it writes what should stand there, then
// blanks over what is left of the old line, then goes back to the cursor.
func (e *Editor) paint() {
	text, col := e.view()
	same := 0
	for same < len(text) && same < len(e.screen) && text[same] == e.screen[same] {
		same++
	}
	if same < len(text) || same < len(e.screen) {
		e.move(same)
		old := len(e.screen)
		e.screen = append(e.screen[:same], text[same:]...)
		e.move(len(text))
		for ; e.col < old; e.col++ {
			e.out = append(e.out, ' ')
		}
	}
	e.move(col)
}

// move moves the terminal's cursor: to the left with backspaces, to the right by writing again what it passes.
func (e *Editor) move(col int) {
	for ; e.col > col; e.col-- {
		e.out = append(e.out, backspace)
	}
	for ; e.col < col; e.col++ {
		e.out = utf8.AppendRune(e.out, e.screen[e.col])
	}
}
