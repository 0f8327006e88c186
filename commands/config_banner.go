package commands

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// bannerRows are the texts that a terminal shows. The first character behind the keyword ends the text too, be it on the
// same line or many lines later.
func bannerRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Config}, Syntax: "banner <exec|login|motd>$which LINE$text", No: "banner <exec|login|motd>$which",
		Help: grammar.Words{
			"banner":                      "Define a login banner",
			"banner exec":                 "Set EXEC process creation banner",
			"banner login":                "Set login banner",
			"banner motd":                 "Set Message of the Day banner",
			"banner exec|login|motd LINE": "c banner-text c, where 'c' is a delimiting character",
		},
		Run:     setBanner,
		Print:   printBanners,
		Example: "banner motd ^C\nA lab.\nNobody's business.\n^C",
	}}
}

// TextFollows begins the line that asks for a text of several lines.
const TextFollows = "Enter TEXT message."

// bannerOf returns the text of a banner, to be changed.
func bannerOf(cfg *devices.Config, which string) *string {
	switch which {
	case "exec":
		return &cfg.Banners.Exec
	case "login":
		return &cfg.Banners.Login
	}
	return &cfg.Banners.MOTD
}

func setBanner(c *Context, a Args) error {
	which := a.String("which")
	if a.Has("no") {
		*bannerOf(c.Config, which) = ""
		return nil
	}
	delimiter, text := cutDelimiter(a.String("text"))
	if before, _, ended := strings.Cut(text, delimiter); ended {
		*bannerOf(c.Config, which) = before
		return nil
	}
	if c.Device != nil {
		if _, err := fmt.Fprintf(c.Out, TextFollows+"  End with the character '%s'.\n", delimiter); err != nil {
			return err
		}
	}
	c.askBanner(which, delimiter, text+"\n")
	return nil
}

// cutDelimiter takes the delimiter off the text that it begins. ^C stands for the character that no terminal can type into
// a line, and that configurations delimit banners with.
func cutDelimiter(text string) (delimiter, rest string) {
	if rest, ok := strings.CutPrefix(text, caretC); ok {
		return caretC, rest
	}
	_, size := utf8.DecodeRuneInString(text)
	return text[:size], text[size:]
}

const caretC = "^C"

// askBanner takes the lines of a banner until one holds the delimiter. What stands behind that is dropped, as by IOS.
func (c *Context) askBanner(which, delimiter, text string) {
	c.Ask(Question{Default: delimiter, Then: func(c *Context, line string) error {
		before, _, ended := strings.Cut(line, delimiter)
		if !ended {
			c.askBanner(which, delimiter, text+line+"\n")
			return nil
		}
		return c.configure(func() error {
			*bannerOf(c.Config, which) = text + before
			return nil
		})
	}})
}

func printBanners(cfg *devices.Config, p *Printer) {
	for _, which := range []string{"exec", "login", "motd"} {
		if text := *bannerOf(cfg, which); text != "" {
			d := freeDelimiter(text)
			for line := range strings.SplitSeq("banner "+which+" "+d+text+d, "\n") {
				p.lines = append(p.lines, line)
			}
		}
	}
	if cfg.Banners != (devices.Banners{}) {
		p.separator()
	}
}

// freeDelimiter is ^C, or a character that the text does not hold.
func freeDelimiter(text string) string {
	if !strings.Contains(text, caretC) && !strings.HasSuffix(text, caretC[:1]) {
		return caretC
	}
	for c := '!'; ; c++ {
		if c != '^' && !strings.ContainsRune(text, c) {
			return string(c)
		}
	}
}
