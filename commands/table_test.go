package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lisplab/devices"

	"pgregory.net/rapid"
)

// printf is the form in which a captured IOS table was verified. Every listing must print what its form prints, as long
// as each cell fits its column.
type printf struct {
	name    string
	listing listing
	format  string
	heads   []string // its header lines
}

var printfs = []printf{
	{"site, layout B", siteListing(devices.SiteLayoutB), "%-14s %-9s %-4s %-20s %-8s %s\n", []string{
		"Site Name      Last      Up   Who Last             Inst     EID Prefix\n",
		"               Register       Registered           ID       \n"}},
	{"site, layout C", siteListing(devices.SiteLayoutC), "%-14s %-9s %-6s %-20s %-8s %s\n", []string{
		"Site Name      Last      Up     Who Last             Inst     EID Prefix\n",
		"               Register         Registered           ID       \n"}},
	{"session", sessionListing, "%-30s %-10s %-10s %-13s %s\n", []string{
		"Peer                           State      Up/Down        In/Out    Users\n"}},
	{"session users", sessionUsersListing, "  %-25s %-35s %-13s %s\n", []string{
		"  Type                      ID                                      In/Out    State\n"}},
	{"database", databaseListing(nil), "  %-7s  %-7s  %-9s  %s\n", []string{
		"  Locator  Pri/Wgt  Source     State\n"}},
	{"interfaces", interfaceListing, "%-26s %-15s %-3s %-6s %-21s %-8s\n", []string{
		"Interface                  IP-Address      OK? Method Status                Protocol\n"}},
}

// The path through tablewriter prints, byte for byte, what the plain printf form prints.
func TestListingEqualsPrintf(t *testing.T) {
	for _, p := range printfs {
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := strings.Join(p.heads, "")
				var rows [][]string
				previous := ""
				for range rapid.IntRange(0, 6).Draw(t, "rows") {
					var row []string
					for _, f := range p.listing.columns {
						width := f.width
						if width == 0 {
							width = 60
						}
						cell := rapid.StringMatching(fmt.Sprintf(`[ -~]{0,%d}`, width)).Draw(t, "cell")
						row = append(row, cell)
					}
					rows = append(rows, row)
					cells := make([]any, len(row))
					for i, cell := range row {
						cells[i] = cell
						if p.listing.columns[i].group {
							if cell == previous {
								cells[i] = ""
							}
							previous = cell
						}
					}
					want += fmt.Sprintf(p.format, cells...)
				}
				var got strings.Builder
				if err := p.listing.write(&got, FormIOS, slices.Values(rows)); err != nil {
					t.Fatal(err)
				}
				if got.String() != want {
					t.Fatalf("\ngot\n%s\nwant\n%s", got.String(), want)
				}
			})
		})
	}
}

