package shell

import (
	"io"
	"strings"
)

const (
	more = " --More-- "
	// unMore takes the prompt of the pager off the screen, as IOS does.
	unMore = "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"
)

// page writes a text in pages of length lines, the last of which is the pager's own prompt; length 0 writes it in one go.
// At the prompt it asks for a key: a blank shows the next page, Enter the next line, anything else ends the text.
func page(w io.Writer, text string, length int, key func() (byte, error)) error {
	full := max(1, length-1)
	room := full
	for line := range strings.Lines(text) {
		if length > 0 && room <= 0 {
			var err error
			if room, err = askMore(w, full, key); err != nil || room == 0 {
				return err
			}
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
		room--
	}
	return nil
}

// askMore returns for how many more lines the key asks.
func askMore(w io.Writer, full int, key func() (byte, error)) (lines int, err error) {
	if _, err = io.WriteString(w, more); err != nil {
		return 0, err
	}
	k, err := key()
	if err != nil {
		return 0, err
	}
	if _, err = io.WriteString(w, unMore); err != nil {
		return 0, err
	}
	switch k {
	case ' ':
		return full, nil
	case '\r', '\n':
		return 1, nil
	}
	return 0, nil
}
