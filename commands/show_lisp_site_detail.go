package commands

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

// siteDetail prints sites in full: `show lisp site detail`, `name SITE` and EID. Release 15.2 knows less of a
// registration than 15.5 does: it has neither the last registration of a prefix, nor the hash function, the xTR-ID, the
// site-ID, LISP-SEC or the scope of a locator. 17.9 tells of more, which no registration of the lab has: publications, domains,
// multihoming and extranets.
type siteDetail struct {
	w       io.Writer
	release devices.Release
	now     time.Time
}

// sites prints whole sites, each with all its prefixes.
func (d siteDetail) sites(sites []mapserver.Site) error {
	io.WriteString(d.w, siteTitle)
	for _, site := range sites {
		d.site(site, "Allowed EID-prefixes:")
		for _, e := range site.Entries {
			for _, p := range sitePrefixes(e) {
				if err := d.prefix(e, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// named prints the site of that name.
func (d siteDetail) named(snap mapserver.Snapshot, name string) error {
	for i, site := range snap.Sites {
		if site.Name == name {
			return d.sites(snap.Sites[i : i+1])
		}
	}
	return refuse("%% Could not find site %s in site database.", name)
}

// eid prints the longest match of an EID, in every site that holds that prefix. typed is how the EID was asked for.
func (d siteDetail) eid(snap mapserver.Snapshot, eid lispcore.EID, typed string) error {
	found := longestSitePrefix(snap, eid)
	if len(found) == 0 {
		return refuse("%% Could not find instance-id %d EID %s in site database.", eid.Instance, typed)
	}
	io.WriteString(d.w, siteTitle)
	for _, f := range found {
		d.site(f.site, "Requested EID-prefix:")
		if err := d.prefix(f.entry, f.prefix); err != nil {
			return err
		}
	}
	return nil
}

func (d siteDetail) site(site mapserver.Site, heading string) {
	fmt.Fprintf(d.w, "\nSite name: %s\n", site.Name)
	if site.Description != "" {
		fmt.Fprintf(d.w, "Description: %s\n", site.Description)
	}
	fmt.Fprintf(d.w, "Allowed configured locators: any\n%s\n", heading)
}

// prefix prints one prefix of a site with its registrations. e is the configured prefix it belongs to, which counts the
// authentication failures of all that is registered under it.
func (d siteDetail) prefix(e mapserver.Entry, p mapserver.Prefix) error {
	eid := prefixText(p.EID.Prefix)
	if p.EID.Instance != 0 || d.xe() {
		eid += fmt.Sprintf(" instance-id %d", p.EID.Instance)
	}
	var newest mapserver.Registration // of nobody, when nobody registers
	state := "unknown"
	if len(p.Registrations) > 0 {
		newest, state = p.Registrations[0], "complete"
	}
	if d.xe() {
		io.WriteString(d.w, "\n")
	}
	fmt.Fprintf(d.w, "  EID-prefix: %s \n", eid)
	d.label("First registered", age(d.now, p.First))
	if !d.is152() {
		d.label("Last registered", age(d.now, newest.Last))
	}
	d.label("Routing table tag", "0")
	d.label("Origin", originText(e, p))
	d.label("Merge active", capital(yesNo(newest.Merge)))
	d.label("Proxy reply", capital(yesNo(newest.ProxyReply)))
	if d.xe() {
		d.label("Skip Publication", "No")
		d.label("Force Withdraw", "No")
	}
	d.label("TTL", ttlText(newest.Mapping.TTL))
	d.label("State", state)
	if d.xe() {
		d.label("Extranet IID", "Unspecified")
	}
	d.label("Registration errors", "")
	fmt.Fprintf(d.w, "      Authentication failures:   %d\n      Allowed locators mismatch: 0\n", e.AuthFailures)
	if len(p.Registrations) == 0 {
		io.WriteString(d.w, "    No registrations.\n")
	}
	for _, r := range p.Registrations {
		if err := d.registration(r); err != nil {
			return err
		}
	}
	return nil
}

// label prints one "    Name:    value" line; values stand at column 26. A label without a value keeps two blanks.
func (d siteDetail) label(name, value string) {
	if value == "" {
		fmt.Fprintf(d.w, "    %s:  \n", name)
		return
	}
	fmt.Fprintf(d.w, "    %-21s %s\n", name+":", value)
}

// registration prints what one ETR registers. Continuation lines are aligned under "last registered", which is a line of its own
// where 17.9 has to print a long address with its port.
func (d siteDetail) registration(r mapserver.Registration) error {
	etr := "    ETR " + addrText(r.ETR) + ", "
	if d.xe() {
		etr = "    ETR " + addrPortText(r.ETR, r.Port) + ", "
	}
	indent := len(etr)
	if d.xe() && r.ETR.Is6() {
		indent = 6
		etr = strings.TrimSuffix(etr, ", ") + "\n" + strings.Repeat(" ", indent)
	}
	more := func(parts ...string) {
		fmt.Fprintf(d.w, "%*s%s\n", indent, "", strings.Join(parts, ", "))
	}
	fmt.Fprintf(d.w, "%slast registered %s, %sproxy-reply, %smap-notify\n", etr, age(d.now, r.Last),
		unless(r.ProxyReply), unless(r.WantNotify))
	ttl, merge, nonce := "TTL "+ttlText(r.Mapping.TTL), unless(r.Merge)+"merge", "nonce "+nonceText(r.Nonce)
	if d.is152() {
		more(ttl, merge, nonce)
		more("state complete")
	} else {
		more(ttl, merge, "hash-function "+hashText(r.Algorithm), nonce)
		more("state complete", unless(r.Security)+"security-capability")
		if r.HasXTRID {
			more("xTR-ID " + xtrIDText(r.XTRID))
			more("site-ID " + siteIDText(r.SiteID))
		}
		if d.xe() {
			more("Domain-ID local")
			more("Multihoming-ID unspecified")
		}
		if r.Reliable {
			more("sourced by reliable transport")
		}
	}
	return d.locators(r.Mapping.Locators)
}

// locators prints "      %-*s  %-5s  %-11s%3d/%-3d  %s", the first column as wide as the longest locator.
func (d siteDetail) locators(locators []lispcore.Locator) error {
	if len(locators) == 0 {
		return nil
	}
	t := listing{indent: 6, columns: []field{
		{head: "Locator", width: locatorWidth(locators), gap: 2},
		{head: "Local", width: 5, gap: 2},
		{head: "State", width: 11},
		{head: "Pri/Wgt", width: 7, gap: 2},
	}}
	if !d.is152() {
		t.columns = append(t.columns, field{head: "Scope"})
	}
	return t.write(d.w, FormIOS, func(yield func([]string) bool) {
		for _, l := range locators {
			row := []string{addrText(l.RLOC), yesNo(l.Local), upDown(l.Reachable), priWgt(l.Priority, l.Weight)}
			if !d.is152() {
				row = append(row, lispcore.FamilyOf(l.RLOC).String()+" none")
			}
			if !yield(row) {
				return
			}
		}
	})
}

func (d siteDetail) xe() bool { return d.release.XELISPViews() }

func (d siteDetail) is152() bool { return d.release == devices.Release152 }

// locatorWidth is the width of the Locator column: that of the header, or of the longest locator.
func locatorWidth(locators []lispcore.Locator) int {
	width := len("Locator")
	for _, l := range locators {
		width = max(width, len(addrText(l.RLOC)))
	}
	return width
}

func priWgt(priority, weight uint8) string { return fmt.Sprintf("%3d/%-3d", priority, weight) }

// foundPrefix is one match of an EID in the site database.
type foundPrefix struct {
	site   mapserver.Site
	entry  mapserver.Entry
	prefix mapserver.Prefix
}

// longestSitePrefix finds the longest prefixes, configured or learned, that cover the EID. The same prefix may stand in
// two sites, so there may be several, in site order.
func longestSitePrefix(snap mapserver.Snapshot, eid lispcore.EID) []foundPrefix {
	var found []foundPrefix
	for _, site := range snap.Sites {
		for _, e := range site.Entries {
			for _, p := range sitePrefixes(e) {
				if !p.EID.Covers(eid) {
					continue
				}
				if len(found) > 0 {
					switch cmp.Compare(p.EID.Prefix.Bits(), found[0].prefix.EID.Prefix.Bits()) {
					case -1:
						continue
					case 1:
						found = found[:0]
					}
				}
				found = append(found, foundPrefix{site, e, p})
			}
		}
	}
	return found
}

// originText says why a prefix is in the database.
func originText(e mapserver.Entry, p mapserver.Prefix) string {
	switch {
	case p.EID != e.EID:
		return "Dynamic, more specific of " + prefixText(e.EID.Prefix)
	case e.AcceptMoreSpecifics:
		return "Configuration, accepting more specifics"
	}
	return "Configuration"
}

// ttlText prints a Record TTL, which counts whole minutes.
func ttlText(minutes uint32) string { return span(int64(minutes) * minute) }

// hashText names the authentication algorithm as the configuration does.
func hashText(a wire.Algorithm) string {
	switch a {
	case wire.AlgSHA1:
		return "sha1"
	case wire.AlgSHA256:
		return "sha2"
	}
	return a.String()
}

func siteIDText(id uint64) string {
	if id == 0 {
		return "unspecified"
	}
	return fmt.Sprint(id)
}

// unless words an absent capability: "no merge" against "merge".
func unless(b bool) string {
	if b {
		return ""
	}
	return "no "
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
