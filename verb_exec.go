package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell"
)

// execCmd runs commands at one router.
type execCmd struct {
	labFlags
	Form     commands.Form `default:"ios" enum:"ios,document,json" placeholder:"FORM" help:"How show commands lay out their answer: ios, document or json (${default})."`
	Console  bool          `help:"Sit at the router's console, which shows its log, and not at a vty."`
	Device   string        `arg:"" help:"The router's name in the lab."`
	Commands []string      `arg:"" name:"command" help:"Lines to type at its prompt."`
}

// Run prints the answers, each behind its prompt when there are several. What a line asks is answered as by Enter. A line
// that the router refuses ends the verb with an error; the lines after it are not run. One command in the form json is to be read
// by a program: an answer that has no such form is an error.
func (c execCmd) Run(ctx context.Context) (err error) {
	lab, set, err := c.open(devices.Options{Interrupt: ctx.Done()})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := lab.Close(); err == nil {
			err = cerr
		}
	}()
	sh := shell.New(lab, set)
	sh.SetForm(c.Form)
	if err := sh.SitAtConsole(c.Console); err != nil {
		return err
	}
	if err := sh.Attach(c.Device); err != nil {
		return err
	}
	for _, line := range c.Commands {
		if len(c.Commands) > 1 {
			fmt.Println(sh.Prompt() + line)
		}
		text, err := sh.Converse(line, nil)
		if _, err := fmt.Fprint(os.Stdout, text); err != nil {
			return err
		}
		switch {
		case err != nil:
			return err
		case sh.Refused():
			return fmt.Errorf("%s refused `%s`", c.Device, line)
		case c.Form == commands.FormJSON && len(c.Commands) == 1 && !json.Valid([]byte(text)):
			return fmt.Errorf("`%s` has no JSON form", line)
		}
		if prompt, log := sh.ConsoleLog(); log != "" {
			fmt.Print(prompt + "\n" + log)
		}
	}
	return nil
}
