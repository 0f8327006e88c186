package commands

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// xeLab is a lab of three routers of release 17.9, after a ping from North to South and one to nowhere.
func xeLab(t *testing.T, set *Set) *devices.Lab {
	t.Helper()
	lab := runningLab(t, set, "../transcripts/shell/xe/lab.yaml", 10*time.Second)
	for _, line := range []string{"ping 10.2.0.1 source 10.1.0.1", "ping 172.20.0.1 source 10.1.0.1", "lig self ipv4"} {
		said(t, set, lab, "North", line)
	}
	return lab
}

// kinds are the words of the shapes below that stand for a value.
var kinds = map[string]*regexp.Regexp{
	"NUMBER":   regexp.MustCompile(`^\d+$`),
	"PAIR":     regexp.MustCompile(`^\d+/\d+$`),
	"PERCENT":  regexp.MustCompile(`^\d+(\.\d)?%$`),
	"HEX":      regexp.MustCompile(`^0x[0-9A-F]+(-0x[0-9A-F]{8})*$`),
	"AGE":      regexp.MustCompile(`^(\d\d:\d\d:\d\d|\d+d\d\dh|\d+w\dd|never)$`),
	"WORD":     regexp.MustCompile(`^[A-Za-z0-9-]+$`),
	"ADDRESS":  regexp.MustCompile(`^[0-9.]+$|^[0-9A-F:]+$`),
	"PREFIX":   regexp.MustCompile(`^([0-9.]+|[0-9A-F:]+)/\d+$`),
	"ENDPOINT": regexp.MustCompile(`^([0-9.]+:|[0-9A-F:]+\.)\d+$`),
}

const punctuation = "(),"

// matches tells whether a line has a shape: the same words, and values where the shape has their kind, whatever blanks part
// them. "..." at the end of a shape stands for any words.
func matches(shape, line string) bool {
	want, got := strings.Fields(shape), strings.Fields(line)
	if n := len(want); n > 0 && want[n-1] == "..." {
		want = want[:n-1]
		got = got[:min(len(got), len(want))]
	}
	return slices.EqualFunc(want, got, func(w, g string) bool {
		if kind := kinds[strings.Trim(w, punctuation)]; kind != nil {
			return kind.MatchString(strings.Trim(g, punctuation))
		}
		return w == g
	})
}