// A field that is longer than its column ends the line; the next field starts at its own column.
func TestListingOverflow(t *testing.T) {
	site := siteListing(devices.SiteLayoutC)
	for _, c := range []struct {
		name    string
		listing listing
		row     []string
		want    string
	}{
		{"a site name of 14 fits", site, []string{"fourteen-chars", "never", "no", "--", "", "10.0.0.0/8"},
			"fourteen-chars never     no     --                            10.0.0.0/8\n"},
		{"one of 15 does not", site, []string{"fifteen-charact", "never", "no", "--", "", "10.0.0.0/8"},
			"fifteen-charact\n               never     no     --                            10.0.0.0/8\n"},
		{"a locator of 20 fits", site, []string{"A", "00:00:01", "yes#", "2001:DB8:1:2:3:4:5:6", "7", "2001:DB8::/32"},
			"A              00:00:01  yes#   2001:DB8:1:2:3:4:5:6 7        2001:DB8::/32\n"},
		{"one of 21 does not", site, []string{"A", "00:00:01", "yes#", "2001:DB8:1:2:3:4:5:67", "4100", "2001:DB8::/32"},
			"A              00:00:01  yes#   2001:DB8:1:2:3:4:5:67\n" +
				"                                                     4100     2001:DB8::/32\n"},
		{"both", site, []string{"fifteen-charact", "00:00:01", "yes#", "2001:DB8:1:2:3:4:5:67", "", "2001:DB8::/32"},
			"fifteen-charact\n               00:00:01  yes#   2001:DB8:1:2:3:4:5:67\n" +
				"                                                              2001:DB8::/32\n"},
		{"counters push", sessionListing, []string{"10.0.0.1", "Up", "1y2w", inOut(1234567, 12345678), "1"},
			"10.0.0.1                       Up         1y2w       1234567/12345678 1\n"},
		{"peers break", sessionListing, []string{"2001:DB8:1111:2222:3333:4444:5555:6666", "Up", "1y2w", inOut(1, 2), "1"},
			"2001:DB8:1111:2222:3333:4444:5555:6666\n                               Up         1y2w            1/2      1\n"},
		{"an indented table breaks at its columns", sessionUsersListing,
			[]string{strings.Repeat("x", 26), "id", inOut(0, 0), "TCP"},
			"  " + strings.Repeat("x", 26) + "\n                            id                                       0/0      TCP\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got, _ := strings.Cut(printListing(t, c.listing, FormIOS, c.row), heading(t, c.listing))
			if got != c.want {
				t.Errorf("\ngot\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// The document form breaks no line and keeps no column: long cells are apart from the next one all the same.
func TestListingDocumentForm(t *testing.T) {
	site := printListing(t, siteListing(devices.SiteLayoutB), FormDocument,
		[]string{"a-very-long-site-name", "never", "no", "--", "", "0.0.0.0/0"},
		[]string{"a-very-long-site-name", "00:00:01", "yes", "2001:DB8:1:2:3:4:5:67", "8", "::/0"})
	if want := "Site Name\tLast Register\tUp\tWho Last Registered\tInst ID\tEID Prefix\n" +
		"a-very-long-site-name\tnever\tno\t--\t\t0.0.0.0/0\n" +
		"\t00:00:01\tyes\t2001:DB8:1:2:3:4:5:67\t8\t::/0\n"; site != want {
		t.Errorf("\ngot\n%s\nwant\n%s", site, want)
	}
	session := printListing(t, sessionListing, FormDocument,
		[]string{"2001:DB8:1:2:3:4:5:67", "Up", "00:00:01", inOut(1, 2), "1"})
	if want := "Peer                State    Up/Down    In/Out    Users\n" +
		"2001:DB8:1:2:3:4:5:67 Up       00:00:01   1/2       1\n"; session != want {
		t.Errorf("\ngot\n%s\nwant\n%s", session, want)
	}
	// A listing without a document form of its own prints that of the router.
	row := []string{"Loopback0", "10.0.0.1", "YES", "NVRAM", "up", "up"}
	if doc, ios := printListing(t, interfaceListing, FormDocument, row), printListing(t, interfaceListing, FormIOS, row); doc != ios {
		t.Errorf("document form %q, IOS form %q", doc, ios)
	}
}

// In JSON every row stands for itself: nothing is left blank because the row above says it.
func TestListingJSON(t *testing.T) {
	text := printListing(t, siteListing(devices.SiteLayoutC), FormJSON,
		[]string{`a "quoted" name`, "never", "no", "--", "", "0.0.0.0/0"}, []string{`a "quoted" name`, "00:00:01", "yes#", "10.0.0.1", "7", "::/0"})
	var got []map[string]string
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(got) != 2 || got[1]["site_name"] != `a "quoted" name` || got[1]["who_last_registered"] != "10.0.0.1" || got[1]["inst_id"] != "7" {
		t.Errorf("got %v", got)
	}
	if text := printListing(t, sessionListing, FormJSON); text != "[]\n" {
		t.Errorf("no rows: %q, want an empty array", text)
	}
	text = printListing(t, sessionListing, FormJSON, []string{"10.0.0.1", "Up", "1y2w", inOut(6, 3), "2"})
	if want := "[\n" + `  {"peer": "10.0.0.1", "state": "Up", "up_down": "1y2w", "in_out": "6/3", "users": "2"}` + "\n]\n"; text != want {
		t.Errorf("got %s want %s", text, want)
	}
}

// A terminal that is gone is an error, in every form.
func TestListingWriteError(t *testing.T) {
	gone := errors.New("gone")
	for _, form := range []Form{FormIOS, FormDocument, FormJSON} {
		err := sessionListing.write(failingWriter{gone}, form, slices.Values([][]string{{"10.0.0.1", "Up", "never", inOut(0, 0), "1"}}))
		if !errors.Is(err, gone) {
			t.Errorf("form %s: error %v, want %v", form, err, gone)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func printListing(t *testing.T, l listing, form Form, rows ...[]string) string {
	t.Helper()
	var b strings.Builder
	if err := l.write(&b, form, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func heading(t *testing.T, l listing) string { return printListing(t, l, FormIOS) }
