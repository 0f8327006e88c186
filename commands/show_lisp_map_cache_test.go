package commands

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

func TestShowLISPMapCache(t *testing.T) {
	locator := func(rloc string, state itr.LocatorState, priority, weight uint8, since int) itr.Locator {
		return itr.Locator{RLOC: netip.MustParseAddr(rloc), State: state, Priority: priority, Weight: weight, Created: labTime(since),
			StateChanged: labTime(since), StateChanges: 1, RouteChanged: labTime(since), RouteChanges: 1}
	}
	probed := locator("198.51.100.21", itr.Up, 1, 100, 100)
	probed.ProbeSent, probed.ProbeReplied, probed.RTT = labTime(160), labTime(160), 2*time.Millisecond
	lost := locator("198.51.100.222", itr.Down, 2, 50, 100)
	lost.StateChanged, lost.StateChanges, lost.WeightChanged = labTime(150), 2, labTime(140)
	own := locator("203.0.113.11", itr.Up, 1, 1, 170)
	own.Self = true
	entry := func(prefix string, source itr.Source, from string, seconds int) itr.Entry {
		e := itr.Entry{Prefix: netip.MustParsePrefix(prefix), Source: source, Created: labTime(100), Modified: labTime(110)}
		if source == itr.MapReply {
			e.From, e.Expires, e.Complete = netip.MustParseAddr(from), labTime(seconds), true
		}
		return e
	}
	all := entry("0.0.0.0/0", itr.StaticEntry, "", 0)
	all.Static, all.Action, all.Created = true, lispcore.SendMapRequest, labTime(0)
	site := entry("10.30.30.0/24", itr.MapReply, "198.51.100.21", 86400+100)
	site.Locators, site.Packets, site.Bytes, site.LastPacket = []itr.Locator{probed, lost}, 25, 14400, labTime(138)
	busy := entry("10.40.0.0/16", itr.MapReply, "198.51.100.21", 400)
	busy.Locators, busy.Packets, busy.Bytes, busy.LastPacket = []itr.Locator{locator("10.9.9.9", itr.NoRoute, 255, 0, 100)}, 1, 100, labTime(179)
	self := entry("10.10.10.0/24", itr.MapReply, "203.0.113.11", 86400+170)
	self.Self, self.Locators = true, []itr.Locator{own}
	petr := entry("10.64.0.0/10", itr.MapReply, "209.165.201.31", 240)
	petr.Action, petr.ViaPETR = lispcore.NativelyForward, true
	native := entry("172.20.0.0/14", itr.MapReply, "209.165.201.31", 1000)
	native.Action = lispcore.NativelyForward
	dropped := entry("192.168.0.0/16", itr.StaticEntry, "", 0)
	dropped.Static, dropped.Action = true, lispcore.DropNoReason

	view := func(vrf string, instance uint32, entries ...itr.Entry) mapCacheView {
		return mapCacheView{now: labTime(180), table: devices.EIDTable{VRF: vrf, Instance: instance},
			state: itr.ServiceState{Service: lispcore.Service{Instance: instance, Family: lispcore.IPv4}, Entries: entries}}
	}
	everything := view("default", 0, all, self, site, busy, petr, native, dropped)
	show := func(v mapCacheView, form Form, detail bool) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := v.write(w, form, v.state.Entries, detail); err != nil {
				t.Error(err)
			}
		}
	}
	one := func(eid string) func(*strings.Builder) {
		return func(w *strings.Builder) {
			i := everything.longest(netip.MustParsePrefix(eid))
			if err := everything.write(w, FormIOS, everything.state.Entries[i:i+1], true); err != nil {
				t.Error(err)
			}
		}
	}
	xe := everything
	xe.release = devices.Release179
	checkGolden(t, "show_lisp_map_cache", []goldenCase{
		{"every kind of entry", show(everything, FormIOS, false)},
		{"every kind of entry, in detail", show(everything, FormIOS, true)},
		{"what a packet to 10.30.30.7 would use", one("10.30.30.7/32")},
		{"what a packet to 8.8.8.8 would use", one("8.8.8.8/32")},
		{"an instance in a VRF that has asked for nothing", show(view("RED", 101), FormIOS, false)},
		{"JSON", show(everything, FormJSON, false)},
		{"17.9: every kind of entry", show(xe, FormIOS, false)},
		{"17.9: every kind of entry, in detail", show(xe, FormIOS, true)},
		{"17.9: JSON", show(xe, FormJSON, false)},
	})
	if i := view("default", 0, site).longest(netip.MustParsePrefix("10.30.0.0/16")); i >= 0 {
		t.Errorf("10.30.0.0/16 is covered by entry %d", i)
	}
}
