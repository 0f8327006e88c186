package devices

import (
	"errors"
	"fmt"
	"io/fs"
)

// Startup returns a copy of the configuration that the next boot brings up: what nvram:startup-config says, or the lab
// file's configuration where there is none, or none that can be read.
func (d *Device) Startup() Config {
	cfg, _, _ := d.loadStartup()
	return cfg
}

// loadStartup reads the configuration to boot. refused tells what of nvram:startup-config the router does not take: it boots
// the rest. With an err the file can't be read, and the configuration is the lab file's.
func (d *Device) loadStartup() (cfg Config, refused []error, err error) {
	text, err := d.FileSystem(NVRAM).Read(StartupFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.file.startup.Clone(), nil, nil
	case err != nil:
		return d.file.startup.Clone(), nil, err
	}
	cfg, err = d.lab.parse(d.Release(), NVRAM+StartupFile, string(text))
	refused = apart(err)
	if whole, err := d.file.complete(cfg); err == nil {
		cfg = whole
	} else {
		var more []error
		cfg, more = d.file.salvage(cfg)
		refused = append(refused, more...)
	}
	return cfg, refused, d.seal(&cfg)
}

// apart returns the errors that were joined to one.
func apart(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

// leaves returns the errors that were joined to one, and to those.
func leaves(err error) (list []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, leaves(e)...)
		}
		return list
	}
	return append(list, err)
}

// firstOf keeps of many joined errors the first: of a configuration for another release nearly every line can be wrong.
func firstOf(err error) error {
	const most = 10
	list := leaves(err)
	if len(list) <= most {
		return err
	}
	return errors.Join(append(list[:most:most], fmt.Errorf("and %d lines more", len(list)-most))...)
}

// salvage makes of a configuration that can't be as a whole what a router makes of it line by line: it takes VRFs,
// access lists, interfaces, routes, mappings and sites one after the other, and leaves out each that can't be with those before it. It returns why.
func (f *labDevice) salvage(cfg Config) (kept Config, refused []error) {
	kept = cfg.Clone()
	kept.VRFs, kept.Interfaces, kept.Routes, kept.AccessLists, kept.LISP = nil, nil, nil, nil, nil
	try := func(add func(*Config)) {
		next := kept.Clone()
		add(&next)
		if _, err := f.complete(next); err != nil {
			refused = append(refused, err)
			return
		}
		kept = next
	}
	for _, v := range cfg.VRFs {
		try(func(c *Config) { c.VRFs = append(c.VRFs, v) })
	}
	for _, l := range cfg.AccessLists {
		try(func(c *Config) { c.AccessLists = append(c.AccessLists, l) })
	}
	for _, i := range cfg.Interfaces {
		try(func(c *Config) { c.Interfaces = append(c.Interfaces, i) })
	}
	for _, r := range cfg.Routes {
		try(func(c *Config) { c.Routes = append(c.Routes, r) })
	}
	if l := cfg.LISP; l != nil {
		block := l.clone()
		block.EIDTables, block.Sites = nil, nil
		try(func(c *Config) { c.LISP = &block })
	}
	if kept.LISP != nil {
		for n, t := range cfg.LISP.EIDTables {
			mappings := t.Mappings
			t.Mappings = nil
			kept.LISP.EIDTables = append(kept.LISP.EIDTables, t)
			for _, m := range mappings {
				try(func(c *Config) { c.LISP.EIDTables[n].Mappings = append(c.LISP.EIDTables[n].Mappings, m) })
			}
		}
		for _, s := range cfg.LISP.Sites {
			try(func(c *Config) { c.LISP.Sites = append(c.LISP.Sites, s) })
		}
	}
	kept, err := f.complete(kept)
	if err != nil { // something else can't be: the router comes up as from the factory
		kept, _ = f.complete(Config{})
		refused = append(refused, err)
	}
	return kept, refused
}

// sayStartup logs what the boot made of the startup configuration.
func (d *Device) sayStartup(refused []error, err error) {
	if err != nil {
		d.say(fmt.Sprintf("%%SYS-2-NV_READ: %v: booting the configuration of the lab file", err))
	}
	for _, err := range refused {
		d.say(fmt.Sprintf("%%PARSER-4-BADCFG: %v", err))
	}
}
