package main

import (
	"fmt"

	"lisplab/commands"
	"lisplab/devices"
)

// checkCmd reads labs and starts nothing.
type checkCmd struct {
	Labs []string `arg:"" name:"lab" help:"Built-in labs, or paths of lab.yaml files or of the folders that hold them."`
}

// Run prints a line for every mistake, and one for every lab that has none.
func (c checkCmd) Run() error {
	set, err := commands.New()
	if err != nil {
		return err
	}
	wrong := 0
	for _, name := range c.Labs {
		lab, mistakes := devices.CheckLab(name, devices.Options{Parse: set.Load})
		for _, err := range mistakes {
			fmt.Println(err)
		}
		if wrong += len(mistakes); len(mistakes) == 0 {
			fmt.Printf("ok       %s: %d devices, %d links, %d hosts\n", name, lab.Devices, lab.Links, lab.Hosts)
		}
	}
	switch wrong {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("1 mistake")
	}
	return fmt.Errorf("%d mistakes", wrong)
}
