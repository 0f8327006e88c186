package devices

import (
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
)

// releases is the table of what each release can do, oldest first.
var releases = []struct {
	name     Release
	version  string
	reliable bool
	layout   SiteLayout
}{
	{Release152, "15.2(4)S7", false, SiteLayoutB},
	{Release155, "15.5(1)T", true, SiteLayoutC},
}

// SiteLayout names one generation of the `show lisp site` table.
type SiteLayout string

const (
	SiteLayoutB SiteLayout = "B" // one legend line, `Up` 5 wide
	SiteLayoutC SiteLayout = "C" // both legend lines, `Up` 7 wide
)

// ParseRelease reads a release as a lab file names it: "15.5".
func ParseRelease(s string) (Release, error) {
	if names := releaseNames(); !slices.Contains(names, s) {
		return "", fmt.Errorf("found release %q, expected one of %s", s, strings.Join(names, ", "))
	}
	return Release(s), nil
}

func releaseNames() []string {
	var names []string
	for _, r := range releases {
		names = append(names, string(r.name))
	}
	return names
}

// Version is the full version that `show version` prints: "15.5(1)T".
func (r Release) Version() string { return releases[r.index()].version }

// ReliableTransport tells whether the release registers over TCP: a map server listens on TCP 4342, an ETR dials.
func (r Release) ReliableTransport() bool { return releases[r.index()].reliable }

// ShowLISPSession tells whether `show lisp session` is in the release's grammar.
func (r Release) ShowLISPSession() bool { return r.ReliableTransport() }

// SiteLayout is the layout of `show lisp site`.
func (r Release) SiteLayout() SiteLayout { return releases[r.index()].layout }

// index finds the release in the table. The zero Release is the default one.
func (r Release) index() int {
	for i := range releases {
		if releases[i].name == r {
			return i
		}
	}
	return len(releases) - 1
}
