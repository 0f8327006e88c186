package commands

import (
	"slices"
	"strings"

	"lisplab/devices"
)

// file is what an operator names where a command wants a file: a file of the router, its running configuration, which
// stands in system:, or something on the network, of which a router of the lab reaches nothing.
type file struct {
	system string // "flash:", "nvram:", "system:", or a scheme of the network: "tftp:"
	name   string // "" means the file system itself; of the network all that stands behind the scheme
}

// systemFS is where the running configuration stands among the files.
const systemFS = "system:"

var (
	runningFile = file{systemFS, "running-config"}
	startupFile = file{devices.NVRAM, devices.StartupFile}
)

// networkSchemes are the schemes that IOS copies from and to, and what it says when nobody answers there.
var networkSchemes = map[string]string{
	"ftp:": "Timed out", "http:": "I/O error", "https:": "I/O error", "rcp:": "Timed out",
	"scp:": "Timed out", "sftp:": "Timed out", "tftp:": "Timed out",
}

// fileOf reads the name of a file. One that names no file system stands in flash:.
func fileOf(text string) file {
	system, name, cut := strings.Cut(text, ":")
	if !cut {
		return file{devices.Flash, strings.TrimLeft(text, "/")}
	}
	f := file{strings.ToLower(system) + ":", name}
	if _, far := networkSchemes[f.system]; !far {
		f.name = strings.TrimLeft(name, "/")
	}
	return f
}

// configFile is fileOf for places that take the two configurations by their own names too.
func configFile(text string) file {
	switch text {
	case runningFile.name:
		return runningFile
	case startupFile.name:
		return startupFile
	}
	return fileOf(text)
}

// String returns the name as a message has it: "flash:/a", "tftp://10.0.0.1/a".
func (f file) String() string {
	if f.network() {
		return f.system + f.name
	}
	return f.system + "/" + f.name
}

func (f file) network() bool { return networkSchemes[f.system] != "" }

// base is the name that a copy of the file is given unless the operator says otherwise.
func (f file) base() string { return f.name[strings.LastIndexByte(f.name, '/')+1:] }

// read returns what is in a file.
func (c *Context) read(f file) (string, error) {
	if f == runningFile {
		return c.set.File(c.release(), c.Device.Config()), nil
	}
	fs, err := c.fileSystem(f)
	if err != nil {
		return "", err
	}
	data, err := fs.Read(f.name)
	return string(data), fileError(err)
}

// write makes a file, or replaces it.
func (c *Context) write(f file, text string) error {
	fs, err := c.fileSystem(f)
	if err != nil {
		return err
	}
	return fileError(fs.Write(f.name, []byte(text)))
}

// exists tells whether there is such a file of the router.
func (c *Context) exists(f file) bool {
	fs, err := c.fileSystem(f)
	if err != nil {
		return false
	}
	list, err := fs.List()
	return err == nil && slices.ContainsFunc(list, func(i devices.FileInfo) bool { return i.Name == f.name })
}

// fileSystem returns where a file stands, or why nothing there can be opened.
func (c *Context) fileSystem(f file) (*devices.FileSystem, error) {
	if why := networkSchemes[f.system]; why != "" {
		return nil, refuse("%%Error opening %s (%s)", f, why)
	}
	fs := c.Device.FileSystem(f.system)
	switch {
	case fs != nil:
		return fs, nil
	case f == runningFile:
		return nil, refuse("%%Error opening %s (Permission denied)", f)
	case f.system == systemFS:
		return nil, refuse("%%Error opening %s (No such file or directory)", f)
	}
	return nil, refuse("%%Error opening %s (No such device)", f)
}

// fileError words what has gone wrong with a file as IOS does.
func fileError(err error) error {
	if err == nil {
		return nil
	}
	return refuse("%%%v", err)
}

// SaveOutput puts the answer to a command into a file: it replaces the file, or adds to it.
func (c *Context) SaveOutput(name, text string, add bool) error {
	f := fileOf(name)
	if !add {
		return c.write(f, text)
	}
	fs, err := c.fileSystem(f)
	if err != nil {
		return err
	}
	return fileError(fs.Append(f.name, []byte(text)))
}

// by names the session as the router's log does.
func (c *Context) by() string {
	return c.seat().By()
}