// What clients for IOS XE 17 (pyATS among them) look for in each view, and where: the columns of its tables and its labels, in
// order. Every line of the view must have one of the shapes, and each shape must be there.
func TestXEViewsHaveTheShapeThatClientsRead(t *testing.T) {
	set := compiled(t)
	lab := xeLab(t, set)
	site := []string{
		"LISP Site Registration Information",
		"* = Some locators are down or unreachable",
		"# = Some registrations are sourced by reliable transport",
		"Site Name Last Up Who Last Inst EID Prefix",
		"Register Registered ID",
	}
	detail := []string{
		"LISP Site Registration Information", "Site name: WORD", "Allowed configured locators: any", "Allowed EID-prefixes:",
		"EID-prefix: PREFIX instance-id NUMBER", "First registered: AGE", "Last registered: AGE", "Routing table tag: NUMBER", "Origin: ...",
		"Merge active: No", "Proxy reply: No", "Skip Publication: No", "Force Withdraw: No", "TTL: AGE", "State: WORD", "Extranet IID: Unspecified",
		"Registration errors:", "Authentication failures: NUMBER", "Allowed locators mismatch: NUMBER",
	}
	etr := []string{
		"TTL AGE no merge, hash-function sha1, nonce HEX", "state complete, no security-capability", "xTR-ID HEX", "site-ID unspecified",
		"Domain-ID local", "Multihoming-ID unspecified", "sourced by reliable transport",
		"Locator Local State Pri/Wgt Scope",
	}
	oneLine := slices.Concat([]string{"ETR ENDPOINT last registered AGE no proxy-reply, map-notify"}, etr,
		[]string{"ADDRESS yes up PAIR IPv4 none"})
	database := []string{
		"LISP ETR WORD Mapping Database for LISP 0 EID-table ...",
		"Entries total NUMBER, no-route NUMBER, inactive NUMBER, do-not-register NUMBER",
		"PREFIX locator-set WORD",
		"Uptime: AGE Last-change: AGE", "Domain-ID: local", "Service-Insertion: N/A (0)",
		"Locator Pri/Wgt Source State", "ADDRESS PAIR cfg-addr site-self, reachable",
	}
	mapCache := []string{
		"LISP IPv4 Mapping Cache for LISP 0 EID-table default (IID 0), NUMBER entries",
		"PREFIX uptime: AGE expires: AGE via map-reply, complete",
		"Locator Uptime State Pri/Wgt Encap-IID",
		"ADDRESS AGE up PAIR -",
	}
	peer := []string{
		"Peer address: ENDPOINT", "Local address: ENDPOINT", "Session Type: WORD", "Session State: Up AGE", "Session RTT: NUMBER ms AGE",
		"Messages in/out: PAIR", "Bytes in/out: PAIR", "Fatal errors: NUMBER", "Rcvd unsupported: NUMBER", "Rcvd invalid VRF: NUMBER",
		"Rcvd override: NUMBER", "Rcvd malformed: NUMBER", "Sent deferred: NUMBER", "SSO redundancy: N/A", "Auth Type: None",
		"Accepting Users: NUMBER", "Users: NUMBER", "Type ID In/Out State",
	}
	siteSummary := []string{
		"----------- IPv4 ----------- ----------- IPv6 ----------- ----------- MAC -----------",
		"Site name Configured Registered Incons Configured Registered Incons Configured Registered Incons",
		"WORD NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER",
		"Site-registration limit for router lisp 0: NUMBER", "Site-registration count for router lisp 0: NUMBER",
		"Number of address-resolution entries: NUMBER", "Number of configured sites: NUMBER", "Number of registered sites: NUMBER",
		"Sites with inconsistent registrations: NUMBER", "IPv4",
		"Number of configured EID prefixes: NUMBER", "Number of registered EID prefixes: NUMBER",
	}
	serviceSummary := []string{
		"Router-lisp ID: 0", "Instance count: NUMBER",
		"Key: DB - ...", "* - ...", "DB no route - ...", "Cache - ...", "Role - ...",
		"Interface DB DB no Cache Incom Cache", "EID VRF name (.IID) size route size plete Idle Role",
		"WORD LISP0 NUMBER NUMBER NUMBER PERCENT PERCENT ITR-ETR",
		"Number of eid-tables: NUMBER", "Total number of database entries: NUMBER (inactive 0)",
		"EID-tables with inconsistent locators: NUMBER", "Total number of map-cache entries: NUMBER",
		"EID-tables with incomplete map-cache entries: NUMBER", "EID-tables pending map-cache update to FIB: NUMBER",
	}
	sessions := []string{"Sessions for VRF default, total: NUMBER, established: NUMBER", "Peer State Up/Down In/Out Users RTT(ms)"}
	for _, view := range []struct {
		device, line string
		shapes       []string
	}{
		{"MSMR", "show lisp session", append(sessions, "ENDPOINT Up AGE PAIR NUMBER NUMBER")},
		{"MSMR", "show lisp vrf default session all", append(sessions, "ENDPOINT Up AGE PAIR NUMBER NUMBER", "ADDRESS Listening never 0/0 0 0")},
		{"MSMR", "show lisp session established", append(sessions, "ENDPOINT Up AGE PAIR NUMBER NUMBER")},
		{"North", "show lisp session 192.0.2.0", append(peer, "ETR Reliable Registration lisp 0 IID NUMBER AFI WORD PAIR TCP")},
		{"MSMR", "show lisp vrf default session 2001:db8:f:2::1", append(peer, "MS Reliable Registration lisp 0 IID NUMBER PAIR TCP")},
		{"MSMR", "show lisp site", append(site, "WORD AGE yes# ENDPOINT NUMBER PREFIX", "AGE yes# ENDPOINT NUMBER PREFIX", "AGE yes# ENDPOINT", "NUMBER PREFIX", "never no -- NUMBER PREFIX")},
		{"MSMR", "show lisp instance-id 101 ipv4 server", append(site, "WORD never no -- 101 PREFIX", "AGE yes# ENDPOINT 101 PREFIX")},
		{"MSMR", "show lisp instance-id 0 ipv4 server name North", append(detail, oneLine...)},
		{"MSMR", "show lisp instance-id 101 ipv4 server detail", append(detail, append(oneLine, "Description: ...", "No registrations.")...)},
		{"MSMR", "show lisp instance-id 0 ipv6 server name South", append(detail, append(etr, "Description: The plant in the south",
			"ETR ENDPOINT", "last registered AGE no proxy-reply, map-notify", "ADDRESS yes up PAIR IPv6 none")...)},
		{"MSMR", "show lisp site summary", append(siteSummary, "IPv6")},
		{"MSMR", "show lisp site summary instance-id 101", siteSummary},
		{"South", "show lisp instance-id 0 ipv6 database", database},
		{"South", "show lisp all instance-id 0 ipv4 database", append(database, strings.Repeat("=", 49), "Output for router lisp 0")},
		{"North", "show lisp eid-table vrf RED ipv4 database", append(database, "PREFIX locator-set WORD *** NO ROUTE TO EID ...")},
		{"North", "show ip lisp database 10.1.0.9", append(database, "Map-server Uptime ACK Domain-ID", "ADDRESS AGE Yes 0")},
		{"North", "show lisp eid-table default ipv4 map-cache", append(mapCache, "PREFIX uptime: AGE expires: AGE via static-send-map-request",
			"Negative cache entry, action: WORD", "PREFIX uptime: AGE expires: AGE via map-reply, forward-native",
			"PREFIX uptime: AGE expires: AGE via map-reply, self, complete", "ADDRESS AGE up, self PAIR -")},
		{"North", "show lisp instance-id 0 ipv4 map-cache 10.2.0.9", append(mapCache, "Sources: map-reply",
			"State: complete, last modified: AGE map-source: ADDRESS", "WORD Packets out: ...",
			"Last up-down state change: AGE state change count: NUMBER", "Last route reachability change: AGE state change count: NUMBER",
			"Last priority / weight change: never/never", "RLOC-probing loc-status algorithm:", "Last RLOC-probe sent: AGE")},
		{"North", "show lisp instance-id 0 ipv4 forwarding eid remote 10.2.0.9", []string{
			"Prefix Fwd action Locator status bits encap_iid", "PREFIX encap HEX N/A", "packets/bytes PAIR"}},
		{"North", "lig self ipv4", []string{"Mapping information for EID ADDRESS from ADDRESS with RTT NUMBER msecs",
			"PREFIX uptime: AGE expires: AGE via map-reply, self, complete", "Locator Uptime State Pri/Wgt Encap-IID", "ADDRESS AGE up, self PAIR -"}},
		{"North", "show lisp service ipv4 summary", append(serviceSummary, "WORD LISP0.101 NUMBER NUMBER NUMBER PERCENT PERCENT ITR-ETR")},
		{"North", "show lisp service ipv6 summary", serviceSummary}, // which the VRF has not
	} {
		t.Run(view.device+" "+view.line, func(t *testing.T) {
			seen := map[string]bool{}
			for _, line := range strings.Split(strings.TrimSpace(said(t, set, lab, view.device, view.line)), "\n") {
				i := slices.IndexFunc(view.shapes, func(shape string) bool { return matches(shape, line) })
				if i < 0 && line != "" {
					t.Errorf("no client reads %q", line)
				} else if i >= 0 {
					seen[view.shapes[i]] = true
				}
			}
			for _, shape := range view.shapes {
				if !seen[shape] {
					t.Errorf("clients look for %q", shape)
				}
			}
		})
	}
}

