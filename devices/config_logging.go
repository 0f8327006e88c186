package devices

import (
	"cmp"
	"strings"
)

// Services are the `service` lines. Their zero value is a router as it comes.
type Services struct {
	NoPromptConfig  bool // `no service prompt config`: modes of configuration show no prompt
	HidePasswords   bool // `service password-encryption`
	TimestampsDebug Timestamps
	TimestampsLog   Timestamps
}

// Timestamps is how lines of a log are dated. The zero value is `datetime msec`.
type Timestamps struct {
	Form                          TimestampForm
	NoMsec, Localtime, Zone, Year bool // options of TimestampDate
}

// TimestampForm is the kind of time in front of a line.
type TimestampForm uint8

// The forms.
const (
	TimestampDate   TimestampForm = iota // date and time
	TimestampUptime                      // the time since the boot
	TimestampNone
)

// Severity is the level of a log line as syslog counts them, from 0 (emergencies) to 7 (debugging).
type Severity uint8

// Severities are the words for the severities.
var Severities = [...]string{"emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging"}

// String returns the severity's word.
func (s Severity) String() string { return Severities[min(int(s), len(Severities)-1)] }

// Severity returns the severity of a line, which its facility and mnemonic have between them: "%LISP-5-SESSION: ...". What
// `debug` prints has neither.
func (l LogLine) Severity() Severity {
	head, _, _ := strings.Cut(l.Text, ":")
	if !strings.HasPrefix(head, "%") {
		return SeverityDebugging
	}
	for part := range strings.SplitSeq(head, "-") {
		if len(part) == 1 && part[0] >= '0' && part[0] <= '7' {
			return Severity(part[0] - '0')
		}
	}
	return SeverityDebugging
}

// SeverityDebugging lets everything pass.
const SeverityDebugging Severity = 7

// LogTo is one place that log lines go to. Its zero value takes all lines.
type LogTo struct {
	Off   bool
	Above uint8 // how many severities are kept out, from debugging down: 0 takes all, 7 emergencies only
}

// LogAt is a place that takes lines up to a severity.
func LogAt(s Severity) LogTo { return LogTo{Above: uint8(SeverityDebugging - s)} }

// Level is the last severity that the place takes.
func (t LogTo) Level() Severity { return SeverityDebugging - Severity(t.Above) }

// Takes tells whether a line of that severity goes there.
func (t LogTo) Takes(s Severity) bool { return !t.Off && s <= t.Level() }

// Logging is the `logging` lines.
type Logging struct {
	Console, Monitor, Buffered LogTo
	BufferSize                 uint32 // bytes; 0 means DefaultLogBuffer
}

// Size is how many bytes of log the buffer holds.
func (l Logging) Size() uint32 { return cmp.Or(l.BufferSize, DefaultLogBuffer) }

// DefaultLogBuffer is how many bytes of log a router keeps, unless told otherwise.
const DefaultLogBuffer = 8192
