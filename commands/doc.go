// Package commands is what can be said to a router, and what it answers.
//
// A command is a Row: the modes it holds in, its syntax, its help, the function that runs it and, for a line of
// configuration, the function that prints it back. All rows are joined in commands.go, and package grammar makes a grammar
// of them for each release. Nothing else knows the language:
//
//	typed line ──> Set.Run ──> grammar.Parse ──> Row.Run ──> answer
//	                                                └──────> candidate devices.Config ──> Device.Apply
//	config file ─> Set.Load ─> the same rows, line by line ─> devices.Config
//	devices.Config ──> Set.RunningConfig ──> Row.Print, row by row ──> the lines of the file
//	?  Tab ──────> Set.Next, Set.Complete ──> grammar
//	README.md <── Set.Reference
//
// So a configuration is parsed by running the rows and shown by asking the rows, and what one can print the other can
// read. A configuration row changes a copy of the configuration; the copy is applied as a whole or not at all.
//
// A mode of configuration has a parent (modes.go). A line that a mode does not know is tried in its parents, as on a
// router. The words are those of IOS 15; the file that holds a command is named after it.
package commands