// The lines that only release 17.9 knows.
func TestXELinesElsewhere(t *testing.T) {
	set := compiled(t)
	lab := runningLab(t, set, "reliable-registration", 10*time.Second)
	for _, line := range []string{
		"show lisp instance-id 0 ipv4 map-cache", "show lisp eid-table default ipv4 database", "show lisp service ipv4 summary",
		"show lisp all service ipv4 summary", "show lisp 0 instance-id 0 ipv4", "show lisp site summary", "show lisp vrf default session", "show lisp session established",
	} {
		if got := answer(set, lab, "xTR1", FormIOS, line); !strings.Contains(got, "% Invalid input detected") {
			t.Errorf("release 15.5 answers %q:\n%s", line, got)
		}
	}
	xe := xeLab(t, set)
	for line, want := range map[string]string{
		"show lisp vrf RED session":                "% Could not find RLOC VRF RED.\n",
		"show lisp 1 service ipv4 summary":         "% Could not find router lisp 1.\n",
		"show lisp instance-id 7 ipv4 database":    "% Could not find EID table instance ID 7 in LISP 0.\n",
		"show lisp eid-table vrf BLUE ipv4 server": "% Could not find EID table vrf BLUE in LISP 0.\n",
		"show lisp session 192.0.2.99":             "% Could not find session with peer 192.0.2.99 in VRF default.\n",
	} {
		if got := answer(set, xe, "North", FormIOS, line); got != want {
			t.Errorf("%q:\n%q\nwant %q", line, got, want)
		}
	}
}

