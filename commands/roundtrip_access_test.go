package commands

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"lisplab/devices"
	"lisplab/devices/password"
)

// drawAccess draws what a configuration says of users, lines, logging and the like.
func drawAccess(t *rapid.T, cfg *devices.Config) {
	if !rapid.Bool().Draw(t, "access") {
		return
	}
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	cfg.Services = devices.Services{
		NoPromptConfig: flag("no prompt"), HidePasswords: flag("hide passwords"),
		TimestampsDebug: drawTimestamps(t), TimestampsLog: drawTimestamps(t),
	}
	cfg.Logging = devices.Logging{Console: drawLogTo(t), Monitor: drawLogTo(t), Buffered: drawLogTo(t)}
	if !cfg.Logging.Buffered.Off && flag("buffer size") {
		cfg.Logging.BufferSize = rapid.Uint32Range(4096, 1<<31-1).Filter(func(n uint32) bool { return n != devices.DefaultLogBuffer }).Draw(t, "size")
	}
	cfg.Enable = drawList(t, "enable", func(a, b devices.Enable) int { return int(a.Level) - int(b.Level) }, func(t *rapid.T) devices.Enable {
		e := devices.Enable{Level: rapid.Uint8Range(1, 15).Draw(t, "level"), Secret: drawPassword(t, 0, 5, 8, 9)}
		if rapid.Bool().Draw(t, "password too") {
			e.Password = drawPassword(t, 0, 7)
		}
		return e
	})
	for i, u := range drawList(t, "users", func(a, b devices.User) int { return strings.Compare(a.Name, b.Name) }, drawUser) {
		cfg.Users = slices.Insert(cfg.Users, i%2, u) // in no order
	}
	cfg.Domain.NoLookup, cfg.SSH2 = flag("no lookup"), flag("ssh 2")
	if flag("domain") {
		cfg.Domain.Name = drawName.Draw(t, "domain name")
	}
	cfg.Banners = devices.Banners{MOTD: drawBanner(t), Login: drawBanner(t), Exec: drawBanner(t)}
	cfg.Console = drawLine(t, devices.LoginPassword, devices.LoginLocal)
	if flag("vtys") {
		lines := []devices.Line{{}, drawVTY(t), drawVTY(t)}
		for range rapid.IntRange(5, 20).Draw(t, "vtys") {
			cfg.VTYs = append(cfg.VTYs, rapid.SampledFrom(lines).Draw(t, "vty"))
		}
		cfg.VTYs = tidyVTYs(cfg.VTYs)
	}
}

func drawTimestamps(t *rapid.T) devices.Timestamps {
	ts := devices.Timestamps{Form: rapid.SampledFrom([]devices.TimestampForm{devices.TimestampDate, devices.TimestampUptime, devices.TimestampNone}).Draw(t, "form")}
	if ts.Form == devices.TimestampDate {
		ts.NoMsec, ts.Localtime = rapid.Bool().Draw(t, "no msec"), rapid.Bool().Draw(t, "localtime")
		ts.Zone, ts.Year = rapid.Bool().Draw(t, "zone"), rapid.Bool().Draw(t, "year")
	}
	return ts
}

func drawLogTo(t *rapid.T) devices.LogTo {
	if rapid.Bool().Draw(t, "off") {
		return devices.LogTo{Off: true}
	}
	return devices.LogAt(devices.Severity(rapid.Uint8Range(0, 7).Draw(t, "severity")))
}

// drawPassword draws a password of one of the types, which may read like a type or like another word.
func drawPassword(t *rapid.T, types ...uint8) password.Password {
	clear := rapid.OneOf(drawText, rapid.SampledFrom([]string{"0", "7", "5", "l", "lev", "level", "level 5", "0 x", "secret"})).Draw(t, "clear")
	salt := rapid.StringMatching(`[./0-9A-Za-z]{14}`).Draw(t, "salt")
	switch kind := rapid.SampledFrom(types).Draw(t, "type"); kind {
	case 0:
		return password.Password{Text: clear}
	case 7:
		return password.Hide(clear, rapid.IntRange(0, password.Offsets-1).Draw(t, "offset"))
	case 5:
		return password.Password{Type: 5, Text: "$1$" + salt[:4] + "$" + strings.Repeat("x", 22)}
	default:
		return password.Password{Type: kind, Text: "$" + string('0'+rune(kind)) + "$" + salt + "$" + strings.Repeat("x", 43)}
	}
}

func drawUser(t *rapid.T) devices.User {
	u := devices.User{Name: drawName.Draw(t, "name"), Level: rapid.Uint8Range(1, 15).Draw(t, "level")}
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 1:
		u.Password = drawPassword(t, 0, 7)
	case 2:
		u.Secret, u.Password = true, drawPassword(t, 0, 5, 8, 9)
	}
	return u
}

// drawBanner draws a text as it can be typed: no line ends in blanks, but for the last.
func drawBanner(t *rapid.T) string {
	line := rapid.OneOf(drawText, rapid.SampledFrom([]string{"", "!", "end", "^C", "C", "^", "# ! \"", " indented"}))
	text := strings.Join(rapid.SliceOfN(line, 0, 4).Draw(t, "lines"), "\n")
	if strings.Trim(text, " \n") == "" {
		return ""
	}
	return text
}

func drawVTY(t *rapid.T) devices.Line {
	l := drawLine(t, devices.LoginNone, devices.LoginLocal)
	l.TransportInput = rapid.SampledFrom([]devices.Transport{0, devices.TransportAll, devices.TransportNone, devices.TransportSSH,
		devices.TransportTelnet, devices.TransportSSH | devices.TransportTelnet}).Draw(t, "transport")
	return l
}

func drawLine(t *rapid.T, methods ...devices.LoginMethod) devices.Line {
	l := devices.Line{
		ExecTimeout: rapid.SampledFrom([]time.Duration{0, -1, time.Second, time.Hour + time.Second}).Draw(t, "timeout"),
		Level:       rapid.SampledFrom([]uint8{0, 2, 15}).Draw(t, "level"),
		Login:       rapid.SampledFrom(append(methods, devices.LoginDefault)).Draw(t, "login"),
		Length:      rapid.SampledFrom([]int{0, -1, 1, 512}).Draw(t, "length"),
		Width:       rapid.SampledFrom([]int{0, -1, 1, 512}).Draw(t, "width"),
		History:     rapid.SampledFrom([]int{0, -1, 1, 256}).Draw(t, "history"),

		LoggingSynchronous: rapid.Bool().Draw(t, "synchronous"),
	}
	if rapid.Bool().Draw(t, "has password") {
		l.Password = drawPassword(t, 0, 7)
	}
	return l
}
