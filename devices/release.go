package devices

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Release is the software release that a router runs. What a router can do and how it prints is a property of its software,
// not of its configuration: the feature has no configuration commands.
type Release string

const (
	Release152 Release = "15.2" // without reliable transport
	Release155 Release = "15.5" // with it; the default
	Release179 Release = "17.9" // IOS XE: with it, and with the hierarchical form of `router lisp`
)

type releaseRow struct {
	name         Release
	version      string
	reliable     bool
	hierarchical bool // `router lisp` prints in the hierarchical form
	xeViews      bool
	layout       SiteLayout
	xe, train    string // of IOS XE: its own number, and the name of its train
}

// releases is the table of what each release can do, oldest first.
var releases = []releaseRow{
	{name: Release152, version: "15.2(4)S7", layout: SiteLayoutB},
	{name: Release155, version: "15.5(1)T", reliable: true, layout: SiteLayoutC},
	{name: Release179, version: "17.9.1", reliable: true, hierarchical: true, xeViews: true, layout: SiteLayoutD, xe: "17.09.01", train: "Cupertino"},
}

// SiteLayout names one generation of the `show lisp site` table.
type SiteLayout string

const (
	SiteLayoutB SiteLayout = "B" // one legend line, `Up` 5 wide
	SiteLayoutC SiteLayout = "C" // both legend lines, `Up` 7 wide
	SiteLayoutD SiteLayout = "D" // C with the port behind the address, and instance 0 written out
)

// ParseRelease reads a release as a lab file names it: "15.5".
func ParseRelease(s string) (Release, error) {
	if names := releaseNames(); !slices.Contains(names, s) {
		return "", fmt.Errorf("found release %q, expected one of %s", s, strings.Join(names, ", "))
	}
	return Release(s), nil
}

// Releases returns all releases, oldest first.
func Releases() []Release {
	var list []Release
	for _, r := range releases {
		list = append(list, r.name)
	}
	return list
}

func releaseNames() []string {
	var names []string
	for _, r := range Releases() {
		names = append(names, string(r))
	}
	return names
}

// Name is the release as a lab file names it: "15.5", also for the zero Release.
func (r Release) Name() string { return string(releases[r.index()].name) }

// Version is the full version that `show version` prints: "15.5(1)T".
func (r Release) Version() string { return releases[r.index()].version }

// XE is what a release of IOS XE calls itself beside Version: the number of the system ("17.09.01"), and the name of the train
// ("Cupertino"). Both are "" for a release of IOS.
func (r Release) XE() (version, train string) {
	row := releases[r.index()]
	return row.xe, row.train
}

// ReliableTransport tells whether the release registers over TCP: a map server listens on TCP 4342, an ETR dials.
func (r Release) ReliableTransport() bool { return releases[r.index()].reliable }

// ShowLISPSession tells whether `show lisp session` is in the release's grammar.
func (r Release) ShowLISPSession() bool { return r.ReliableTransport() }

// HierarchicalLISP tells whether the release prints `router lisp` in the hierarchical form (`service ipv4`, `instance-id`,
// `exit-...` lines). It takes lines of the classic form as well; a release that prints the classic form takes no other.
func (r Release) HierarchicalLISP() bool { return releases[r.index()].hierarchical }

// XELISPViews tells whether LISP shows itself as in IOS XE 17: the layouts are those of that software, and views are asked for
// by instance and service, too (`show lisp instance-id 0 ipv4 map-cache`).
func (r Release) XELISPViews() bool { return releases[r.index()].xeViews }

// SiteLayout is the layout of `show lisp site`.
func (r Release) SiteLayout() SiteLayout { return releases[r.index()].layout }

// index finds the release in the table. The zero Release is the default one.
func (r Release) index() int {
	name := cmp.Or(r, Release155)
	return slices.IndexFunc(releases, func(row releaseRow) bool { return row.name == name })
}
