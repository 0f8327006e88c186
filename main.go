// Command lisplab is a lab of IOS-like routers whose LISP really runs: what a `show` prints is the state of protocol
// engines that exchanged real bytes over real sockets.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"lisplab/devices"
)

// cli is every verb of the binary.
type cli struct {
	Console consoleCmd `cmd:"" default:"withargs" help:"Sit down at the console of a lab."`
	Exec    execCmd    `cmd:"" help:"Run commands at one router and print what it answers."`
	Replay  replayCmd  `cmd:"" help:"Replay transcripts, and tell which answers differ."`
	Capture captureCmd `cmd:"" help:"Write every packet of a lab or of a transcript into a pcapng file."`
	Check   checkCmd   `cmd:"" help:"Read labs and their configurations, and name every mistake by file, line and column."`
	Serve   serveCmd   `cmd:"" help:"Make the routers of a lab reachable by SSH and telnet, a port each, and the lab itself for lisplab ctl."`
	Up      upCmd      `cmd:"" help:"Bring a lab up in network namespaces, with literal addresses and real packets, and serve it until lisplab down (Linux, root)."`
	Down    downCmd    `cmd:"" help:"End the labs that lisplab up has brought up, and take away what a crash has left."`
	Node    nodeCmd    `cmd:"" help:"Run one router of a lab as a process, at this machine's own addresses, beside others elsewhere."`
	Ctl     ctlCmd     `cmd:"" help:"Tell a lab that another process serves what to do: 'advance 5m', 'link xTR1 Core1 down'."`
	Bench   benchCmd   `cmd:"" help:"Measure registrations a second, memory and traffic, beside the machine's own limit."`
	Docs    docsCmd    `cmd:"" help:"Build the pages of the documentation from transcripts, or check them."`

	Version kong.VersionFlag `help:"Tell which build this is."`
}

// The exit codes. A line or a transcript that fails is not a mistake in the call.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// version tells the release or the commit that the binary was built from, and with which Go.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "lisplab, built without module information"
	}
	return fmt.Sprintf("lisplab %s, %s", build.Main.Version, build.GoVersion)
}

func run(ctx context.Context, args []string) (code int) {
	var verbs cli
	parser, err := kong.New(&verbs,
		kong.Name("lisplab"),
		kong.Description("A lab of IOS-like routers whose LISP really runs."),
		kong.Vars{"default_lab": devices.DefaultLab, "version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lisplab:", err)
		return exitUsage
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "lisplab: %v (see lisplab --help)\n", err)
		return exitUsage
	}
	if err := call.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "lisplab:", err)
		return exitFailed
	}
	return 0
}
