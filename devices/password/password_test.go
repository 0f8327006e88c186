package password

import (
	"testing"

	"pgregory.net/rapid"
)

// Hashes that other software made, as hashcat's list of examples has them; the hidden ones are from routers.
func TestKnownPasswords(t *testing.T) {
	for _, tt := range []struct {
		Password
		clear string
	}{
		{Password{0, "lab"}, "lab"},
		{Password{5, "$1$28772684$iEwNOgGugqO9.bIz5sk8k/"}, "hashcat"},
		{Password{5, "$1$mERr$9cTjUIEqNGurQiFU.ZeCi1"}, "class"},
		{Password{7, "0822455D0A16"}, "cisco"},
		{Password{7, "02050D480809"}, "cisco"},
		{Password{7, "070C285F4D06"}, "cisco"},
		{Password{8, "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk"}, "hashcat"},
		{Password{9, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6"}, "hashcat"},
	} {
		if !tt.Valid() || !tt.Check(tt.clear) {
			t.Errorf("%v: valid %v, accepts %q %v", tt, tt.Valid(), tt.clear, tt.Check(tt.clear))
		}
		for _, wrong := range []string{"", tt.clear + "x", tt.clear[1:], tt.Text + "x"} {
			if tt.Check(wrong) {
				t.Errorf("%v accepts %q", tt, wrong)
			}
		}
	}
}

func TestNoPasswords(t *testing.T) {
	for _, p := range []Password{
		{}, {1, "x"}, {4, "x"},
		{5, "cisco"}, {5, "$1$$xxxxxxxxxxxxxxxxxxxxxx"}, {5, "$1$mERr$9cTjUIEqNGurQiFU.ZeCi"}, {5, "$1$123456789$9cTjUIEqNGurQiFU.ZeCi1"}, {5, "$2$mERr$9cTjUIEqNGurQiFU.ZeCi1"},
		{5, "$1$mER#$9cTjUIEqNGurQiFU.ZeCi1"}, {5, "x$1$mERr$9cTjUIEqNGurQiFU.ZeCi1"},
		{7, ""}, {7, "02"}, {7, "xx050D480809"}, {7, "02050D48080"}, {7, "02050D4808zz"}, {7, "99050D480809"}, {7, "02FF"},
		{8, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6"},
		{9, "$9$2MJBozw/9R3Us$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6"},
	} {
		if p.Valid() || p.Check("") || p.Check(p.Text) {
			t.Errorf("%v is taken for a password", p)
		}
	}
}

// What is hidden is revealed again, from every offset, and is right when it is typed.
func TestHideAndReveal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clear := rapid.StringMatching(`[ -~]{1,64}`).Draw(t, "password")
		p := Hide(clear, rapid.IntRange(0, Offsets-1).Draw(t, "offset"))
		if got, ok := Reveal(p.Text); !ok || got != clear || !p.Check(clear) {
			t.Errorf("%q is hidden as %v, and revealed as %q", clear, p, got)
		}
	})
}

func TestHash(t *testing.T) {
	for _, kind := range []uint8{5, 8, 9} {
		salt := Alphabet[:SaltSize(kind)]
		p, err := Hash(kind, "lab", salt)
		if got, _ := p.salt(); err != nil || got != salt || !p.Check("lab") || p.Check("Lab") {
			t.Errorf("type %d: %v, salt %q, %v", kind, p, got, err)
		}
	}
	if _, err := Hash(7, "lab", ""); err == nil {
		t.Error("type 7 is no hash")
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, p := range map[string]Password{
		"type 5": {5, "$1$28772684$iEwNOgGugqO9.bIz5sk8k/"},
		"type 9": {9, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6"},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				p.Check("hashcat")
			}
		})
	}
}
