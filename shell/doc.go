// Package shell is the terminal of the lab: it turns what is typed into what the screen shows.
//
// A Shell is a terminal session without a terminal inside. It knows which router it is attached to, in which mode that
// session stands, and how IOS prompts, pipes, pages and helps; how keys become lines is the business of a front end:
//
//	console.go   a person at this machine's terminal (readline)   ┐
//	script.go    lines from a pipe, or of a transcript            ├──>  Shell.Exec  ──>  commands.Set.Run
//	vty.go       SSH and telnet (package editor)                  ┘         │                   │
//	  ^                                                              pipe.go, pager.go   devices.Lab.Do
//	  ├── server.go: sshserver.go, telnetserver.go   from outside, a port each for every router
//	  └── answer.go                                  from another router of the lab, whose session call.go holds
//
// One whole command runs in one Lab.Do, and then the lab settles: everything that is due at the present instant of lab
// time has happened before the next prompt appears.
package shell
