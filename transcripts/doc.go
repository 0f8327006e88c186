// Package transcripts is the proof and the manual: files that hold what the screen showed, replayed against a lab whose
// protocol runs.
//
// A console log can be pasted in, and a file can be pasted into a router:
//
//	! The ETR of the left site.                prose, for the reader
//	!! lab reliable-registration               a directive, to the lab
//	!! advance 5h5m41s
//
//	xTR1#show lisp session                     a prompt selects the router and its mode; behind it is what is typed
//	Sessions for VRF default, total: 2 ...     below it its exact answer, up to the next prompt
//
//	! An empty line stands between an answer and a comment. The bare `!` lines of a configuration
//	! are an answer like any other.
//
// Behind `telnet` the lines are typed at the far router, whose prompt they carry, and stay with the terminal that they began
// at until the connection is closed, or left by <^^>x. A prompt means the terminal that the last line was typed at, if it
// shows it; else the router whose prompt it is. `!! connect X` goes to the terminal at X, whatever it shows.
//
// A line may end in `?`, <TAB> or <^Z> in place of Enter. What a command asks is answered behind the question: a line of the
// answer that begins with the question's text holds what is typed there, a password too; without one Enter is. Directives
// are split by shlex:
//
//	!! lab NAME|FILE                 the lab; a file is found from the transcript's folder. It stands before all else
//	!! seed N                        in place of the lab file's seed; before all that runs
//	!! form ios|document|json        how show commands lay out their answer from here on
//	!! console on|off                type at the routers' consoles from here on, or at vtys again
//	!! wait "COMMAND" REGEXP [D]     advance lab time until the answer matches, at most D (10m;
//	                                 where time is real 2m, and not more)
//	!! volatile REGEXP...            what matches may differ where time is real; on loopback nothing may
//	!! page begin FILE, !! page end  what stands between is a page of the documentation
//	!! X ...                         every console line `lab X ...`: advance, link, device, ...; what it answers
//	                                 stands below it, as below a prompt: !! explain ..., !! host Server ping ...
//
// A console shows the log by itself. Lines that a step or a directive has brought stand below it, under a prompt at which
// nothing is typed; the prompt is repeated with what is typed next. Comments may stand above that prompt, and it may be
// further down when they are another router's: there the terminal sees them when it gets there.
//
//	xTR1(config)#end
//	xTR1#
//	*Jan  1 00:00:10.000: %SYS-5-CONFIG_I: Configured from console by console
//	xTR1#show clock
//
// Lab time stands still between two lines unless a directive moves it, and all random numbers come from the seed, so
// answers are compared to the byte.
//
//	file ──Parse──> Transcript ──Replay──> Result ──Format──> file (with --update)
//	                                         └────> Page ──> docs/*.md
package transcripts