// A service's summary: what entries it counts, and how it words parts of them.
func TestServiceSummary(t *testing.T) {
	now := labTime(200)
	used := func(at int) itr.Entry {
		return itr.Entry{Source: itr.MapReply, Complete: true, LastPacket: labTime(at)}
	}
	static := itr.Entry{Static: true, Action: lispcore.SendMapRequest}
	state := itr.ServiceState{Entries: []itr.Entry{static, used(190), used(10), {Source: itr.MapReply}}}
	if got, want := cacheSummaryOf(now, state), (cacheSummary{size: 4, aging: 3, incomplete: 1, idle: 2}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	for _, p := range []struct {
		part, whole int
		want        string
	}{{0, 0, "0%"}, {0, 3, "0.0%"}, {1, 3, "33.3%"}, {3, 3, "100%"}} {
		if got := percentage(p.part, p.whole); got != p.want {
			t.Errorf("%d of %d is %q, want %q", p.part, p.whole, got, p.want)
		}
	}
	prefix := func(rlocs ...string) (e databaseEntry) {
		for _, r := range rlocs {
			e.Locators = append(e.Locators, lispcore.Locator{RLOC: netip.MustParseAddr(r)})
		}
		return e
	}
	view := func(entries ...databaseEntry) databaseView { return databaseView{VRF: "default", Entries: entries} }
	both, one := view(prefix("192.0.2.1"), prefix("192.0.2.1", "192.0.2.2")), view(prefix("192.0.2.1"), prefix("192.0.2.1"))
	if both.consistent() || !one.consistent() || !view().consistent() {
		t.Error("prefixes with different locators are those that are inconsistent")
	}
	text := serviceSummary{instances: 3, roles: "ITR", tables: []tableSummary{{both, cacheSummary{4, 3, 1, 2}}, {one, cacheSummary{}}}}.text()
	for _, line := range []string{
		"default                   LISP0     2*     0      4 25.0% 66.7% ITR\n",
		"default                   LISP0     2      0      0    0%    0% ITR\n",
		"EID-tables with inconsistent locators:                1\n",
		"EID-tables with incomplete map-cache entries:         1\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}

// ETRs that register one prefix by different locators are inconsistent, unless they ask for a merge.
func TestSiteSummary(t *testing.T) {
	snap := manySites(true)
	every := func(lispcore.EID) bool { return true }
	if got, want := siteCountOf(snap.Sites[2], lispcore.IPv4, every), (siteCount{5, 5, 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	for i := range snap.Sites[2].Entries[3].Exact.Registrations {
		snap.Sites[2].Entries[3].Exact.Registrations[i].Merge = true
	}
	text := siteSummaryText(snap, every)
	for _, line := range []string{
		"Empty                         0          0      0          0          0      0          0          0      0\n",
		"Branches                      5          5      0          1          1      0          0          0      0\n",
		"Number of registered sites:                             2\n",
		"Sites with inconsistent registrations:                  0\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}
