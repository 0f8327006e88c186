package commands

import (
	"errors"
	"fmt"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// rows joins the table. Its order is the order in which configurations print.
func rows() []Row {
	return slices.Concat(
		execRows(),
		labRows(),
		labHostRows(),
		labImpairRows(),
		clearCountersRows(),
		clearMapCacheRows(),
		configRows(),
		configureReplaceRows(),
		copyRows(),
		debugRows(),
		deleteRows(),
		dirRows(),
		labCaptureRows(),
		labExplainRows(),
		ligRows(),
		moreRows(),
		monitorRows(),
		monitorXERows(),
		pingRows(),
		privilegeRows(),
		reloadRows(),
		saveRows(),
		showAccessListsRows(),
		showArchiveRows(),
		showClockRows(),
		showHostsRows(),
		showInterfaceRows(),
		showInterfacesRows(),
		showIPCEFRows(),
		showIPRouteRows(),
		showIPv6RouteRows(),
		showLISPDatabaseRows(),
		showLISPForwardingRows(),
		showLISPInstanceRows(),
		showLISPMapCacheRows(),
		showLISPServiceRows(),
		showLISPSessionRows(),
		showLISPSiteRows(),
		showLISPStatisticsRows(),
		showLISPSummaryRows(),
		showLoggingRows(),
		showMonitorRows(),
		showRunningRows(),
		showStartupRows(),
		showTCPRows(),
		showTerminalRows(),
		showVRFRows(),
		showVersionRows(),
		telnetRows(),
		sshCallRows(),
		terminalRows(),
		userListRows(),
	)
}

// releases are the software releases that a table is compiled for.
var releases = devices.Releases()

// Set is the compiled table. All sessions share one.
type Set struct {
	rows     []Row
	dialects map[devices.Release]*dialect
}

// dialect is the grammar of one release, with the row that each of its rules belongs to.
type dialect struct {
	grammar *grammar.Grammar
	words   grammar.Words
	rowOf   []int
	prefix  []string // of each rule: "no", "default" or none
}

// New compiles the table. An error is a mistake in the table itself: a syntax that can't be read, or help that is given
// twice. Other mistakes show in Check.
func New() (*Set, error) {
	s := &Set{rows: rows(), dialects: map[devices.Release]*dialect{}}
	var errs []error
	for _, rel := range releases {
		t, err := compile(s.rows, rel)
		if err != nil {
			errs = append(errs, fmt.Errorf("release %s: %w", rel, err))
		}
		s.dialects[rel] = t
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// Check tells what else is wrong with the table: help that is missing or belongs to no row, two rows that mean the same line.
// It grows all that New leaves to grow with the lines, so it is for a test.
func (s *Set) Check() error {
	var errs []error
	for _, rel := range releases {
		if err := s.dialects[rel].grammar.Check(); err != nil {
			errs = append(errs, fmt.Errorf("release %s: %w", rel, err))
		}
	}
	return errors.Join(errs...)
}

func compile(rows []Row, rel devices.Release) (*dialect, error) {
	t := &dialect{}
	var rules []grammar.Rule
	help := []grammar.Words{words}
	for i := range rows {
		if r := &rows[i]; r.in(rel) {
			help = append(help, r.Help)
			for _, rule := range r.rules() {
				rules = append(rules, rule)
				t.rowOf = append(t.rowOf, i)
				t.prefix = append(t.prefix, rule.Prefix)
			}
		}
	}
	var err error
	if t.words, err = grammar.Merge(help...); err != nil {
		return nil, err
	}
	t.grammar, err = grammar.Compile(t.words, rules)
	return t, err
}

func (s *Set) dialect(rel devices.Release) *dialect {
	if t := s.dialects[rel]; t != nil {
		return t
	}
	return s.dialects[devices.Release155]
}
