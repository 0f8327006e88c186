package shell

import (
	"strings"
	"time"

	"lisplab/devices"
	"lisplab/shell/editor"
)

// attempts is how often a line asks before it hangs up.
const attempts = 3

// loginTime is how long somebody may take to log in at a line. Tests shorten it.
var loginTime = 30 * time.Second

// enter starts the session of somebody who was let in, or asks who is there first.
func (v *VTY) enter(user *devices.User) error {
	cfg, _, method := v.access()
	if motd := cfg.Banners.MOTD; user != nil || method == devices.LoginNone {
		v.write(wholeLines(motd))
	} else {
		v.write(motd)
	}
	if user == nil {
		stop := func() bool { return true }
		if v.wall {
			stop = devices.AfterWall(loginTime, v.hangUp).Stop
		}
		u, err := v.login()
		stop()
		if err != nil {
			return err
		}
		user = &u
	}
	v.sh.lab.Do(func() {
		v.line.User = user.Name
		v.sh.at.SetLevel(user.Level)
	})
	v.write(wholeLines(cfg.Banners.Exec))
	return nil
}

// wholeLines makes a banner end with a line, so that the prompt stands at the beginning of the next one.
func wholeLines(banner string) string {
	if banner == "" || strings.HasSuffix(banner, "\n") {
		return banner
	}
	return banner + "\n"
}

// login asks who is there as the router's line is configured to. It returns errOver when nobody is let in.
func (v *VTY) login() (user devices.User, err error) {
	cfg, line, method := v.access()
	switch user.Level = line.Level; method {
	case devices.LoginNone:
		return user, nil
	case devices.LoginPassword:
		if !line.Password.Set() {
			v.write("\n\nPassword required, but none set\n")
			return user, errOver
		}
		v.verification(cfg)
		return user, v.askPassword(line)
	}
	v.verification(cfg)
	return v.askUser()
}

func (v *VTY) verification(cfg devices.Config) {
	v.write(cfg.Banners.Login + "\n\nUser Access Verification\n\n")
}

// access returns what the router says of the line at present.
func (v *VTY) access() (cfg devices.Config, line devices.Line, method devices.LoginMethod) {
	v.sh.lab.Do(func() { cfg, line, method = v.sh.at.Device.Config(), v.line.Config(), v.line.Login() })
	return cfg, line, method
}

func (v *VTY) askPassword(line devices.Line) error {
	for range attempts {
		typed, err := v.ask("Password: ", editor.Secret)
		if err != nil || line.Password.Check(typed) {
			return err
		}
	}
	v.write("% Bad passwords\n")
	return errOver
}

// askUser asks for a local user and his password. An empty name is asked for again, and is no attempt.
func (v *VTY) askUser() (user devices.User, err error) {
	for failed := 0; failed < attempts; {
		name, err := v.ask("Username: ", editor.Answer)
		if err != nil {
			return user, err
		}
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		typed, err := v.ask("Password: ", editor.Secret)
		if err != nil {
			return user, err
		}
		cfg, _, _ := v.access()
		if user, ok := cfg.Authenticate(name, typed); ok {
			return user, nil
		}
		v.write("% Login invalid\n\n")
		failed++
	}
	return user, errOver
}

// ask asks for one line. Ctrl-C answers nothing.
func (v *VTY) ask(prompt string, kind editor.Kind) (answer string, err error) {
	answer, end, err := v.read(editor.Line{Prompt: prompt, Kind: kind}, 0)
	if end == editor.Interrupt {
		answer = ""
	}
	return answer, err
}
